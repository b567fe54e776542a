"""Languages: a BCP-47 tag, what public tables know of it, and what a pack adds."""

from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import langcodes
from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, Field, field_validator

from crowdglot.errors import ConfigurationError
from crowdglot.languages.names import labels, parse, usual_script
from crowdglot.printable import name_shown
from crowdglot.strict_toml import Strict, read_folder, read_toml

PACKS = Path(str(files("crowdglot.packs")))
_NO_LANGUAGES = ("mul", "zxx", "mis")  # several, none, and one without a code
# The relatives of languages without a pack.
_RELATIVES = Path(str(files("crowdglot.languages"))) / "relatives.toml"
_RIGHT_TO_LEFT = {"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"}


def _distinct(entries: tuple[str, ...]) -> tuple[str, ...]:
    # A name given twice would leave too few different ones for the speakers.
    for at, entry in enumerate(entries):
        if not entry or entry != entry.strip():
            raise ValueError(f"'{entry}' is empty or has blanks around it")
        if entry in entries[:at]:
            raise ValueError(f"'{entry}' stands twice")
    return entries


Entries = Annotated[tuple[str, ...], AfterValidator(_distinct)]
Iso639 = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class Community(Strict):
    """A region where the language is spoken (ISO 3166), with what its speakers share.

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
    """How speakers address one another (T/V): an English sentence for each of the two forms."""

    familiar: str = Field(min_length=10)
    formal: str = Field(min_length=10)


class Phrases(Strict):
    """Lower-case phrases, in the target language, by which empty talk is recognised.

    ``offers``: an assistant offering its services ("how can I help you today"), legitimate only
    between a provider and a client. ``refusals``: a model that speaks of itself or refuses ("as an
    AI", "I cannot assist with that"). " … " stands for a few words that may be said there. All are
    so long that no human dialogue would hold them. ``thanks``: by which people thank, and answer
    thanks: talk of nothing else is a loop.
    """

    offers: tuple[str, ...] = Field(min_length=3)
    refusals: tuple[str, ...] = Field(min_length=3)
    thanks: tuple[str, ...] = ()


class Pack(Strict):
    """The file ``languages/<tag>.toml``; see ``Language`` for the fields of the same name.

    ``instruction``: one sentence in the language that orders it. ``first_person``: lower-case
    beginnings of clauses in the first person.
    """

    tag: str
    autonym: str = Field(min_length=1)
    instruction: str = Field(min_length=10)
    detected_as: tuple[Iso639, ...] = Field(min_length=1)
    confusables: tuple[Iso639, ...] = ()
    first_person: tuple[str, ...] = Field(min_length=1)
    address: Address
    phrases: Phrases
    communities: tuple[Community, ...] = Field(min_length=1)

    @field_validator("tag")
    @classmethod
    def _canonical(cls, tag: str) -> str:
        # A pack under any other tag would not be found.
        if not langcodes.tag_is_valid(tag):
            raise ValueError(f"'{tag}' is not a BCP-47 language tag")
        if (canonical := parse(tag).to_tag()) != tag:
            raise ValueError(f"'{tag}' is written '{canonical}'")
        return tag


@dataclass(frozen=True, slots=True)
class Language:
    """A language that dialogues are asked for.

    ``tag``: canonical BCP-47. ``script``: ISO 15924. ``detected_as``: the ISO 639 codes by which an
    identifier may name it. ``confusables``: codes of relatives it is mistaken for. ``pack``: None
    where crowdglot has none; such a language is written and checked with less help.
    """

    tag: str
    name: str
    autonym: str
    script: str
    detected_as: tuple[str, ...]
    confusables: tuple[str, ...] = ()
    pack: Pack | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash(self.tag)  # languages are keys of caches that are asked for each turn

    @property
    def code(self) -> str:
        """The primary language subtag, such as "pt" of "pt-BR"."""
        return self.tag.split("-")[0]

    @property
    def measured_as(self) -> str:
        """The tag without a region, such as "pt" of "pt-BR" and "zh-Hant" of "zh-TW"."""
        if self.pack:
            return self.pack.tag
        usual = usual_script(langcodes.Language.get(self.code))
        return self.code if self.script == usual else f"{self.code}-{self.script}"

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """The direction of its writing."""
        return "rtl" if self.script in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=512)
def resolve_language(tag: str) -> Language:
    """The language of a BCP-47 tag; raise ConfigurationError if there is no such language.

    A tag with a region or script falls back to the pack of its language: "fr-CA" uses ``fr.toml``.
    """
    try:
        parsed = parse(tag)
        name = parsed.display_name("en") if parsed.is_valid() else ""
    except ValueError:
        name = ""
    # langcodes calls codes for private use valid, and names no language "Unknown language".
    if not name or name.startswith("Unknown language") or parsed.language in _NO_LANGUAGES:
        raise ConfigurationError(
            f"languages: '{name_shown(tag)}' is not a language tag; give a BCP-47 tag such as 'fr' "
            "or 'pt-BR' (`crowdglot languages` lists those with a pack)."
        )
    canonical, script = parsed.to_tag(), usual_script(parsed)
    if pack := _pack_for(parsed, script):
        return Language(
            canonical, name, pack.autonym, script, pack.detected_as, pack.confusables, pack
        )
    known = labels(parsed, script)
    relatives = (other for label in known for other in _relatives().get(label, ()))
    others = tuple(other for other in dict.fromkeys(relatives) if other not in known)
    return Language(canonical, name, _autonym(parsed), script, known, others)


@lru_cache(maxsize=1)
def _relatives() -> dict[str, list[str]]:
    return read_toml(_RELATIVES)


def packed_tags() -> tuple[str, ...]:
    """The tags of all languages that have a pack, sorted."""
    return tuple(_packs())


@lru_cache(maxsize=1)
def _packs() -> dict[str, Pack]:
    # All files are read: a mistake in any one stops every command that needs a language.
    return read_folder(PACKS, Pack, "tag")


def _pack_for(parsed: langcodes.Language, script: str) -> Pack | None:
    """The closest pack: the whole tag, the language with its script, the language alone."""
    for tag in (parsed.to_tag(), f"{parsed.language}-{script}", str(parsed.language)):
        pack = _packs().get(tag)
        # Serbian in Latin letters must not borrow the names and phrases of the Cyrillic pack.
        if pack and langcodes.Language.get(pack.tag).maximize().script == script:
            return pack
    return None


def _autonym(parsed: langcodes.Language) -> str:
    """What the language calls itself, by CLDR; its English name where CLDR does not know it."""
    try:
        locale = Locale.parse(parsed.to_tag(), sep="-")
    except (UnknownLocaleError, ValueError):
        return str(parsed.autonym())
    return locale.get_display_name(locale) or str(parsed.autonym())
