"""Is the kind of talk to be recognised by one who was not told it?"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion
from crowdglot.scenarios.event import event_names, read_event


class Event:
    """Asks which of all speech events this is, blind to the planned one.

    Score: the share of the planned event. Evidence: the name of the likeliest one.
    """

    reason = "another_event"
    damages = ("another_event",)

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        names = event_names()
        events = [read_event(name) for name in names]
        listed = tuple(f"{event.title}: {event.definition}" for event in events)
        told = poll(dialogue, [Ballot(fill("event"), listed)], answers)
        if isinstance(told, Asked):
            return told
        if (shares := told[0]) is None:
            return Opinion(None, "no event was named")
        likeliest = names[shares.index(max(shares))]
        return Opinion(shares[names.index(dialogue.scenario.event.name)], likeliest)
