"""What the suite's model says: a pure function of the prompt and the seed.

Most answers are everyday talk that the critics take. One in five is rejected, so that there are
second attempts and replacements, and a few repeat what was said elsewhere, so that there are
near-duplicates to take out.
"""

import json
import random
from typing import Any

_SLOTS = {
    "fr": {
        "who": "ma voisine|mon frère|la boulangère|notre cousin|le facteur|ta collègue|mon oncle|"
        "la gardienne|le plombier|ma nièce|notre ancien prof|la caissière|ton parrain",
        "place": "au marché|près de la gare|devant la mairie|sur le parking|à la piscine|"
        "derrière l'église|au bord du canal|chez le coiffeur|dans le tramway|sous le pont",
        "day": "hier soir|ce matin|mardi dernier|pendant les vacances|après le dîner|"
        "avant la pluie|le mois passé|en rentrant du travail|vers midi|la semaine dernière",
        "thing": "un vélo rouge|une vieille carte|le gâteau aux noix|la clé du garage|"
        "un parapluie cassé|trois billets de train|une lampe bizarre|la soupe aux poireaux|"
        "un panier de cerises|le chat du quartier|une écharpe verte|un roman policier",
    },
    "es": {
        "who": "mi vecina|mi hermano|la panadera|nuestro primo|el cartero|tu compañera|mi tío|"
        "la portera|el fontanero|mi sobrina|nuestro antiguo profesor|la cajera|tu padrino",
        "place": "en el mercado|cerca de la estación|delante del ayuntamiento|en la piscina|"
        "detrás de la iglesia|junto al río|en la peluquería|en el tranvía|debajo del puente",
        "day": "anoche|esta mañana|el martes pasado|en las vacaciones|después de cenar|"
        "antes de la lluvia|el mes pasado|al volver del trabajo|a mediodía|la semana pasada",
        "thing": "una bicicleta roja|un mapa viejo|la tarta de nueces|la llave del garaje|"
        "un paraguas roto|tres billetes de tren|una lámpara rara|la sopa de puerros|"
        "una cesta de cerezas|el gato del barrio|una bufanda verde|una novela policíaca",
    },
}
_FRAMES = {
    "fr": (
        "Figure-toi que {who} a trouvé {thing} {place} {day}.",
        "Et alors, tu as revu {who} {place} {day}, ou bien seulement {thing} ?",
        "Je crois que {who} voulait encore me parler {place}, c'était {day}, avec {thing}.",
        "Quelqu'un a oublié {thing} {place}, c'était {day} je crois, {who} l'a vu.",
        "On m'a dit que {who} cherchait {thing} {day}, partout, même {place}.",
        "Tu te souviens quand {who} nous attendait {place} {day} avec {thing} ?",
        "Moi, {day}, je suis passé {place} pour {thing} et il n'y avait que {who}.",
        "C'est drôle, {who} m'a raconté la même histoire {day} {place}, avec {thing}.",
        "Si tu veux, on ira {place} avec {who} et on prendra {thing}, comme {day}.",
        "Franchement, {thing}, je n'en voulais pas, mais {who} insistait {day} {place}.",
        "Il paraît que {who} est resté une heure {place} {day} à regarder {thing}.",
        "Demande donc pourquoi {who} transportait {thing} {place} {day}.",
    ),
    "es": (
        "Figúrate que {who} encontró {thing} {place} {day}.",
        "¿Y entonces, volviste a ver a {who} {place} {day}, o solamente {thing}?",
        "Creo que {who} quería contarme algo {place}, fue {day}, con {thing}.",
        "Alguien se olvidó {thing} {place}, me parece que fue {day}, lo vio {who}.",
        "Me han dicho que {who} buscaba {thing} {day} por todas partes, hasta {place}.",
        "¿Te acuerdas de cuando {who} nos esperaba {place} {day} con {thing}?",
        "Yo pasé {day} {place} a por {thing} y no había nadie, solo {who}.",
        "Qué gracia, {who} me contó la misma historia {day} {place}, con {thing}.",
        "Si quieres, vamos con {who} {place} y nos llevamos {thing}, como {day}.",
        "La verdad, {thing} no me hacía falta, pero {who} insistió {day} {place}.",
        "Parece que {who} se quedó una hora {place} {day} mirando {thing}.",
        "Pregunta por qué {who} llevaba {thing} {place} {day}.",
    ),
}
_REJECTED = 0.2


def speak(body: dict[str, Any], repeated: float = 0.0) -> str:
    """The content of the answer to a chat request; ``repeated``: the share of old talk."""
    prompt = body["messages"][-1]["content"]
    draws = random.Random(f"{body.get('seed')} {prompt}")
    keys = body["response_format"]["json_schema"]["schema"]["required"]
    tag = "es" if "Language: Spanish" in prompt else "fr"
    fate = draws.random()
    if fate < _REJECTED / 2:
        return "I am sorry, but I cannot help with that."
    if fate < _REJECTED:
        tag = "es" if tag == "fr" else "fr"
    elif fate < _REJECTED + repeated:
        draws = random.Random(draws.randrange(3))
    turns = [_turn(tag, frame, draws) for frame in draws.sample(_FRAMES[tag], len(keys))]
    return json.dumps(dict(zip(keys, turns, strict=True)), ensure_ascii=False)


def _turn(tag: str, frame: str, draws: random.Random) -> str:
    said = frame.format(
        **{name: draws.choice(choices.split("|")) for name, choices in _SLOTS[tag].items()}
    )
    return said[0].upper() + said[1:]
