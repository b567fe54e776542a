"""Planning: ``Plan.scenario(index)`` is a pure function, so any slice can be made anywhere.

The plan runs over all languages first, then over all events, round after round:
index = position * languages + language, and position = round * events + step. Every round has its
own order of the events, each once, and every language starts at another event of that order. So
the counts of language x event in any prefix of the plan differ by at most one, and a plan with
fewer dialogues than events spreads over as many events as it can.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import Language
from crowdglot.personas.casting.pool import PersonaPool, Situation
from crowdglot.personas.persona import NOBODY, Persona
from crowdglot.personas.sources.characters import Emotion
from crowdglot.scenarios.debate import draw_debate
from crowdglot.scenarios.event import CommonGroundTemplate, SpeechEvent
from crowdglot.scenarios.scenario import (
    Scenario,
    draw_community,
    draw_material,
    draw_names,
    fill,
)
from crowdglot.scenarios.scene import draw_scene

MOST_DIALOGUES = 10**9  # of a language, in one plan
VERSION = 2  # goes up when the same recipe gives other scenarios


@dataclass(kw_only=True, eq=False)
class Plan:
    """All scenarios of a recipe, and at far higher indices the replacements for those that fail.

    A plan does not depend on how many dialogues are wanted, so it can be extended at any time.
    ``turns``: the smallest and largest number of turns. ``debate``: whether each scenario becomes a
    debate over one of its event's propositions. ``emotions``: those of characters, () where none
    speak. ``told``: whether scenarios tell who their speakers are; else all but that is the same.
    ConfigurationError without languages or events.
    """

    seed: int
    languages: Sequence[Language]
    events: Sequence[SpeechEvent]
    turns: tuple[int, int]
    personas: PersonaPool
    debate: bool = False
    emotions: Sequence[Emotion] = ()
    told: bool = True

    def __post_init__(self) -> None:
        if not self.languages or not self.events:
            raise ConfigurationError("languages, events: neither list may be empty.")
        self._order_of_round = lru_cache(maxsize=4096)(self._shuffle_events)
        self._grounds_of_cycle = lru_cache(maxsize=4096)(self._shuffle_grounds)

    def index(self, language: Language, position: int) -> int:
        """The index of dialogue number ``position``, from 0, of a language."""
        return position * len(self.languages) + self.languages.index(language)

    def position(self, index: int) -> int:
        """The number of ``index`` within its language, from 0."""
        return index // len(self.languages)

    def replacement(self, index: int, times: int) -> int:
        """The index that is written instead of ``index`` after ``times`` failures.

        It has the same language and event, ``times`` times the most rounds of a plan later. So no
        two dialogues share a replacement, and none depends on the order in which others fail.
        """
        if times == 0:
            return index
        language, turn, event = self._split(index)
        turn += times * MOST_DIALOGUES
        step = self._order_of_round(turn).index(event) - self._start(language)
        position = turn * len(self.events) + step % len(self.events)
        return position * len(self.languages) + language

    def event(self, index: int) -> SpeechEvent:
        """The speech event of ``index``."""
        return self.events[self._split(index)[2]]

    def scenario(self, index: int) -> Scenario:
        """The scenario at ``index``, in constant time however large it is."""
        number, turn, at = self._split(index)
        language, event = self.languages[number], self.events[at]
        draws = Draws(self.seed, "scenario", index)
        speakers = event.speakers[0] + draws.below(event.speakers[1] - event.speakers[0] + 1)
        # Each language and event uses all common grounds before one of them comes again.
        cycle, step = divmod(turn, len(event.common_grounds))
        template = self._grounds_of_cycle(language.tag, at, cycle)[step]
        relation = draws.choice(template.relations)
        community = draw_community(draws, language)
        names = draw_names(draws, community, speakers)
        material = draw_material(draws, community)
        personas = self._cast(draws, event, template, relation, speakers, language.tag)
        if any(genders := self.personas.genders(personas, relation)):
            named = Draws(self.seed, "names", index)
            names = draw_names(named, community, speakers, genders)
        scenario = Scenario(
            index=index,
            language=language,
            event=event,
            common_ground=fill(template, relation, community, names, material),
            personas=personas,
            names=names,
            order=_order(draws, speakers, self._draw_turns(draws, event, speakers)),
        )
        if self.emotions:
            scenario = self._felt(scenario)
        scenario = self._debated(scenario, turn) if self.debate else scenario
        return scenario if self.told else _untold(scenario)

    def _felt(self, scenario: Scenario) -> Scenario:
        """The same scenario with a feeling of its first speaker."""
        lovers = scenario.event.unattached or scenario.common_ground.relation == "couple"
        lovers = lovers and not any(persona.minor for persona in scenario.personas)
        at, tag = self.position(scenario.index), scenario.language.tag
        return replace(scenario, scene=draw_scene(self.emotions, self.seed, tag, at, lovers=lovers))

    def _debated(self, scenario: Scenario, turn: int) -> Scenario:
        """The same speakers on the same ground, who argue over a proposition."""
        propositions, tag = scenario.event.propositions, scenario.language.tag
        debate = draw_debate(propositions, self.seed, tag, turn)
        ground = replace(scenario.common_ground, premise=debate.premise(scenario.names))
        return replace(scenario, common_ground=ground, debate=debate)

    def check(self) -> None:
        """Raise ConfigurationError if some event cannot be cast from the personas, or debated."""
        for event in self.events:
            if self.debate and not (event.propositions and event.speakers == (2, 2)):
                raise ConfigurationError(
                    f"events: '{event.name}' has no propositions to debate over; name only events "
                    "that have some, such as persuading_conversation."
                )
            for template in event.common_grounds:
                for relation in template.relations:
                    self._cast(Draws("check"), event, template, relation, event.speakers[1])

    def _cast(
        self,
        draws: Draws,
        event: SpeechEvent,
        template: CommonGroundTemplate,
        relation: str,
        speakers: int,
        language: str = "",
    ) -> tuple[Persona, ...]:
        rights = (event.adults_only, event.unattached)
        wanted = Situation(relation, speakers, *rights, template.told, language)
        return self.personas.pick(draws, wanted)

    def _split(self, index: int) -> tuple[int, int, int]:
        """The numbers of the language, the round and the event of ``index``."""
        position, language = divmod(index, len(self.languages))
        turn, step = divmod(position, len(self.events))
        step = (step + self._start(language)) % len(self.events)
        return language, turn, self._order_of_round(turn)[step]

    def _start(self, language: int) -> int:
        """At which event of a round's order the language starts."""
        return language * len(self.events) // len(self.languages)

    def _shuffle_events(self, turn: int) -> list[int]:
        return Draws(self.seed, "events", turn).shuffled(range(len(self.events)))

    def _shuffle_grounds(self, tag: str, event: int, cycle: int) -> list[CommonGroundTemplate]:
        draws = Draws(self.seed, "common_grounds", tag, self.events[event].name, cycle)
        return draws.shuffled(self.events[event].common_grounds)

    def _draw_turns(self, draws: Draws, event: SpeechEvent, speakers: int) -> int:
        """A number of turns in the recipe's range, and in the event's where the two overlap."""
        low, high = max(self.turns[0], event.turns[0]), min(self.turns[1], event.turns[1])
        if low > high:
            low, high = self.turns
        return max(speakers, low + draws.below(high - low + 1))


def _untold(scenario: Scenario) -> Scenario:
    """The same scenario without personas; in a debate there is nothing to know of the other."""
    debate = scenario.debate and replace(scenario.debate, known=False)
    return replace(scenario, personas=(NOBODY,) * len(scenario.personas), debate=debate)


def _order(draws: Draws, speakers: int, turns: int) -> str:
    """Who speaks when: two alternate; of more, all speak once, then nobody twice in a row."""
    letters = "ABCD"[:speakers]
    if speakers == 2:
        return (letters * turns)[:turns]
    order = letters
    while len(order) < turns:
        order += draws.choice([letter for letter in letters if letter != order[-1]])
    return order
