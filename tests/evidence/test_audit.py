"""An audit on planted truths: harm, biased groups, refusals, withdrawals and limits."""

import asyncio
import json
import random
from contextlib import asynccontextmanager

import pytest
from typer.testing import CliRunner

from crowdglot.command.app import app
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.journal import Journal
from crowdglot.datasets.publishing.audited import check_audit
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.evidence.audit import audit_dataset, judging
from crowdglot.evidence.audit.abstention import Pupil, abstains
from crowdglot.evidence.audit.auditing import COLUMNS
from crowdglot.evidence.audit.figures import Rate, corrected, difference, spread
from crowdglot.evidence.audit.groups import (
    NOBODY,
    attribute_words,
    attributes_in,
    declared,
    groups_of,
    people_of,
)
from crowdglot.evidence.audit.looking import harm_phrases, look
from crowdglot.evidence.audit.tally import Tally, groups_in, probes_in
from crowdglot.languages.language import packed_tags
from crowdglot.recipes import build_recipe
from crowdglot.writing.judging.asker import Asker
from tests.builders import FRENCH
from tests.critics.test_judges import trial
from tests.datasets.report.dataset import row, write_dataset
from tests.writing.builders import Canned, fill, good, make_opened, rejudge, rows_of, write

MUSLIM, PLAIN = "I go to the mosque every friday.", "I like tea."
HARM = "Tu es un idiot, et je vais te frapper."


def audit(folder, **options):
    return asyncio.run(audit_dataset(folder, **options))


def persona(*facts, speaker="A", **also):
    return {"speaker": speaker, "name": "N", "id": "0", "facts": list(facts), **also}


def said(*texts, tag="fr", **changes):
    turns = [{"speaker": "AB"[at % 2], "text": text} for at, text in enumerate(texts)]
    return {"language": tag, "turns": turns, "verdicts": [], "calls": []} | changes


def kinds(looked):
    return {(one.measure, one.kind, one.turn) for one in looked.found}


def test_every_packed_language_has_words_for_harm_and_attributes():
    assert set(packed_tags()) == set(harm_phrases()) == set(attribute_words())
    for tag, own in harm_phrases().items():
        assert len(own["demeaning"]) >= 8 and len(own["violence"]) >= 7 and own["sexual"], tag
        for kind, phrases in own.items():
            whole = [f"{phrase}.".replace(" … ", " x ") for phrase in phrases]
            found = kinds(look(said("Hm.", *whole, tag=tag), {}))
            assert {("harm", kind, number) for number in range(2, len(whole) + 2)} <= found, tag
        words = attribute_words()[tag]
        assert all(attributes_in([some[0]], tag) >= {name} for name, some in words.items()), tag


def test_every_declared_group_is_recognised():
    facts = {
        "age: young": "i am 19 years old", "age: old": "I am retired.", "faith: muslim": MUSLIM,
        "gender: woman": "I am a mother of two.", "gender: man": "My wife is a doctor.",
        "faith: christian": "I sing in the choir.", "work: crafts": "I bake bread for a living.",
        "work: jobless": "I lost my job.", "ability: disabled": "I use a wheelchair.",
        "origin: immigrant": "My parents were immigrants.",
    }  # fmt: skip
    for group, fact in facts.items():
        assert group in groups_of(persona(fact)), group
    assert groups_of(persona()) == {NOBODY}
    assert not groups_of(persona(PLAIN))
    assert not groups_of(persona("I am 5 feet tall.")) & {"age: young", "age: old"}
    names = {name for own in declared().groups.values() for name in own}
    assert set(declared().probes) <= names


def test_traits_of_a_persona_are_groups_too():
    traits = [
        {"key": "gender", "value": "female"}, {"key": "age", "value": "71"},
        {"key": "attitude", "value": "optimistic"}, {"key": "job", "value": "baker"},
    ]  # fmt: skip
    told = groups_of(persona(PLAIN, traits=traits))
    assert told == {"gender: woman", "age: old", "attitude: optimistic"}


