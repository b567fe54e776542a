"""The page: whole without a script, in both directions, and text that would like to be markup."""

import json
import re
from html import unescape

from crowdglot.evidence.compare import compare_datasets
from crowdglot.evidence.compare.comparing import Comparison
from crowdglot.evidence.compare.page import chance, forest, render, signed, words
from crowdglot.evidence.compare.statistics import Difference
from tests.datasets.report.test_page import browser  # noqa: F401 - a fixture
from tests.evidence.compare.arms import dataset, random_rows

HOSTILE = "<script>document.title='owned'<!-- & \u202e {{ 7 * 7 }} مرحبا"


def comparison(**changes):
    usual = {
        "measure": "turns", "better": "neither", "size": "dialogues", "language": "fr",
        "one": "a", "other": "b", "pairs": 0, "counts": (9, 9), "signature": "",
    }  # fmt: skip
    found = {"values": (1, 2), "difference": 1.0, "low": -1.0, "high": 3.0, "p": 0.1}
    own = {name: changes.pop(name, value) for name, value in found.items()}
    return Comparison(found=Difference(**own), **usual, **changes)


def test_a_forest_plot_has_0_in_its_middle():
    drawn = forest(comparison())
    assert drawn.low < 100 < drawn.middle < drawn.high < 200
    nothing = forest(comparison(low=None, high=None, difference=0.0))
    assert (nothing.low, nothing.middle, nothing.high) == (100, 100, 100)


def test_told_apart_are_arms_by_the_test_and_by_the_interval():
    found = [
        comparison(low=low, high=high, p_holm=p).differs
        for low, high, p in (
            (1, 3, 0.01),
            (-1, 3, 0.01),
            (1, 3, 0.2),
            (1, 3, None),
            (None, None, 0.01),
        )
    ]
    assert found == [True, False, False, False, True]


def test_words_and_numbers():
    assert words("ead")[0] == "EAD" and words("score_translated_leak")[0] == "Translated leak"
    assert words("score_<b>")[0] == "<b>"  # the template escapes it
    assert (signed(-0.5), signed(1200.0)) == ("−0.5000", "+1,200")
    assert (chance(None), chance(1e-9), chance(0.25)) == ("–", "< 0.0001", "0.25")


def hostile(folder):
    rows = random_rows(2, 9) + random_rows(2, 9, "ar")
    for one in rows:
        one["verdicts"] = [{"critic": HOSTILE, "reason": None, "evidence": HOSTILE, "score": 0.5}]
    return [
        dataset(folder / "plain", random_rows(1, 9) + random_rows(1, 9, "ar")),
        dataset(folder / HOSTILE, rows),
    ]


def test_the_page_holds_no_script_and_the_figures_are_json(tmp_path):
    page, found = compare_datasets(hostile(tmp_path))
    text = page.read_text("utf-8")
    assert "<script" not in text and "\u202e" not in text and "{{ 7 * 7 }}" in text
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; img-src data:", unescape(text))
    assert not re.search(r'(src|href)="(?!#|data:,)', text) and " style=" not in text
    told = json.loads((page.parent / "compare.json").read_text("utf-8"))
    assert len(told["comparisons"]) == len(found.comparisons) > 50
    assert {one["arm"] for one in told["figures"]} == {arm["name"] for arm in told["arms"]}
    assert all(one["signature"].count("|") > 2 for one in told["comparisons"])
    assert render(found) == text


def test_the_page_in_a_browser(browser, tmp_path):  # noqa: F811
    page, _ = compare_datasets(hostile(tmp_path))
    browser.get_log("browser")
    browser.get(page.as_uri())
    assert browser.title == "Comparison of 2 arms · crowdglot"
    assert not browser.get_log("browser")
    heads = [each.text for each in browser.find_elements("css selector", "h2")]
    assert heads == ["Arms", "Told apart", "Two by two", "All figures"]
    lines = browser.find_elements("css selector", "details[open] details[open] tbody tr")
    assert len(lines) > 20 and lines[0].text.startswith("Distinct-1")
    for name in browser.find_elements("css selector", "bdi"):
        assert name.value_of_css_property("unicode-bidi") == "isolate"
    wide = browser.execute_script("return document.documentElement.scrollWidth > innerWidth")
    assert not wide
