"""Expansion: new sentences that say something new, personas that do not contradict themselves."""

import json
import re
from functools import partial
from hashlib import blake2b

import pytest

from crowdglot.errors import ConfigurationError, MaterialError, RequestRefused
from crowdglot.personas.lines import read_personas
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.strict_toml import read_toml
from crowdglot.writing.opened import read_personas_of
from crowdglot.writing.personas import fitting as fitting_room
from crowdglot.writing.personas import growing
from crowdglot.writing.personas.expansion import deal, expand
from crowdglot.writing.personas.fitting import assemble
from crowdglot.writing.personas.likeness import BY_WORDS
from crowdglot.writing.personas.made import calls_of, fingerprint
from tests.writing.personas.stopped import Talker, recipe, run, stop_anywhere

VERBS = ("paint", "repair", "collect", "sell", "draw", "study", "grow", "carve", "lend", "guard")
THINGS = ("boats", "lamps", "violins", "maps", "stones", "kites", "carpets", "clocks", "ferns",
          "puppets", "tents", "buttons", "tiles", "drums", "ropes", "globes")  # fmt: skip
PLACES = ("Lyon", "Graz", "Porto", "Turku", "Leeds", "Brno", "Cork", "Bari", "Gdynia", "Lund")
CONTRADICTING = {pair["contradicts"] for pair in read_toml(fitting_room._PAIRS)["pairs"]}


@pytest.fixture(autouse=True)
def _by_words(monkeypatch):
    monkeypatch.setattr(growing, "likeness_at_hand", lambda: BY_WORDS)
    monkeypatch.setattr("crowdglot.writing.personas.expansion.likeness_at_hand", lambda: BY_WORDS)


def number(request):
    text = f"{request.messages[-1].content}{request.seed}"
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest())


def sentence(at):
    verb, thing = VERBS[at % len(VERBS)], THINGS[at // 10 % len(THINGS)]
    return f"I {verb} {thing} in {PLACES[at // 160 % len(PLACES)]}, {at}."


def fitting(request):
    """The number before the answer that is right for the known pairs."""
    asked = request.messages[-1].content
    wanted = "cannot be true" if contradicts(asked) else "new, which"
    return next(line for line in asked.splitlines() if wanted in line)[0]


def contradicts(asked):
    return re.search("The further sentence: (.*)", asked)[1] in CONTRADICTING


def say(request, judge=fitting):
    keys = request.schema.get("required", ())
    if not keys:
        return judge(request)
    if keys == ["question"]:
        at = number(request)
        return json.dumps({"question": f"{at} {THINGS[at % 16]} {VERBS[at // 16 % 10]} {at // 7}?"})
    return json.dumps({key: sentence(number(request) + at * 37) for at, key in enumerate(keys)})


def making(count=6, *changes, known=None, sentences=4):
    return lambda output: expand(
        recipe(*changes), known or bundled_personas(), output, count=count, sentences=sentences,
        tell=lambda _: None,
    )  # fmt: skip


def test_what_is_made_is_a_file_that_a_recipe_names(tmp_path, monkeypatch, capsys):
    output = tmp_path / "p.jsonl"
    made, files = run(making(), output, Talker(say), monkeypatch)
    personas = read_personas(output)
    assert personas == made.personas and len(personas) == 6
    assert all(len(persona.facts) == 4 for persona in personas)
    facts = [fact for persona in personas for fact in persona.facts]
    assert len({*facts}) == len(facts), "no sentence is of two people"
    told = json.loads(files["p.jsonl.made.json"])
    assert told["fingerprint"] == fingerprint(personas)
    assert told["source_fingerprint"] == fingerprint(bundled_personas())
    assert told["judged"].startswith("The judge tells contradictions in known pairs: AUC 1.00")
    assert fingerprint(personas) in capsys.readouterr().out
    assert read_personas_of(recipe(f"personas.source={output}"))[0] == personas


@pytest.mark.parametrize("trial", range(2))
def test_stopped_anywhere_nothing_is_asked_twice(trial, tmp_path, monkeypatch):
    assert stop_anywhere(making(3), tmp_path, say, monkeypatch, trial, most=60) > 1


def test_what_says_the_same_is_refused_and_counted(tmp_path, monkeypatch):
    def parrot(request):
        keys = request.schema.get("required", ())
        if len(keys) > 1:
            told = [sentence(number(request)), "I open the bakery at four every morning.",
                    "1. I am a teacher. I have a cat.", "What do you do?",
                    "As an AI I have no life.", "The weather is nice."]  # fmt: skip
            return json.dumps(dict(zip(keys, told, strict=True)))
        return say(request)

    made, files = run(making(2), tmp_path / "p.jsonl", Talker(parrot), monkeypatch)
    reasons = made.reasons
    assert {"redundant", "several_sentences", "a_question", "talk_of_a_model",
            "not_of_oneself"} <= reasons.keys()  # fmt: skip
    refused = [json.loads(line) for line in files["p.jsonl.refused.jsonl"].splitlines()]
    assert len(refused) == sum(reasons.values())
    again = next(one for one in refused if one["reason"] == "redundant")
    assert again["against"] == "I open the bakery at four every morning."


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("I would rather not.", "no persona is left.*question.not_json 7"),
        ('{"question": "Who?"}', "no persona is left.*question.redundant 6, answer.wrong_keys 1"),
        (None, "no persona is left.*question.refused 7"),
    ],
)
def test_nonsense_is_one_sentence_and_no_file(answer, complaint, tmp_path, monkeypatch):
    def say_it(request):
        if answer is None:
            raise RequestRefused("no.")
        return answer

    output = tmp_path / "p.jsonl"
    with pytest.raises(MaterialError, match=complaint):
        run(making(), output, Talker(say_it), monkeypatch)
    assert calls_of(output).exists() and not output.exists()


