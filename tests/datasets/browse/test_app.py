"""The page's server, without a browser: who may ask, what is answered, what is refused."""

import json
import re
import threading

import pytest
from filelock import FileLock
from starlette.testclient import TestClient

from crowdglot.datasets.browse import index as index_module
from crowdglot.datasets.browse.app import make_app
from crowdglot.datasets.browse.guard import Guard
from crowdglot.datasets.browse.room import Chosen, Room
from crowdglot.datasets.storage.lease import LOCK
from crowdglot.datasets.storage.location import locate
from crowdglot.datasets.withdrawals import Withdrawal, read_withdrawals, write_withdrawals
from crowdglot.errors import StorageError
from tests.datasets.browse.dataset import dataset
from tests.datasets.report.dataset import row, write_dataset
from tests.datasets.report.test_page import ATTACKS, attacked

HOME = "http://127.0.0.1:8000"
PATHS = ("/", "/browse.js", "/browse.css", "/report.css", "/agreement", "/api/choices",
         "/api/find", "/api/scenario?row=0")  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return dataset(tmp_path / "d")


@pytest.fixture
def client(folder):
    return browsing(folder)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """For tests that store nothing."""
    return browsing(dataset(tmp_path_factory.mktemp("read") / "d"))


def browsing(folder, *, withdraw=True, enter=True):
    app = Guard(make_app(Room(folder, withdraw=withdraw)), "secret", "crowdglot-8000")
    client = TestClient(app, base_url=HOME)
    if enter:
        assert client.get("/?token=secret").status_code == 200
    return client


def find(client, **query):
    return client.get("/api/find", params=query).json()["rows"]


def rate(client, row, rater="Ana", decision="accept", headers=(), *, withdraw=False, **scores):
    draft = client.get("/api/scenario", params={"row": row}).json()["draft"]
    told = {**draft, "row": row, "rater": rater, "decision": decision, "withdraw": withdraw,
            "scores": scores}  # fmt: skip
    return client.post("/api/rate", json=told, headers={"Origin": HOME, **dict(headers)})


def first(client, **query):
    return find(client, **query)[0]["row"]


def test_nothing_is_told_without_the_token(folder):
    client = browsing(folder, enter=False)
    for path in (*PATHS, "/?token=", "/?token=secre", "/?token=%FF", "/browse.js?token=secret"):
        told = client.get(path)
        assert (told.status_code, "token" in told.text) == (403, True), path
        assert "set-cookie" not in told.headers
        assert "fr-" not in told.text
    for cookie in ("crowdglot-8000=wrong", "crowdglot-9=secret", "crowdglot-8000=\xe9"):
        header = {"Cookie": cookie.encode("latin-1")}
        assert client.get("/api/find", headers=header).status_code == 403


def test_the_token_becomes_a_strict_cookie_once(reader):
    told = reader.get("/?token=secret").headers["set-cookie"]
    assert told == "crowdglot-8000=secret; Path=/; HttpOnly; SameSite=Strict"
    for path in PATHS:
        answer = reader.get(path)
        assert answer.status_code == 200, path
        assert "set-cookie" not in answer.headers, path
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "0.0.0.0:8000", "", "[",
             "localhost@evil.example"],
)  # fmt: skip
def test_another_name_of_this_machine_is_refused(reader, host):
    for path in ("/?token=secret", "/api/find"):
        assert reader.get(path, headers={"Host": host}).status_code == 403


