"""Tags by many names, everyday talk in close relatives, and what nobody can verify."""

import pytest

from crowdglot.critics import load_critics
from crowdglot.datasets.card import write_card
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.report.markdown import report_markdown
from crowdglot.datasets.storage.location import locate
from crowdglot.languages.language import resolve_language
from crowdglot.languages.verification import doubts, verification
from tests.builders import NOTHING_TOLD, dialogue

FRENCH = (
    "Salut, tu as pensé à acheter du lait en rentrant ?",
    "Non, j'ai complètement oublié, le magasin avait fermé plus tôt.",
    "Alors demain matin on boira le café noir.",
    "Je vais demander à la voisine, elle doit être chez elle.",
)
TALK = {
    "ms": (
        "Ibu, bolehkah saya pergi bermain bola selepas kerja rumah siap?",
        "Boleh, tetapi balik sebelum maghrib ya.",
        "Kawan saya Amir pun mahu ikut sekali.",
        "Jangan lupa bawa air dan tuala.",
        "Baik ibu, nanti saya tolong basuh pinggan.",
        "Bagus, ayah kamu pun pulang awal hari ini.",
    ),
    "zsm": (
        "Macam mana peperiksaan awak semalam?",
        "Susah juga, soalan terakhir saya tak sempat jawab.",
        "Tak apalah, yang penting awak dah cuba sedaya upaya.",
        "Betul tu, tapi saya tetap risau dengan keputusannya.",
        "Jom kita pergi minum teh tarik, lupakan sekejap.",
        "Jom, awak belanja tau kali ini.",
    ),
    "nn": (
        "Hei, har du hugsa å handle mjølk på vegen heim?",
        "Nei, det gløymde eg heilt, butikken hadde stengt tidleg.",
        "Då får vi drikke kaffien svart i morgon tidleg.",
        "Kanskje grannen vår har ein kartong vi kan låne?",
        "Eg spør ho, ho er nok heime no.",
        "Fint, og ta med dei skitne støvlane inn samstundes.",
    ),
    "nno": (
        "God morgon, har du sove godt i natt?",
        "Nei, eg låg vaken og tenkte på prøva i dag.",
        "Du treng ikkje vere redd, du har lese heile veka.",
        "Eg veit det, men matematikk er alltid vanskeleg for meg.",
        "Ta deg ein kopp te før du går ut døra.",
        "Takk, mamma, no kjenner eg meg litt betre.",
    ),
    "nb": (
        "Hei, har du husket å handle melk på vei hjem?",
        "Nei, det glemte jeg helt, butikken hadde stengt tidlig.",
        "Da får vi drikke kaffen svart i morgen tidlig.",
        "Kanskje naboen vår har en kartong vi kan låne?",
        "Jeg spør henne, hun er nok hjemme nå.",
        "Fint, og ta med de skitne støvlene inn samtidig.",
    ),
    "da": (
        "Hej, har du husket at købe mælk på vej hjem?",
        "Nej, det glemte jeg helt, butikken var lukket tidligt.",
        "Så må vi drikke kaffen sort i morgen tidlig.",
        "Måske har vores nabo en karton, vi kan låne?",
        "Jeg spørger hende, hun er nok hjemme nu.",
        "Godt, og tag de beskidte støvler med ind samtidig.",
    ),
    "nl": (
        "Hoi, heb je eraan gedacht melk te kopen op weg naar huis?",
        "Nee, helemaal vergeten, de winkel ging vroeg dicht.",
        "Dan drinken we morgenochtend zwarte koffie.",
        "Misschien heeft de buurvrouw een pak dat we kunnen lenen?",
        "Ik zal het haar vragen, ze is nu vast thuis.",
        "Goed, en neem meteen die vuile laarzen mee naar binnen.",
    ),
    "id": (
        "Hai, kamu ingat beli susu waktu pulang tadi?",
        "Tidak, aku lupa sama sekali, tokonya tutup lebih awal.",
        "Kalau begitu besok pagi kita minum kopi hitam saja.",
        "Mungkin tetangga kita punya sekotak yang bisa kita pinjam?",
        "Aku tanya dia dulu, sepertinya dia ada di rumah.",
        "Baiklah, sekalian bawa masuk sepatu bot yang kotor itu.",
    ),
    "arz": (
        "إنت افتكرت تجيب لبن وإنت جاي على البيت؟",
        "لأ، نسيت خالص، المحل كان قافل بدري.",
        "يبقى بكرة الصبح هنشرب القهوة سادة.",
        "هسألها دلوقتي، أكيد هي في البيت.",
        "ماشي، وهات الجزمة المتوسخة دي معاك جوه.",
    ),
    "gl": (
        "Ola, lembráchesche de mercar leite de camiño á casa?",
        "Non, esquecinme de todo, a tenda pechou máis cedo.",
        "Entón mañá pola mañá tomamos o café só.",
        "Se cadra a nosa veciña ten un cartón que nos poida emprestar?",
        "Vou preguntarlle, xa debe de estar na casa.",
        "Vale, e mete tamén esas botas sucias.",
    ),
    "ga": (
        "Haigh, ar chuimhnigh tú ar bhainne a cheannach ar an mbealach abhaile?",
        "Níor chuimhnigh, rinne mé dearmad glan, bhí an siopa dúnta go luath.",
        "Mar sin beidh caife dubh againn maidin amárach.",
        "B'fhéidir go bhfuil cartán ag ár gcomharsa a thabharfadh sí ar iasacht dúinn?",
        "Cuirfidh mé ceist uirthi, tá sí sa bhaile anois is dócha.",
        "Go maith, agus tabhair isteach na buataisí salacha sin freisin.",
    ),
    "ja": (
        "明日は何時に来ますか。",
        "九時頃に着くと思います。",
        "わかりました、駅の前で待っています。",
        "準備万端！",
        "雨でも行きますよ。",
        "絶対無理。",
    ),
    "sw": (
        "Habari za asubuhi, umekumbuka kununua maziwa ulipokuwa ukirudi?",
        "Hapana, nimesahau kabisa, duka lilifungwa mapema.",
        "Basi kesho asubuhi tutakunywa kahawa bila maziwa.",
        "Labda jirani yetu ana pakiti tunayoweza kukopa?",
    ),
    "fil": (
        "Naalala mo bang bumili ng gatas pauwi kanina?",
        "Hindi, nakalimutan ko talaga, maaga nagsara ang tindahan.",
        "Kung ganoon, kape na walang gatas ang inumin natin bukas.",
        "Baka may kahon ang kapitbahay natin na puwede nating hiramin?",
    ),
}  # fmt: skip


