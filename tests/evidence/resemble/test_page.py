"""The commands as a user types them, the page they write, and what they say of bad input."""

import json
import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from crowdglot.command.app import app
from crowdglot.errors import CrowdglotError, StorageError
from crowdglot.evidence.resemble.comparing import compare_languages
from crowdglot.evidence.resemble.page import render
from crowdglot.evidence.sources import open_source
from tests.datasets.report.dataset import row, write_dataset
from tests.datasets.report.test_page import browser  # noqa: F401
from tests.evidence.talks import Given, talk


def personas(number):
    return [{"speaker": one, "name": one, "id": f"{one}{number}", "facts": ["x"]} for one in "AB"]


def rows(tag, count, mark="", start=0):
    texts = (tuple(text + mark for text in talk(n, tag).turns) for n in range(start, start + count))
    return [row(start + at, said, tag=tag, personas=personas(start + at))
            for at, said in enumerate(texts)]  # fmt: skip


def human(folder, tags, count=30):
    folder.mkdir()
    for tag in tags:
        records = [
            {"persona": [f"{tag} {n}"], "dialogue": [list(pair) for pair in zip(
                talk(n, tag).turns[::2], talk(n, tag).turns[1::2], strict=True)]}
            for n in range(5000, 5000 + count)
        ]  # fmt: skip
        (folder / f"{tag}_people.json").write_text(json.dumps(records), "utf-8")
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_resemble_writes_page_and_figures(tmp_path):
    mine = [*rows("fr", 30, "!"), *rows("ar", 25, "!", 100), *rows("zh", 3, "", 200)]
    folder, people = write_dataset(tmp_path / "d", mine), human(tmp_path / "h", ("fr", "ar", "zh"))
    done = run("resemble", folder, "--human", people, "--no-meaning")
    assert done.exit_code == 0, done.output
    assert "ends a turn with an exclamation mark: 100% of ours, 0% of theirs" in done.output
    assert "zh: 3 of ours and 30 of people's, of 20 each that it takes; no figure." in done.output
    figures = json.loads((folder / "resemble.json").read_text("utf-8"))
    assert [one["language"] for one in figures["languages"]] == ["ar", "fr"]
    assert figures["languages"][1]["whole"]["value"] > 0.9
    page = (folder / "resemble.html").read_text("utf-8")
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "<script" not in page
    # The run goes on as if the page were not there, and the report is another file.
    assert open_source(str(folder)).counts == {"ar": 25, "fr": 30, "zh": 3}


def test_rejected_drafts_only_where_asked_for(tmp_path):
    mine = [*rows("fr", 5), *rows("fr", 30, "!", 50)]
    mine = [one if one["index"] < 50 else one | {"reason": "format.not_json"} for one in mine]
    mine.append(row(99, (), reason="format.not_json", turns=[], draft="no"))
    folder, people = write_dataset(tmp_path / "d", mine), human(tmp_path / "h", ("fr",))
    refused = run("resemble", folder, "--human", people, "--no-meaning").exception
    assert isinstance(refused, CrowdglotError)
    assert "fr: 5 of ours and 30 of people's" in str(refused)
    drawn = open_source(str(folder), rejected=True).draw("fr", 500)
    assert (len(drawn.talks), drawn.there, drawn.left_out) == (35, 36, 1)
    assert len(open_source(str(folder), rejected=True).draw("fr", 7).talks) <= 7


def test_selection_of_a_dataset_and_of_people(tmp_path):
    folder, people = write_dataset(tmp_path / "d", rows("fr", 30)), human(tmp_path / "h", ("fr",))
    told = tmp_path / "selection.json"
    done = run("selection", folder, "--human", people, "--no-meaning", "--output", told)
    assert done.exit_code == 0, done.output
    assert "chance" in done.output
    made = json.loads(told.read_text("utf-8"))["selections"]
    assert [one["source"] for one in made] == ["test", "h"]
    assert [share["chance"] for share in made[0]["shares"]][:2] == [0.05, 0.25]


@pytest.mark.parametrize("verb", ["resemble", "selection"])
def test_bad_input_is_one_sentence(tmp_path, verb):
    folder, abroad = write_dataset(tmp_path / "d", rows("fr", 1)), human(tmp_path / "h", ("zh",))
    for given in (
        (folder, "--human", abroad),
        (tmp_path / "nowhere", "--human", abroad),
        (folder, "--human", tmp_path / "nowhere"),
        (folder, "--human", folder / "recipe.toml"),
    ):
        done = run(verb, *given, "--no-meaning")
        assert isinstance(done.exception, CrowdglotError), (given, done.output)
        assert "\n" not in str(done.exception)
    (tmp_path / "e" / "data").mkdir(parents=True)
    done = run(verb, tmp_path / "e", "--human", abroad, "--no-meaning")
    assert isinstance(done.exception, StorageError)
    assert not list(folder.glob("resemble.*"))


def test_page_in_a_browser(browser, tmp_path):  # noqa: F811
    """Right to left and hostile text, in Chromium: nothing runs, nothing is loaded."""
    ours = [replace(talk(n, "ar"), turns=tuple("<b>شرفة " + text for text in talk(n, "ar").turns))
            for n in range(30)]  # fmt: skip
    (made,) = compare_languages(Given(ours), Given([talk(n, "ar") for n in range(90, 130)]))
    assert any(one.feature.phrase for one in made.giveaways)
    page = tmp_path / "resemble.html"
    page.write_text(render(("<script>document.title='owned'</script>", "h"), [made], []), "utf-8")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page.as_uri())
    assert browser.title.startswith("<script>")
    assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    phrases = browser.find_elements("css selector", "bdi[lang=ar]")
    assert any("شرفة" in one.text for one in phrases)
    assert browser.execute_script("return document.querySelectorAll('b').length") == 0
    width = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(width) <= 0