def test_traits_of_rows_reach_the_groups_of_their_speaker(tmp_path):
    opened = make_opened(tmp_path / "d", "personas.source=bank", "dialogues_per_language=2")
    write(opened, Canned(good))
    rows = read_rows(opened.folder, "data", COLUMNS).to_dicts()
    assert len(rows) == 4
    for row_ in rows:
        for persona_ in people_of(row_):
            values = {one["key"]: one["value"] for one in persona_["traits"]}
            told = {one["value"] for one in row_["traits"] if one["speaker"] == persona_["speaker"]}
            assert values["gender"] and set(values.values()) <= told
            gender = "gender: woman" if values["gender"] == "female" else "gender: man"
            assert (gender in groups_of(persona_)) == (values["gender"] in ("female", "male"))


def planted(biased, seed, rows=600):
    """A tally in which a group does harm by chance, or three times as often."""
    draws, tally = random.Random(seed), Tally()
    names = ["faith: muslim", "faith: christian", "gender: woman", "gender: man", "age: old"]
    for number in range(rows):
        groups = frozenset(name for name in names if draws.random() < 0.4)
        chance = 0.05 if not biased or "faith: muslim" not in groups else 0.25
        told = {
            "language": "fr es de".split()[number % 3],
            "speech_event": "ab"[number % 2],
            "model": "m",
        }
        tally.draft(told, groups, {"harm": draws.random() < chance})
        tally.speaker(told, groups, frozenset({"crime"} if draws.random() < 2 * chance else ()))
    return tally


def flagged(tally):
    return {one.name for one in groups_in(tally, "harm", {})[0] if one.difference.found}


def test_a_biased_group_is_found_and_an_unbiased_one_is_not():
    assert all("muslim" in flagged(planted(True, seed)) for seed in range(20))
    alarms = [flagged(planted(False, seed)) for seed in range(20)]
    assert sum(map(bool, alarms)) <= 2, alarms


def test_the_spread_across_groups_is_set_against_chance():
    biased, fair = (groups_in(planted(one, 3), "harm", {})[1]["faith"] for one in (True, False))
    assert biased.value > biased.chance and biased.low > 0
    assert fair.value < fair.chance


def test_a_stereotype_is_found_among_speakers():
    told = {(one.group, one.attribute): one for one in probes_in(planted(True, 1))}
    found = told["faith: muslim", "crime"]
    assert found.difference.found and found.difference.low > 0
    fair = {(one.group, one.attribute): one for one in probes_in(planted(False, 1))}
    assert not fair["faith: muslim", "crime"].difference.found


def test_events_in_which_a_group_talks_are_no_bias_of_its_own():
    tally = Tally()
    for number in range(400):  # who quarrels more often says more of what quarrels say
        quarrel = number % 4 > 0 if number < 200 else number % 4 == 0
        told = {"language": "fr", "speech_event": "conflict" if quarrel else "gossip", "model": "m"}
        groups = frozenset({"age: old"}) if number < 200 else frozenset()
        tally.draft(told, groups, {"harm": quarrel and number % 3 == 0})
    (old,) = groups_in(tally, "harm", {})[0]
    assert abs(old.difference.value) < 0.05 and not old.difference.found


def test_figures_are_those_of_the_books():
    rate = Rate.over(10, 100)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.0552, 0.1744)  # Wilson
    assert Rate.over(2, 3).value is None and Rate.over(0, 0, 1).value is None
    # Fisher's exact test of 8 of 30 against 1 of 30: 0.0257.
    one = difference([(8, 30, 1, 30)])
    assert round(one.p, 4) == 0.0257 and one.low > 0
    assert difference([(8, 10, 1, 5)]) is None
    assert difference([(30, 30, 30, 30)]).p == 1.0
    none = difference([(0, 30, 0, 30)])
    assert none.p == 1.0 and none.low < -0.1 and none.high > 0.1, "nothing found is not nothing"
    many = difference([(3000, 10_000, 2000, 10_000)])
    assert many.p < 1e-9 and difference([(2500, 10_000, 2500, 10_000)]).p > 0.9
    first, *_ = corrected([one, one, difference([(5, 30, 5, 30)])])
    assert round(first.p, 4) == 0.0771
    assert spread([rate]) is None and spread([rate, Rate.over(1, 3)]) is None


REFUSAL = "Je suis désolé, mais en tant que modèle de langage je préfère ne pas jouer ce rôle."
EVASION = "Parlons plutôt d'autre chose si vous le voulez bien, cher ami."


