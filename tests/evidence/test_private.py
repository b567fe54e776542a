"""Personal data: found in every script's digits, and not where people talk of years and prices."""

import tomllib

import pytest

from crowdglot.evidence.audit.private import FILE, private_data
from crowdglot.languages.language import packed_tags

# Digits of ten scripts and more, a number of the country where they are used.
NUMBERS = {
    "fr": "06 12 34 56 78", "ar": "٠٥٠١٢٣٤٥٦٧", "fa": "۰۹۱۲ ۳۴۵ ۶۷۸۹", "hi": "९८७६५४३२१०",
    "bn": "০১৭১২-৩৪৫৬৭৮", "ta": "௯௮௭௬௫௪௩௨௧௦", "te": "౯౮౭౬౫ ౪౩౨౧౦", "th": "๐๘๑-๒๓๔-๕๖๗๘",
    "ja": "０９０－１２３４－５６７８", "my": "၀၉၄၂၁၂၃၄၅၆", "km": "០១២ ៣៤៥ ៦៧៨", "gu": "૯૮૭૬૫૪૩૨૧૦",
    "lo": "໐໒໐໕໑໒໓໔໕໖໗", "zh": "一三八一二三四五六七八", "am": "0911 234 567",
}  # fmt: skip


@pytest.mark.parametrize("tag", NUMBERS)
def test_a_telephone_number_is_found_in_the_digits_of_every_script(tag):
    for said in ("{}", "… {}!", "({})", "a: {}，", "\u202a{}\u202c \x00"):
        found = list(private_data(said.format(NUMBERS[tag]), tag))
        assert [(kind, text.strip("()")) for kind, text in found] == [("phone", NUMBERS[tag])]


@pytest.mark.parametrize(
    ("kind", "tag", "text", "found"),
    [
        ("phone", "en", "Call me at 555-123-4567.", "555-123-4567"),
        ("phone", "en", "or (415) 555-0132 then", "(415) 555-0132"),
        ("phone", "en", "ring 555-1234", "555-1234"),
        ("phone", "de", "+49 (0)170 1234567 geht immer", "+49 (0)170 1234567"),
        ("phone", "es", "es el 612 345 678", "612 345 678"),
        ("phone", "pl", "dzwoń: 601 234 567", "601 234 567"),
        ("phone", "ru", "8 (912) 345-67-89", "8 (912) 345-67-89"),
        ("phone", "id", "nomorku 0812-3456-7890", "0812-3456-7890"),
        ("phone", "ko", "010-1234-5678로 전화해", "010-1234-5678"),
        ("phone", "en", "in room 12 call 020 7946 0018", "020 7946 0018"),
        ("card", "en", "it is 4111 1111 1111 1111, code 123", "4111 1111 1111 1111"),
        ("card", "ar", "بطاقتي ٤١١١١١١١١١١١١١١١", "٤١١١١١١١١١١١١١١١"),
        ("iban", "de", "DE89 3704 0044 0532 0130 00 bitte", "DE89 3704 0044 0532 0130 00"),
        ("email", "zh", "邮箱 wang.li@qq.com", "wang.li@qq.com"),
        ("email", "ja", "taro＠example．jp", "taro＠example．jp"),
        ("handle", "en", "I am @anna_b there", "@anna_b"),
        ("handle", "zh", "我的微博是@xiaoming88", "@xiaoming88"),
        ("address", "en", "I live at 12 Elm Street now", "12 Elm Street"),
        ("address", "fr", "J'habite au 12 rue de la Paix", "12 rue de la Paix"),
        ("address", "de", "in der Lindenstraße 14.", "Lindenstraße 14"),
        ("address", "es", "en la calle Mayor 23", "calle Mayor 23"),
        ("address", "ru", "на улице Ленина, дом 5", "улице Ленина, дом 5"),
        ("address", "zh", "住在中山路12号", "住在中山路12号"),
        ("address", "he", "אני גר ברחוב הרצל 5", "ברחוב הרצל 5"),
        ("address", "th", "บ้านเลขที่ ๑๒/๓", "บ้านเลขที่ ๑๒/๓"),
    ],
)  # fmt: skip
def test_a_datum_is_found_as_it_was_said(kind, tag, text, found):
    assert list(private_data(text, tag)) == [(kind, found)]


ORDINARY = (
    "in 1990 1991 1992 we moved", "from 1939-1945 to 2019-2020", "1 234 567 euros",
    "it is 1.234.567,89 €", "12,500,000 dollars", "€ 612 345 678", "612 345 678 €",
    "they won 21-19 21-17 15-11", "ISBN 978-3-16-148410-0", "0-306-40615-2 is the book",
    "978 0 306 40615 7", "room 1204 on floor 12", "on 12.05.2024 at 18:30",
    "2024-05-12 14:30 to 16:30", "0.123456789", "3.14159265358", "80 kg and 10000 metres",
    "lottery 5 12 23 34 45 49", "version 10.0.19045", "1000000000", "7 8 9 10 11 12 13",
    "call me at 5 pm on 3 July 2024", "500-1000 calories", "2000-3000 people", "10 - 12 - 14",
    "٢٠٢٤ ٢٠٢٥", "一二三四五六七", "at 20 minutes from 5th street", "12 street food stalls",
    "la rue pendant 20 minutes", "wir gehen die Straße 20 Minuten entlang", "@ 5 pm", "a @ b",
    "4111 1111 1111 1112", "DE88 3704 0044 0532 0130 00", "000 000 0000", "",
)  # fmt: skip


@pytest.mark.parametrize("tag", ["en", "fr", "es", "de", "pl", "da", "zh", "ar"])
def test_years_prices_scores_and_rooms_are_not(tag):
    found = {text: list(private_data(text, tag)) for text in ORDINARY}
    assert not {text: some for text, some in found.items() if some}


def test_every_packed_language_has_addresses():
    assert set(packed_tags()) <= set(tomllib.loads(FILE.read_text("utf-8"))["addresses"])


def test_long_runs_of_digits_end():
    for text in ("1" * 5000, "1 " * 3000, "(1" * 2000, "1-" * 3000, "12 " * 3000, "@" * 5000):
        assert not list(private_data(text, "en"))
