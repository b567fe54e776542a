"""The page in a browser: filters, directions, themes, and text that would like to be markup."""

import json
import shutil

import pytest

from crowdglot.datasets.report import gather, write_report
from crowdglot.datasets.report.page import render
from tests.builders import FRENCH
from tests.datasets.report.dataset import ARABIC, row, write_dataset
from tests.datasets.report.test_facts import talk

ATTACKS = (
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    "<svg onload=alert(1)><style>*{display:none}</style>",
    '"><a href="javascript:alert(1)">x</a>',
    "' autofocus onfocus='alert(1)",
    "{{ 7 * 7 }} {% raw %} &lt;b&gt; ]]> \u2028 \u202e\u2066 \x00\x1b[31m",
)


FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--force-prefers-reduced-motion", "--window-size=1280,900",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless Chromium with an empty profile; skips where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no Chromium with its chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(driver)
    with webdriver.Chrome(options=options, service=service) as running:
        yield running


def opened(browser, folder, rows, name="test", **source):
    """The page of a dataset in the browser, with the logs of all that came before read off."""
    write_dataset(folder, rows, name=name)
    page = write_report(folder, gather(folder, name, **source))
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page.as_uri())
    return browser


def dialogues():
    rows = [row(n, talk(n), event=["catching_up", "gossip"][n % 2]) for n in range(22)]
    rows += [row(n, ARABIC, tag="ar") for n in range(22, 25)]
    rows += [row(n, talk(n), reason="repetition.echo_turn", evidence="turn 3") for n in (30, 31)]
    return [*rows, row(32, FRENCH, reason="format.not_json", turns=[], draft="I cannot.")]


def texts(browser, selector):
    return [each.text for each in browser.find_elements("css selector", selector)]


def choose(browser, field, value):
    browser.find_element("css selector", f"#{field} option[value='{value}']").click()


def shown(browser):
    return [text.split()[1] for text in texts(browser, "#rows article h3")]


def test_filters_change_the_rows(browser, tmp_path):
    opened(browser, tmp_path / "d", dialogues())
    assert texts(browser, "#found") == ["28 of 28 dialogues"]
    assert len(shown(browser)) == 10
    choose(browser, "language", "ar")
    assert shown(browser) == ["ar-22", "ar-23", "ar-24"]
    assert texts(browser, "#found") == ["3 of 28 dialogues"]
    choose(browser, "language", "")
    choose(browser, "verdict", "rejected")
    assert shown(browser) == ["fr-30", "fr-31", "fr-32"]
    assert texts(browser, "#rows .draft") == ["I cannot."]
    choose(browser, "reason", "repetition.echo_turn")
    assert shown(browser) == ["fr-30", "fr-31"]
    choose(browser, "verdict", "accepted")
    assert not browser.find_element("id", "reason").is_enabled()
    choose(browser, "event", "gossip")
    assert texts(browser, "#found") == ["11 of 28 dialogues"]
    browser.find_element("css selector", "button[type=reset]").click()
    choose(browser, "verdict", "")
    assert texts(browser, "#found") == ["28 of 28 dialogues"]


def test_search_and_pages(browser, tmp_path):
    opened(browser, tmp_path / "d", dialogues())
    first = shown(browser)
    assert texts(browser, "#position") == ["Page 1 of 3"]
    browser.find_element("id", "next").click()
    assert texts(browser, "#position") == ["Page 2 of 3"]
    assert not set(first) & set(shown(browser))
    browser.find_element("id", "search").send_keys("شرفة واسعة")
    assert shown(browser) == ["ar-22", "ar-23", "ar-24"]
    assert texts(browser, "#rows mark") == ["شرفة واسعة"] * 3
    assert not browser.find_element("id", "pages").is_displayed()
    browser.find_element("id", "search").send_keys("\ue000 no such text")
    assert texts(browser, "#found") == ["No dialogue fits these filters."]


def test_charts_open_their_dialogues(browser, tmp_path):
    opened(browser, tmp_path / "d", dialogues())
    cell = ".heat a[data-language=fr][data-event=gossip]"
    assert texts(browser, cell) == ["11\n100%"]
    browser.execute_script("document.querySelector(arguments[0]).click()", cell)
    assert texts(browser, "#found") == ["11 of 28 dialogues"]
    browser.execute_script("document.querySelector('.funnel [data-reason]').click()")
    assert shown(browser) == ["fr-30", "fr-31"]


def test_right_to_left(browser, tmp_path):
    opened(browser, tmp_path / "d", dialogues())
    choose(browser, "language", "ar")
    turns = browser.find_element("css selector", "#rows .turns")
    assert (turns.get_attribute("dir"), turns.get_attribute("lang")) == ("rtl", "ar")
    said = turns.find_element("css selector", "p")
    assert said.value_of_css_property("direction") == "rtl"
    name = turns.find_element("css selector", ".who")
    assert name.rect["x"] > said.rect["x"]  # whoever speaks stands at the right
    choose(browser, "language", "fr")
    said = browser.find_element("css selector", "#rows .turns p")
    assert said.value_of_css_property("direction") == "ltr"


