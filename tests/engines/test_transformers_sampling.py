"""How the transformers engine draws a token."""

from crowdglot.engines.engine import Sampling
from crowdglot.engines.transformers.sampling import TOP_K, WINDOW, draw, settings
from tests.engines.tiny_model import need_transformers

torch = need_transformers(module=True)

PLAIN = Sampling(temperature=1.0, top_p=1.0, min_p=0.0, repeat_penalty=1.0)


def drawn(shares, sampling=PLAIN, uniforms=(0.5,), recent=0, masks=None):
    """The tokens drawn for each uniform number from these shares of probability."""
    rows = len(uniforms)
    logits = torch.tensor(shares).log().expand(rows, -1)
    values = torch.from_numpy(settings([sampling] * rows, uniforms))
    window = torch.full((rows, WINDOW), recent)
    masks = None if masks is None else masks.expand(rows, -1)
    return draw(logits, values, window, masks).tolist()


def test_a_uniform_number_picks_by_the_shares():
    shares = [0.1, 0.5, 0.15, 0.25]
    # From the likeliest down: token 1 up to 0.5, token 3 up to 0.75, token 2 to 0.9, token 0.
    uniforms = (0.0, 0.49, 0.51, 0.74, 0.76, 0.89, 0.91, 0.999999)
    assert drawn(shares, uniforms=uniforms) == [1, 1, 3, 3, 2, 2, 0, 0]


def test_each_row_has_its_own_settings():
    samplings = [PLAIN, Sampling(0.0, 1.0, 0.0, 1.0), Sampling(1.0, 0.5, 0.0, 1.0)]
    values = torch.from_numpy(settings(samplings, [0.95] * 3))
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(3, -1)
    assert draw(logits, values, torch.zeros((3, WINDOW), dtype=torch.long)).tolist() == [2, 0, 0]


def test_top_p_keeps_the_token_that_crosses_it():
    shares = [0.5, 0.3, 0.2]
    assert drawn(shares, Sampling(1.0, 0.6, 0.0, 1.0), (0.99,)) == [1]
    assert drawn(shares, Sampling(1.0, 0.45, 0.0, 1.0), (0.99,)) == [0]


def test_min_p_is_relative_to_the_likeliest():
    shares = [0.6, 0.3, 0.1]
    assert drawn(shares, Sampling(1.0, 1.0, 0.2, 1.0), (0.999,)) == [1]
    assert drawn(shares, Sampling(1.0, 1.0, 0.6, 1.0), (0.999,)) == [0]


def test_no_more_than_the_likeliest_forty():
    shares = [1.0 / 64] * 64
    shares[63] = 0.5
    (token,) = drawn(shares, uniforms=(0.9999999,))
    assert token < 63
    seen = {drawn(shares, uniforms=(at / 1000,))[0] for at in range(1000)}
    assert len(seen) == TOP_K


def test_a_repetition_costs():
    even = torch.tensor([[2.0, 2.1, -2.0, -2.1]])
    values = torch.from_numpy(settings([Sampling(0.0, 1.0, 0.0, 1.5)], [0.5]))
    window = torch.full((1, WINDOW), 1)
    assert draw(even, values, window).tolist() == [0]  # 2.1 becomes 1.4
    window[0, :2] = torch.tensor([0, 1])
    assert draw(even, values, window).tolist() == [1]  # both are divided, once however often seen
    assert draw(-even, values, torch.full((1, WINDOW), 3)).tolist() == [2]


def test_a_mask_forbids_whatever_is_likely():
    shares = [0.5, 0.2, 0.1, *[0.2 / 61] * 61]
    masks = torch.tensor([[0b1010, 0]], dtype=torch.int32)
    assert set(drawn(shares, uniforms=[at / 200 for at in range(200)], masks=masks)) == {1, 3}
    assert drawn(shares, uniforms=[0.9, 0.995], masks=masks) == [1, 3]
    # The 32nd bit is the sign.
    masks = torch.tensor([[-(2**31), 0]], dtype=torch.int32)
    assert drawn(shares, masks=masks) == [31]
