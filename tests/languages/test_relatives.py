"""Close relatives: what is told apart by a few own sentences, and what nobody tells apart."""

import pytest

from crowdglot.languages.identification import identify_dialogue
from crowdglot.languages.language import resolve_language

CLOSE = {
    "id": (
        "Kamu sudah coba warung baru di dekat kantor belum?",
        "Belum sempat, kemarin aku pulang kemalaman karena mobilku mogok.",
        "Wah, kasihan. Besok bareng saja, aku bisa jemput pakai motor.",
        "Boleh, tapi jangan terlalu pagi karena aku harus antar adikku ke sekolah.",
    ),
    "ms": (
        "Awak dah cuba gerai baharu dekat pejabat tu ke?",
        "Belum lagi, semalam saya balik lewat sebab kereta saya rosak.",
        "Kesiannya. Esok kita pergi sekali, saya boleh ambil awak dengan motosikal.",
        "Boleh, tapi jangan awal sangat sebab saya kena hantar adik ke sekolah.",
    ),
    "nb": (
        "Har du prøvd den nye kaféen borte ved kontoret?",
        "Nei, jeg kom hjem altfor seint i går fordi bilen ikke ville starte.",
        "Uff da. Vi kan gå dit sammen i morgen, jeg henter deg gjerne.",
        "Gjerne, men ikke for tidlig, for jeg må følge lillebroren min til skolen.",
    ),
    "da": (
        "Har du prøvet den nye café henne ved kontoret?",
        "Nej, jeg kom alt for sent hjem i går, fordi bilen ikke ville starte.",
        "Hold da op. Vi kan gå derhen sammen i morgen, jeg henter dig gerne.",
        "Det vil jeg gerne, men ikke for tidligt, for jeg skal følge min lillebror i skole.",
    ),
    "cs": (
        "Už jsi zkoušel tu novou kavárnu vedle kanceláře?",
        "Ještě ne, včera jsem přišel domů pozdě, protože mi nenaskočilo auto.",
        "To je mi líto. Zítra tam můžeme zajít spolu, klidně tě vyzvednu.",
        "Dobře, ale ne moc brzy, musím ještě odvést bratříčka do školy.",
    ),
    "sk": (
        "Už si skúšal tú novú kaviareň vedľa kancelárie?",
        "Ešte nie, včera som prišiel domov neskoro, lebo mi nenaskočilo auto.",
        "To mi je ľúto. Zajtra tam môžeme zájsť spolu, pokojne ťa vyzdvihnem.",
        "Dobre, ale nie veľmi skoro, musím ešte odviesť brata do školy.",
    ),
    "es": (
        "¿Ya probaste la cafetería nueva que está junto a la oficina?",
        "Todavía no, ayer llegué muy tarde a casa porque el coche no arrancaba.",
        "Qué pena. Mañana podemos ir juntos, te recojo yo si quieres.",
        "Vale, pero no muy temprano, que tengo que llevar a mi hermano al colegio.",
    ),
    "gl": (
        "Xa probaches a cafetaría nova que hai onda a oficina?",
        "Aínda non, onte cheguei moi tarde á casa porque o coche non arrincaba.",
        "Que mágoa. Mañá podemos ir xuntos, recóllote eu se queres.",
        "Vale, pero non moi cedo, que teño que levar o meu irmán á escola.",
    ),
    "ca": (
        "Ja has provat la cafeteria nova que hi ha al costat de l'oficina?",
        "Encara no, ahir vaig arribar molt tard a casa perquè el cotxe no arrencava.",
        "Quina llàstima. Demà hi podem anar junts, et passo a buscar jo.",
        "D'acord, però no gaire d'hora, que he de portar el meu germà a l'escola.",
    ),
    "pt": (
        "Já experimentaste o café novo que abriu ao lado do escritório?",
        "Ainda não, ontem cheguei muito tarde a casa porque o carro não pegava.",
        "Que pena. Amanhã podemos ir juntos, eu passo para te buscar.",
        "Está bem, mas não muito cedo, tenho de levar o meu irmão à escola.",
    ),
    "hr": (
        "Jesi li već probao novi kafić pokraj ureda?",
        "Još nisam, jučer sam stigao kući prekasno jer mi auto nije htio upaliti.",
        "Šteta. Sutra možemo ići zajedno, mogu doći po tebe vlakom.",
        "Može, ali ne prerano, moram odvesti brata u školu do osam sati.",
    ),
    "bs": (
        "Jesi li već probao novi kafić pored kancelarije?",
        "Još nisam, jučer sam stigao kući prekasno jer mi auto nije htjelo upaliti.",
        "Šteta. Sutra možemo ići zajedno, mogu doći po tebe vozom.",
        "Može, ali ne prerano, moram odvesti brata u školu do osam sati.",
    ),
    "sr": (
        "Јеси ли већ пробао нови кафић поред канцеларије?",
        "Још нисам, јуче сам стигао кући прекасно јер ми ауто није хтео да упали.",
        "Штета. Сутра можемо да идемо заједно, могу да дођем по тебе возом.",
        "Може, али не прерано, морам да одведем брата у школу до осам сати.",
    ),
    "sr-Latn": (
        "Jesi li već probao novi kafić pored kancelarije?",
        "Još nisam, juče sam stigao kući prekasno jer mi auto nije hteo da upali.",
        "Šteta. Sutra možemo da idemo zajedno, mogu da dođem po tebe vozom.",
        "Može, ali ne prerano, moram da odvedem brata u školu do osam sati.",
    ),
}  # fmt: skip

