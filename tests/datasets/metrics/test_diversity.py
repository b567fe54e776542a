"""The figures of a dataset: groups, equal sizes, intervals, signatures; little is no error."""

import polars as pl
import pytest

from crowdglot import __version__
from crowdglot.datasets.metrics.measuring.diversity import measure
from crowdglot.datasets.metrics.measuring.figure import as_metrics
from crowdglot.datasets.scan import collect
from crowdglot.dialogues.readers import read_demonstrations

WORDS = "rain tea garden train sister market music river bread letter".split()
EMPTY = collect([])


def row(number, tag="en", event="small_talk", model="m", turns=None):
    said = [
        f"{WORDS[number % 10]} and {WORDS[(number // 10 + step) % 10]} again" for step in range(4)
    ]
    return {
        "language": tag,
        "speech_event": event,
        "model": model,
        "seed": number,
        "turns": [
            {"speaker": "AB"[at % 2], "text": text}
            for at, text in enumerate(said if turns is None else turns)
        ],
        "personas": [
            {"speaker": who, "name": "N", "id": f"p{(number + at) % 7}", "facts": []}
            for at, who in enumerate("AB")
        ],
    }


def frame(*rows):
    return pl.DataFrame(rows, EMPTY.select(list(rows[0])).schema)


def named(figures, **wanted):
    return [f for f in figures if all(getattr(f, key) == value for key, value in wanted.items())]


def test_groups_sizes_and_signatures():
    rows = [row(n, "en", ["small_talk", "gossip"][n % 2], ["m", "k"][n < 30]) for n in range(60)]
    rows += [row(n, "fr") for n in range(45)] + [row(n, "de") for n in range(5)]
    human = {"en": [["one two three four five", "six seven"]] * 50}
    figures = measure(frame(*rows), seed=3, subsample=100, reference=human)
    groups = {(f.language, f.group) for f in figures}
    assert groups == {
        ("de", "all"), ("fr", "all"), ("en", "all"), ("en", "human"),
        ("en", "event:small_talk"), ("en", "event:gossip"), ("en", "model:m"), ("en", "model:k"),
    }  # fmt: skip
    counts = {
        (f.language, f.group): f.count for f in named(figures, metric="self_bleu")
    }  # German has fewer than twenty: it does not pull the others down.
    assert counts["en", "all"] == counts["fr", "all"] == counts["en", "human"] == 45
    assert counts["de", "all"] == 5 and counts["en", "model:k"] == 30
    all_, human_ = (
        named(figures, metric="distinct_2", language="en", group=group)[0]
        for group in ("all", "human")
    )
    assert all_.signature == human_.signature
    assert all_.signature.startswith("distinct_2|tok:intl@sacrebleu-")
    for part in ("|n:2|", "|subsample:45|", "|budget:", "|seed:3|", "|ci:halves100|"):
        assert part in all_.signature
    assert all_.signature.endswith(f"|version:{__version__}")
    assert all_.low is not None and all_.high is not None
    assert all_.low <= all_.value <= all_.high
    assert all_.value > human_.value
    assert named(figures, metric="self_bleu", group="human")[0].value == pytest.approx(100)
    assert named(figures, metric="persona_coverage", group="all", language="de")[0].count == 5
    assert all(f.low is None for f in named(figures, language="de"))


def test_seed_chooses_and_zero_resamples_give_no_interval():
    rows = frame(*(row(n) for n in range(60)))
    first = measure(rows, seed=1, subsample=30)
    assert first == measure(rows, seed=1, subsample=30)
    assert [f.value for f in first] != [f.value for f in measure(rows, seed=2, subsample=30)]
    plain = measure(rows, seed=1, subsample=30, resamples=0)
    assert [f.value for f in plain] == [f.value for f in first]
    assert all(f.low is None and "|ci:none|" in f.signature for f in plain)


def test_persona_coverage_of_a_pool():
    figures = measure(
        frame(*(row(n) for n in range(21))), seed=1, subsample=9, personas_available=28
    )
    (coverage,) = named(figures, metric="persona_coverage")
    assert (coverage.value, coverage.count) == (7 / 28, 21)
    (evenness,) = named(figures, metric="persona_evenness")
    assert evenness.value == pytest.approx(1.0)


@pytest.mark.parametrize("tag", ["en", "zh", "th", "ar", "tlh"])
@pytest.mark.parametrize(
    "turns", [[], [""], ["ok"], ["😀"], ["\u202e\u200b"], ["1. 2"], ["a " * 50_000]]
)
def test_one_dialogue_of_anything(tag, turns):
    figures = measure(frame(row(0, tag, turns=turns)), seed=0, subsample=500)
    assert all(f.count == 1 for f in figures)
    assert not named(figures, metric="self_bleu")


def test_no_dialogue():
    assert measure(EMPTY, seed=0, subsample=500, reference={"en": [["hi"]]}) == []


def test_empty_dialogues_among_full_ones():
    rows = [row(n, turns=[] if n % 3 else None) for n in range(30)]
    assert measure(frame(*rows), seed=0, subsample=500)


def test_human_reference_in_its_own_words(data_folder):
    file = data_folder / "xpersona" / "Jp_persona_split_valid_human_annotated.json"
    human = [[turn.text for turn in d.turns] for d in read_demonstrations(str(file))][:60]
    rows = frame(*(row(n, "ja", turns=turns) for n, turns in enumerate(human)))
    figures = measure(rows, seed=0, subsample=40, reference={"ja": human}, resamples=20)
    by_metric = {f.metric: f for f in named(figures, group="all")}
    for figure in named(figures, group="human"):
        other = by_metric[figure.metric]
        assert figure.signature == other.signature
        assert figure.value == pytest.approx(other.value, rel=0.35)


def test_figures_as_metrics_json():
    figures = measure(frame(*(row(n) for n in range(10))), seed=0, subsample=500)
    first = as_metrics(figures)[0]
    assert list(first) == [
        "metric", "language", "group", "value", "low", "high", "count", "signature", "better",
    ]  # fmt: skip
    assert first["value"] == round(figures[0].value, 6)


def test_what_judges_said_is_a_figure_and_unscored_is_in_no_mean():
    def judged(number, planned, guess, score):
        told = [
            {"critic": "event", "reason": None, "evidence": guess, "score": score},
            {
                "critic": "sense",
                "reason": None,
                "evidence": "",
                "score": None if number % 2 else 0.5,
            },
        ]
        return row(number, event=planned) | {"verdicts": told}

    rows = [judged(n, "gossip", "gossip" if n < 6 else "small_talk", 0.8) for n in range(10)]
    rows += [judged(n, "small_talk", "small_talk", 0.4) for n in range(10, 20)]
    figures = measure(frame(*rows), seed=3, subsample=100)
    (recognised,) = named(figures, metric="event_recognised", group="all")
    assert recognised.value == pytest.approx(0.8) and recognised.low < 0.8 < recognised.high
    (usual,) = named(figures, metric="taken_for_small_talk", group="all")
    assert usual.value == pytest.approx(0.4) and usual.better == "lower"
    (sense,) = named(figures, metric="judged_sense", group="all")
    assert sense.value == 0.5
    assert not named(
        measure(frame(*map(row, range(9))), seed=3, subsample=9), metric="judged_sense"
    )