def test_always_the_same_sentence_makes_nobody(tmp_path, monkeypatch):
    def same(request):
        keys = request.schema.get("required", ())
        return (
            json.dumps(dict.fromkeys(keys, "I paint boats in Lyon.")) if keys[1:] else say(request)
        )

    with pytest.raises(MaterialError, match=r"no persona is left, .* redundant \d+"):
        run(making(), tmp_path / "p.jsonl", Talker(same), monkeypatch)


def test_a_judge_that_cannot_tell_is_not_asked_and_rules_decide(tmp_path, monkeypatch):
    engine = Talker(partial(say, judge=lambda request: "1"))
    made, _ = run(making(4), tmp_path / "p.jsonl", engine, monkeypatch)
    assert "does not tell contradictions" in made.about["judged"]
    assert len(made.personas) == 4
    journal = calls_of(tmp_path / "p.jsonl").read_text()
    assert '"role":"fits.known"' in journal and '"role":"fits"' not in journal


HAND = ("I am single.", "My wife is a nurse.", "I cook.", "I drive a bus.", "I have a boat.")


def test_rules_and_judge_keep_contradictions_apart():
    facts, refused = assemble(HAND, 3, None, ())
    assert facts == ("I am single.", "I cook.", "I drive a bus.")
    assert [(one.reason, one.text) for one in refused] == [("contradicts", HAND[1])]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (("I am twelve years old.", "I cook."), ""),
        (("I am twelve years old.", "I have three grandchildren."), "contradicts"),
        (("I am retired.", "I am in the seventh grade, I go to middle school."), "contradicts"),
        (("I am twenty-four and study physics.", "I turned sixty last spring."), "contradicts"),
        (("I have no children.", "My daughter plays the harp."), "contradicts"),
        (("I am an orphan.", "I still live with my parents."), "contradicts"),
        (("I live alone.", "I love my garden.", "I am a nurse."), ""),
        (("I am a student.", "I share a room with my sister."), ""),
    ],
)
def test_rules_know_what_no_single_person_says(facts, reason):
    assert fitting_room.against_rules(facts) == reason


def test_what_the_judge_refuses_is_not_taken():
    from crowdglot.engines.engine import Completion

    answers = [
        Completion("", "stop", 1, 1, 0.1, ((label, 0.0),)) for label in ("2", "3", "1")
    ]  # fmt: skip
    facts, refused = assemble(("I dance.", *HAND[2:]), 4, 0.5, answers)
    assert facts == ("I dance.", "I have a boat.")
    assert [one.reason for one in refused] == ["contradicts", "redundant"]


def test_a_hand_holds_answers_to_different_questions():
    lines = {str(q): [f"{q}.{n}" for n in range(3)] for q in range(5)}
    hands = deal(lines, 4, 9, 0)
    assert [len(hand) for hand in hands] == [4, 4, 4, 3]
    assert all(len({line[0] for line in hand}) == len(hand) for hand in hands)
    assert len({line for hand in hands for line in hand}) == 15


def test_what_stands_there_is_not_lost(tmp_path, monkeypatch):
    output = tmp_path / "p.jsonl"
    output.write_text('{"facts": ["I bake."]}\n')
    with pytest.raises(ConfigurationError, match="is there already"):
        run(making(), output, Talker(say), monkeypatch)
    output.unlink()
    run(making(), output, Talker(say), monkeypatch)
    edited = output.read_text().replace("I ", "We ", 1)
    output.write_text(edited)
    with pytest.raises(ConfigurationError, match="holds other personas"):
        run(making(), output, Talker(say), monkeypatch)
    assert output.read_text() == edited


def test_another_model_is_asked_anew(tmp_path, monkeypatch):
    output = tmp_path / "p.jsonl"
    run(making(2), output, first := Talker(say), monkeypatch)
    run(making(2), output, again := Talker(say), monkeypatch)
    run(making(2), output, other := Talker(say, model="other"), monkeypatch)
    assert (again.asked, other.asked) == ([], first.asked)


def test_three_sentences_can_be_expanded(tmp_path, monkeypatch):
    known = [Persona(("I bake.", "I have two dogs.", "I live in a tent."))]
    made, _ = run(
        making(1, known=known, sentences=2), tmp_path / "p.jsonl", Talker(say), monkeypatch
    )
    assert len(made.personas) == 1
