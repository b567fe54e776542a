"""Implicit profiles: who a speaker is, read by a model out of that speaker's own turns.

Facts and manner apart (USP, Wang et al. 2025). The model is shown the turns of one speaker alone,
as DHAP has it, and each fact names a turn and the words in it that show it: a fact whose words are
not in that turn is refused. How the speaker talks is chosen from the declared values of the traits
of manner; where nothing stands out, none is kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from crowdglot.critics.judges.asking import Ballot, Shares, poll_about
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.draft import read_answer
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import SOURCE_LANGUAGE, object_of
from crowdglot.engines.engine import Completion
from crowdglot.languages.folding import fold
from crowdglot.personas.traits import Trait, declared
from crowdglot.writing.personas.made import Refusal
from crowdglot.writing.personas.wording import fault_of_sentence, tidied

MOST_FACTS = 5
_KEYS = [f"{part}_{n}" for n in range(1, MOST_FACTS + 1) for part in ("turn", "quote", "fact")]
_MOST_CHARACTERS = 8_000  # of the turns that are shown
_FEWEST_LETTERS = 4  # of a quotation that shows anything
_LEAST_SHARE = 0.5  # of a manner that stands out
_ASKS = ("?", "？", "؟")  # who asks tells nothing of herself or himself
_SYSTEM = (
    "You are shown what one person says in a conversation, turn by turn, and nothing of what the "
    "others say. You keep to what is written: what a turn does not say, you do not know."
)
_FACTS = (
    "The turns of the person:\n{turns}\n\n"
    "What do they tell about the person's life: work, home, people, habits, likes? Note up to "
    "{most} facts, no greetings and no moods. Of each: turn_1 (the number of the turn), quote_1 "
    "(some words of that turn, copied letter by letter), fact_1 (one {language} sentence in which "
    'the person says it: "I …" or "My …"). Leave "" where there is no further fact. Answer with a '
    "JSON object: {keys}."
)
# An exchange that is shown first: a small model writes "The person …" without it.
_SHOWN = ((1, "Hi! Sorry, I have just come in from the greenhouse."),
          (3, "Orchids, mostly. My aunt left them to me."), (5, "Ha, lucky you!"))  # fmt: skip
_NOTED = (("1", "come in from the greenhouse", "I have a greenhouse."),
          ("3", "My aunt left them to me", "My aunt left me her orchids."))  # fmt: skip
_MANNER = "How does the person talk: which word fits the {what}?"
_NOTHING = "None of these: nothing in the turns stands out."


@dataclass(frozen=True, slots=True)
class Speaker:
    """One speaker of a dialogue: the number of each own turn, from 1, and its text."""

    dialogue: str
    letter: str
    turns: tuple[tuple[int, str], ...]

    @property
    def shown(self) -> str:
        """The turns as the model reads them, up to a length."""
        text, lines = 0, list[str]()
        for number, said in self.turns:
            text += len(said)
            if text > _MOST_CHARACTERS and lines:
                break
            lines.append(f"[{number}] {said[:_MOST_CHARACTERS]}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Evidenced:
    """A fact with where it stands: the number of a turn and words of it."""

    fact: str
    turn: int
    quote: str

    def origin(self, speaker: Speaker) -> str:
        return f'dialogue {speaker.dialogue}, turn {self.turn} ({speaker.letter}): "{self.quote}"'


def speakers_of(dialogue: Demonstration) -> list[Speaker]:
    """Everybody who speaks, in the order of their letters."""
    numbered = [(number, turn) for number, turn in enumerate(dialogue.turns, start=1)]
    return [
        Speaker(dialogue.id, letter, tuple((n, t.text) for n, t in numbered if t.speaker == letter))
        for letter in sorted({turn.speaker for turn in dialogue.turns})
    ]


def find_facts(
    speaker: Speaker, answers: Sequence[Completion]
) -> Asked | tuple[tuple[Evidenced, ...], tuple[Refusal, ...]]:
    """The next question; else the facts that their turns show, and those that are refused; pure."""
    if not answers:
        shown = Speaker("", "", _SHOWN)
        noted = dict(zip(_KEYS, (part for one in _NOTED for part in one), strict=False))
        messages = (
            Message("system", _SYSTEM),
            _wanted(shown),
            Message("assistant", json.dumps(dict.fromkeys(_KEYS, "") | noted)),
            _wanted(speaker),
        )
        return Asked(messages, object_of(dict.fromkeys(_KEYS)), {"max_tokens": 110 * MOST_FACTS})
    told, fault = read_answer(answers[0].text, _KEYS)
    if fault:
        return (), (Refusal(f"answer.{fault.partition(':')[0]}", answers[0].text[:200]),)
    found, refused = list[Evidenced](), list[Refusal]()
    for at in range(0, len(_KEYS), 3):
        turn, quote, fact = (told[key] for key in _KEYS[at : at + 3])
        if not fact.strip():
            continue
        reason, one = _evidenced(speaker, turn, quote, fact)
        if not reason and any(fold([one.fact]) == fold([other.fact]) for other in found):
            reason = "redundant"
        if reason:
            refused.append(Refusal(reason, fact, f"turn {turn}: {quote}"))
        else:
            found.append(one)
    return tuple(found), tuple(refused)


def _wanted(speaker: Speaker) -> Message:
    keys = ", ".join(_KEYS)
    fields = {"turns": speaker.shown, "most": MOST_FACTS, "language": SOURCE_LANGUAGE}
    return Message("user", _FACTS.format(**fields, keys=keys))


def _evidenced(speaker: Speaker, turn: str, quote: str, fact: str) -> tuple[str, Evidenced]:
    """Why a fact is refused, "" where it is not; and the fact."""
    digits = turn.strip(" []().")
    number = int(digits) if digits.isdecimal() and len(digits) < 6 else 0
    one = Evidenced(tidied(fact), number, " ".join(quote.split()).strip('"“”«» '))
    if reason := fault_of_sentence(one.fact):
        return reason, one
    own = dict(speaker.turns)
    if number not in own:
        return "not_an_own_turn", one
    words, said = fold([one.quote, own[number]])
    if sum(map(str.isalnum, words)) < _FEWEST_LETTERS:
        return "no_quote", one
    if words not in said:
        return "quote_not_in_turn", one
    rest = own[number].casefold().partition(one.quote.casefold())[2].lstrip("\"'”’» ")
    asks = one.quote.endswith(_ASKS) or rest.startswith(_ASKS)
    return "quote_is_a_question" if asks else "", one


def find_manner(
    speaker: Speaker, answers: Sequence[Completion]
) -> Asked | tuple[tuple[Trait, ...], tuple[Refusal, ...]]:
    """The next question; else the traits of manner that stand out, and what could not be read."""
    keys = [(key, one.values) for key, one in declared().keys.items() if one.manner]
    about = f"{_SYSTEM}\nThe turns of the person:\n{speaker.shown}"
    ballots = [
        Ballot(_MANNER.format(what=key.replace("_", " ")), (*values, _NOTHING))
        for key, values in keys
    ]
    told = poll_about(about, ballots, answers)
    if isinstance(told, Asked):
        return told
    found = [(key, values, shares) for (key, values), shares in zip(keys, told, strict=True)]
    unread = tuple(Refusal(f"manner.{key}.unread") for key, _, shares in found if shares is None)
    kept = (_trait(key, values, shares, speaker) for key, values, shares in found)
    return tuple(one for one in kept if one), unread


def _trait(key: str, values: Sequence[str], shares: Shares, speaker: Speaker) -> Trait | None:
    if shares is None or max(shares[:-1]) < _LEAST_SHARE:
        return None
    value = values[shares.index(max(shares[:-1]))]
    return Trait(key, value, origin=f"dialogue {speaker.dialogue}, all turns of {speaker.letter}")
