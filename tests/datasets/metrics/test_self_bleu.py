"""Self-BLEU equals sacrebleu's sentence scores, on real dialogues and on odd ones."""

import logging

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdglot.datasets.metrics import self_bleu
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise
from crowdglot.dialogues.readers import read_demonstrations


def ours(texts, tokeniser="13a", lowercase=False):
    documents = tuple(tuple(tokenise(t, tokeniser, lowercase=lowercase)) for t in texts)
    return self_bleu.scores(Corpus(tuple((t,) for t in texts), documents, tokeniser))


def plain(texts, tokeniser="13a", lowercase=False):
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    return [
        sacrebleu.sentence_bleu(
            text, [*texts[:at], *texts[at + 1 :]], tokenize=tokeniser, lowercase=lowercase
        ).score
        for at, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("file", "tokeniser"),
    [
        ("En_persona_valid.json", "13a"),
        ("Fr_persona_split_valid_human_annotated.json", "intl"),
        ("Zh_persona_split_valid_human_annotated.json", "zh"),
        ("Ko_persona_split_valid_human_annotated.json", "intl"),
        ("Jp_persona_split_valid_human_annotated.json", "char"),
    ],
)
@pytest.mark.parametrize("lowercase", [False, True])
def test_equals_sacrebleu_on_human_dialogues(data_folder, file, tokeniser, lowercase):
    shown = read_demonstrations(str(data_folder / "xpersona" / file))[:15]
    texts = ["\n".join(turn.text for turn in d.turns) for d in shown]
    expected = plain(texts, tokeniser, lowercase)
    assert np.allclose(ours(texts, tokeniser, lowercase), expected, rtol=0, atol=1e-9)


def test_equals_sacrebleu_on_icu_words():
    texts = ["วันนี้อากาศดีมาก", "วันนี้อากาศไม่ดี ไปเที่ยวไหม", "ไปเที่ยวทะเลกันไหม วันนี้อากาศดี"]
    parted = [" ".join(tokenise(text, "icu")) for text in texts]
    assert all(" " in text for text in parted)
    assert np.allclose(ours(texts, "icu"), plain(parted, "none"), rtol=0, atol=1e-9)


# Few words, so that n-grams repeat within and across dialogues, and ties and empty texts occur.
@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("ab .", max_size=30), min_size=2, max_size=6))
def test_equals_sacrebleu_on_anything(texts):
    assert np.allclose(ours(texts), plain(texts), rtol=0, atol=1e-9)


def test_closest_length_prefers_the_shorter_and_never_itself():
    lengths = np.array([10, 12, 14, 14, 30])
    assert self_bleu.closest_lengths(lengths).tolist() == [12, 10, 14, 14, 14]


def test_one_or_no_dialogue_has_no_score():
    assert not list(self_bleu.measure(Corpus.build([], "intl")))
    assert not list(self_bleu.measure(Corpus.build([["Alone here."]], "intl")))
