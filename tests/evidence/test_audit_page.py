"""The audit's page in a browser: nothing is loaded, nothing runs, both directions of writing."""

import json

from tests.datasets.report.dataset import ARABIC, row, write_dataset
from tests.datasets.report.test_page import ATTACKS, browser, texts  # noqa: F401 - a fixture
from tests.evidence.test_audit import MUSLIM, audit, persona, talk


def test_the_page_is_read_offline_and_runs_nothing(browser, tmp_path):  # noqa: F811
    rows = [talk(n, *([MUSLIM] if n % 2 else []), bad=n % 4 == 1) for n in range(44)]
    people = [persona("I am retired."), persona(*ATTACKS[:2], speaker="B")]
    private = [*ARABIC[:3], "رقمي ٠٥٠١٢٣٤٥٦٧ " + " ".join(ATTACKS)]
    rows.append(row(99, private, tag="ar", personas=people, model=ATTACKS[0]))
    folder = write_dataset(tmp_path / "d", rows, name=ATTACKS[1])
    audit(folder)
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get((folder / "audit.html").as_uri())
    assert browser.title != "owned" and not browser.get_log("browser")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    # What a browser asks for itself while it starts belongs to no page.
    urls = [one["request"]["url"] for one in sent if one["documentURL"] == browser.current_url]
    assert urls and all(url.startswith(("file:", "data:")) for url in urls), urls
    assert any(text.startswith("faith: muslim") for text in texts(browser, "#harm tbody th"))
    assert texts(browser, "#harm strong"), "a difference that is not chance is bold"
    turns = browser.find_elements("css selector", ".turns[dir='rtl']")
    assert len(turns) == 1 and "٠٥٠١٢٣٤٥٦٧" in texts(browser, ".turns[dir='rtl'] mark")[0]
    assert len(texts(browser, "#worst article")) == 12
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= browser.execute_script("return window.innerWidth")
