"""Invented dialogues by chance, for tests of what needs hundreds: one side is as the other."""

import random

from crowdglot.evidence.sources import Drawn, Talk

_WORDS = {
    "fr": "la pluie le train un marché ma lettre et une rivière je pense que mon livre est ici",
    "ar": "المطر هذا الصباح كنا نريد الذهاب إلى البيت عند أختي شرفة واسعة فكرة جميلة لكن نعم",
    "zh": "我 们 今 天 去 看 雨 了 吗 你 的 书 很 好 妹 家 有 大 阳 台 想",
}
_ENDS = {"fr": (".", " ?", "", "."), "ar": (".", "؟", "", "."), "zh": ("。", "？", "", "。")}


def talk(number, tag="fr", turns=8, words=7):
    """A dialogue of random words, of which a topic comes back."""
    rng = random.Random(f"{tag}{number}")
    known, joint = _WORDS[tag].split(), "" if tag == "zh" else " "
    said = []
    for _ in range(turns):
        picked = rng.choices(known, k=max(2, words + rng.randint(-3, 3)))
        said.append(joint.join(picked) + rng.choice(_ENDS[tag]))
    return Talk(f"{tag}-{number}", tag, tuple("AB" * turns)[:turns], tuple(said), (f"p{number}",))


class Given:
    """A source of the talks that it is given."""

    def __init__(self, talks, name="given"):
        self.name = name
        self._talks = {}
        for one in talks:
            self._talks.setdefault(one.language, []).append(one)

    @property
    def counts(self):
        return {tag: len(talks) for tag, talks in self._talks.items()}

    def draw(self, tag, most):
        return Drawn(tuple(self._talks[tag][:most]), len(self._talks[tag]))