def test_refusals_are_learned_from_control_runs_also_where_no_blank_parts_words():
    pupil = Pupil()
    for number in range(200):
        refuses = number % 10 == 0
        mixed = f"{REFUSAL} {EVASION} {number}" if refuses else f"{FRENCH[number % 6]} {number}"
        pupil.look([mixed], "fr")
        chinese = (
            "作为一个语言模型，咱们还是换个话题聊聊别的吧。"
            if refuses
            else "昨天那家面馆你去吃过没有？"
        )
        pupil.look([chinese + str(number)], "zh")
    pupil.look(["Hm."], "es")
    phrases, doubts = pupil.learn()
    assert abstains([EVASION], "fr", phrases) and not abstains([EVASION], "fr", {})
    assert abstains(["咱们还是换个话题聊聊别的吧"], "zh", phrases)
    assert not any(abstains([text], "fr", phrases) for text in FRENCH)
    assert not abstains(["昨天那家面馆你去吃过没有？"], "zh", phrases)
    assert len(doubts) == 1 and doubts[0].startswith("es: nothing learned, 0 of 1")


def test_a_refusal_of_the_engine_is_an_abstention_and_no_harm():
    engine = [{"critic": "engine", "reason": "refused", "evidence": "", "score": None}]
    looked = look(said(verdicts=engine), {})
    assert looked.has("abstention") and not looked.answered and not looked.has("harm")
    refused = [{"role": "write", "text": "En tant que modèle de langage, je ne peux pas."}]
    assert look(said(calls=refused), {}).has("abstention")


def test_what_the_judge_said_counts_where_it_scored():
    told = {"critic": "harm", "reason": "harmful", "evidence": "violence (0.9)", "score": 0.1}
    assert ("harm", "judge", 0) in kinds(look(said(*FRENCH, verdicts=[told]), {}))
    unscored = told | {"score": None, "reason": None, "evidence": "unscored: not believed"}
    looked = look(said(*FRENCH, verdicts=[unscored]), {})
    assert looked.harmless is None and not looked.found


def talk(number, *facts, bad=False, **changes):
    texts = [*FRENCH[:5], HARM if bad else f"{FRENCH[5]} {number}"]
    people = [persona(*(facts or (PLAIN,))), persona("I like rain.", speaker="B")]
    return row(number, texts, personas=people, **changes)


def test_an_audit_of_a_dataset(tmp_path):
    rows = [talk(n, *([MUSLIM] if n % 2 else []), bad=n % 2 == 1 and n % 6 < 4) for n in range(60)]
    rows += [talk(n, reason="repetition.echo_turn") for n in range(60, 64)]
    rows += [talk(64, reason="engine.refused", turns=[], draft="no")]
    rows += [talk(65, "I am 70 years old.", tag="tlh"), talk(66, tag="tlh")]
    folder = write_dataset(tmp_path / "d", rows)
    report = audit(folder)
    assert (report.accepted, report.rejected) == (62, 5)
    assert report.found["harm"].count == 20
    (group,) = [one for one in report.groups["harm"] if one.name == "muslim"]
    assert group.difference.found and group in report.biased
    old = [one for one in report.groups["harm"] if one.name == "old"]
    assert old[0].rate.value is None and old[0].difference is None
    assert any(doubt.startswith("tlh: has no pack") for doubt in report.doubts)
    told = json.loads((folder / "audit.json").read_text("utf-8"))
    assert len(told["worst"]) == 20 and told["worst"][0]["found"][0]["measure"] == "harm"
    assert told["kinds"] == [["harm", "demeaning", "fr", 20], ["harm", "violence", "fr", 20]]
    page = (folder / "audit.html").read_text("utf-8")
    assert "faith: <bdi>muslim" in page and "default-src &#39;none" in page


def test_without_rejected_rows_there_is_no_pass_rate(tmp_path):
    report = audit(write_dataset(tmp_path / "d", [talk(1)]))
    assert "passed" not in report.rates and report.accepted == 1
    assert any("no rejected drafts" in doubt for doubt in report.doubts)
    assert all(one.rate.value is None for one in report.groups["harm"])
    empty = audit(write_dataset(tmp_path / "e", []))
    assert empty.accepted == 0 and any("nothing" in doubt for doubt in empty.doubts)
    with pytest.raises(StorageError, match="no dataset of crowdglot"):
        audit(tmp_path)


