"""How well a language is verified here, in figures and in words that a user can act on."""

from collections.abc import Iterable
from dataclasses import dataclass

import langcodes

from crowdglot.languages.identification import verifiable
from crowdglot.languages.language import Language
from crowdglot.languages.names import label_names
from crowdglot.languages.relatives import NEVER, measured

# A language of whose own dialogues fewer are accepted is told, and so is a relative of whose
# dialogues fewer are rejected; one whose single turns are found less often counts by whole
# dialogues.
LEAST_OWN, LEAST_REJECTED, LEAST_FOUND = 0.98, 0.95, 0.80


@dataclass(frozen=True, slots=True)
class Verification:
    """``own``: the share of own human dialogues that are accepted, None if not measured.

    Names of relatives: ``told`` apart even in one turn, ``as_whole`` as whole dialogues only,
    ``untold`` not at all, ``unmeasured`` without text to try it on.
    """

    known: bool
    own: float | None = None
    told: tuple[str, ...] = ()
    as_whole: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()


def verification(target: Language) -> Verification:
    """What was measured of the language, by ``python -m benchmarks.verification``."""
    if not verifiable(target):
        return Verification(known=False)
    figures = measured(target)
    groups: dict[str, list[str]] = {"told": [], "as_whole": [], "untold": [], "unmeasured": []}
    for label in target.confusables:
        groups[_group(label, target)].append(_name(label))
    names = {group: tuple(dict.fromkeys(found)) for group, found in groups.items()}
    return Verification(True, figures.own if figures else None, **names)


def _group(label: str, target: Language) -> str:
    figures = measured(target)
    known = figures.relatives.get(label) if figures else None
    if known is None or known.rejected is None:
        return "unmeasured"
    if known.whole == NEVER or known.rejected < LEAST_REJECTED:
        return "untold"
    return "told" if (known.found or 0.0) >= LEAST_FOUND else "as_whole"


def doubts(targets: Iterable[Language]) -> list[str]:
    """A sentence for each thing that nobody here can verify in these languages."""
    return [sentence for target in targets for sentence in _doubts(target)]


def _doubts(target: Language) -> list[str]:
    named = f"{target.name} ({target.tag})"
    state = verification(target)
    if not state.known:
        return [
            f"{named}: nobody here can verify this language; a draft in another language is "
            "rejected only where that is beyond doubt."
        ]
    found = []
    if state.own is None:
        found.append(f"{named}: how well this language is verified was not measured.")
    elif state.own < LEAST_OWN:
        found.append(
            f"{named}: verified less surely; {1 - state.own:.0%} of its own dialogues are rejected."
        )
    if state.untold:
        found.append(f"{named}: not told apart from {_joined(state.untold)}.")
    if variety := _verified_as(target):
        found.append(f"{named}: verified as {variety}; its varieties are not told apart.")
    return found


def _verified_as(target: Language) -> str:
    """What a variety is verified as: "Portuguese" for "pt-BR"; "" where it is no variety."""
    if target.code not in label_names(target.detected_as):
        return _name(target.detected_as[0])
    if "ar" in target.detected_as and target.code != "ar":
        return _name("ar")
    whole = target.measured_as
    return "" if target.tag == whole else langcodes.Language.get(whole).display_name()


def _name(label: str) -> str:
    return langcodes.Language.get(label_names((label,))[0]).display_name()


def _joined(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
