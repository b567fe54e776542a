"""Where the servers are: ``engine.base_url`` read as one address or several."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yarl import URL

from crowdglot.errors import ConfigurationError

_SEPARATOR = re.compile(r"[\s,]+")
_WEIGHT = re.compile(r"(.+?)\*([^*/?]*)")


@dataclass(frozen=True, slots=True)
class Address:
    """One server. ``base``: where its API begins, often ending with /v1; ``weight``: its share."""

    base: URL
    weight: float = 1.0

    @property
    def chat(self) -> URL:
        """Where questions go."""
        return self._at("chat/completions")

    @property
    def models(self) -> URL:
        """Where the server lists its models."""
        return self._at("models")

    @property
    def metrics(self) -> URL:
        """Where vLLM and its like tell Prometheus how they are: beside the API, not within it."""
        root = self.base.parent if self.base.name == "v1" else self.base
        return root.with_query(None) / "metrics"

    def _at(self, path: str) -> URL:
        return (self.base / path).with_query(self.base.query)


def read_addresses(base_url: str) -> tuple[Address, ...]:
    """The addresses in ``base_url``: separated by blanks or commas, each with ``*weight`` or not.

    So "http://a:8000/v1 http://b:8000/v1*2" gives b two thirds. Raises ConfigurationError.
    """
    # First the secret, before a part of it is shown as no address.
    if "@" in base_url:
        raise ConfigurationError(
            "engine.base_url holds a user name or a password; put the key into the environment."
        )
    addresses = tuple(_read(part) for part in _SEPARATOR.split(base_url) if part)
    if not addresses:
        raise ConfigurationError(
            "engine.base_url is missing; give one such as http://localhost:8000/v1."
        )
    if twice := next(_repeated(addresses), None):
        raise ConfigurationError(
            f"engine.base_url names {twice} twice; name each server once, with a weight such as"
            f" {twice}*2 if it shall do more."
        )
    return addresses


def _read(text: str) -> Address:
    weight = 1.0
    if found := _WEIGHT.fullmatch(text):
        text, share = found[1], found[2]
        try:
            weight = float(share)
        except ValueError:
            weight = 0.0
        if not 0 < weight <= 1000:
            raise ConfigurationError(
                f"engine.base_url: the weight '{share}' is no number above 0 and up to 1000."
            )
    try:
        url = URL(text.rstrip("/").removesuffix("/chat/completions"))
        valid = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        url, valid = URL(), False
    if not valid:
        raise ConfigurationError(
            f"engine.base_url '{text}' is no http address; give one such as"
            " http://localhost:8000/v1."
        )
    return Address(url, weight)


def _repeated(addresses: tuple[Address, ...]) -> Iterator[URL]:
    seen: set[URL] = set()
    for address in addresses:
        if address.base in seen:
            yield address.base
        seen.add(address.base)
