"""Planning: ``Plan.scenario(index)`` is a pure function, so any slice can be made anywhere.

The plan runs over all languages first, then over all events, round after round:
index = position * languages + language, and position = round * events + slot. Every round has its
own order of the events, each once, and every language starts at another place in that order. So
any prefix of the plan is balanced over language x event to within one, and a plan with fewer
dialogues than events spreads over as many events as it can.
"""

from collections.abc import Sequence
from functools import lru_cache

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import Language
from crowdglot.personas.pairing import PersonaPool
from crowdglot.scenarios.common_ground import draw_community, draw_names, fill
from crowdglot.scenarios.event import CommonGroundTemplate, SpeechEvent
from crowdglot.scenarios.scenario import Scenario

MOST_DIALOGUES = 10**9  # of a language, in one plan
VERSION = 2  # goes up when the same recipe gives other scenarios


class Plan:
    """All scenarios of a recipe, and at far higher indices the replacements for those that fail.

    A plan does not depend on how many dialogues are wanted, so it can be extended at any time.
    ``turns``: the smallest and largest number of turns.
    """

    def __init__(
        self,
        *,
        seed: int,
        languages: Sequence[Language],
        events: Sequence[SpeechEvent],
        turns: tuple[int, int],
        personas: PersonaPool,
    ) -> None:
        if not languages or not events:
            raise ConfigurationError("languages, events: neither list may be empty.")
        self.seed = seed
        self.languages = tuple(languages)
        self.events = tuple(events)
        self.turns = turns
        self.personas = personas
        self._order_of_round = lru_cache(maxsize=4096)(self._shuffle_events)
        self._event_named = {event.name: event for event in self.events}
        self._templates_of_cycle = lru_cache(maxsize=4096)(self._shuffle_templates)

    def index(self, language: Language, position: int) -> int:
        """The index of the dialogue that stands at ``position`` within its language."""
        return position * len(self.languages) + self.languages.index(language)

    def position(self, index: int) -> int:
        """Where ``index`` stands within its language, from 0."""
        return index // len(self.languages)

    def replacement(self, index: int, times: int) -> int:
        """The index that takes the place of ``index`` after ``times`` failures.

        It has the same language and event, and lies ``times`` times the most rounds of a plan
        further on. So no two dialogues share a replacement, and none depends on the order in which
        others fail.
        """
        if times == 0:
            return index
        number, turn, slot = self._split(index)
        event = self._order_of_round(turn)[slot]
        turn += times * MOST_DIALOGUES
        slot = self._order_of_round(turn).index(event)
        place = (slot - self._shift(number)) % len(self.events)
        return (turn * len(self.events) + place) * len(self.languages) + number

    def event(self, index: int) -> SpeechEvent:
        """The speech event of ``index``."""
        _, turn, slot = self._split(index)
        return self.events[self._order_of_round(turn)[slot]]

    def scenario(self, index: int) -> Scenario:
        """The scenario at ``index``, in constant time however large it is."""
        number, turn, slot = self._split(index)
        language, event = self.languages[number], self.events[self._order_of_round(turn)[slot]]
        draws = Draws(self.seed, "scenario", index)
        speakers = event.speakers[0] + draws.below(event.speakers[1] - event.speakers[0] + 1)
        template = self._template(number, event, turn)
        relation = draws.choice(template.relations)
        community = draw_community(draws, language)
        names = draw_names(draws, community, speakers)
        return Scenario(
            index=index,
            language=language,
            event=event,
            common_ground=fill(template, relation, community, names, draws),
            personas=self.personas.pick(
                draws,
                relation=relation,
                count=speakers,
                adults_only=event.adults_only,
                unattached=event.unattached,
            ),
            names=names,
            order=_order(draws, speakers, self._draw_turns(draws, event, speakers)),
        )

    def check(self) -> None:
        """Raise ConfigurationError if some event cannot be cast from the personas."""
        for event in self.events:
            for relation in event.relations:
                self.personas.pick(
                    Draws("check"),
                    relation=relation,
                    count=event.speakers[1],
                    adults_only=event.adults_only,
                    unattached=event.unattached,
                )

    def _split(self, index: int) -> tuple[int, int, int]:
        """(number of the language, round, slot in the order of that round) of ``index``."""
        position, number = divmod(index, len(self.languages))
        turn, place = divmod(position, len(self.events))
        return number, turn, (place + self._shift(number)) % len(self.events)

    def _shift(self, number: int) -> int:
        """How far language ``number`` stands ahead in the order of events."""
        return number * len(self.events) // len(self.languages)

    def _shuffle_events(self, turn: int) -> tuple[int, ...]:
        return tuple(Draws(self.seed, "events", turn).shuffled(range(len(self.events))))

    def _template(self, number: int, event: SpeechEvent, turn: int) -> CommonGroundTemplate:
        """A common ground; each cell goes through all of its event's before one comes again."""
        cycle, step = divmod(turn, len(event.common_grounds))
        return self._templates_of_cycle(self.languages[number].tag, event.name, cycle)[step]

    def _shuffle_templates(self, tag: str, event: str, cycle: int) -> list[CommonGroundTemplate]:
        draws = Draws(self.seed, "common_grounds", tag, event, cycle)
        return draws.shuffled(self._event_named[event].common_grounds)

    def _draw_turns(self, draws: Draws, event: SpeechEvent, speakers: int) -> int:
        """A number of turns in the recipe's range, typical of the event where the two overlap."""
        low, high = max(self.turns[0], event.turns[0]), min(self.turns[1], event.turns[1])
        if low > high:
            low, high = self.turns
        return max(speakers, low + draws.below(high - low + 1))


def _order(draws: Draws, speakers: int, turns: int) -> str:
    """Who speaks when: strictly in turn for two; for more, all once, then nobody twice in a row."""
    letters = "ABCD"[:speakers]
    if speakers == 2:
        return (letters * turns)[:turns]
    order = letters
    while len(order) < turns:
        order += draws.choice([letter for letter in letters if letter != order[-1]])
    return order