def test_a_tunnel_from_another_port_is_welcome(client):
    there = {"Host": "localhost:9999", "Origin": "http://localhost:9999"}
    assert client.get("/api/find", headers=there).status_code == 200
    assert rate(client, 0, headers=there.items()).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9"},
        {"Origin": "https://127.0.0.1:8000"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
def test_another_site_is_refused(client, folder, headers):
    assert client.get("/api/find", headers=headers).status_code == 403
    assert rate(client, 0, headers=headers.items()).status_code == 403
    assert not (folder / "ratings.jsonl").exists()


def test_a_rating_without_an_origin_is_refused(client, folder):
    assert client.post("/api/rate", json={}).status_code == 403
    assert client.delete("/", headers={"Origin": HOME}).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/recipe.toml", "/../recipe.toml", "/%2e%2e/recipe.toml", "/..%2f..%2fetc/passwd", "/app.py",
     "/data/fr/train-00000.parquet", "//etc/passwd", "/api", "/api/rate", "/%00"],
)  # fmt: skip
def test_no_path_leads_to_a_file(reader, path):
    told = reader.get(path)
    assert (told.status_code, told.text) == (404, "There is no such page.")


@pytest.mark.parametrize(
    "query",
    ["verdict=odd", "said=x", "rated=x", "least=abc", "least=nan", "start=-1", "start=1e9",
     "start=" + "9" * 5000, "start=" + "9" * 30, "text=" + "x" * 501, "other=1"],
)  # fmt: skip
def test_odd_questions_are_one_sentence(reader, query):
    told = reader.get(f"/api/find?{query}")
    assert told.status_code == 400
    assert re.fullmatch(r"[^\n]+\.", told.text)


def test_rows_that_are_not_there(reader):
    for number in ("14", "99999", "-1", "x"):
        assert reader.get(f"/api/scenario?row={number}").status_code == 400


def test_a_scenario_has_all_its_drafts_with_the_evidence_on_the_turn(reader):
    told = reader.get("/api/scenario", params={"row": first(reader, text="fr-1")}).json()
    drafts = told["candidates"]
    assert [(one["attempt"], one["accepted"]) for one in drafts] == [
        (2, True), (0, False), (1, False), (3, False),
    ]  # fmt: skip
    assert drafts[1]["marks"] == [
        {"turn": 1, "said": "foreign_words.foreign_word", "quote": "panier"}
    ]
    assert [mark["turn"] for mark in drafts[2]["marks"]] == [0, 2]
    assert drafts[0]["personas"][0]["facts"][0] == "I am a nurse."
    assert drafts[0]["common_ground"]["premise"] == "Camille is back in town."
    arabic = reader.get(
        "/api/scenario", params={"row": first(reader, language="ar", verdict="rejected")}
    )
    [mark] = arabic.json()["candidates"][1]["marks"]
    assert mark["quote"].startswith("لا تذكرني")
    assert arabic.json()["candidates"][0]["direction"] == "rtl"


