"""Which language a tag names, and what the identifiers call it.

ISO 639-3, the macrolanguages, BCP-47 and the labels of identifiers name one language differently:
"tgl", "tl" and "fil"; "swh", "swa" and "sw"; Bokmål is "no" to one and "nb" to the other.
"""

import langcodes
from langcodes.data_dicts import MACROLANGUAGES

from crowdglot.languages.identifiers import model_tags, second_tags

# Macrolanguages whose tag usually means one member.
_MEANT = {"no": "nb", "nor": "nb", "sh": "sr-Latn", "lah": "pnb"}
# A member that identifiers know by its own name, which the public table would take away.
_OWN_NAME = frozenset({"pnb"})
# Identifiers cannot tell these varieties apart; without a pack they count as one language.
_SERBO_CROATIAN = frozenset({"sh", "sr", "hr", "bs", "cnr"})
# Labels of identifiers that are no BCP-47 tags of the language, or are another one's.
LABELS = {
    "arz": ("arz", "ar"), "bho": ("bh",), "bua": ("bxr",), "chm": ("mhr", "mrj"), "egl": ("eml",),
    "fil": ("tl",), "gsw": ("als",), "kok": ("gom",), "nb": ("no", "nb"), "rgn": ("eml",),
    "zza": ("diq",),
}  # fmt: skip
# A language in other than its usual script is known to identifiers only here, under these labels.
_OTHER_SCRIPTS = {
    "sr-Latn": ("sr", "bs", "hr", "sh"), "bs-Cyrl": ("sr", "bs", "sh"), "pa-Arab": ("pnb",),
    "zh-Hant": ("zh",), "zh-Hans": ("zh",), "yue-Hans": ("yue",),
}  # fmt: skip
# The public table of scripts does not know this language.
_SCRIPTS = {"azb": "Arab"}


def parse(tag: str) -> langcodes.Language:
    """``tag`` in its canonical form; raise ValueError if it is none.

    A member by which a macrolanguage is usually meant gets the macrolanguage's tag: "swh" is "sw",
    "arb" "ar", "zsm" "ms", as CLDR has it.
    """
    first, seam, rest = tag.replace("_", "-").partition("-")
    meant = f"{_MEANT.get(first.lower(), first)}{seam}{rest}"
    if first.lower() not in _OWN_NAME:
        meant = langcodes.standardize_tag(meant, macro=True)
    return langcodes.Language.get(meant)


def usual_script(parsed: langcodes.Language) -> str:
    """The script (ISO 15924) that ``parsed`` names or is usually written in; "Zyyy" if unknown."""
    code = str(parsed.language)
    if parsed.script or parsed.territory:
        return parsed.maximize().script or "Zyyy"
    if code in _SCRIPTS:
        return _SCRIPTS[code]
    if MACROLANGUAGES.get(code) == "ar":
        return "Arab"
    return parsed.maximize().script or "Zyyy"


def labels(parsed: langcodes.Language, script: str) -> tuple[str, ...]:
    """The labels that identifiers give to the language without a pack; empty where none knows it.

    A member that no identifier knows is looked for as its macrolanguage: Moroccan Arabic as Arabic.
    """
    code = str(parsed.language)
    other = _OTHER_SCRIPTS.get(f"{code}-{script}")
    if other:
        return other
    if script != usual_script(langcodes.Language.get(code)):
        return ()
    if code in _SERBO_CROATIAN:
        return (code, *sorted(_SERBO_CROATIAN - {code}))
    known = model_tags() | second_tags()
    for name in (code, MACROLANGUAGES.get(code, code)):
        found = tuple(label for label in LABELS.get(name, (name,)) if label in known)
        if found:
            return found
    return ()


def label_names(found: tuple[str, ...]) -> tuple[str, ...]:
    """The codes (ISO 639) of the languages that identifiers give these labels."""
    named = {label: code for code, labels in LABELS.items() for label in labels if label != "ar"}
    return tuple(named.get(label, label) for label in found)
