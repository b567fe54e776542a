"""The page in Chromium, by the keyboard alone."""

import asyncio
import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from crowdglot.datasets.browse.app import make_app
from crowdglot.datasets.browse.guard import Guard
from crowdglot.datasets.browse.room import Room
from crowdglot.datasets.withdrawals import read_withdrawals
from tests.datasets.browse.dataset import dataset
from tests.datasets.report.dataset import write_dataset
from tests.datasets.report.test_page import attacked, browser, texts  # noqa: F401

pytestmark = [pytest.mark.server, pytest.mark.slow]


@contextmanager
def served(folder):
    """The page's address; the server ends with the test."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = Guard(make_app(Room(folder, withdraw=True)), "secret", "crowdglot-test")
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        running = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
        running.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/?token=secret"
        finally:
            server.should_exit = True
            running.join()


class Page:
    """What a person does with a keyboard, and waits for."""

    def __init__(self, driver, address):
        self.driver = driver
        driver.get_log("browser")
        driver.get(address)
        self.until(lambda: driver.find_elements("css selector", "#dialogue h3, #dialogue .notice")
                   or self.told("#found").startswith("There is no"))  # fmt: skip

    def until(self, holds):
        """Wait; what the page replaces meanwhile is looked for again."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.driver, 60, 0.05, [StaleElementReferenceException])
        waiting.until(lambda _: holds())

    def shows(self, selector, *wanted):
        self.until(lambda: texts(self.driver, selector) == [*wanted])

    def press(self, *keys):
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def told(self, selector):
        return "\n".join(texts(self.driver, selector))

    def waits_for(self, selector, text):
        self.until(lambda: text in self.told(selector))

    @property
    def focus(self):
        return self.driver.switch_to.active_element.get_attribute("id")


def test_a_dialogue_is_found_read_and_rated_without_a_mouse(browser, tmp_path):  # noqa: F811
    from selenium.webdriver.common.keys import Keys

    folder = dataset(tmp_path / "d")
    with served(folder) as address:
        page = Page(browser, address)
        assert "token" not in browser.current_url
        assert page.focus == "list"
        assert (
            page.driver.switch_to.active_element.value_of_css_property("outline-style") == "solid"
        )
        page.waits_for("#dialogue h3", "ar-1")
        turns = browser.find_element("css selector", "#dialogue .turns")
        assert (turns.get_attribute("dir"), turns.get_attribute("lang")) == ("rtl", "ar")
        assert turns.find_element("css selector", "p").value_of_css_property("direction") == "rtl"
        page.press("j", "j", "j")
        page.waits_for("#dialogue h3", "fr-1")
        page.shows("#dialogue mark.quoted", "panier")
        page.shows("#dialogue .said", "foreign_words.foreign_word")
        page.press("c")
        page.shows(".side-by-side article .verdict", "accepted", "rejected", "rejected", "surplus")
        page.press("c", "h")
        assert not browser.find_element("css selector", "#dialogue .evidence").is_displayed()
        page.press("h", "k")
        page.waits_for("#dialogue h3", "ar-2")
        page.press("/")
        assert page.focus == "text"
        page.press("numéro 5")  # digits and letters are text here
        page.waits_for("#found", "1 dialogue")
        page.press(Keys.ENTER)
        assert page.focus == "list"
        page.waits_for("#dialogue h3", "fr-5")
        page.press("4")
        page.waits_for("#told", "Not saved: give your name first")
        assert page.focus == "rater"
        page.press("Ana 1", Keys.TAB)
        page.press(Keys.ESCAPE)
        page.waits_for("#rating .current legend", "Is the language right?")
        browser.execute_script("document.getElementById('list').focus()")
        page.press("4", "0", "2", "5")
        page.waits_for("#told", "Saved.")
        page.press("r", "w")
        page.waits_for("#told", "1 withdrawn by raters")
        page.press("?")
        page.waits_for("#help h2", "Keys")
        page.press(Keys.ESCAPE)
        [told] = Room(folder, withdraw=False).ratings().last
        assert (told.rater, told.decision, told.withdraw) == ("Ana 1", "reject", True)
        assert told.scores == {"fluency": 4, "persona": 2, "event": 5}
        assert [one.index for one in read_withdrawals(folder).every] == [5]
        assert browser.get_log("browser") == []


def test_searches_in_scripts_without_blanks_are_marked(browser, tmp_path):  # noqa: F811
    from selenium.webdriver.common.keys import Keys

    with served(dataset(tmp_path / "d")) as address:
        page = Page(browser, address)
        for text, name in (("阳台", "zh-1"), ("ระเบียง", "th-1"), ("شرفة", "ar-1")):
            page.press(Keys.ESCAPE, "/", text)
            page.waits_for("#dialogue h3", name)
            page.shows("#dialogue mark.found", text)
        assert browser.get_log("browser") == []


@pytest.mark.ci
def test_keys_of_another_keyboard_lie_where_these_do(browser, tmp_path):  # noqa: F811
    with served(dataset(tmp_path / "d")) as address:
        page = Page(browser, address)
        page.waits_for("#dialogue h3", "ar-1")
        press = {"type": "keyDown", "key": "о", "code": "KeyJ", "text": "о"}
        browser.execute_cdp_cmd("Input.dispatchKeyEvent", press)
        page.waits_for("#dialogue h3", "ar-2")


@pytest.mark.ci
def test_markup_of_strangers_stays_text(browser, tmp_path):  # noqa: F811
    count = "return document.querySelectorAll(arguments[0]).length"
    with served(write_dataset(tmp_path / "d", attacked(), name="<img src=x>")) as address:
        page = Page(browser, address)
        for _ in range(8):
            for selector in ("img", "[onerror]", "[onfocus]", "svg", "#dialogue a", "#list a"):
                assert browser.execute_script(count, selector) == 0, selector
            before = browser.find_element("css selector", "#list [aria-selected=true]").id
            page.press("j")
            page.until(lambda before=before: browser.find_element(
                "css selector", "#list [aria-selected=true]").id != before)  # fmt: skip
        page.press("c")
        assert browser.title == "<img src=x> · crowdglot browse"
        assert browser.get_log("browser") == []


@pytest.mark.ci
def test_a_page_without_rows_and_a_server_that_is_gone(browser, tmp_path):  # noqa: F811
    with served(write_dataset(tmp_path / "d", [])) as address:
        page = Page(browser, address)
        assert "run `crowdglot synthesize`" in page.told("#found")
    page.press("/", "x")
    page.waits_for("#found", "is `crowdglot browse` still running?")
    browser.get_log("browser")
