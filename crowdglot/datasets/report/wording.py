"""The words of the report: what metrics and events are called, and text of models made visible."""

import re

from crowdglot.scenarios.event import event_names, read_event

# Name and what it says, by the metric's key.
METRICS = {
    "distinct_1": ("Distinct-1", "different words over all words"),
    "distinct_2": ("Distinct-2", "different pairs of words over all pairs"),
    "distinct_3": ("Distinct-3", "different runs of three words over all of them"),
    "ead": ("EAD", "distinct-1 freed of the text's length"),
    "compression_ratio": ("Compression ratio", "bytes over bytes of their gzip"),
    "self_repetition": ("Self-repetition", "runs of four words that other dialogues hold, log"),
    "self_bleu": ("Self-BLEU-4", "likeness to the other dialogues, 0 to 100"),
    "mtld": ("MTLD", "words until the vocabulary repeats"),
    "vendi": ("Vendi score", "wholly different dialogues that it amounts to, by meaning"),
    "turn_length_mean": ("Turn length, mean", "tokens"),
    "turn_length_p10": ("Turn length, 10th percentile", "tokens"),
    "turn_length_p50": ("Turn length, median", "tokens"),
    "turn_length_p90": ("Turn length, 90th percentile", "tokens"),
    "turns": ("Turns", "a dialogue"),
    "opening_entropy": ("Opening entropy", "variety of the first words, 0 to 1"),
    "persona_coverage": ("Persona coverage", "personas used, of those at hand, 0 to 1"),
    "persona_evenness": ("Persona evenness", "how evenly they are used, 0 to 1"),
    "distinct_events": ("Speech events", "different ones"),
    "event_recognised": ("Speech event recognised", "by a judge who was not told, 0 to 1"),
    "taken_for_small_talk": ("Taken for small talk", "or getting to know someone, of the others"),
}
BETTER = {"higher": "higher is more varied", "lower": "lower is more varied", "neither": ""}

# Control characters, changes of direction, blanks without width and tags: no reader sees them, but
# a browser obeys them. The joiners of Persian, of India's scripts and of emoji stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible(text: str | None, most: int = 0) -> str:
    """The text with control characters as "⟨U+202E⟩" and lone surrogates as U+FFFD.

    ``most``: cut after so many characters and say how many are left out; 0: never.
    """
    text = text or ""
    left_out = len(text) - most if most else 0
    if left_out > 0:
        text = text[:most]
    shown = _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
    shown = _SURROGATES.sub("\ufffd", shown)
    return f"{shown}… ({left_out:,} more characters)" if left_out > 0 else shown


def metric_words(metric: str) -> tuple[str, str]:
    """Name and meaning of a metric; its key where it has no entry here."""
    return METRICS.get(metric, (metric.replace("_", " "), ""))


def event_title(name: str) -> str:
    """A speech event's title; its name where there is no such event any more."""
    return read_event(name).title if name in event_names() else visible(name, 80).replace("_", " ")


def number(value: float) -> str:
    """Four significant digits, without exponents: 0.4128, 37.41, 1,204."""
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    digits = 4 if abs(value) < 1 else 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{value:.{digits}f}"
