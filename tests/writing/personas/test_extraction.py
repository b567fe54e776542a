"""Implicit profiles: a fact counts with the words that show it, or it is refused and counted."""

import json
from hashlib import blake2b

import pytest
from typer.testing import CliRunner

from crowdglot.command.app import app
from crowdglot.dialogues.readers import read_file
from crowdglot.engines.engine import Completion
from crowdglot.errors import MaterialError, RequestRefused
from crowdglot.personas.lines import read_personas
from crowdglot.personas.traits import declared
from crowdglot.writing.personas.extraction import extract
from crowdglot.writing.personas.profiles import MOST_FACTS, find_facts, find_manner, speakers_of
from tests.writing.personas.stopped import Talker, recipe, run, stop_anywhere

TALK = (
    "Hello! I just came home from the bakery, I start there at four.",
    "So early? I could never do that, I sleep until nine.",
    "My dog wakes me anyway, he is as punctual as a clock.",
    "I only have two cats, they sleep even longer than I do.",
    "Lucky you. On Sundays I take him to the lake.",
    "My sister lives near the lake, in Annecy.",
)


def dialogues(folder, count=1, turns=TALK):
    path = folder / "talk.jsonl"
    lines = [
        {"personas": [None, None],
         "turns": [{"speaker": "AB"[at % 2], "text": f"{text} {number}." if number else text}
                   for at, text in enumerate(turns)]}
        for number in range(count)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def facts(*told):
    """The answer with these facts, each its turn, words of it and the sentence."""
    rest = [("", "", "")] * (MOST_FACTS - len(told))
    return json.dumps({
        f"{name}_{number}": text
        for number, fact in enumerate((*told, *rest), start=1)
        for name, text in zip(("turn", "quote", "fact"), fact, strict=True)
    })  # fmt: skip


def answer(request):
    """Two facts of whoever speaks, one of them without evidence now and then; some manner."""
    asked = request.messages[-1].content
    drawn = blake2b(f"{asked}{request.seed}".encode(), digest_size=2).digest()[0]
    if not request.schema:
        return next(line for line in asked.splitlines() if line[1:3] == ") ")[0]
    turn, quote, fact = (
        ("1", "I start there at four", "I work in a bakery.") if "bakery" in asked
        else ("4", "two cats", "I have two cats.")
    )  # fmt: skip
    other = ("3", "he is as punctual as a clock", "I have a dog.")
    return facts((turn, quote, fact), other if drawn % 2 else (turn, "my boat", "I sail."))


def making(path, *changes):
    read = read_file(path).demonstrations
    return lambda output: extract(recipe(*changes), read, str(path), output, tell=lambda _: None)


def speaker(letter="A"):
    (dialogue,) = [one for one in speakers_of(_dialogue()) if one.letter == letter]
    return dialogue


def _dialogue():
    from crowdglot.dialogues.dialogue import Demonstration, Turn

    said = (*TALK, "And you, do you have a boat? I would love one.")
    turns = tuple(Turn("AB"[at % 2], text) for at, text in enumerate(said))
    return Demonstration(turns, (None, None))


def found(*told, letter="A"):
    return find_facts(speaker(letter), [Completion(facts(*told), "stop", 1, 1, 0.1)])


def test_only_the_speaker_s_own_turns_are_shown_with_their_numbers():
    asked = find_facts(speaker("B"), ())
    shown = asked.messages[-1].content
    assert "[2] So early?" in shown and "[6] My sister" in shown
    assert "bakery" not in shown and "[1]" not in shown


def test_a_fact_keeps_its_turn_and_its_words():
    (one,), refused = found(("[3]", "“My dog wakes me ANYWAY”", "i have a dog"))
    assert (one.fact, one.turn, one.quote) == ("I have a dog.", 3, "My dog wakes me ANYWAY")
    assert not refused
    assert one.origin(speaker()).endswith('turn 3 (A): "My dog wakes me ANYWAY"')


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (("3", "my cat wakes me", "I have a cat."), "quote_not_in_turn"),
        (("5", "My dog wakes me", "I have a dog."), "quote_not_in_turn"),
        (("2", "I sleep until nine", "I sleep long."), "not_an_own_turn"),
        (("9", "My dog", "I have a dog."), "not_an_own_turn"),
        (("three", "My dog", "I have a dog."), "not_an_own_turn"),
        (("3", "my", "I have a dog."), "no_quote"),
        (("3", "", "I have a dog."), "no_quote"),
        (("7", "do you have a boat", "I have a boat."), "quote_is_a_question"),
        (("7", "And you, do you have a boat?", "I have a boat."), "quote_is_a_question"),
        (("3", "My dog wakes me", "The dog is punctual."), "not_of_oneself"),
        (("3", "My dog wakes me", "As an AI I have no dog."), "talk_of_a_model"),
    ],
)
def test_a_fact_without_evidence_is_refused(fact, reason):
    told, refused = found(fact, ("1", "I start there at four", "I get up early."))
    assert [one.fact for one in told] == ["I get up early."]
    assert [one.reason for one in refused] == [reason]


