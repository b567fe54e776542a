"""The form in which texts are compared."""

from hypothesis import given
from hypothesis import strategies as st

from crowdglot.languages.folding import fold


def test_case_width_marks_and_what_nobody_sees_are_no_difference():
    assert fold(["  «Ça» va,\tＡＢ-１ ?\n", "so\u00adft \u200bhy\u2060phen", "🙂 …", ""]) == [
        "ça va ab 1", "soft hyphen", "", "",
    ]  # fmt: skip
    assert fold(["नमस्ते, आप"]) == ["नमस्ते आप"]
    assert fold([]) == []


@given(st.lists(st.text() | st.text("aÉ\u0301\x1f\u200bㄱ가ｶﾞ ,\n")))
def test_a_text_is_folded_alike_alone_and_among_others(texts):
    assert fold(texts) == [fold([text])[0] for text in texts]
