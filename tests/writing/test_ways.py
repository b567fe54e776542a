"""Every way of writing gives a dataset: stopped anywhere it is the same, and its rows are whole."""

import json
from hashlib import blake2b
from itertools import pairwise

import pytest

from crowdglot.command.output.dialogues import print_dialogues
from crowdglot.datasets.record import SCHEMA
from crowdglot.dialogues.memories import KINDS
from crowdglot.dialogues.ways import WAYS
from crowdglot.errors import ConfigurationError, RequestRefused
from crowdglot.writing.watch import Watch
from tests.stub_server import SENTENCES
from tests.writing.builders import (
    Canned,
    assert_same,
    make_opened,
    rows_of,
    stop_anywhere,
    write,
)

OURS = [name for name, module in WAYS.items() if module.startswith("crowdglot.")]
# So many calls at most before a run is stopped; by default 30.
MOST = {"whole": 3, "outlined": 6}
EVENTS = {"debate": ("events=persuading_conversation",)}


def opened_for(way, folder, *changes):
    base = ("languages=fr", "dialogues_per_language=4", "shard_size=3", "turns=[6, 8]")
    more = ("max_attempts=6", *EVENTS.get(way, ()))
    return make_opened(folder, f"way={way}", *base, *more, *changes)


def talk(request):
    """What a schema asks for: reports for a plan, else turns of two sentences; now and then the
    last memory there is."""
    start = int.from_bytes(blake2b(f"{request.seed}".encode(), digest_size=4).digest())
    report = "Plan these turns" in request.messages[-1].content
    told = {}
    for number, (key, kind) in enumerate(request.schema["properties"].items()):
        first, second = (start + number) % 12, (start // 12 + 5 * number) % 11
        lines = SENTENCES["fr"]
        pair = f"{lines[first]} {lines[(first + 1 + second) % 12]}"
        values = kind.get("enum", (f"reports matter {number}" if report else pair,))
        told[key] = values[-1 if key == "memory" and start % 2 else 0]
    return json.dumps(told, ensure_ascii=False)


def some_bad(request):
    return "I cannot." if request.seed % 13 == 0 else talk(request)


@pytest.mark.parametrize("way", OURS)
def test_a_way_gives_a_dataset_and_the_same_when_stopped_anywhere(way, tmp_path):
    calm, opened = (opened_for(way, tmp_path / name) for name in ("calm", "d"))
    assert stop_anywhere(calm, opened, some_bad, concurrency=3, most=MOST.get(way, 30), trial=2) > 1
    rows = rows_of(opened.folder)
    assert rows.height == 4
    assert list(rows.columns) == SCHEMA.names
    for row in rows.to_dicts():
        assert [call["step"] for call in row["calls"]] == list(range(len(row["calls"])))
        assert len({call["seed"] for call in row["calls"]}) == len(row["calls"])
        assert row["completion_tokens"] == 5 * len(row["calls"])
        assert 6 <= len(row["turns"]) <= 8
        assert (row["debate"] is not None) == (way == "debate")
        assert (row["parts"] is not None) == (way in ("debate", "sessions"))
        assert (row["memories"] is not None) == (way == "sessions")
        assert sum(part["turns"] for part in row["parts"] or ()) in (0, len(row["turns"]))


@pytest.mark.parametrize("way", ["self_play", "sessions"])
def test_what_one_speaker_is_told_later_begins_with_all_it_was_told_before(way, tmp_path):
    once = ("max_attempts=1", "max_replacements=0", "dialogues_per_language=2")
    opened = opened_for(way, tmp_path / "d", *once)
    asked = []

    def say(request):
        asked.append(request)
        return talk(request)

    write(opened, Canned(say, 1))
    systems = {request.messages[0] for request in asked}
    assert len(systems) == 1
    shown = 1 + 2 * sum(len(one.turns) // 2 for one in opened.demonstrations.for_block(0))
    assert len({request.messages[: shown - 2] for request in asked}) == 1
    # Without its cue the last message of a question is in all later ones of that speaker's day.
    sides = {}
    for request in asked:
        told = [message.content for message in request.messages]
        view = next(text for text in told[1:] if text.startswith("Language: French"))
        sides.setdefault(view[: view.index("Keys:")], []).append(request.messages)
    assert len(sides) >= 4
    for questions in sides.values():
        for before, after in pairwise(questions):
            assert after[: len(before) - 1] == before[:-1]
            assert after[len(before) - 1].content.startswith(before[-1].content[:40])


def test_a_row_of_sessions_tells_which_memory_a_turn_used(tmp_path):
    opened = opened_for("sessions", tmp_path / "d", "sessions=3", "turns=[9, 9]")
    write(opened, Canned(talk, 2))
    write(again := opened_for("sessions", tmp_path / "e", "sessions=3", "turns=[9, 9]"),
          Canned(talk, 3))  # fmt: skip
    assert_same(opened, again)
    used = 0
    for row in rows_of(opened.folder).to_dicts():
        assert [part["turns"] for part in row["parts"]] == [3, 3, 3]
        days = [part["day"] for part in row["parts"]]
        assert days[0] == 0
        assert days == sorted(set(days))
        assert len(row["calls"]) == 9 + 2 * 2
        assert {memory["speaker"] for memory in row["memories"]} == {"A", "B"}
        for memory in row["memories"]:
            assert memory["id"].startswith(memory["speaker"])
            assert memory["strength"] == KINDS[memory["kind"]] + len(memory["turns"])
            for number in memory["turns"]:
                used += 1
                assert row["turns"][number - 1]["speaker"] == memory["speaker"]
                assert memory["day"] < days[(number - 1) // 3] <= memory["recalled"]
            if memory["forgotten"] is not None:
                assert memory["forgotten"] in days
                assert memory["recalled"] < memory["forgotten"]
    assert used > 2


def one_draft(way, folder, say, *changes):
    """The only row, which is rejected."""
    once = ("dialogues_per_language=1", "max_attempts=1", "max_replacements=0", *changes)
    opened = opened_for(way, folder, *once)
    outcome = write(opened, Canned(say, 1), Watch())
    (row,) = rows_of(opened.folder, "rejected").to_dicts()
    assert outcome.funnel.reasons == {row["reason"]: 1}
    return row


def changed(**values):
    """``talk`` with other values for some keys."""

    def say(request):
        told = json.loads(talk(request))
        return json.dumps(told | {key: values[key] for key in values.keys() & told.keys()})

    return say


@pytest.mark.parametrize(
    ("way", "say", "reason", "evidence"),
    [
        ("outlined", lambda _: "Sure!", "not_json", "plan: "),
        ("outlined", changed(A1=""), "empty_plan", "plan: nothing for A1"),
        ("outlined", lambda request: json.dumps(dict.fromkeys(request.schema["required"], "I go?")),
         "spoken_plan", "lines are speech: I go?"),
        ("self_play", lambda _: "Hello!", "not_json", "turn 1: "),
        ("self_play", lambda _: '{"turn": "Oui."}', "wrong_keys", "turn 1: "),
        ("self_play", changed(turn=""), "empty_turn", "turn 1"),
        ("self_play", changed(turn="Merci !"), "ended_early", "2 turns, then 'thanks'"),
        ("debate", lambda _: '{"turn": 3}', "not_text", "turn 1: "),
        ("sessions", changed(summary="", fact_1="", fact_2="", mood=""), "empty_memory",
         "A after session 1: "),
        ("sessions", changed(memory="B1"), "foreign_memory", "A speaks of B1"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_verdict_that_says_where(way, say, reason, evidence, tmp_path):
    row = one_draft(way, tmp_path / "d", say, "turns=[6, 6]")
    assert row["reason"] == f"format.{reason}"
    assert evidence in row["verdicts"][0]["evidence"]


@pytest.mark.parametrize("way", ["self_play", "sessions"])
def test_talk_that_outgrows_the_context_is_a_verdict_and_its_calls_are_kept(way, tmp_path):
    most = 2  # of a speaker's turns, without those of demonstrations

    def say(request):
        if sum(message.role == "user" for message in request.messages) > most:
            raise RequestRefused("The prompt has 4,100 tokens, and 4,096 are taken.")
        return talk(request)

    row = one_draft(way, tmp_path / "d", say, "turns=[12, 12]", "demonstrations.count=0")
    assert row["reason"] == "engine.refused"
    assert len(row["calls"]) > 1
    assert row["calls"][-1]["finish_reason"] == "refused"
    assert row["turns"] == []


def test_talk_that_is_settled_ends_before_its_planned_number(tmp_path):
    opened = opened_for("self_play", tmp_path / "d", "turns=[8, 8]", "dialogues_per_language=1")
    write(opened, Canned(changed(settled="yes"), 1))
    (row,) = rows_of(opened.folder).to_dicts()
    assert (row["ended"], len(row["turns"]), len(row["calls"])) == ("goal", 4, 4)


def test_a_debate_is_marked_and_staged(tmp_path, capsys):
    opened = opened_for("debate", tmp_path / "d")
    write(opened, Canned(talk, 2))
    rows = rows_of(opened.folder).to_dicts()
    assert len({row["debate"]["proposition"] for row in rows}) == 4
    assert {row["debate"]["known"] for row in rows} == {True, False}
    for row in rows:
        names = [part["name"] for part in row["parts"]]
        assert names == ["opening", "rebuttal", "conclusion"]
        assert [row["parts"][at]["turns"] for at in (0, 2)] == [2, 2]
    assert print_dialogues(opened.folder, count=1)
    assert "– conclusion, day 0 –" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (("way=debate", "turns=[4, 8]"), r"'turns' begins at 4, and the way 'debate' needs .* 6"),
        (("way=sessions", "sessions=4"), r"'turns' begins at 4, and the way 'sessions' .* 8"),
        (("way=debate", "turns=8"), r"events: '\w+' has no propositions to debate over"),
        (("way=sessions", "sessions=1"), r"'sessions': input should be greater than or equal to 2"),
    ],
)
def test_a_recipe_that_a_way_cannot_write_is_refused(changes, complaint, tmp_path):
    with pytest.raises(ConfigurationError, match=complaint):
        make_opened(tmp_path / "d", *changes)
