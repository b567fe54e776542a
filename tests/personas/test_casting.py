"""Casting: no scenario holds two who contradict it or each other, and the best of several meet."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.personas.casting.life import casting, life_of
from crowdglot.personas.casting.likeness import Manner, likeness, match
from crowdglot.personas.casting.pool import PersonaPool, Situation
from crowdglot.personas.casting.rules import clash, rules_for, unfit
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources import SourceSettings, made_personas
from crowdglot.personas.traits import Trait
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.plan import Plan
from crowdglot.scenarios.scenario import Scenario

# By what one speaker, and then the other, says or is: where the two never stand together.
# (relations, pattern of the ground, pattern of the first, of the second); "" for anything.
NEVER = {
    "a classmate with grandchildren": ("classmates", "", r"grandch|grandson|granddaughter", ""),
    "a retired classmate": ("classmates", "", r"retired\b", ""),
    "a retired colleague": ("colleagues", "", r"\bretired\b", ""),
    "a colleague without work": ("colleagues", "", r"unemployed", ""),
    "a colleague who is at school": ("colleagues", "", r"seventh grade", ""),
    "a sibling who is an only child": ("siblings", "", r"only child", ""),
    "a child that is an orphan": ("parent_and_child", "", "", r"orphan"),
    "a parent without children": ("parent_and_child", "", r"no children", ""),
    "a provider who is retired": ("client_and_provider", "", "", r"\bretired\b"),
    "a childless couple of a parent": ("couple", "", r"^family: chil", r"^family: no chil"),
    "a single in a couple": ("couple", "", r"I am single|I am divorced|I am widowed", ""),
    "a couple of one who lives alone": ("couple", "", r"I live alone", ""),
    "a husband who is a woman": ("couple", "", r"My husband", r"gender: female|I am a woman"),
    "a lonely flat that is shared": ("", "(flat|kitchen|room) they share", r"I live alone", ""),
    "a call without a telephone": ("", r"; (phone|chat|video call)$", r"do not own a ph", ""),
    "a telephone call with a deaf one": ("", r"; phone$", r"I am deaf", ""),
    "a hostel with grandparents": ("", "student hostel", r"grandch|I have seven", ""),
    "a dance in a wheelchair": ("", r"\bdanced? ", r"wheelchair", ""),
    "a minor in love": ("couple", "", r"seventh grade|^age: 1[0-7]$", ""),
}  # fmt: skip

SENTENCES = (
    ("I am twelve years old.", "I am in the seventh grade.", "I collect stickers."),
    ("I am 13 years old.", "I am in the seventh grade too.", "I have braces."),
    ("I am an only child.", "I sail small boats.", "I hate beetroot."),
    ("I am an orphan.", "I grew up with an uncle.", "I mend nets."),
    ("I live alone.", "I keep two canaries.", "I bake at night."),
    ("I am retired.", "I have seven grandchildren.", "I walk with a stick."),
    ("I am unemployed at the moment.", "I write songs.", "I know all the parks."),
    ("I do not own a phone.", "I post letters.", "I like fog."),
    ("I am deaf.", "I paint large pictures.", "I love trains."),
    ("I use a wheelchair.", "I coach a team.", "I drive a red van."),
    ("My husband is a pilot.", "I fix clocks.", "I sing alto."),
    ("My wife is a judge.", "I run a kiosk.", "I fear moths."),
    ("I am a woman of fifty.", "I have no children.", "I teach judo."),
    ("I am single.", "I like storms.", "I press flowers."),
)


@pytest.fixture(scope="module")
def personas() -> tuple[Persona, ...]:
    own = [
        made_personas(name, SourceSettings(7, 120)) for name in ("profiles", "bank", "characters")
    ]
    bundled = made_personas("bundled", SourceSettings())
    return (
        *bundled,
        *(Persona(facts) for facts in SENTENCES),
        *(one for some in own for one in some),
    )


def plan_of(personas: tuple[Persona, ...], by: str, *names: str) -> Plan:
    return Plan(
        seed=7,
        languages=[resolve_language(tag) for tag in ("fr", "sw")],
        events=[read_event(name) for name in names or event_names()],
        turns=(6, 8),
        personas=PersonaPool(personas, "test", by),
    )


def told(persona: Persona) -> str:
    return "\n".join((*persona.facts, *(f"{one.key}: {one.value}" for one in persona.traits)))


def contradictions(scenario: Scenario) -> Iterator[str]:
    ground = scenario.common_ground
    where = f"{ground.place}; {ground.personal} {ground.premise}; {ground.channel}"
    first, second = (told(one) for one in scenario.personas[:2])
    directed = ground.relation in ("parent_and_child", "client_and_provider")
    for name, (relation, place, one, other) in NEVER.items():
        if relation not in ("", ground.relation) or not re.search(place, where):
            continue
        sides = [(first, second)] if directed else [(first, second), (second, first)]
        for left, right in sides:
            if re.search(one, left, re.M) and re.search(other, right, re.M):
                yield name
    ages = [life_of(one).ages for one in scenario.personas[:2]]
    if all(low == high for low, high in ages):
        apart = ages[0][0] - ages[1][0]
        limits = {"classmates": (-8, 8), "siblings": (-18, 18), "parent_and_child": (16, 50)}
        low, high = limits.get(ground.relation, (-99, 99))
        if not low <= apart <= high:
            yield f"{ground.relation} {apart} years apart"


@pytest.mark.parametrize(
    ("count", "by"),
    [(400, "fitting"), (200, "match"), pytest.param(10_000, "match", marks=pytest.mark.ci)],
)
def test_no_scenario_holds_a_contradiction(
    count: int, by: str, personas: tuple[Persona, ...]
) -> None:
    plan = plan_of(personas, by)
    found: Counter[str] = Counter()
    cast: Counter[str] = Counter()
    for index in range(count):
        scenario = plan.scenario(index)
        found.update(contradictions(scenario))
        cast.update(one.id for one in scenario.personas)
        assert len({one.minor for one in scenario.personas}) == 1 or (
            scenario.common_ground.relation == "parent_and_child"
        )
    assert not found
    assert len(cast) > min(count, len(personas)) * 0.7


def test_the_table_finds_what_is_there_without_casting(personas: tuple[Persona, ...]) -> None:
    plan = plan_of(personas, "fitting")
    plan.personas = PersonaPool(personas)
    found = Counter(name for at in range(500) for name in contradictions(plan.scenario(at)))
    assert len(found) > 8
    assert found.total() > 25


def test_a_scenario_is_the_same_whenever_it_is_asked_for(personas: tuple[Persona, ...]) -> None:
    one, other = plan_of(personas, "contrast"), plan_of(personas, "contrast")
    backwards = [other.scenario(at) for at in reversed(range(40))]
    assert [one.scenario(at) for at in range(40)] == backwards[::-1]


def test_names_fit_the_genders(personas: tuple[Persona, ...]) -> None:
    plan, seen = plan_of(personas, "fitting"), 0
    for at in range(300):
        scenario = plan.scenario(at)
        pack = scenario.language.pack
        assert pack is not None
        for name, one in zip(scenario.names, scenario.personas, strict=True):
            kinds = {"female": "feminine_names", "male": "masculine_names"}
            if kind := kinds.get(one.trait("gender")):
                seen += 1
                assert any(name in getattr(place, kind) for place in pack.communities)
    assert seen > 100


def test_a_husband_has_a_mans_name() -> None:
    pair = tuple(Persona(facts) for facts in (SENTENCES[10], SENTENCES[4], SENTENCES[11]))
    pool = PersonaPool(pair, "test", "fitting")
    assert pool.genders((pair[0], pair[1]), "couple") == ("", "male")
    assert pool.genders((pair[0], pair[1]), "friends") == ("", "")
    assert pool.genders((pair[2], pair[1]), "couple") == ("", "female")


WHO = {
    "warm and leads": Manner(frozenset({"music"}), frozenset({"warm", "leads"})),
    "warm and follows": Manner(frozenset({"music", "food"}), frozenset({"warm", "follows"})),
    "cool and leads": Manner(frozenset({"food"}), frozenset({"cool", "leads"})),
    "nothing": Manner(frozenset(), frozenset()),
}


def test_warmth_calls_for_warmth_and_who_leads_for_who_follows() -> None:
    mine = WHO["warm and leads"]
    assert match(mine, WHO["warm and follows"]) == 2.5
    assert match(mine, WHO["cool and leads"]) == -2.0
    assert match(mine, WHO["nothing"]) == 0
    assert likeness(mine, WHO["warm and follows"]) == 0.5
    assert all(
        match(one, other) == match(other, one) for one in WHO.values() for other in WHO.values()
    )


def test_a_match_is_the_same_in_whatever_order_its_sides_are_counted() -> None:
    shared = frozenset({"music"})
    one = Manner(shared | {"food"}, frozenset({"warm", "leads"}))
    other = Manner(shared | {"boats"}, frozenset({"cool", "follows"}))
    assert match(one, other) == likeness(one, other) == 1 / 3


def test_pairs_are_alike_unlike_or_matched_as_wanted(personas: tuple[Persona, ...]) -> None:
    means = {}
    for by in ("fitting", "similarity", "contrast", "match"):
        plan = plan_of(personas, by, "small_talk", "catching_up")
        pool = plan.personas
        pairs = [plan.scenario(at).personas[:2] for at in range(80)]
        sides = [[pool.manner(one) for one in pair] for pair in pairs]
        means[by] = [sum(f(*pair) for pair in sides) / 80 for f in (likeness, match)]
        why = pool.why(pairs[0], "friends")
        assert "\n" not in why
        assert (f"by {by} the best of up to 12" in why) == (by != "fitting")
    assert means["contrast"][0] < means["fitting"][0] < means["similarity"][0]
    assert means["match"][1] > means["fitting"][1] + 0.5


def test_a_word_of_a_language_is_said_in_that_language_alone() -> None:
    french = Persona(("I sell books by the river.",), (Trait("job", "bouquiniste", "fr"),))
    others = tuple(Persona((f"I row boat {number}.",)) for number in range(3))
    plan = plan_of((french, *others), "fitting", "small_talk")
    cast = {
        (plan.scenario(at).language.tag, one.id)
        for at in range(60)
        for one in plan.scenario(at).personas
    }
    assert ("fr", french.id) in cast
    assert ("sw", french.id) not in cast


def test_says_where_no_pair_fits() -> None:
    pool = PersonaPool(
        [Persona(facts) for facts in (SENTENCES[2], SENTENCES[12])],
        "personas.source 'x'",
        "fitting",
    )
    with pytest.raises(ConfigurationError) as caught:
        pool.pick(Draws(1), Situation("siblings", 2, adults_only=False, unattached=False))
    assert str(caught.value).startswith("personas.source 'x': no 2 of the 2 personas fit together")
    assert "\n" not in str(caught.value)


AGES = {
    "I am 34 years old.": (34, 34),
    "I am a woman of fifty.": (50, 50),
    "I turned sixty-one last spring.": (61, 61),
    "I just turned 21.": (21, 21),
    "I am a 19 year old.": (19, 19),
    "I am retired.": (45, 110),
    "I have three grandchildren.": (36, 110),
    "I am 2 metres tall.": (18, 110),
    "I like rowing.": (18, 110),
}


@pytest.mark.parametrize(("fact", "ages"), AGES.items())
def test_ages_are_read_from_sentences(fact: str, ages: tuple[int, int]) -> None:
    assert life_of(Persona((fact,))).ages == ages


def test_a_sign_may_be_found_by_meaning() -> None:
    one = Persona(("The little ones of my daughter call me every night.",))
    assert "grandchildren" in life_of(one, ["grandchildren"]).signs
    assert unfit(life_of(one, ["grandchildren"]), rules_for("classmates", "", "a"))


def test_every_rule_names_what_there_is() -> None:
    told = casting()
    signs = set(told.signs)
    assert all(set(rule.never) <= signs for rule in told.rules)
    assert all({*pair} <= signs for rule in told.pairs for pair in rule.clash)
    grounds = [ground.told for name in event_names() for ground in read_event(name).common_grounds]
    for rule in (*told.rules, *told.pairs):
        assert not rule.ground or any(re.search(rule.ground, ground) for ground in grounds), rule
    old, young = (life_of(Persona((f"I am {age} years old.",))) for age in (70, 20))
    assert clash(old, young, "siblings", "") == "siblings are not a generation apart"
    assert clash(young, old, "parent_and_child", "") == "a parent is a generation older"
    assert not clash(old, young, "parent_and_child", "")
