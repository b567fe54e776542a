"""Publishing, by the hub's real client to a stand-in for the hub on loopback."""

import json
import os
import re
import shutil
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import huggingface_hub.constants
import polars as pl
import pytest
import tomli_w
import yaml

from crowdglot import hub as client
from crowdglot.datasets.publishing.croissant import croissant
from crowdglot.datasets.publishing.publish import publish_dataset
from crowdglot.datasets.publishing.recipe import public_recipe, recipe_hash
from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.storage.location import locate
from crowdglot.datasets.withdrawals import Withdrawal, turns_hash, write_withdrawals
from crowdglot.errors import CrowdglotError, StorageError
from tests import local_hub
from tests.ground.test_hub import closed_port, point_to
from tests.hub_store import READER, WRITER, Stored, nth, stored_hub
from tests.writing.builders import Canned, fill, good, make_opened, write

# The client's own, of how it calls its transport.
pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore:Use 'content=")]
NAME = "org/talk"
SETTINGS = (
    "engine.base_url=http://10.0.0.7:8000/v1", "engine.model=/srv/me/m.gguf", "shard_size=12",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished dataset with rejected drafts, of two languages."""
    folder = tmp_path_factory.mktemp("made") / "d"
    opened = make_opened(folder, *SETTINGS)
    fill(opened, Canned(lambda request: "no" if request.seed % 3 == 0 else good(request)))
    return folder


@pytest.fixture
def dataset(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "d"))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no_token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(client, "getproxies", dict)
    monkeypatch.setenv("HF_TOKEN", WRITER)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's own tries
    with stored_hub() as hub:
        point_to(hub.url, monkeypatch)
        yield hub


def there(hub):
    return hub.repositories[NAME].files


def parquet_of(folder):
    paths = [path for part in ("data", "rejected") for path in folder.glob(f"{part}/*/*.parquet")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def fetched(hub, target):
    """All files of the repository in a folder."""
    for path, content in there(hub).items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return target


def test_a_dataset_is_published_once(hub, dataset):
    before = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    done = publish_dataset(dataset, NAME)
    files = there(hub)
    assert set(files) == {*done.uploaded, ".gitattributes"}
    assert parquet_of(dataset).items() <= files.items()
    beside = {"README.md", "recipe.toml", "metrics.json", "report.html", "croissant.json"}
    assert set(files) - set(parquet_of(dataset)) == {*beside, ".gitattributes"}
    store = hub.repositories[NAME]
    assert re.fullmatch(r"recipe-[0-9a-f]{12}-24", done.tag) and not done.deleted
    assert store.tags == {done.tag: store.commit_id()} and not store.private
    assert {path: path.read_bytes() for path in before} == before, "the folder is as it was"
    # The recipe comes first, so that what is cut short is known again.
    assert set(store.commits[1]) == {".gitattributes", "recipe.toml"}

    hub.asked.clear()
    again = publish_dataset(dataset, NAME)
    assert (again.uploaded, again.deleted, again.tag) == ((), (), done.tag)
    assert hub.writes() == ["POST /api/repos/create"] and len(store.commits) == 3


def test_others_read_what_was_published(hub, dataset, tmp_path):
    publish_dataset(dataset, NAME)
    os.environ.pop("HF_TOKEN")
    folder = fetched(hub, tmp_path / "fetched")
    accepted = pl.read_parquet(dataset / "data" / "fr" / "*.parquet")
    from datasets import load_dataset

    loaded = load_dataset(str(folder), "fr", split="train", cache_dir=str(tmp_path / "c"))
    assert loaded["id"] == accepted["id"].to_list()
    assert loaded.to_list()[0]["turns"] == accepted["turns"].to_list()[0]
    files = str(folder / "data" / "*" / "*.parquet")
    assert pl.scan_parquet(files).select(pl.len()).collect().item() == 24
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    counted = f"select language, count(*), min(len(turns)) > 3 from '{files}' group by 1"
    assert set(duckdb.sql(counted).fetchall()) == {("es", 12, True), ("fr", 12, True)}
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.read_parquet(folder / "data" / "fr")
    assert list(frame["id"]) == accepted["id"].to_list()


def test_the_client_fetches_what_was_published(hub, dataset, tmp_path):
    from huggingface_hub import snapshot_download

    done = publish_dataset(dataset, NAME)
    got = Path(snapshot_download(NAME, repo_type="dataset", revision=done.tag, token=READER))
    assert parquet_of(got) == parquet_of(dataset)


def test_a_dataset_that_grew_uploads_what_is_new(hub, dataset):
    first = publish_dataset(dataset, NAME)
    opened = make_opened(dataset, *SETTINGS, "dialogues_per_language=16")
    write(opened, Canned(lambda request: "no" if request.seed % 3 == 0 else good(request)))
    hub.asked.clear()
    second = publish_dataset(dataset, NAME)
    assert parquet_of(dataset).items() <= there(hub).items()
    assert "data/fr/train-00000.parquet" not in second.uploaded
    assert {"data/fr/train-00001.parquet", "recipe.toml", "README.md"} <= set(second.uploaded)
    assert second.tag.endswith("-32")
    assert set(hub.repositories[NAME].tags) == {first.tag, second.tag}
    # Whoever named the first still gets it.
    store = hub.repositories[NAME]
    assert store.at(first.tag) == store.commits[2] != store.files


def test_what_is_no_longer_there_is_deleted(hub, dataset):
    publish_dataset(dataset, NAME)
    hub.repositories[NAME].files["data/fr/train-[0]99*.parquet"] = b"stale"
    hub.repositories[NAME].files["mine.txt"] = b"kept"
    done = publish_dataset(dataset, NAME)
    assert done.deleted == ("data/fr/train-[0]99*.parquet",) and not done.uploaded
    assert set(there(hub)) >= {"mine.txt", *parquet_of(dataset)}
    assert "data/fr/train-[0]99*.parquet" not in there(hub)


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        ("drop", (5, 9)),
        (403, (7,)),
        *(pytest.param(fault, range(1, 20), marks=pytest.mark.ci) for fault in ("drop", 500, 401)),
    ],
)
def test_wherever_it_breaks_the_same_call_goes_on(hub, dataset, fault, steps):
    """The n-th request that changes something fails, and all after it."""
    publish_dataset(dataset, NAME)
    calm = dict(there(hub))
    assert 9 < len(hub.writes()) < 20
    for step in steps:
        hub.repositories.clear()
        hub.objects.clear()
        hub.asked.clear()
        changing = nth(step, "", fault)
        hub.faults = [lambda line, f=changing: f(line) if line[0] == "P" else None]
        try:
            publish_dataset(dataset, NAME)
        except CrowdglotError as error:
            sentence = str(error)
            assert sentence.startswith(f"{NAME}: ") and "\n" not in sentence
            assert WRITER not in sentence and sentence.endswith(".")
            assert "again" in sentence or fault == 403
        else:
            assert step > 9
        hub.faults = []
        put = [one for one in hub.asked if one.startswith("PUT /lfs/")]
        stored = set(hub.objects)
        hub.asked.clear()
        done = publish_dataset(dataset, NAME)
        assert there(hub) == calm and list(hub.repositories[NAME].tags) == [done.tag]
        again = {one.removeprefix("PUT /lfs/") for one in hub.asked if one.startswith("PUT /lfs/")}
        assert not again & stored, f"uploaded twice after step {step}: {put}"


def test_large_files_go_by_xet_too(hub, dataset, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    pytest.importorskip("hf_xet")
    hub.faults = [nth(1, "/cas/v1/xorbs/", 403)]
    with pytest.raises(StorageError, match=r"the hub cannot be had .* what was uploaded stays"):
        publish_dataset(dataset, NAME)
    hub.faults = []
    hub.blocks = {sha256(content).hexdigest(): content for content in parquet_of(dataset).values()}
    publish_dataset(dataset, NAME)
    assert parquet_of(dataset).items() <= there(hub).items()
    assert any("/cas/v1/xorbs/" in one for one in hub.asked)
    hub.asked.clear()
    assert not publish_dataset(dataset, NAME).uploaded
    assert hub.writes() == ["POST /api/repos/create"]


@pytest.mark.parametrize(
    ("change", "name", "complaint"),
    [
        (
            {"HF_TOKEN": ""},
            NAME,
            "publishing needs a token of the hub with the right to write;",
        ),
        ({"HF_TOKEN": "hf_wrongToken"}, NAME, "the hub does not accept the token; make one with"),
        ({"HF_TOKEN": READER}, NAME, "the token has no right to write there; give it that right"),
        ({}, "my org/my talk", "no name of a repository; write org/name, both of letters"),
        ({}, "talk", "no name of a repository"),
        ({}, "a/b/c", "no name of a repository"),
        ({}, "https://huggingface.co/a/b", "no name of a repository"),
        ({}, "org/x--y", "no name of a repository"),
        ({}, "org/töne", "no name of a repository"),
        ({}, "", "no name of a repository"),
    ],
)
def test_a_mistake_is_one_sentence(hub, dataset, monkeypatch, capfd, change, name, complaint):
    for variable, value in change.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(CrowdglotError) as caught:
        publish_dataset(dataset, name)
    said = str(caught.value)
    assert complaint in said and "\n" not in said and said.endswith(".")
    assert not any(token in said for token in (WRITER, READER, "hf_wrongToken"))
    assert not any(token in "".join(capfd.readouterr()) for token in (WRITER, READER, "hf_wrong"))
    assert not hub.repositories


def test_a_hub_that_is_not_there_is_one_sentence(hub, dataset, monkeypatch):
    point_to(closed_port(), monkeypatch)
    with pytest.raises(StorageError, match=r"org/talk: the hub at 127.0.0.1 cannot be reached"):
        publish_dataset(dataset, NAME)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StorageError, match="HF_HUB_OFFLINE is set; run the same command again"):
        publish_dataset(dataset, NAME)


def test_a_repository_of_something_else_is_left_alone(hub, dataset):
    publish_dataset(dataset, NAME)
    store = hub.repositories[NAME]
    mine = store.files["recipe.toml"]

    def refused(content, match):
        store.commits.append({**store.files, "recipe.toml": content})
        hub.asked.clear()
        with pytest.raises(StorageError, match=match):
            publish_dataset(dataset, NAME)
        assert hub.writes() == ["POST /api/repos/create"]

    table = tomllib.loads(mine.decode())
    other = {**table, "identity": {**table["identity"], "seed": 99}}
    refused(tomli_w.dumps(other).encode(), r"another recipe \('seed' is 99 there and 0 here\); c")
    larger = {**table, "dialogues_per_language": 500}
    refused(tomli_w.dumps(larger).encode(), r"a larger dataset of this recipe \(500 dial")
    refused(b"\xff", "its recipe.toml cannot be read")
    hub.repositories["org/weights"] = Stored([{"m.safetensors": b"w", "README.md": b"hello"}])
    with pytest.raises(StorageError, match=r"holds 'm.safetensors' but no recipe.toml, so it is"):
        publish_dataset(dataset, "org/weights")
    hub.repositories["org/new"] = Stored([{".gitattributes": b"", "README.md": b"hello"}])
    assert publish_dataset(dataset, "org/new").uploaded


def test_who_may_see_it(hub, dataset):
    publish_dataset(dataset, NAME, private=True)
    store = hub.repositories[NAME]
    assert store.private and not store.gated
    publish_dataset(dataset, NAME)
    assert store.private, "what is private stays so"
    publish_dataset(dataset, NAME, gated=True)
    assert store.gated == "auto"
    hub.asked.clear()
    publish_dataset(dataset, NAME, gated=True, private=True)
    assert hub.writes() == ["POST /api/repos/create"]
    publish_dataset(dataset, "org/open")
    assert not hub.repositories["org/open"].private
    publish_dataset(dataset, "org/open", private=True)
    assert hub.repositories["org/open"].private


def test_nothing_of_a_machine_is_published(hub, dataset):
    publish_dataset(dataset, NAME)
    assert "10.0.0.7" in (dataset / "recipe.toml").read_text()
    for path, content in there(hub).items():
        for secret in (b"10.0.0.7", b"/srv/me", str(dataset).encode(), b"OPENAI_API_KEY"):
            assert secret not in content, (path, secret)
    table = tomllib.loads(there(hub)["recipe.toml"].decode())
    assert table["engine"]["model"] == table["identity"]["engine.model"] == "m.gguf"


def test_one_recipe_is_one_hash_wherever_its_files_lie():
    def told(source, **more):
        return recipe_hash(public_recipe({"identity": {"a.source": source, **more}})["identity"])

    assert told("/srv/a/En.json") == told("C:\\Users\\b\\En.json") == told("~/En.json")
    assert told("/srv/a/En.json") != told("/srv/a/Fr.json")
    assert told("x", seed=1) != told("x", seed=2)
    settings = {"base_url": "u", "model": "hf:org/x"}
    kept = public_recipe({"engine": settings, "models": {"judge": settings}, "output": "/x"})
    assert kept == {"engine": {"model": "hf:org/x"}, "models": {"judge": {"model": "hf:org/x"}}}


def test_the_card_is_complete(hub, dataset):
    hub.licences = {"org/model": "apache-2.0", "other/demos": "cc-by-4.0", "org/odd": "<script>|"}
    card = (dataset / "README.md").read_text()
    told = "\n".join(
        f"| model | `{name}` | `r` | see https://huggingface.co/{name} |"
        for name in ("org/model", "datasets/other/demos", "org/odd", "org/none")
    )
    (dataset / "README.md").write_text(card + told + "\n")
    done = publish_dataset(dataset, NAME)
    card = there(hub)["README.md"].decode()
    assert "| apache-2.0, see https://huggingface.co/org/model |" in card
    assert "| cc-by-4.0, see https://huggingface.co/datasets/other/demos |" in card
    assert "| see https://huggingface.co/org/odd |" in card and "<script>" not in card
    assert "| see https://huggingface.co/org/none |" in card
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["license"] == "unknown" and header["language"] == ["es", "fr"]
    assert {config["config_name"] for config in header["configs"]} >= {"fr", "es"}
    assert 'load_dataset("org/talk", "fr", split="train")' in card
    for part in (
        "## Where it comes from", "| model | `canned` | `1` | not known here |", "*system*",
        "| demonstrations | `bundled with crowdglot` |  | Apache-2.0 |", "## What the critics",
        "| `length` | ", "## Figures", "| fr | acceptance rate | ", "## Limits", "## How to cite",
        done.tag.split("-")[1],
    ):  # fmt: skip
        assert part in card, part


def test_croissant_tells_every_file_and_column(hub, dataset):
    publish_dataset(dataset, NAME)
    told = json.loads(there(hub)["croissant.json"])
    assert (told["name"], told["url"]) == ("talk", f"{hub.url}/datasets/org/talk")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["datePublished"])
    sets = {one["@id"]: one for one in told["distribution"]}
    assert sets["files-of-fr"]["includes"] == ["data/fr/*.parquet"]
    ids = []

    def walk(fields):
        for one in fields:
            ids.append(one["@id"])
            assert one["source"]["fileSet"]["@id"] in sets
            assert "dataType" in one or one["subField"]
            walk(one.get("subField", ()))

    for records in told["recordSet"]:
        assert [one["name"] for one in records["field"]] == SCHEMA.names
        walk(records["field"])
    assert len(ids) == len(set(ids))
    assert [one["@id"] for one in told["recordSet"]] == ["accepted", "rejected"]
    assert sets["files-of-accepted"]["includes"] == ["data/fr/*.parquet", "data/es/*.parquet"]
    # What a reader of record sets cannot reach into would stop it.
    assert "accepted/calls/text" in ids and "accepted/calls/logprobs" not in ids


def test_a_language_more_makes_croissant_hardly_larger():
    def size(count):
        tags = ("fr", "es", "de", "it", "pt", "nl", "pl")[:count]
        configs = [{"config_name": tag, "data_files": [{"path": f"data/{tag}/*"}]} for tag in tags]
        card = f"---\n{yaml.safe_dump({'configs': configs, 'language': [*tags]})}---\n"
        return len(croissant("https://a/b", "a/b", card, "v1", "2026-01-01"))

    assert size(1) < 25_000 and size(7) - size(1) < 6 * 250


def test_a_dataset_that_is_not_fit_is_not_published(hub, dataset, tmp_path):
    def refused(match, folder=dataset):
        with pytest.raises(StorageError, match=match):
            publish_dataset(folder, NAME)
        assert not hub.repositories.get(NAME) or not hub.repositories[NAME].commits[1:]

    refused("no dataset of crowdglot", tmp_path)
    rows = pl.read_parquet(dataset / "data" / "fr" / "train-00000.parquet").to_dicts()
    texts = [turn["text"] for turn in rows[0]["turns"]]
    index, attempt = rows[0]["index"], rows[0]["attempt"]
    gone = Withdrawal("fr", 0, index, attempt, turns_hash(texts), "person", "reject", "", 1.0)
    write_withdrawals(dataset, [gone], up_to_date=False)
    refused("1 dialogues were withdrawn and still are in data/; run `crowdglot synthesize`")
    write_withdrawals(dataset, [], up_to_date=True)
    metrics = (dataset / "metrics.json").read_text()
    (dataset / "metrics.json").unlink()
    refused("its last run did not come to its end")
    (dataset / "metrics.json").write_text(metrics)
    path = dataset / "data" / "fr" / "train-00000.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
    refused(r"train-00000\.parquet: damaged \(its checksum is not that of its content\); run")
    path.write_bytes(content)
    card = (dataset / "README.md").read_text()
    without_end = ["a: &a [x, y]", *(f"{b}: &{b} [*{a}, *{a}]" for a, b in pairwise("abcdefgh"))]
    broken_ones = [
        b"no header", b"---\nconfigs: [1]\n---\n", b"---\na: [\n---\n", b"\xff",
        b"---\na: " + b"[" * 5_000 + b"\n---\n", b"---\nlicense: [x]\n---\n",
        "\n".join(["---", *without_end, "tags: *h", "---", ""]).encode(),
    ]  # fmt: skip
    for broken in broken_ones:
        (dataset / "README.md").write_bytes(broken)
        refused(r"README.md: has no header that can be read; restore it")
    (dataset / "README.md").unlink()
    os.mkfifo(dataset / "README.md")
    refused(r"README.md: is no regular file")
    (dataset / "README.md").unlink()
    (dataset / "README.md").write_text(card)
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (dataset / "failed.jsonl").symlink_to(secret)
    refused(r"failed\.jsonl: is a link")
    (dataset / "failed.jsonl").unlink()
    (dataset / "rejected" / "xx").symlink_to(tmp_path)
    shutil.copy(path, tmp_path / "train-00000.parquet")
    refused("is a link")


def test_a_dataset_that_is_being_written_waits(hub, dataset):
    from crowdglot.datasets.folder import locked

    told = "another process is writing"
    with locked(dataset), ThreadPoolExecutor(1) as other, pytest.raises(StorageError, match=told):
        other.submit(publish_dataset, dataset, NAME).result()  # whoever holds it may
    assert not hub.repositories


def test_the_command_says_what_it_did(hub, dataset, capsys):
    from crowdglot.command.app import app

    for said in ("files uploaded.", "all is there already."):
        with pytest.raises(SystemExit) as ended:
            app(["publish", str(dataset), "--repo", NAME, "--private"])
        assert ended.value.code == 0
        told = capsys.readouterr()
        assert said in told.out and 'revision="recipe-' in told.out
        assert WRITER not in told.out + told.err


def test_a_dataset_at_a_url_is_copied_first(hub):
    with pytest.raises(StorageError, match="only a local folder is published; copy the dataset"):
        publish_dataset(locate("s3://bucket/d"), NAME)


def test_the_stand_in_shows_what_would_be_published(dataset, capfd):
    publish = [sys.executable, "-m", "crowdglot.command.app", "publish", str(dataset)]
    assert local_hub.main([*publish, "--repo", "me/d"]) == 0
    said = capfd.readouterr().out
    assert "me/d holds, as recipe-" in said and "data/fr/train-00000.parquet" in said
    assert local_hub.main([]) == 2
