"""What the report says of a dataset, without a browser: counts, charts, pairs, bad input."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdglot.datasets.duplicates.shingles import jaccard, shingles
from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report import facts, gather, similar, write_report
from crowdglot.datasets.report.distributions import Histogram, histograms
from crowdglot.datasets.report.markdown import escape, report_markdown
from crowdglot.datasets.report.page import as_json, render
from crowdglot.datasets.report.views import (
    diversity_views,
    examples_by_reason,
    funnel_steps,
    heat_rows,
    plot,
    strip,
)
from crowdglot.datasets.scan import collect
from crowdglot.datasets.shards import files_of
from crowdglot.errors import StorageError
from crowdglot.printable import visible
from tests.builders import FRENCH
from tests.datasets.report.dataset import ARABIC, row, write_dataset


def talk(number, turns=6):
    rng = random.Random(number)
    words = "pluie train marché jardin lettre rivière livre musique sœur pain vélo lampe".split()
    return tuple(" ".join(rng.choices(words, k=9)) + "." for _ in range(turns))


def some(tmp_path, **more):
    rows = [row(n, talk(n), event=["catching_up", "gossip"][n % 2]) for n in range(6)]
    rows += [row(n, ARABIC, tag="ar") for n in (6, 7)]
    rows += [
        row(8, FRENCH, reason="repetition.echo_turn", evidence="turn 3"),
        row(9, FRENCH, reason="repetition.echo_turn", evidence="turn 4", event="gossip"),
        row(10, ARABIC, tag="ar", reason="repetition.echo_turn", evidence="turn 5"),
        row(11, FRENCH, reason="format.not_json", evidence="no", turns=[], draft="I cannot."),
    ]
    return gather(write_dataset(tmp_path / "d", rows), "test", **more)


def most_similar(folder, **more):
    files = files_of(folder, "data")
    rows = collect(files, ["language", "turns"])
    return similar.most_similar(files, range(rows.height), rows, **more)


def test_counts_cells_and_steps(tmp_path):
    facts = some(tmp_path, wanted={("fr", "gossip"): 5, ("fr", "catching_up"): 3})
    assert (facts.funnel.accepted, facts.funnel.rejected) == (8, 4)
    assert facts.funnel.short == (("fr", "gossip", 5, 3),)
    assert facts.cells == {
        ("ar", "catching_up"): (2, 1), ("fr", "catching_up"): (3, 2), ("fr", "gossip"): (3, 1),
    }  # fmt: skip
    assert facts.models == ("a-model",)
    steps = funnel_steps(facts.funnel)
    assert [(step.label, step.count) for step in steps] == [
        ("repetition.echo_turn", 3), ("format.not_json", 1),
    ]  # fmt: skip
    assert [(step.start, step.percent) for step in steps] == [
        (pytest.approx(75), pytest.approx(25)),
        (pytest.approx(100 * 8 / 12), pytest.approx(100 / 12)),
    ]
    (catching, first), (gossip, second) = heat_rows(facts.cells, ["ar", "fr"])
    assert (catching, gossip) == ("catching_up", "gossip")
    assert [(cell.accepted, cell.drafts, cell.shade) for cell in first] == [(2, 3, 5), (3, 5, 5)]
    assert second[0] is None and (second[1].accepted, second[1].drafts) == (3, 4)


def test_pairs_are_exact_and_below_the_threshold_too(tmp_path):
    base = talk(1)
    changed = (*base[:4], *talk(2)[4:])
    rows = [row(n, talk(n)) for n in range(3, 20)] + [row(20, base), row(21, changed)]
    folder = write_dataset(tmp_path / "d", rows)
    found = most_similar(folder, most=2)
    first = found[0]
    assert (first.one["id"], first.other["id"]) == ("fr-20", "fr-21")
    exact = jaccard(*shingles(["\n".join(base), "\n".join(changed)], "Latn"))
    assert first.similarity == exact
    assert 0.3 < exact < 0.7
    assert found == most_similar(folder, most=2)


def test_short_greetings_are_no_pair(tmp_path):
    rows = [row(n, ("Salut !", "Ça va ?")) for n in range(4)]
    assert most_similar(write_dataset(tmp_path / "d", rows)) == []


def test_a_large_dataset_shows_an_even_part(tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "MOST_ACCEPTED", 12)
    monkeypatch.setattr(facts, "MOST_REJECTED", 4)
    monkeypatch.setattr(facts, "MOST_MEASURED", 10)
    rows = [row(n, talk(n), event="catching_up" if n % 10 else "gossip") for n in range(40)]
    rows += [row(40 + n, ARABIC, tag="ar") for n in range(8)]
    rows += [row(50 + n, reason="length.too_long") for n in range(20)]
    rows += [row(80, reason="format.not_json")]
    folder = write_dataset(tmp_path / "d", rows)
    found = gather(folder, "large")
    cells = [(shown["language"], shown["event"]) for shown in found.accepted]
    assert {cell: cells.count(cell) for cell in cells} == {
        ("ar", "catching_up"): 4, ("fr", "catching_up"): 4, ("fr", "gossip"): 4,
    }  # fmt: skip
    reasons = [shown["reason"] for shown in found.rejected]
    assert sorted(reasons) == ["format.not_json", *["length.too_long"] * 3]
    assert (found.funnel.accepted, found.measured) == (48, 10)
    assert {f.count for f in found.figures if f.metric == "turns"} == {5}  # languages take turns
    page = render(found)
    assert "drawn from an even part of 10 of the 48" in page
    assert "12 of 48 accepted dialogues" in page
    assert "4 of 21 rejected drafts" in page
    assert page == render(gather(folder, "large"))


def test_histograms_against_the_human_reference(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(n, FRENCH[:4]) for n in range(5)])
    human = {"fr": [list(FRENCH)] * 3}
    rows = collect(files_of(folder, "data"))
    found = {each.measure: each for each in histograms(rows, human)}
    turns = found["turns"]
    assert (turns.low, turns.width, turns.shares, turns.human) == (4, 1, (1, 0, 0), (0, 0, 1))
    assert (turns.median, turns.human_median) == (4, 6)
    assert (turns.dialogues, turns.human_dialogues) == (5, 3)
    assert sum(found["turn_length"].shares) == pytest.approx(1)
    assert found["dialogue_length"].human_median > found["dialogue_length"].median
    drawn = plot(turns)
    assert drawn.bars[0][1:4:2] == (0, 96)
    assert drawn.ticks[-1][1] == "6"
    assert drawn.outline.startswith("M0 96L0.00 96")


def test_a_histogram_gathers_the_tail_in_its_last_bin():
    shares = tuple([0.0625] * 16)
    drawn = plot(Histogram("turns", "fr", 3, 2, shares, 9.0, 100))
    assert drawn.outline == ""
    assert len(drawn.bars) == 16
    assert drawn.ticks[0][1] == "3"
    assert drawn.ticks[-1][1] == "33+"


def test_strips_share_a_scale():
    ours = Figure("ead", "fr", "all", 2.0, 1.0, 3.0, 9, "s", "higher")
    human = Figure("ead", "fr", "human", 5.0, None, None, 9, "s", "higher")
    (value, low, high), theirs = strip(ours, human)
    assert low < value < high < theirs[0]
    assert theirs[0] == theirs[1] == theirs[2]
    alone = Figure("ead", "fr", "all", 0.0, None, None, 9, "s", "higher")
    assert strip(alone, None) == ([50, 50, 50], None)


def test_human_figures_are_compared(tmp_path):
    facts = some(tmp_path, reference={"fr": [list(talk(n)) for n in range(30, 40)]})
    views = {view.language: view for view in diversity_views(facts.figures)}
    assert all(human is None for _, human, _ in views["ar"].lines)
    figure, human, _ = next(line for line in views["fr"].lines if line[0].metric == "distinct_2")
    assert human.group == "human"
    assert human.signature == figure.signature
    assert figure.signature in render(facts).replace("&#39;", "'")


def test_examples_are_of_different_languages(tmp_path):
    facts = some(tmp_path)
    examples = examples_by_reason(facts.rejected)
    assert dict.fromkeys(e["language"] for e in examples["repetition.echo_turn"][:2]) == {
        "ar": None, "fr": None,
    }  # fmt: skip
    assert len(examples["repetition.echo_turn"]) == 3
    (unreadable,) = examples["format.not_json"]
    assert unreadable["draft"] == "I cannot."
    assert unreadable["turns"] == []


def test_files_in_the_folder(tmp_path):
    facts = some(tmp_path)
    assert "short" not in facts.as_metrics()["funnel"]  # nobody knows the plan
    assert write_report(tmp_path / "d", facts) == tmp_path / "d" / "report.html"
    metrics = json.loads((tmp_path / "d" / "metrics.json").read_text("utf-8"))
    assert metrics["funnel"]["accepted"] == 8
    assert {figure["language"] for figure in metrics["diversity"]} == {"ar", "fr"}
    assert metrics["most_similar"][0] == {
        "language": "ar", "similarity": 1.0, "ids": ["ar-6", "ar-7"],
    }  # fmt: skip
    page = (tmp_path / "d" / "report.html").read_text("utf-8")
    assert "://" not in page


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "This dataset has no dialogue yet"),
        ([row(0, reason="length.too_long")], "No accepted dialogue to measure"),
    ],
)
def test_no_accepted_dialogue(rows, told, tmp_path):
    assert told in render(gather(write_dataset(tmp_path / "d", rows), "none"))


@pytest.mark.parametrize(
    "tag, texts", [("fr", FRENCH), ("ar", ARABIC), ("tlh", ("nuqneH", "Qapla"))]
)
def test_one_dialogue(tag, texts, tmp_path):
    rows = [row(0, texts, tag=tag)]
    facts = gather(write_dataset(tmp_path / "d", rows), "one")
    assert facts.funnel.accepted == 1
    assert facts.similar == []
    assert "No two accepted dialogues" in render(facts)


def test_an_unfinished_run_says_so(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    (folder / "journal" / "fr").mkdir(parents=True)
    (folder / "journal" / "fr" / "train-00001.jsonl").write_text("")
    assert "1 shard still being written" in render(gather(folder, "half"))


@pytest.mark.parametrize("part", ["data", "rejected"])
@pytest.mark.parametrize("damage", ["cut", "empty", "pages", "text"])
def test_a_damaged_shard_is_named(part, damage, tmp_path):
    rows = [row(n, talk(n)) for n in range(40)] + [row(50, reason="length.too_long")] * 40
    folder = write_dataset(tmp_path / "d", rows)
    path = folder / part / "fr" / "train-00000.parquet"
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "empty": b"",
            "pages": whole[:64] + bytes(len(whole) // 2 - 64) + whole[len(whole) // 2 :],
            "text": b"not Parquet at all",
        }[damage]
    )
    with pytest.raises(StorageError) as told:
        gather(folder, "damaged")
    assert str(path) in str(told.value)
    assert f"{path}: damaged (" in str(told.value)
    assert "; run `crowdglot synthesize` with --verify, which writes" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("texts", [["x"], []])
def test_a_strange_file_is_named(texts, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    path = folder / "data" / "fr" / "other.parquet"
    pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), path)
    told = r"other.parquet: not as it was written \(it has no column 'language'\); run .* --verify"
    with pytest.raises(StorageError, match=told):
        gather(folder, "strange")


def test_what_no_reader_sees_is_shown():
    assert visible("a\u202eb\u200bc\x00d\ud800e\u2028") == (
        "a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d\ufffde⟨U+2028⟩"
    )
    assert visible("می\u200cخواهم 👩\u200d🚒\n\tok") == "می\u200cخواهم 👩\u200d🚒\n\tok"
    assert visible("x" * 5000, 2000) == "x" * 2000 + "… (3,000 more characters)"
    assert visible(None) == ""


def test_json_cannot_end_its_element():
    written = as_json({"a": "</script><!--<script>&\u2028"})
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == {"a": "</script><!--<script>&\u2028"}


def test_markdown_holds_no_markup(tmp_path):
    assert escape("a|b\n<i>`x`</i> [y](javascript:z) *") == (
        r"a\|b &lt;i&gt;\`x\`&lt;/i&gt; \[y\]\(javascript\:z\) \*"
    )
    written = report_markdown("a_test", some(tmp_path).funnel)
    assert written.startswith(r"## a\_test")
    assert r"| repetition\.echo\_turn | 3 |" in written
    assert "| Arabic | ar | 2 | 1 |" in written