def test_the_same_fact_twice_counts_once():
    told, refused = found(*[("3", "My dog wakes me", "I have a dog.")] * 2)
    assert len(told) == 1 and [one.reason for one in refused] == ["redundant"]


def test_manner_is_chosen_from_what_is_declared_or_nothing():
    manner = {key: one.values for key, one in declared().keys.items() if one.manner}

    def told(*labels):
        return [Completion("", "stop", 1, 1, 0.1, ((label, 0.0),)) for label in labels]

    traits, unread = find_manner(speaker(), told(*"1" * len(manner)))
    assert [(one.key, one.value) for one in traits] == [(k, v[0]) for k, v in manner.items()]
    assert not unread and all("all turns of A" in one.origin for one in traits)
    nothing = told(*(str(len(values) + 1) for values in manner.values()))
    assert find_manner(speaker(), nothing) == ((), ())
    silent = [Completion("well", "stop", 1, 1, 0.1)] * 3 * len(manner)
    assert [one.reason for one in find_manner(speaker(), silent)[1]] == [
        f"manner.{key}.unread" for key in manner
    ]


def test_profiles_are_a_file_that_a_recipe_names(tmp_path, monkeypatch):
    output = tmp_path / "p.jsonl"
    made, files = run(making(dialogues(tmp_path, 3)), output, Talker(answer), monkeypatch)
    personas = read_personas(output)
    assert personas == made.personas
    assert all(len(one.origins) == len(one.facts) for one in personas)
    told = json.loads(files["p.jsonl.made.json"])
    assert (told["by"], told["dialogues"], told["speakers"]) == ("extract", 3, 6)
    assert told["refused"]["quote_not_in_turn"] > 0


@pytest.mark.parametrize("trial", range(2))
def test_stopped_anywhere_nothing_is_asked_twice(trial, tmp_path, monkeypatch):
    make = making(dialogues(tmp_path, 6))
    assert stop_anywhere(make, tmp_path, answer, monkeypatch, trial) > 2


@pytest.mark.parametrize(
    ("say", "complaint"),
    [
        (lambda _: "Gladly!", "answer.not_json 2, profile.without_evidence 2"),
        (lambda _: facts(), "profile.without_evidence 2"),
        (lambda _: facts(("1", "I sail", "I sail.")), "profile.without_evidence 2, quote_not_in"),
    ],
)
def test_a_profile_without_evidence_is_a_verdict(say, complaint, tmp_path, monkeypatch):
    with pytest.raises(MaterialError, match=f"no persona is left.*{complaint}"):
        run(making(dialogues(tmp_path)), tmp_path / "p.jsonl", Talker(say), monkeypatch)


def test_a_refusal_is_counted(tmp_path, monkeypatch):
    def say(_request):
        raise RequestRefused("no.")

    with pytest.raises(MaterialError, match=r"answer\.refused 2, profile\.without_evidence 2"):
        run(making(dialogues(tmp_path)), tmp_path / "p.jsonl", Talker(say), monkeypatch)


def test_who_hardly_speaks_is_counted(tmp_path, monkeypatch):
    path = dialogues(tmp_path, turns=TALK[:5])
    made, _ = run(making(path), tmp_path / "p.jsonl", Talker(answer), monkeypatch)
    assert made.reasons["speaker.too_few_turns"] == 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('[{"dialogue": [{"text": "Hi."}, {"speaker": "A", "text": "Oh."}]}]', "names no speaker"),
        ('{"facts": ["I bake."]}\n', "no dialogue in it"),
        ("", "the file is empty"),
    ],
)
def test_a_file_without_speakers_is_one_sentence(content, complaint, tmp_path, capsys):
    path = tmp_path / "talk.json"
    path.write_text(content)
    result = CliRunner().invoke(
        app, ["personas", "extract", "demo", str(path), "--output", str(tmp_path / "p.jsonl")]
    )
    assert isinstance(result.exception, MaterialError) and complaint in str(result.exception)


def test_show_tells_traits_origins_and_whether_the_file_is_as_made(tmp_path, monkeypatch):
    def say(request):
        lines = request.messages[-1].content.splitlines()
        wanted = [line[0] for line in lines if line.endswith((") blunt", ") optimistic"))]
        return (wanted or ["0"])[0] if not request.schema else answer(request)

    monkeypatch.setenv("COLUMNS", "200")
    output = tmp_path / "p.jsonl"
    run(making(dialogues(tmp_path, 2)), output, Talker(say), monkeypatch)
    shown = CliRunner().invoke(app, ["personas", "show", str(output)]).stdout
    assert 'turn 1 (A): "I start there at four"' in shown
    assert "language style: blunt" in shown and "temper" not in shown
    assert "unchanged since" in " ".join(shown.split())
    output.write_text("".join(output.read_text().splitlines(True)[1:]))
    shown = CliRunner().invoke(app, ["personas", "show", str(output)]).stdout
    assert "changed since it was made" in " ".join(shown.split())
    assert "54 personas" in CliRunner().invoke(app, ["personas", "show", "bundled"]).stdout
