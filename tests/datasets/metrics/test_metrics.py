"""Every metric against values worked out by hand."""

import gzip
from importlib import import_module
from math import log
from pathlib import Path

import numpy as np
import pytest

import crowdglot.datasets.metrics
from crowdglot.datasets.metrics import (
    METRICS,
    compression,
    ead,
    mtld,
    openings,
    personas,
    self_repetition,
)
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Reading, interval, mean_of
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise, tokeniser_for
from crowdglot.statistics import bootstraps, halves, some_numbers


def values(name, dialogues, **fields):
    corpus = Corpus.build(dialogues, "intl")
    for key, value in fields.items():
        object.__setattr__(corpus, key, value)
    everything = np.arange(len(corpus))
    readings = import_module(f"crowdglot.datasets.metrics.{name}").measure(corpus)
    return {reading.metric: reading.of(everything) for reading in readings}


def test_distinct_counts_different_n_grams_within_dialogues():
    # "a b a b" and "a c": 6 words of 3 kinds, 4 pairs (ab ba ab ac) of 3 kinds, 2 triples of 2.
    assert values("distinct", [["a b", "a b"], ["a c"]]) == {
        "distinct_1": 3 / 6,
        "distinct_2": 3 / 4,
        "distinct_3": 1.0,
    }


def test_ead_corrects_for_the_length():
    assert ead.ead(2, 2, vocabulary=2) == pytest.approx(2 / (2 * (1 - 0.25)))
    drawn = values("ead", [["a b", "a c"]])["ead"]
    v = ead.VOCABULARY
    assert drawn == pytest.approx(3 / (v * (1 - ((v - 1) / v) ** 4)))


def test_compression_ratio_is_bytes_over_bytes_of_gzip():
    turns = ["la la la la la la", "é" * 50]
    plain = "\n".join(turns).encode()
    assert len(plain) == 17 + 1 + 100
    assert values("compression", [turns])["compression_ratio"] == len(plain) / len(
        gzip.compress(plain, 9, mtime=0)
    )
    assert compression.ratio([]) is None


def test_self_repetition_counts_four_grams_of_others():
    # First: abcd, bcde. Second: abcd twice, bcda, cdab, dabc. Third: none that others hold.
    corpus = Corpus.build([["a b c d e"], ["a b c d a b c d"], ["x y"]], "intl")
    scores = self_repetition.scores(corpus)
    assert scores.tolist() == pytest.approx([log(1 + 2), log(1 + 1), 0.0])


def test_mtld_counts_factors_both_ways():
    # "a b a": 2/3 is below 0.72, one factor. Then "c d": nothing repeated, no part of a factor.
    assert mtld.factors("a b a c d".split()) == 1
    assert mtld.factors("a b c a".split()) == pytest.approx((1 - 3 / 4) / (1 - 0.72))
    # Backward "d c a b a": 4/5 at the end, 0.2/0.28 of a factor.
    backward = (1 - 4 / 5) / 0.28
    assert values("mtld", [["a b c"]])["mtld"] is None
    assert values("mtld", [["A, b; a! c d."]])["mtld"] == pytest.approx((5 + 5 / backward) / 2)


def test_turn_lengths():
    found = values("turn_length", [["a b c d", "a b"], ["a b c"]])
    assert found == {
        "turn_length_mean": 3.0,
        "turn_length_p10": pytest.approx(2.2),
        "turn_length_p50": 3.0,
        "turn_length_p90": pytest.approx(3.8),
        "turns": 1.5,
    }


def test_opening_entropy_looks_at_three_words():
    alike = [["Hi, how are you?"], ["hi how are things"], ["Good morning!"], ["Guess what, Tom"]]
    expected = -(0.5 * log(0.5) + 2 * 0.25 * log(0.25)) / log(4)
    assert values("openings", alike)["opening_entropy"] == pytest.approx(expected)
    assert openings.evenness([5]) == 0.0
    assert openings.evenness([1]) is None


def test_persona_coverage_and_events():
    used = {"personas": ("p", "p", "p", "q"), "personas_available": 8, "events": ("x", "x", "y")}
    found = values("personas", [["a"]], **used)
    entropy = -(0.75 * log(0.75) + 0.25 * log(0.25))
    assert found["persona_coverage"] == 2 / 8
    assert found["persona_evenness"] == pytest.approx(entropy / log(2))
    assert personas.pielou([3]) is None
    assert values("events", [["a"]], **used) == {"distinct_events": 2.0}


@pytest.mark.parametrize(
    ("script", "text", "tokens"),
    [
        ("Latn", "J'ai dit « oui » !", ["j", "'", "ai", "dit", "«", "oui", "»", "!"]),
        ("Hans", "我喜欢Tom。", ["我", "喜", "欢", "tom", "。"]),
        ("Deva", "मैं ठीक हूँ।", ["मैं", "ठीक", "हूँ", "।"]),
        ("Arab", "كيف حالك؟", ["كيف", "حالك", "؟"]),
        ("Thai", "กินข้าว", ["กิน", "ข้าว"]),
        ("Jpan", "東京に、行く", ["東京", "に", "、", "行く"]),
    ],
)
def test_tokeniser_of_a_script(script, text, tokens):
    assert tokenise(text, tokeniser_for(script)) == tokens


SOLID = {
    "Khmr": "តើអ្នកសុខសប្បាយទេ", "Laoo": "ເຈົ້າເປັນແນວໃດ",
    "Mymr": "နေကောင်းလား", "Tibt": "བཀྲ་ཤིས་བདེ་ལེགས",
}  # fmt: skip


@pytest.mark.parametrize(("script", "text"), SOLID.items())
def test_scripts_without_blanks_are_parted(script, text):
    words = tokenise(text, tokeniser_for(script))
    assert len(words) > 1
    assert "".join(words) == text


@pytest.mark.parametrize("name", ["intl", "zh", "icu"])
def test_odd_text_is_tokenised(name):
    for text in ("", " ", "\ud800", "😀👨‍👩‍👧", "\u202eabc\u202c", "\u200b", "word " * 20_000):
        assert isinstance(tokenise(text, name), list)


def test_resamples_are_what_they_say():
    drawn, half = bootstraps(9, 50, 4), halves(9, 50, 4)
    assert drawn.shape == (50, 9) and half.shape == (50, 4)
    assert drawn.min() == 0 and drawn.max() == 8
    assert all(len(set(row)) == 4 for row in half.tolist())
    assert some_numbers(9, 20, 4, "x").tolist() == list(range(9))
    assert some_numbers(1000, 5, 4, "x").tolist() == some_numbers(1000, 5, 4, "x").tolist()


def test_intervals_of_halves_and_bootstrap_agree_on_a_mean():
    scores = np.arange(100, dtype=np.float64)
    error = 1.96 * scores.std() / 10
    for kind in ("bootstrap", "halves"):
        ends = interval(Reading("m", mean_of(scores), "higher", kind), 49.5, 100, 1, 200)
        assert ends is not None
        assert ends == pytest.approx((49.5 - error, 49.5 + error), abs=0.2 * error)
    assert interval(Reading("m", mean_of(scores), "higher", "none"), 49.5, 100, 1, 200) is None
    few = Reading("m", mean_of(scores[:3]), "higher", "bootstrap")
    assert interval(few, 1.0, 3, 1, 200) is None


def test_every_metric_has_its_file():
    folder = Path(crowdglot.datasets.metrics.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(METRICS)