def test_light_and_dark(browser, tmp_path):
    opened(browser, tmp_path / "d", dialogues())
    body, button = (browser.find_element("tag name", "body"), browser.find_element("id", "theme"))
    grounds = {}
    for _ in range(3):
        grounds[button.text] = body.value_of_css_property("background-color")
        button.click()
    assert set(grounds) == {"Theme: system", "Theme: light", "Theme: dark"}
    assert grounds["Theme: light"] != grounds["Theme: dark"]
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        assert body.value_of_css_property("background-color") == grounds[f"Theme: {scheme}"]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_no_wider_than_a_phone(browser, tmp_path):
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened(browser, tmp_path / "d", [*dialogues(), row(40, ["x" * 3000, "y"])])
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width == 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def attacked():
    """Markup in every field that a model, a recipe or a critic can fill."""
    rows = []
    for number, text in enumerate(ATTACKS):
        people = [
            {"speaker": who, "name": f"{text} {who}", "id": text, "facts": [text]} for who in "AB"
        ]
        more = {"personas": people, "model": text, "id": f"{number}{text}"}
        if text != ATTACKS[-1]:  # no name of a file
            more["speech_event"] = text
        rows.append(row(number, (text, f"{text} {text}", *FRENCH), **more))
        rows[-1]["common_ground"] = dict.fromkeys(rows[-1]["common_ground"], text)
        rows.append(row(50 + number, (text, *FRENCH), reason=f"odd.{text}", evidence=text, **more))
        rows.append(row(90 + number, reason="format.not_json", turns=[], draft=text, **more))
    return rows


def test_markup_in_the_data_stays_text(browser, tmp_path):
    name = "".join(ATTACKS[:3])
    opened(browser, tmp_path / "d", attacked(), name=name)
    count = "return document.querySelectorAll(arguments[0]).length"
    wanted = {"script": 2, "style": 1, "img": 0, "svg[onload]": 0, "[onerror]": 0, "[onfocus]": 0}
    seen = ""
    while True:
        for selector, number in wanted.items():
            assert browser.execute_script(count, selector) == number, selector
        assert browser.execute_script(count, "a:not([href^='#'])") == 0
        seen += "\n".join(texts(browser, "#rows"))
        if not browser.find_element("id", "next").is_enabled():
            break
        browser.find_element("id", "next").click()
    for attack in ATTACKS[:-1]:
        assert attack in seen
    assert "⟨U+202E⟩" in seen
    assert browser.title == f"{name} · crowdglot report"
    assert browser.find_element("tag name", "h1").text == name
    assert browser.get_log("browser") == []
    for field in ("verdict", "language", "event", "reason"):
        for option in browser.find_elements("css selector", f"#{field} option"):
            option.click()
    assert browser.get_log("browser") == []


def test_the_policy_holds_even_if_markup_got_through(browser, tmp_path):
    opened(browser, tmp_path / "d", dialogues())
    inject = """
        let refused = 0;
        const attempt = (action) => { try { action(); } catch { refused += 1; } };
        const script = document.createElement("script");
        attempt(() => { script.textContent = "window.owned = 1"; });
        script.append("window.owned = 2");
        document.body.append(script);
        attempt(() => { document.body.innerHTML = "<b>x</b>"; });
        attempt(() => { document.body.setAttribute("onclick", "window.owned = 3"); });
        document.body.setAttribute("style", "color: rgb(1, 2, 3)");
        document.body.click();
        return [refused, window.owned, getComputedStyle(document.body).color];
    """
    refused, owned, color = browser.execute_script(inject)
    assert refused == 3
    assert owned is None
    assert color != "rgb(1, 2, 3)"
    told = [entry["message"] for entry in browser.get_log("browser")]
    assert any("Content Security Policy" in message for message in told)


def test_nothing_is_asked_of_the_network(browser, tmp_path):
    opened(browser, tmp_path / "d", attacked())
    choose(browser, "language", "fr")
    asked = [
        message["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        for message in [json.loads(entry["message"])["message"]]
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [browser.current_url.split("#")[0]]
    resources = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert browser.execute_script(resources) == []


def test_an_empty_page_has_nothing_to_browse(browser, tmp_path):
    opened(browser, tmp_path / "d", [])
    assert texts(browser, "#found") == ["There is no dialogue to browse."]
    assert not browser.find_element("id", "filters").is_displayed()
    assert browser.get_log("browser") == []


def test_no_attack_is_markup_without_a_browser_either(tmp_path):
    page = render(gather(write_dataset(tmp_path / "d", attacked()), ATTACKS[2]))
    markup, held = page.split('<script type="application/json" id="held">')
    for mark in ("<img", "<svg onload", "<script>document", "' autofocus", 'href="javascript'):
        assert mark not in markup
    assert "<" not in held.split("</script>")[0]
    assert page.count("<script") == page.count("</script") == 2
    assert "\u202e" not in page
