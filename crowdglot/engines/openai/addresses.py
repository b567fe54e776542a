"""Where the servers are: ``engine.base_url`` read as one address or several."""

import re
from dataclasses import dataclass

from yarl import URL

from crowdglot.engines.settings import refuse_secrets
from crowdglot.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Address:
    """One server. ``base``: where its API begins, often ending with /v1; ``weight``: its share."""

    base: URL
    weight: float = 1.0

    def at(self, path: str) -> URL:
        """Where ``path`` of its API is, such as "models"; what follows a "?" is kept."""
        return (self.base / path).with_query(self.base.query)


def read_addresses(base_url: str, section: str = "engine") -> tuple[Address, ...]:
    """The addresses in ``base_url``: separated by blanks or commas, each with ``*weight`` or not.

    So "http://a:8000/v1 http://b:8000/v1*2" gives b two thirds. Raises ConfigurationError, which
    names the key as one of ``section``.
    """
    key = f"{section}.base_url"
    # The secret is looked for first: the other errors show parts of the address.
    try:
        refuse_secrets(base_url)
    except ValueError as error:
        raise ConfigurationError(f"{key} {error}.") from None
    addresses = tuple(_read(part, key) for part in re.split(r"[\s,]+", base_url) if part)
    if not addresses:
        raise ConfigurationError(f"{key} is missing; give one such as http://localhost:8000/v1.")
    bases = [address.base for address in addresses]
    if twice := next((base for base in bases if bases.count(base) > 1), None):
        raise ConfigurationError(
            f"{key} names {twice} twice; name each server once, with a weight such as {twice}*2 if"
            " it shall do more."
        )
    return addresses


def _read(text: str, key: str) -> Address:
    base, star, share = text.partition("*")
    try:
        weight = float(share) if star else 1.0
    except ValueError:
        weight = 0.0
    if not 0 < weight <= 1000:
        raise ConfigurationError(
            f"{key}: the weight '{share}' is no number above 0 and up to 1000."
        )
    try:
        url = URL(base.rstrip("/").removesuffix("/chat/completions"))
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(
            f"{key} '{base}' is no http address; give one such as http://localhost:8000/v1."
        )
    return Address(url, weight)
