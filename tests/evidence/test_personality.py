"""The inventory: a planted extravert, keys that contradict each other, orders that mislead."""

import asyncio
import math
import re

import numpy as np
import pytest

from crowdglot.command.output.audits import print_personality
from crowdglot.datasets.journal import Journal
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion
from crowdglot.errors import RequestRefused, StorageError
from crowdglot.evidence.audit.figures import Rate
from crowdglot.evidence.personality import Personality, assess, assess_dataset
from crowdglot.evidence.personality.inventory import ORDERS, TRAITS, inventory, items, signs_of
from crowdglot.evidence.personality.scores import Trait, fairness, likeness, scores_of
from crowdglot.recipes import build_recipe
from crowdglot.writing.judging.asker import Asker
from tests.datasets.report.dataset import row, write_dataset
from tests.writing.builders import Canned

LOUD = ["Come in, all of you, I have so much to tell!", "The more people the better!"]
SHY = ["Hm.", "I would rather stay at home."]


def persona(speaker, *facts, **also):
    return {"speaker": speaker, "name": "", "id": "0", "facts": list(facts), **also}


def rows_with(traits, count=1):
    turns = [
        {"speaker": "AB"[at % 2], "text": text}
        for at, text in enumerate((LOUD[0], SHY[0], LOUD[1], SHY[1]))
    ]
    told = [{"speaker": who, **one} for who, own in zip("AB", traits, strict=True) for one in own]
    people = [persona("A"), persona("B")]
    one = {"language": "en", "turns": turns, "personas": people, "traits": told or None}
    one |= {"told": ["personas"]}
    return [one | {"id": f"en-{number}"} for number in range(count)]


def chosen(request, answer):
    """The label of an answer of a question."""
    return re.search(rf"^(\w)\) {re.escape(answer)}", request.messages[1].content, re.MULTILINE)[1]


def careful(request):
    """Rates extraversion by what is said, and all else as half true."""
    about, question = (message.content for message in request.messages)
    (item,) = [one for one in items() if one.text in question]
    if item.trait != "extraversion":
        return chosen(request, "Half true.")
    loud = LOUD[0] in about
    return chosen(request, "Very true" if loud == (item.keyed > 0) else "Very untrue")


def assessed(tmp_path, rows, write):
    tmp_path.mkdir(exist_ok=True)

    async def run():
        with Journal(tmp_path / "calls") as journal:
            asker = Asker(Canned(write), journal)
            return await assess(rows, lambda steps: asker.interviews("personality", steps), "m")

    return asyncio.run(run())


def test_a_sign_is_compared_with_no_persona_that_was_not_told(tmp_path):
    loud, shy = (
        [{"key": "temperament", "value": "merry host"}],
        [{"key": "character", "value": "shy"}],
    )
    rows = [one | {"told": ["premise"]} for one in rows_with((loud, shy), 12)]
    told = assessed(tmp_path, rows, careful)
    assert told.traits["extraversion"].agreement.of == 0 and told.speakers == 24
    assert any("In 12 of 12 dialogues the model was told no persona" in one for one in told.doubts)


def test_a_planted_extravert_has_the_sign(tmp_path):
    loud = [{"key": "temperament", "value": "merry host"}]
    shy = [{"key": "character", "value": "shy"}]
    told = assessed(tmp_path, rows_with((loud, shy), 12), careful)
    by_speaker = {(one, who): scores for one, who, scores in told.scores}
    assert by_speaker["en-0", "A"]["extraversion"] == 100
    assert by_speaker["en-0", "B"]["extraversion"] == 0
    trait = told.traits["extraversion"]
    assert (trait.agreement.count, trait.agreement.of, trait.mean) == (24, 24, 50)
    assert told.consistency == told.robustness == 1.0 and trait.keys_apart == 0
    assert told.traits["agreeableness"].agreement.of == 0, "50 has no sign"


def test_who_says_yes_to_all_is_not_believed(tmp_path):
    told = assessed(tmp_path, rows_with(([], [])), lambda one: chosen(one, "Very true"))
    assert all(trait.mean is None and trait.keys_apart == 100 for trait in told.traits.values())
    assert told.consistency < 0.35 and told.robustness == 1.0
    assert sum("not believed" in doubt for doubt in told.doubts) == 5
    even = assessed(tmp_path / "even", rows_with(([], [])), lambda one: chosen(one, "Half true"))
    assert even.consistency == 1.0 and "nearly all alike (standard deviation 0.00" in even.doubts[0]


def test_who_always_takes_the_first_answer_is_told_by_the_orders(tmp_path):
    told = assessed(
        tmp_path,
        rows_with(([], [])),
        lambda one: re.search(r"^(\w)\) ", one.messages[1].content, re.MULTILINE)[1],
    )
    assert told.robustness < 0.8


def test_an_answer_outside_the_labels_is_unscored(tmp_path):
    for write in (lambda _: "I would rather not.", lambda one: chosen(one, "These turns")):
        told = assessed(tmp_path, rows_with(([], [])), write)
        assert told.speakers == 0 and not told.traits and "2 of 2" in told.doubts[0]


