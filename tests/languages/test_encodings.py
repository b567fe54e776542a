"""Text that was encoded twice is found in any language; text that people write is not."""

import pytest

from crowdglot.critics import judge, load_critics
from crowdglot.dialogues.draft import tidy
from crowdglot.languages.encodings import twice_encoded
from crowdglot.languages.language import resolve_language
from tests.builders import FRENCH, dialogue

TEXTS = {
    "fr": "J'ai trouvé ça à la pièce abîmée, où ta sœur goûte l'été… « Noël », 3 €",
    "de": "Schöne Grüße, das ist süß, sagt die „Straße“.",
    "es": "¿Qué tal? ¡Mañana vendrá José!",
    "pt": "Não, irmã, você é avó da maçã.",
    "pl": "Zażółć gęślą jaźń.",
    "cs": "Příliš žluťoučký kůň úpěl.",
    "hu": "Árvíztűrő tükörfúrógép.",
    "tr": "Şu ışık çok güzel, değil mi?",
    "vi": "Tôi không biết được, bạn ạ. Đường này đẹp quá!",
    "ru": "Привет, как дела сегодня?",
    "uk": "Його сім'я їде у Київ.",
    "el": "Καλημέρα, τι κάνεις;",
    "ar": "مرحبا كيف حالك",
    "he": "שלום מה שלומך",
    "hi": "नमस्ते आप कैसे हैं",
    "th": "สวัสดีครับ",
    "ja": "こんにちは、元気ですか。",
    "zh": "你好，今天怎么样？",
    "ko": "안녕하세요 오늘",
}
READ_AS = ("latin-1", "cp1252", "mac_roman", "cp1250", "cp1251")
# Accents before quotes, capitals, ordinals, degrees, brands, and letters that are rows by chance.
HUMAN = {
    "it": "«CAFFÈ» È» “è”… PERCHÉ… Nº 1ª",
    "fr": "«\u00a0Voilà\u00a0», “café”… «ÉTÉ», À° Ô™ 20 °C",
    "sv": "”BLÅ”, ”JÄÄ”…",
    "de": "»Spaß«, «ß», Ü“",
    "es": "¡SÍ! ¿QUÉ¡ ÑANDÚ… «SÍ», «ÉL»",
    "pt": "“IRMÃ”, «MAÇÃ» MAÇÃS",
    "cs": "Úžasné! Íš Ížková",
    "ro": "Ăştia şi ăştia, Ăştia!",
    "uk": "Він Від Сім Рік Діти Його. РІЗНІ МІЇ ВІСІМ",
    "ru": "Сёстры, Сёмга, МТС® №5 “Я” «МЫ» Р™",
    "sr": "ВЕЉЕ ЊЕЊЕ ЉУБАВ",
    "zh": "“café”…你好 naïve",
    "en": "naïve café “rosé”… £5 ±2 ©2020 ® ½",
}


@pytest.mark.parametrize("tag", TEXTS)
@pytest.mark.parametrize("codec", READ_AS)
def test_what_was_read_in_another_encoding_is_found(tag: str, codec: str) -> None:
    script = resolve_language(tag).script
    assert twice_encoded(TEXTS[tag], script) == {}
    # As it comes: some bytes are none in that encoding, and blanks become blanks.
    assert twice_encoded(tidy(TEXTS[tag].encode().decode(codec, "replace")), script)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("C'est le numÃ©ro 48.", {"Ã©": "é"}),
        ("Je suis allÃ© lÃ\u00a0", {"Ã©": "é", "Ã\u00a0": "à"}),
        ("ta sÅ\x93ur", {"Å\x93": "œ"}),
        ("ta sÅ“ur", {"Å“": "œ"}),
        ("le goÃ»t", {"Ã»": "û"}),
        ("câ€™est", None),
        ("voilÃ  tout", None),
        ("Ã demain", None),
        ("un caf├⌐", None),
        ("un caf锟斤拷", None),
        ("20 Â°C", {"Â°": "°"}),
        ("quoi ðŸ˜€ ?", {"ðŸ˜€": "😀"}),
    ],
)
def test_one_row_is_enough(text: str, told: dict[str, str] | None) -> None:
    found = twice_encoded(text, "Latn")
    assert found == told if told else found


@pytest.mark.parametrize("tag", HUMAN)
def test_what_people_write_is_not(tag: str) -> None:
    assert twice_encoded(HUMAN[tag], resolve_language(tag).script) == {}
    assert twice_encoded(HUMAN[tag].upper(), resolve_language(tag).script) == {}


def test_the_critic_says_what_is_meant() -> None:
    texts = [*FRENCH[:-1], "Exactement, j'ai trouvÃ© la piÃ¨ce."]
    verdicts = judge(dialogue(texts), load_critics())
    (found,) = [verdict for verdict in verdicts if verdict.critic == "artefacts"]
    assert (found.reason, found.evidence) == ("double_encoded", "Ã© for é, Ã¨ for è")
    unprintable = judge(dialogue([*FRENCH[:-1], "Ta sÅ\x93ur."]), load_critics())[3]
    assert unprintable.evidence == "'\\xc5\\x93' for œ"
