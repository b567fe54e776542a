"""A turn said again in other words, and a question asked and answered twice.

``repetition`` finds the same letters; this critic finds the same meaning. People come back to a
topic, so two turns must be very near, or two pairs of neighbours rather near.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crowdglot.critics import THRESHOLDS
from crowdglot.critics.meaning.space import alike, letters, placed
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.dialogues.grams import grams, squeezed
from crowdglot.engines.embedding.embedder import Vectors
from crowdglot.languages.scripts import DENSE
from crowdglot.strict_toml import read_toml

# The share of grams from which on ``repetition`` calls a turn an echo.
_REPEATED: float = read_toml(THRESHOLDS)["repetition"]["most_overlap"]


@dataclass(frozen=True, slots=True)
class Rewording:
    """Reasons: "reworded_turn", "repeated_exchange".

    The score is the highest cosine of two turns that are long enough; None where it is unscored.
    """

    most_alike: float
    most_alike_own: float
    most_alike_exchange: float
    least_letters: int
    least_letters_dense: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge every two turns, then every two exchanges."""
        turns, language = dialogue.turns, dialogue.scenario.language
        vectors = placed([turn.text for turn in turns], language)
        if vectors is None:
            return Verdict("rewording")
        least = self.least_letters_dense if language.script in DENSE else self.least_letters
        near = alike(vectors)
        worst = 0.0
        for first, second in _long_pairs(turns, least):
            found = float(near[first, second])
            own = turns[first].speaker == turns[second].speaker
            worst = max(worst, found)
            most = self.most_alike_own if own else self.most_alike
            if found > most and not _same_letters(turns[first].text, turns[second].text):
                return Verdict("rewording", "reworded_turn", _both(turns, first, second), found)
        return self._exchanges(turns, near, least) or Verdict("rewording", score=worst)

    def _exchanges(self, turns: Sequence[Turn], near: Vectors, least: int) -> Verdict | None:
        """Two neighbours that say what two neighbours before them said.

        A question is short, so an exchange needs no more letters than one turn does elsewhere.
        """
        sizes = [letters(turn.text) for turn in turns]
        for later in range(2, len(turns) - 1):
            for first in range(later - 1):
                if min(sum(sizes[at : at + 2]) for at in (first, later)) < least:
                    continue
                found = float(min(near[first, later], near[first + 1, later + 1]))
                if found > self.most_alike_exchange:
                    said = _both(turns, first, later)
                    return Verdict("rewording", "repeated_exchange", said, found)
        return None


def _long_pairs(turns: Sequence[Turn], least: int) -> Iterator[tuple[int, int]]:
    """The places, from 0, of every two turns with so many letters."""
    long = [at for at, turn in enumerate(turns) if letters(turn.text) >= least]
    for number, second in enumerate(long):
        for first in long[:number]:
            yield first, second


def _same_letters(one: str, other: str) -> bool:
    """Whether ``repetition`` has judged the two already: most character 4-grams are shared."""
    mine, theirs = (set(grams(squeezed(text), 4)) for text in (one, other))
    return len(mine & theirs) > _REPEATED * len(mine | theirs)


def _both(turns: Sequence[Turn], first: int, second: int) -> str:
    said, again = turns[first].text, turns[second].text
    return f"turns {first + 1} and {second + 1}: {said[:80]} | {again[:80]}"
