"""Languages: a BCP-47 tag, what public tables know of it, and what a pack adds."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Literal

import langcodes
from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, Field, field_validator

from crowdglot.errors import ConfigurationError
from crowdglot.strict_toml import Strict, data_folder
from crowdglot.user_files import read_folder

PACKS = data_folder("crowdglot.packs")
# Macrolanguages whose tag usually stands for one member.
_MEANT = {"no": "nb", "sh": "sr-Latn"}
RIGHT_TO_LEFT = frozenset({"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"})


def _distinct(entries: tuple[str, ...]) -> tuple[str, ...]:
    # Too few different names would leave two speakers with one name.
    for at, entry in enumerate(entries):
        if not entry or entry != entry.strip():
            raise ValueError(f"'{entry}' is empty or has blanks around it")
        if entry in entries[:at]:
            raise ValueError(f"'{entry}' stands twice")
    return entries


Entries = Annotated[tuple[str, ...], AfterValidator(_distinct)]


class Community(Strict):
    """A place where the language is spoken, with what its speakers share.

    Names and towns are in the language's own script. The other entries are short English noun
    phrases that fit into a sentence such as "They both know <entry>"; they may hold a native term.
    """

    region: str = Field(pattern=r"^[A-Z]{2}$")
    feminine_names: Entries = Field(min_length=8)
    masculine_names: Entries = Field(min_length=8)
    towns: Entries = Field(min_length=8)
    food: Entries = Field(min_length=8)
    customs: Entries = Field(min_length=8)
    school: Entries = Field(min_length=5)
    work: Entries = Field(min_length=5)


class Address(Strict):
    """How speakers address one another (T/V): one English sentence each, or the pronoun's use."""

    familiar: str = Field(min_length=10)
    formal: str = Field(min_length=10)


class Phrases(Strict):
    """Lower-case phrases, in the target language, by which critics recognise assistant talk.

    ``offers``: an assistant offering its services ("how can I help you today"), legitimate only
    between a provider and a client. ``refusals``: a model speaking of itself or refusing ("as an
    AI", "I cannot assist with that"). Long enough that no human dialogue would hold them.
    """

    offers: tuple[str, ...] = Field(min_length=3)
    refusals: tuple[str, ...] = Field(min_length=3)


class Pack(Strict):
    """The file ``languages/<tag>.toml``.

    ``identifiers``: those that know the language well enough to be asked; none where all fail.
    """

    tag: str
    autonym: str = Field(min_length=1)
    instruction: str = Field(min_length=10)
    detected_as: tuple[str, ...] = Field(min_length=1)
    identifiers: tuple[Literal["model", "langdetect"], ...] = ("model", "langdetect")
    confusables: tuple[str, ...] = ()
    first_person: tuple[str, ...] = Field(min_length=1)
    address: Address
    phrases: Phrases
    communities: tuple[Community, ...] = Field(min_length=1)

    @field_validator("tag")
    @classmethod
    def _canonical(cls, tag: str) -> str:
        # A pack under any other tag would never be found.
        if not langcodes.tag_is_valid(tag):
            raise ValueError(f"'{tag}' is not a BCP-47 language tag")
        if (canonical := _parsed(tag).to_tag()) != tag:
            raise ValueError(f"'{tag}' is written '{canonical}'")
        return tag

    @field_validator("confusables", "detected_as")
    @classmethod
    def _codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        for code in codes:
            if not (2 <= len(code) <= 3 and code.isascii() and code.islower()):
                raise ValueError(f"'{code}' is not an ISO 639 code of two or three letters")
        return codes


@dataclass(frozen=True, slots=True)
class Language:
    """A language that dialogues are asked for.

    ``tag``: canonical BCP-47. ``script``: ISO 15924. ``detected_as``: the ISO 639 codes by which an
    identifier may name it. ``confusables``: codes of relatives it is mistaken for. ``pack``: None
    where crowdglot has none for it; such a language is written and checked with less help.
    """

    tag: str
    name: str
    autonym: str
    script: str
    detected_as: tuple[str, ...]
    confusables: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ("model", "langdetect")
    pack: Pack | None = field(default=None, compare=False)

    @property
    def code(self) -> str:
        """The primary language subtag, such as "pt" of "pt-BR"."""
        return self.tag.split("-")[0]

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """The direction of its writing."""
        return "rtl" if self.script in RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=512)
def resolve_language(tag: str) -> Language:
    """The language of a BCP-47 tag; raise ConfigurationError if there is no such language.

    A tag with a region or script falls back to the pack of its language: "fr-CA" uses ``fr.toml``.
    """
    try:
        parsed = _parsed(tag)
        # langcodes calls the codes for private use valid, but has no name for them.
        valid = (
            parsed.is_valid()
            and parsed.language not in (None, "und", "mul", "zxx", "mis")
            and not parsed.display_name("en").startswith("Unknown language")
        )
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(
            f"languages: '{tag}' is not a language tag; give a BCP-47 tag such as 'fr' or 'pt-BR' "
            "(`crowdglot languages` lists those with a pack)."
        )
    canonical = parsed.to_tag()
    script = parsed.maximize().script or "Zyyy"
    name, pack = parsed.display_name("en"), _pack_for(parsed, script)
    if pack is None:
        code = parsed.language or canonical
        return Language(canonical, name, _autonym(parsed, canonical), script, (code,))
    return Language(
        canonical, name, pack.autonym, script, pack.detected_as, pack.confusables,
        pack.identifiers, pack,
    )  # fmt: skip


def _parsed(tag: str) -> langcodes.Language:
    return langcodes.Language.get(_MEANT.get(tag, tag), normalize=True)


def packed_tags() -> tuple[str, ...]:
    """The tags of all languages that have a pack, sorted."""
    return tuple(_packs())


@lru_cache(maxsize=1)
def _packs() -> dict[str, Pack]:
    # All files are read, so that a mistake in any stops every command that needs a language.
    return read_folder(PACKS, Pack, "tag")


def _pack_for(parsed: langcodes.Language, script: str) -> Pack | None:
    """The closest pack: the whole tag, the language with its script, the language alone."""
    for tag in (parsed.to_tag(), f"{parsed.language}-{script}", str(parsed.language)):
        pack = _packs().get(tag)
        # Serbian in Latin letters must not borrow the names and phrases of the Cyrillic pack.
        if pack and langcodes.Language.get(pack.tag).maximize().script == script:
            return pack
    return None


def _autonym(parsed: langcodes.Language, canonical: str) -> str:
    """What the language calls itself, by CLDR; its English name where CLDR does not know."""
    try:
        locale = Locale.parse(canonical, sep="-")
    except (UnknownLocaleError, ValueError):
        return str(parsed.autonym())
    return locale.get_display_name(locale) or str(parsed.autonym())
