"""Offers of service in every language; what friends say to one another is none."""

import pytest

from crowdglot.critics.assistant import Assistant
from crowdglot.languages.language import packed_tags, resolve_language
from tests.builders import dialogue


@pytest.mark.parametrize("tag", packed_tags())
def test_every_phrase_of_the_pack_is_found(tag):
    phrases = resolve_language(tag).pack.phrases
    gap = "" if tag in ("zh", "zh-Hant", "ja", "th") else " "
    for reason, every in (("offer", phrases.offers), ("refusal", phrases.refusals)):
        for phrase in every:
            text = phrase.replace(" … ", f"{gap}abc, 123{gap}")
            verdict = Assistant().judge(dialogue(("…", text.capitalize() + "!"), tag))
            assert verdict.reason == reason, phrase


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("fr", "Si tu as besoin d'informations supplémentaires, n'hésite pas."),
        ("fr", "Si vous avez d’autres questions, n’hésitez surtout pas !"),
        ("es", "Claro, estoy aquí para ayudarte con lo que quieras."),
        ("es", "Si necesita más información sobre el piso, no dude en llamarme."),
        ("de", "Wenn du noch weitere Fragen hast, zögere nicht, mich zu fragen."),
        ("it", "Sono qui per aiutarti, dimmi pure."),
        ("pt", "Se precisar de mais informações, não hesite em perguntar."),
        ("nl", "Als je nog vragen hebt, aarzel niet om ze te stellen."),
        ("pl", "Jeśli masz jakieś pytania, nie wahaj się zapytać."),
        ("ru", "Если у вас возникнут вопросы, не стесняйтесь."),
        ("tr", "Size yardımcı olmak için buradayım."),
        ("ar", "إذا كان لديك أي أسئلة أخرى، لا تتردد في سؤالي."),
        ("hi", "अगर आपको कोई और जानकारी चाहिए तो बेझिझक पूछें।"),
        ("id", "Kalau ada pertanyaan, jangan ragu untuk bertanya."),
        ("vi", "Nếu bạn cần thêm thông tin, đừng ngần ngại hỏi nhé."),
        ("zh", "如果您还有其他问题，可以随时告诉我。"),
        ("ja", "ご不明な点がございましたら、お気軽にどうぞ。"),
        ("ko", "질문이 있으시면 편하게 언제든지 말씀하세요."),
    ],
)
def test_an_offer_in_other_words_is_found(tag, text):
    assert Assistant().judge(dialogue(("…", text), tag)).reason == "offer"
    served = dialogue(("…", text), tag, relation="client_and_provider")
    assert Assistant().judge(served).passed


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("fr", "Si tu as besoin d'aide pour le déménagement, n'hésite pas."),
        ("fr", "J'ai besoin d'informations sur ce train. Il n'est pas à l'heure, n'est-ce pas ?"),
        ("es", "Estoy aquí, en la puerta, ¿me ayudas?"),
        ("de", "Frag ruhig, wenn du was nicht findest."),
        ("it", "Sono qui da un'ora, aiutami!"),
        ("zh", "有问题就来找我，我下午都在家。"),
        ("ja", "困ったらいつでも電話してね。"),
        ("en", "Let me know if you need anything from the shop."),
    ],
)
def test_what_friends_offer_passes(tag, text):
    assert Assistant().judge(dialogue(("…", text), tag)).passed


def test_the_gap_in_a_phrase_is_short():
    far = "Si tu as besoin d'informations, demande " + "très vite " * 12 + "et n'hésite pas."
    assert Assistant().judge(dialogue(("…", far), "fr")).passed
