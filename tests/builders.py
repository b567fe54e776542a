"""Small scenarios and dialogues for tests of critics, prompts and outputs."""

from collections.abc import Sequence

from crowdglot.datasets.card import About
from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.languages.language import resolve_language
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.event import Relation, read_event
from crowdglot.scenarios.scenario import CommonGround, Scenario

NURSE = Persona(("I am a nurse.", "I have two dogs.", "I love hiking in the mountains."))
BAKER = Persona(("I bake bread for a living.", "My brother lives abroad.", "I play chess."))

FRENCH = (
    "Tu as vu le temps qu'il fait ? On voulait pique-niquer au bord du lac.",
    "Ne m'en parle pas, j'ai déjà rangé le panier deux fois ce matin.",
    "Et si on déplaçait tout chez ma sœur, elle a une grande véranda ?",
    "Bonne idée, mais il faut la prévenir avant que les autres arrivent.",
    "Je l'appelle tout de suite, toi tu t'occupes des boissons.",
    "D'accord, je prends aussi le gâteau que j'avais caché.",
)


def scenario(
    tag: str = "fr", turns: int = 6, relation: Relation = "friends", index: int = 0
) -> Scenario:
    """A scenario of catching up between two friends."""
    return Scenario(
        index=index,
        language=resolve_language(tag),
        event=read_event("catching_up"),
        common_ground=CommonGround(
            relation=relation,
            place="a café",
            time="Saturday",
            channel="face to face",
            region="FR",
            communal="Both know the Sunday market.",
            personal="They shared a flat.",
            premise="Camille is back in town.",
            knows="most",
        ),
        personas=(NURSE, BAKER),
        names=("Camille", "Hugo"),
        order=("AB" * turns)[:turns],
    )


def dialogue(
    texts: Sequence[str] = FRENCH,
    tag: str = "fr",
    relation: Relation = "friends",
    demonstrations: Sequence[Demonstration] = (),
) -> Dialogue:
    """A dialogue with these turns, A and B in turn."""
    asked = scenario(tag, len(texts), relation)
    turns = tuple(Turn(who, text) for who, text in zip(asked.order, texts, strict=True))
    return Dialogue(asked, turns, tuple(demonstrations))


def shown(*texts: str) -> Demonstration:
    """A demonstration with these turns."""
    turns = tuple(Turn("AB"[number % 2], text) for number, text in enumerate(texts))
    return Demonstration(turns=turns, personas=(NURSE, BAKER), source="test")


# What a card says where nothing is told of the dataset's origin.
NOTHING_TOLD = About("", (), (), {}, (), "")