LEAST_WHOLE = 0.7  # as in critics/thresholds.toml


def probability(target, spoken):
    return identify_dialogue(CLOSE[spoken], resolve_language(target))[0].probability


@pytest.mark.parametrize("tag", CLOSE)
def test_dialogue_is_accepted_for_its_own_language(tag):
    whole, turns = identify_dialogue(CLOSE[tag], resolve_language(tag))
    assert whole.probability >= LEAST_WHOLE
    assert all(turn.probability >= 0.5 for turn in turns)


GROUPS = (("id", "ms"), ("nb", "da"), ("cs", "sk"), ("es", "gl", "ca", "pt"), ("hr", "sr"))


@pytest.mark.parametrize(
    ("target", "spoken"), [(a, b) for group in GROUPS for a in group for b in group if a != b]
)
def test_dialogue_in_a_relative_is_rejected(target, spoken):
    assert probability(target, spoken) < LEAST_WHOLE


@pytest.mark.parametrize(
    ("target", "spoken"),
    [("hr", "bs"), ("hr", "sr-Latn"), ("bs", "hr"), ("bs", "sr-Latn"), ("sr-Latn", "hr")],
)
def test_one_speech_under_several_names_is_not_told_apart(target, spoken):
    # Known limit: no identifier here separates them by four everyday turns in Latin letters.
    assert probability(target, spoken) >= LEAST_WHOLE


@pytest.mark.parametrize(("target", "spoken"), [("id", "ms"), ("nb", "da"), ("da", "no")])
def test_relative_is_named(target, spoken):
    text = CLOSE["nb" if spoken == "no" else spoken]
    whole, _ = identify_dialogue(text, resolve_language(target))
    assert (whole.tag, whole.by) == (spoken, "margin")


@pytest.mark.parametrize(
    ("target", "spoken", "at"), [("pt", "es", 1), ("cs", "sk", 0), ("gl", "es", 2), ("ca", "pt", 3)]
)
def test_one_turn_of_a_relative_stands_out(target, spoken, at):
    turns = list(CLOSE[target])
    turns[at] = CLOSE[spoken][at]
    _, found = identify_dialogue(turns, resolve_language(target))
    assert found[at].probability < 0.5