def test_a_rating_is_stored_and_shown_to_its_rater_alone(client, folder):
    row = first(client, text="fr-5")
    assert rate(client, row, "Ana", "reject", fluency=4).json() == {"told": "Saved."}
    own = client.get("/api/scenario", params={"row": row, "rater": "Ana"}).json()["mine"]
    assert own == {"scores": {"fluency": 4}, "decision": "reject", "withdraw": False}
    same = client.get("/api/scenario", params={"row": row, "rater": " Ana "}).json()
    assert same["mine"] == own
    other = client.get("/api/scenario", params={"row": row, "rater": "Li"}).json()
    assert other["mine"] is None
    assert [one["id"] for one in find(client, rated="yes", rater="Ana")] == ["fr-5"]
    assert len(find(client, rated="no", rater="Ana")) == 13
    assert read_withdrawals(folder).every == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scores": {"fluency": 6}}, "'scores.fluency': input should be less than or equal to 5."),
        ({"scores": {"fluency": "5"}}, "'scores.fluency': input should be a valid integer"),
        ({"rater": ""}, "'rater': the name must have"),
        ({"row": 99}, "no such row"),
        ({"row": True}, "no such row"),
        ({"index": 4}, "another one by now"),
        ({"turns": "0" * 16}, "another one by now"),
        ({"extra": 1}, "'extra' is not a known key"),
        ({"withdraw": True, "decision": "accept"}, "only what is rejected is withdrawn"),
    ],
)
def test_a_rating_out_of_range_is_one_sentence(reader, change, said):
    draft = reader.get("/api/scenario?row=0").json()["draft"]
    good = {**draft, "row": 0, "rater": "A", "decision": "reject", "withdraw": False, "scores": {}}
    told = reader.post("/api/rate", json=good | change, headers={"Origin": HOME})
    assert told.status_code in (400, 409)
    assert said in told.text
    assert "\n" not in told.text
    assert find(reader, rated="yes", rater="A") == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * (1 << 20), "application/json", 413),
        (b"{", "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_bodies_that_are_no_rating(reader, body, kind, status):
    told = reader.post("/api/rate", content=body, headers={"Origin": HOME, "Content-Type": kind})
    assert told.status_code == status
    assert "\n" not in told.text


def test_two_raters_at_once_lose_nothing(client, folder):
    rows = [one["row"] for one in find(client, language="fr")]

    def work(who):
        for number in rows:
            assert rate(client, number, who, fluency=3).status_code == 200

    raters = [threading.Thread(target=work, args=(who,)) for who in ("Ana", "Li", "Βασίλης")]
    for one in raters:
        one.start()
    for one in raters:
        one.join()
    told = Room(folder, withdraw=False).ratings()
    assert (len(told.last), told.skipped) == (3 * len(rows), 0)


def test_a_row_that_was_withdrawn_is_no_longer_rated(client, folder):
    gone = Withdrawal("fr", 0, 5, 0, "0" * 16, "duplicates", "near_duplicate", "", 1.0)
    row = first(client, text="fr-5")
    write_withdrawals(folder, [gone], up_to_date=True)
    told = rate(client, row)
    assert (told.status_code, told.text) == (
        409, "fr-5: was withdrawn (duplicates), so it is no longer rated; nothing was stored.",
    )  # fmt: skip
    assert not (folder / "ratings.jsonl").exists()
    shown = client.get("/api/scenario", params={"row": row}).json()["candidates"][0]
    assert shown["withdrawn"] == "duplicates"


def test_a_reject_withdraws_only_where_the_owner_and_the_rater_want_it(client, folder):
    row = first(client, text="fr-5")
    rate(client, row, decision="reject")
    assert read_withdrawals(folder).every == ()
    guests = browsing(folder, withdraw=False)
    assert not guests.get("/api/choices").json()["withdraw"]
    told = rate(guests, row, decision="reject", withdraw=True)
    assert (told.status_code, "without --withdraw" in told.text) == (400, True)
    rate(client, row, decision="reject", withdraw=True)
    [one] = read_withdrawals(folder).every
    assert (one.index, one.by, one.reason, one.shard) == (5, "people", "rejected", 0)
    assert "Ana" not in (folder / "withdrawals.jsonl").read_text()  # it is published
    assert (folder / "open/fr/train-00000").exists()
    assert rate(client, row, "Li").status_code == 409
    assert rate(client, row, "Ana").status_code == 200  # who withdrew it may think again
    assert read_withdrawals(folder).every == ()


def test_a_dataset_that_is_being_written_keeps_the_rating_and_withdraws_later(client, folder):
    row, other = first(client, text="fr-5"), first(client, text="fr-6")
    with FileLock(folder / LOCK):
        assert rate(client, other, "Li").json() == {"told": "Saved."}
        told = rate(client, row, decision="reject", withdraw=True)
    assert told.status_code == 200
    assert "another process is writing" in told.json()["told"]
    assert read_withdrawals(folder).every == ()
    rate(client, other, "Li")  # whatever is stored next
    assert [one.index for one in read_withdrawals(folder).every] == [5]


def test_a_dataset_written_anew_meanwhile(client, folder):
    write_dataset(folder, [row(n) for n in range(3)])
    told = client.get("/api/scenario?row=9")
    assert (told.status_code, "reload the page" in told.text) == (409, True)
    client.get("/")
    assert [one["id"] for one in find(client, language="fr")] == ["fr-0", "fr-1", "fr-2"]


def test_no_dataset_and_a_damaged_one(tmp_path):
    with pytest.raises(StorageError, match="no dataset of crowdglot"):
        Room(tmp_path, withdraw=False)
    folder = dataset(tmp_path / "d")
    path = folder / "data/fr/train-00000.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StorageError, match="damaged"):
        Room(folder, withdraw=False)


def test_an_empty_dataset_has_a_page(tmp_path):
    client = browsing(write_dataset(tmp_path / "d", []))
    assert client.get("/api/choices").json()["rows"] == 0
    assert client.get("/agreement").status_code == 200


def test_broken_lines_of_raters_are_counted(client, folder):
    rate(client, 0, fluency=3)
    with (folder / "ratings.jsonl").open("ab") as file:
        file.write(b"nonsense\n")
    assert client.get("/api/choices").json()["skipped"] == 1
    assert "1 lines of ratings.jsonl" in client.get("/agreement").text


def test_hostile_text_is_never_markup(tmp_path):
    client = browsing(write_dataset(tmp_path / "d", attacked(), name="".join(ATTACKS[:3])))
    for number in range(len(find(client))):
        told = client.get("/api/scenario", params={"row": number})
        assert told.headers["content-type"] == "application/json"
        assert "\u202e" not in json.dumps(told.json(), ensure_ascii=False)
    for number, attack in enumerate(ATTACKS[:6]):
        assert rate(client, number, attack, fluency=1 + number % 5).status_code == 200
    page = client.get("/agreement").text
    assert "<img" not in page
    assert page.count("<script") == 0
    assert "&lt;script&gt;" in page


def test_the_agreement_page_counts_and_compares(client):
    for who, late in (("Ana", 0), ("Li", 1)):
        for one in find(client, language="fr"):
            rate(client, one["row"], who, "reject" if one["reason"] else "accept",
                 fluency=1 + (one["row"] + late) % 5)  # fmt: skip
    page = re.sub(r"<[^>]+>", " ", client.get("/agreement").text)
    assert re.search(r"French \(fr\)\s+decision\s+nominal\s+1\.00", page)
    assert re.search(r"French \(fr\)\s+fluency\s+ordinal", page)
    assert re.search(r"foreign_words\s+100%\s+too few", page)


def test_a_dataset_at_a_url(tmp_path, monkeypatch):
    pytest.importorskip("obstore", reason="a URL needs the extra 'remote'")
    monkeypatch.chdir(tmp_path)
    there = locate(f"memory://{tmp_path.name}/d")
    for path in sorted(dataset(tmp_path / "d").rglob("*.*")):
        (there / path.relative_to(tmp_path / "d")).put(path)
    client = browsing(there)
    row = first(client, text="阳台")
    assert rate(client, row, decision="reject", withdraw=True).json()["told"].startswith("Saved; 1")
    assert [one.language for one in read_withdrawals(there).every] == ["zh"]
    assert len(Room(there, withdraw=False).ratings().last) == 1


def test_texts_of_a_dataset_that_is_written_anew_while_it_is_read(folder, monkeypatch):
    mapped, opened = index_module._mapped, threading.Event()

    def slowly(files, columns, *makes):
        if len(makes) > 1:  # the second reading, in a thread: the page is opened before it
            opened.wait(60)
            write_dataset(folder, [row(1)])
        return mapped(files, columns, *makes)

    monkeypatch.setattr(index_module, "_mapped", slowly)
    client = browsing(folder)
    opened.set()
    told = client.get("/api/find?text=fr")
    assert (told.status_code, "written anew" in told.text) == (409, True)
    monkeypatch.undo()
    client.get("/")
    assert [one["id"] for one in find(client, text="fr-1")] == ["fr-1"]


@pytest.mark.parametrize("form", ["full", "short"])
def test_personas_that_no_prompt_told_are_not_shown(form, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(1, form=form)])
    told = Room(folder, withdraw=False).scenario(Chosen(row=0))["candidates"][0]
    assert all(person["name"] for person in told["personas"])
    assert any(person["facts"] for person in told["personas"]) == (form == "full")