def test_a_refusal_of_the_engine_is_counted(tmp_path):
    def refuse(request):
        raise RequestRefused("too long.")

    assert (
        "2 of 2 speakers are unscored" in assessed(tmp_path, rows_with(([], [])), refuse).doubts[0]
    )


def test_probabilities_of_the_labels_are_a_rating():
    asked = inventory("English", LOUD, ())
    assert isinstance(asked, Asked) and asked.logprobs and asked == inventory("English", LOUD, ())
    assert "English" in asked.messages[0].content and LOUD[0] in asked.messages[0].content
    very, half = (
        re.search(rf"^(\w)\) {text}", asked.messages[1].content, re.MULTILINE)[1]
        for text in ("Very true", "Half true")
    )
    told = Completion(very, "stop", 1, 1, 0.1, ((very, math.log(0.5)), (half, math.log(0.5))))
    ratings = inventory("English", LOUD, [told] * (len(items()) * ORDERS))
    assert ratings[0, 0] == pytest.approx(4.0)


def test_every_question_is_put_in_two_orders_with_labels_that_tell_of_none():
    orders = set()
    for number in range(6):
        text = (
            inventory("en", LOUD, [Completion("", "stop", 1, 1, 0.1)] * number).messages[1].content
        )
        labels = re.findall(r"^(\w)\) (.*)$", text, re.MULTILINE)
        assert len({label for label, _ in labels}) == 6 and not {*"ABCD12345"} & dict(labels).keys()
        orders.add(tuple(answer for _, answer in labels))
    assert len(orders) == 6
    assert all(tuple(reversed(one)) in orders for one in orders)


def test_the_inventory_has_both_keys_of_five_traits():
    for trait in TRAITS:
        keyed = [item.keyed for item in items() if item.trait == trait]
        assert keyed.count(1) == keyed.count(-1) == 3
    assert len({item.text for item in items()}) == 30


def test_scores_are_those_of_the_recipe():
    ratings = np.full((len(items()), ORDERS), 3.0)
    for at, item in enumerate(items()):
        if item.trait == "openness":
            ratings[at] = 5.0 if item.keyed > 0 else 2.0
        if item.trait == "neuroticism":
            ratings[at] = np.nan if item.keyed > 0 or at % 2 else 1.0
    scores = scores_of([ratings])[0]
    assert scores[TRAITS.index("openness")] == pytest.approx(87.5)  # mean of 100 and 75
    assert scores_of([ratings], -1)[0][TRAITS.index("openness")] == 75
    assert likeness(np.full((1, 5), 50.0), np.full((1, 5), 50.0)) == 1.0
    assert likeness(np.zeros((1, 5)), np.full((1, 5), 100.0)) == pytest.approx(
        100 / (100 + 223.6), 1e-3
    )
    assert likeness(np.full((1, 5), np.nan), np.zeros((1, 5))) is None


def test_a_group_of_three_speakers_has_no_mean():
    groups = [frozenset({"gender: woman" if at % 2 else "gender: man"}) for at in range(60)]
    groups[:3] = [frozenset({"faith: jewish"})] * 3
    scores = np.array([[60.0 if at % 2 else 50.0] * 5 for at in range(60)])
    fair, doubts = fairness(scores, groups)
    assert fair == {"gender": pytest.approx(100 / (100 + 10 * 5**0.5))}
    assert doubts == ["faith: jewish: 3 of the 20 speakers that a mean takes."]


def test_signs_of_declared_traits():
    assert signs_of([{"key": "temperament", "value": "INTJ"}]) == {
        "extraversion": -1, "openness": 1, "agreeableness": -1, "conscientiousness": 1,
    }  # fmt: skip
    both = [{"key": "character", "value": "shy"}, {"key": "control", "value": "leads"}]
    assert signs_of(both) == {} == signs_of([{"key": "age", "value": "30"}])


def test_a_dataset_without_dialogues_is_one_sentence(tmp_path):
    folder = write_dataset(tmp_path / "d", [])
    table = {"name": "d", "languages": ["fr"], "dialogues_per_language": 1}
    recipe = build_recipe(table | {"engine": {"kind": "scripted"}}, (), "d")
    with pytest.raises(StorageError, match="nobody to be asked about"):
        asyncio.run(assess_dataset(folder, recipe, 1))


def test_a_dataset_is_assessed_and_goes_on_where_it_was_stopped(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(1)])
    table = {"name": "d", "languages": ["fr"], "dialogues_per_language": 1}
    recipe = build_recipe(table | {"engine": {"kind": "scripted"}}, (), "d")
    told = asyncio.run(assess_dataset(folder, recipe, 1))
    assert told.speakers == 0 and "2 of 2" in told.doubts[0], "its answers name no label"
    calls = (folder / "personality.calls").read_bytes()
    asyncio.run(assess_dataset(folder, recipe, 1))
    assert (folder / "personality.calls").read_bytes() == calls
    assert '"doubts"' in (folder / "personality.json").read_text("utf-8")


def test_a_mean_of_few_speakers_is_printed_without_an_interval(capsys):
    trait = Trait(60.0, None, None, 5.0, Rate.over(0, 0))
    print_personality(Personality("a-model", 3, {"openness": trait}))
    told = capsys.readouterr().out
    assert "openness" in told and " 60 " in told and "consistency: unknown" in told