def test_hostile_text_is_looked_at_and_shown(tmp_path):
    attack = "\x00\x1b[31m\u202e</li><script>alert(1)</script> @anna_b {{ 7 * 7 }}"
    people = [persona("\x00", "</td>"), persona(speaker="B")]
    rows = [row(1, [attack, HARM + "\x00"], personas=people, model="</td><b>\x00")]
    folder = write_dataset(tmp_path / "d", rows, name="<b>\x01")
    assert audit(folder).found["harm"].count == 1
    page = (folder / "audit.html").read_text("utf-8")
    assert "<script>alert" not in page and "⟨U+0000⟩" in page and "\x00" not in page


def test_a_row_without_turns_can_be_looked_at_wherever_it_stands(tmp_path):
    write_dataset(tmp_path / "data", [row(0, []), row(1, FRENCH)])
    assert audit(tmp_path / "data").found["abstention"].of == 2


def test_an_age_without_end_is_no_group():
    told = [{"key": "age", "value": "9" * 5_000}]
    assert not groups_of(persona(traits=told))


def test_a_control_dataset_is_learned_from_and_compared_with(tmp_path):
    control = [talk(n) for n in range(40)]
    control += [
        talk(n, reason="assistant.refusal", turns=[], draft=f"{REFUSAL} {EVASION}")
        for n in range(40, 50)
    ]
    control = write_dataset(tmp_path / "control", control)
    rows = [talk(n, MUSLIM) for n in range(10)]
    rows += [
        talk(n, MUSLIM, reason="format.not_json", turns=[], draft=EVASION) for n in range(10, 60)
    ]
    folder = write_dataset(tmp_path / "d", rows)
    before = audit(folder)
    assert before.rates["abstention"]["language", "fr"].count == 0
    after = audit(folder, learn=str(control))
    assert after.rates["abstention"]["language", "fr"].count == 50
    (group,) = [one for one in after.groups["abstention"] if one.name == "muslim"]
    assert group.against_nobody.found and group.against_nobody.value > 0.4
    assert audit(folder).rates["abstention"]["language", "fr"].count == 50, "it is kept"
    assert audit(folder, learn=str(folder / "abstention.json")).rates == after.rates
    for content in ("", "[]", '{"phrases": {"fr": [1]}, "control": {}}', "[" * 5000, "{\x00}"):
        (folder / "abstention.json").write_text(content)
        with pytest.raises(StorageError, match="learn again"):
            audit(folder)


def test_what_is_found_is_withdrawn_and_written_again(tmp_path):
    def rude(request):
        return (
            good(request).replace(".", f". {HARM}", 1) if request.seed % 3 == 0 else good(request)
        )

    opened = make_opened(tmp_path / "d")
    fill(opened, Canned(rude))
    found = audit(opened.folder, withdrawing=True)
    assert found.taken_back == found.found["harm"].count > 0
    assert {one.by for one in read_withdrawals(opened.folder).every} == {"audit"}
    again = audit(opened.folder, withdrawing=True)
    assert again.taken_back == 0, "nothing is withdrawn twice"
    write(opened, Canned(good))
    assert "audit.harm" in set(rows_of(opened.folder, "rejected")["reason"])
    assert len(rows_of(opened.folder)) == 24 and not audit(opened.folder).found["harm"].count
    rejudge(opened.folder)
    assert len(read_withdrawals(opened.folder).every) == found.taken_back, "it is no near-duplicate"


def test_a_limit_stops_publishing(tmp_path):
    folder = write_dataset(tmp_path / "d", [talk(n, bad=n < 2) for n in range(40)])
    check_audit(folder, {})
    check_audit(folder, {"audit": {"most_harm": 1.0}})
    limit = {"audit": {"most_harm": 0.04}}
    with pytest.raises(StorageError, match="it was not audited; run `crowdglot audit"):
        check_audit(folder, limit)
    audit(folder)
    with pytest.raises(
        StorageError, match=r"audit.most_harm is 0.04, and harm was found in 2 of 40"
    ):
        check_audit(folder, limit)
    check_audit(folder, {"audit": {"most_harm": 0.05, "most_personal_data": 0.0}})
    write_dataset(tmp_path / "d", [talk(n) for n in range(40)])
    with pytest.raises(StorageError, match="older than the rows"):
        check_audit(folder, limit)
    for content in ("", "{}", '{"found": 1}', '{"found": {"harm": {}}, "rows": 1}'):
        (folder / "audit.json").write_text(content)
        with pytest.raises(StorageError, match="damaged"):
            check_audit(folder, limit)


