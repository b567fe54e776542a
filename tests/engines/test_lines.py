"""Lines of a text and the tokens that a server shows: found whatever is lost on the way."""

import pytest

from crowdglot.engines.lines import by_line, line_logprobs

TEXT = "A talk.\nA: Où est 你?\nB: Là-bas.\n"
TOKENS = (
    "A",
    " talk",
    ".\n",
    "A",
    ":",
    " O",
    "ù",
    " est",
    " 你",
    "?\n",
    "B:",
    " L",
    "à-",
    "bas.\n",
)


def told(*names, first=None):
    return [(name, -float(at) if at else first) for at, name in enumerate(names)]


@pytest.mark.parametrize(
    "names",
    [
        TOKENS,
        ("<s>", *TOKENS),  # BOS
        ("", *TOKENS),
        (*TOKENS, " And"),  # what was answered
        (*TOKENS, "\n\n"),
        ("A", "talk", ".", "\n", "A", ":", "O", "ù", "est", "", "�", "�", "?", "\n", "B:", "L",
         "�", "�", "-", "bas", ".", "\n"),
        ("▁A", "▁talk.", "<0x0A>", "A:", "▁O", "ù", "▁est", "▁", "<0xE4>", "<0xBD>", "<0xA0>", "?",
         "<0x0a>", "B:", "▁Là-bas.", "<0x0A>"),
        ("A", "Ġtalk", ".Ċ", "A", ":", "ĠO", "Ã¹", "Ġest", "Ġä½ł", "?Ċ", "B:", "ĠLÃł", "-bas.Ċ"),
    ],
)  # fmt: skip
def test_each_token_belongs_to_the_line_in_which_it_begins(names):
    lines = by_line(TEXT, told(*names))
    breaks = [at for at, name in enumerate(names) if {"\n", "Ċ"} & {*name} or "0a>" in name.lower()]
    assert lines[0] == [-float(at) for at in range(breaks[0] + 1, breaks[1] + 1)]
    assert lines[1] == [-float(at) for at in range(breaks[1] + 1, breaks[2] + 1)]


@pytest.mark.parametrize(
    "names",
    [
        (),
        TOKENS[:-1],  # cut
        TOKENS[3:],
        (" And",),  # the answer alone
        tuple(f"token_id:{at}" for at in range(14)),
        ("A", " talk", ".\n", "A", ":", "\n", " est", "\n\n ", "?\n", "B:", " Là-bas.\n"),
        (*TOKENS[:10], "C:", *TOKENS[11:]),
        (*TOKENS[:5], "\n", *TOKENS[5:]),
    ],
)
def test_tokens_of_another_text_are_found_out(names):
    with pytest.raises(ValueError, match="not those of the text"):
        by_line(TEXT, told(*names))


def test_more_tokens_than_the_text_has_are_found_out():
    with pytest.raises(ValueError, match="more tokens"):
        by_line(TEXT, told(*TOKENS * 1000))


def test_a_line_has_the_mean_of_its_tokens():
    lines = [by_line(TEXT, [(name, -1.5) for name in TOKENS]), [[-1.0, -3.0], [1e-6]]]
    pairs, whole = line_logprobs([TEXT, TEXT], lines)
    assert [line for line, _ in pairs] == ["A: Où est 你?", "B: Là-bas."] * 2
    assert [value for _, value in pairs] == [-1.5, -1.5, -2.0, 1e-6]
    assert whole == pytest.approx(-1.5 * 11 - 4.0)


@pytest.mark.parametrize("value", [None, float("nan"), float("-inf"), float("inf"), -9999.0, 0.5])
def test_a_token_without_a_probability_is_in_no_mean(value):
    with pytest.raises(ValueError, match="no probability"):
        line_logprobs(["a\nb\n"], [[[-1.0, value]]])
    with pytest.raises(ValueError, match="no probability"):
        line_logprobs(["a\nb\n"], [[[]]])