def verdict(tag, texts):
    (critic,) = [critic for critic in load_critics() if type(critic).__name__ == "LanguageCritic"]
    return critic.judge(dialogue(texts, tag))


@pytest.mark.parametrize("tag", TALK)
def test_everyday_talk_is_accepted(tag):
    found = verdict(tag, TALK[tag])
    assert found.passed, found


@pytest.mark.parametrize(
    ("given", "tag", "label"),
    [
        ("fil", "fil", "tl"), ("tl", "fil", "tl"), ("tgl", "fil", "tl"), ("swh", "sw", "sw"),
        ("swa", "sw", "sw"), ("zsm", "ms", "ms"), ("arb", "ar", "ar"), ("pes", "fa", "fa"),
        ("npi", "ne", "ne"), ("ekk", "et", "et"), ("lvs", "lv", "lv"), ("khk", "mn", "mn"),
        ("uzn", "uz", "uz"), ("azj", "az", "az"), ("kmr", "ku", "ku"), ("als", "sq", "sq"),
        ("gsw", "gsw", "als"), ("cmn", "zh", "zh"), ("no", "nb", "no"), ("no-NO", "nb-NO", "no"),
        ("nno", "nn", "nn"), ("bho", "bho", "bh"), ("pnb", "pnb", "pnb"), ("ary", "ary", "ar"),
        ("sr-Latn", "sr-Latn", "hr"),
    ],
)  # fmt: skip
def test_a_tag_is_what_identifiers_call_it(given, tag, label):
    language = resolve_language(given)
    assert language.tag == tag
    assert label in language.detected_as


@pytest.mark.parametrize("tag", ["fil", "swh", "sw", "npi", "wo", "hi-Latn", "ht", "zu", "nn"])
def test_french_is_no_other_language(tag):
    assert not verdict(tag, FRENCH).passed


@pytest.mark.parametrize(
    ("target", "spoken"),
    [("nb", "nn"), ("nn", "nb"), ("da", "nb"), ("id", "ms"), ("ms", "id"), ("nl", "da")],
)
def test_a_dialogue_in_a_relative_is_rejected(target, spoken):
    found = verdict(target, TALK[spoken])
    assert found.reason == "whole_language"


@pytest.mark.parametrize(
    ("target", "turn"),
    [
        ("nl", "Miskien het ons buurvrou 'n kartonnetjie wat sy kan leen?"),
        ("id", "Mungkin jiran kita ada sekotak yang boleh kita pinjam?"),
        ("da", "Kanskje naboen vår har en kartong vi kan låne?"),
        ("nb", "Kanskje grannen vår har ein kartong vi kan låne?"),
        ("gl", "Não sei, ontem também não fiz muito."),
        ("ga", "Chan eil fhios agam, bha mi aig an taigh an-dè."),
        ("ja", "我觉得我们应该自己烤面包。"),
        ("ja", "今天我們一起去看電影吧。"),
    ],
)  # fmt: skip
def test_one_turn_of_a_relative_is_found(target, turn):
    found = verdict(target, (*TALK[target][:3], turn, *TALK[target][4:]))
    assert found.reason == "turn_language"
    assert found.evidence.startswith("turn 4")


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("wo", "nobody here can verify this language"),
        ("hi-Latn", "nobody here can verify this language"),
        ("ru-Latn", "nobody here can verify this language"),
        ("hr", "not told apart from Serbian and Bosnian"),
        ("pt-BR", "verified as Portuguese; its varieties are not told apart"),
        ("arz", "verified as Arabic; its varieties are not told apart"),
        ("ary", "verified as Arabic; its varieties are not told apart"),
    ],
)
def test_what_nobody_verifies_is_said(tag, words):
    assert any(words in sentence for sentence in doubts([resolve_language(tag)]))


def test_what_is_verified_well_leaves_nothing_to_say():
    assert doubts(map(resolve_language, ("fr", "ja", "de", "sv"))) == []
    state = verification(resolve_language("sv"))
    assert state.own is not None and state.own >= 0.98
    assert {"Danish", "Norwegian Bokmål"} <= {*state.told, *state.as_whole}


def test_the_card_and_the_report_say_what_nobody_verifies(tmp_path):
    funnel = Funnel(2, 0, {}, {"wo": 1, "fr": 1}, {}, {}, 0, 0)
    write_card(locate(str(tmp_path)), "unsure", ("fr", "wo"), "a model", funnel, NOTHING_TOLD)
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "Wolof (wo): nobody here can verify this language" in card
    assert "French (fr):" not in card
    assert "nobody here can verify this language" in report_markdown("unsure", funnel)