def recipe_of(tmp_path, *trials):
    path = tmp_path / "trials.json"
    path.write_text(json.dumps(trials))
    table = {
        "name": "d", "languages": ["fr", "es"], "dialogues_per_language": 1, "judges": ["harm"],
        "believed": str(path), "engine": {"kind": "scripted", "model": "some-model"},
    }  # fmt: skip
    return build_recipe(table, (), "d")


def test_a_judge_below_the_bar_is_not_asked_and_has_no_figure(tmp_path):
    folder = write_dataset(tmp_path / "d", [talk(1)])
    report = audit(folder, asking=recipe_of(tmp_path, trial("harm", low=0.5)))
    assert report.scored == 0 and not (folder / "audit.calls").exists()
    assert any("judge 'harm' in fr" in one and "below the bar" in one for one in report.doubts)


def test_a_believed_judge_is_asked_about_rows_and_counts(tmp_path, monkeypatch):
    def threat(request):
        hurts = "Ne m'en parle pas" in request.messages[0].content
        return next(
            line[0]
            for line in request.messages[1].content.split("\n")
            if ("It threatens" if hurts else "None of these") in line
        )

    @asynccontextmanager
    async def asking(settings, path):
        with Journal(path) as journal:
            yield Asker(Canned(threat), journal)

    monkeypatch.setattr(judging, "asking", asking)
    calm = ["Tu viens ce soir ?", "Oui, vers huit heures.", "Parfait.", "À tout à l'heure."]
    folder = write_dataset(tmp_path / "d", [row(0, FRENCH), row(1, calm)])
    report = audit(folder, asking=recipe_of(tmp_path, trial("harm")))
    assert report.scored == 2 and report.found["harm"].count == 1
    assert report.kinds == {("harm", "judge", "fr"): 1}
    told = json.loads((folder / "audit.json").read_text("utf-8"))["worst"]
    assert [one["id"] for one in told] == ["fr-0"] and told[0]["found"][0]["kind"] == "judge"


def test_what_the_judge_leaves_unscored_is_counted(tmp_path, monkeypatch):
    @asynccontextmanager
    async def asking(settings, path):
        with Journal(path) as journal:
            yield Asker(Canned(lambda request: "I would rather not say."), journal)

    monkeypatch.setattr(judging, "asking", asking)
    folder = write_dataset(tmp_path / "d", [row(0, FRENCH)])
    report = audit(folder, asking=recipe_of(tmp_path, trial("harm")))
    assert report.scored == 0
    assert "The judge of harm leaves 1 of 1 dialogues unscored." in report.doubts


def test_the_command_says_what_was_found(tmp_path):
    folder = write_dataset(tmp_path / "d", [talk(n, bad=n == 0) for n in range(3)])
    told = CliRunner().invoke(app, ["audit", str(folder)])
    assert told.exit_code == 0 and "1 of 3" in told.output and "audit.html" in told.output
    told = CliRunner().invoke(app, ["audit", str(folder), "--learn", str(tmp_path / "none")])
    assert isinstance(told.exception, StorageError)


def test_limits_are_set_by_the_command_and_kept(tmp_path):
    opened = make_opened(tmp_path / "d")
    write(opened, Canned(good))
    asked = ["audit", str(opened.folder), "--set", "audit.most_harm=0.01"]
    assert CliRunner().invoke(app, asked).exit_code == 0
    stored = read_stored_recipe(opened.folder)
    assert stored["audit"]["most_harm"] == 0.01 and stored["identity"]
    check_audit(opened.folder, stored)
    write(opened, Canned(good))
    assert read_stored_recipe(opened.folder) == stored, "the next run leaves them"
    for wrong, why in (("audit.most_harm=2", "less than or equal to 1"), ("audit.worst=1", "worst"),
                       ("seed=1", "add --ask")):  # fmt: skip
        told = CliRunner().invoke(app, [*asked[:3], wrong])
        assert isinstance(told.exception, ConfigurationError) and why in str(told.exception)
    assert read_stored_recipe(opened.folder) == stored
