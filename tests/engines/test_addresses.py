"""``engine.base_url``: one address or several, with weights."""

import pytest

from crowdglot.engines.openai.addresses import read_addresses
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError
from crowdglot.recipes import build_recipe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://a:8000/v1", [("http://a:8000/v1", 1)]),
        (" http://a/v1/ \n", [("http://a/v1", 1)]),
        ("http://a/v1 http://b/v1*2", [("http://a/v1", 1), ("http://b/v1", 2)]),
        ("http://a/v1*0.5, https://b ,", [("http://a/v1", 0.5), ("https://b", 1)]),
        ("http://a/v1/chat/completions*3", [("http://a/v1", 3)]),
        ("http://a/v1/*3", [("http://a/v1", 3)]),
        ("http://[::1]:8000/v1*2", [("http://[::1]:8000/v1", 2)]),
        ("http://a/v1?version=1*2", [("http://a/v1?version=1", 2)]),
    ],
)
def test_addresses_and_weights(text: str, expected: list[tuple[str, float]]) -> None:
    assert [(str(one.base), one.weight) for one in read_addresses(text)] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"),
        (" , ", "missing"),
        ("localhost:8000", "no http address"),
        ("http://a/v1 ftp://b/v1", "'ftp://b/v1' is no http address"),
        ("http://[::1", "no http address"),
        ("http://a/v1 http://a/v1/", "names http://a/v1 twice"),
        ("http://a/v1*", "weight ''"),
        ("http://a/v1*0", "weight '0'"),
        ("http://a/v1*-1", "weight '-1'"),
        ("http://a/v1*nan", "weight 'nan'"),
        ("http://a/v1*inf", "weight 'inf'"),
        ("http://a/v1*two", "weight 'two'"),
        ("http://me:pw@a/v1", "user name or a password"),
        ("http://a/v1 me:pw@b", "user name or a password"),
        ("http://me:pw pw@a/v1", "user name or a password"),
    ],
)
def test_what_is_no_address(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"engine\.base_url.*({words})") as caught:
        read_addresses(text)
    assert "pw" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"^embedding\.base_url"):
        read_addresses(text, "embedding")


def test_where_what_is_asked() -> None:
    (one,) = read_addresses("https://a/proxy/v1?api-version=3")
    assert str(one.at("chat/completions")) == "https://a/proxy/v1/chat/completions?api-version=3"
    assert str(one.at("models")) == "https://a/proxy/v1/models?api-version=3"


SECRETS = [
    "http://a/v1?api_key=s3cret", "http://a/v1?key=s3cret", "http://a/v1?api-version=3&Token=s3cret",
    "http://a/v1?api%5fkey=s3cret", "http://a/v1 http://b/v1?subscription-key=s3cret*2",
    "http://a/v1?sig=s3cret", "http://a/v1?code=s3cret", "http://a/v1#access_token=s3cret",
    "http://a/v1?x=s3cret" + "0" * 30, "http://me:s3cret@a/v1", "ftp://a/v1?password=s3cret",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_in_an_address_comes_into_a_recipe(text: str) -> None:
    for section in ("engine", "embedding"):
        table = {"name": "t", "languages": ["fr"], "dialogues_per_language": 1}
        with pytest.raises(
            ConfigurationError, match=rf"{section}\.base_url.*: holds .*environment"
        ) as told:
            build_recipe(table, (f"{section}.base_url={text}",), "t")
        assert "s3cret" not in str(told.value)
    with pytest.raises(ConfigurationError, match=r"^engine\.base_url") as told:
        read_addresses(text)
    assert "s3cret" not in str(told.value)


def test_what_an_address_may_hold() -> None:
    for text in ("https://a/v1?api-version=2024-12-01-preview", "https://a/keys/v1?deployment=d"):
        assert EmbeddingSettings(base_url=text).base_url == text
        assert read_addresses(text)
