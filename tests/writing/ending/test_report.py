"""`crowdglot report`: what it writes, what it takes over from the run, and bad input."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from crowdglot.dialogues.human import human_files, read_human
from crowdglot.errors import ConfigurationError, EngineError, MaterialError, StorageError
from crowdglot.recipes import read_embedding, read_reference, trust_dataset
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.ending.report import rewrite_report
from tests.datasets.report.dataset import ARABIC, row, write_dataset
from tests.writing.builders import Canned, fill, good, make_opened

SAID = ("On a vu le facteur ce matin.", "Oui, prends un manteau et des bottes.")


def report(folder, human=None, changes=()):
    """As the command does it."""
    human = human or read_reference(folder)
    return rewrite_report(folder, read_embedding(folder, changes), human)


def trusted(folder):
    trust_dataset(folder)
    return folder


def human_folder(folder):
    folder.mkdir()
    for name, texts in (("Fr_persona.json", SAID), ("Jp_persona.json", ["こんにちは", "元気？"])):
        pairs = [list(texts[at : at + 2]) for at in range(0, len(texts), 2)]
        (folder / name).write_text(json.dumps([{"persona": ["x."], "dialogue": pairs}] * 3))
    return folder


def test_a_dataset_of_the_flow(tmp_path):
    opened = make_opened(tmp_path / "d")
    fill(opened, Canned(good))
    before = json.loads((opened.folder / "metrics.json").read_text("utf-8"))
    page, facts = report(opened.folder)
    assert page == opened.folder / "report.html"
    assert facts.funnel.accepted == 24
    assert "<title>test · crowdglot report</title>" in page.read_text("utf-8")
    after = json.loads((opened.folder / "metrics.json").read_text("utf-8"))
    assert after["funnel"] == before["funnel"]
    assert len(after["diversity"]) == len(before["diversity"])


def test_cells_that_fell_short_stay_named(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=3", "max_attempts=1",
        "max_replacements=0",
    )  # fmt: skip
    fill(opened, Canned(lambda request: "no"))
    short = finish(opened).short
    assert len(short) == 3
    assert report(opened.folder)[1].funnel.short == short
    (opened.folder / "metrics.json").unlink()
    report(opened.folder)
    # Without the run's own word on the plan nothing is said of it, and the next run counts anew.
    assert "short" not in json.loads((opened.folder / "metrics.json").read_text("utf-8"))["funnel"]


@pytest.mark.parametrize("where", ["option", "recipe"])
def test_human_dialogues_to_compare_with(where, tmp_path):
    human = human_folder(tmp_path / "human")
    rows = [row(n) for n in range(3)] + [row(9, ARABIC, tag="ar")]
    more = {"reference": str(human)} if where == "recipe" else {}
    folder = trusted(write_dataset(tmp_path / "d", rows, **more))
    _, facts = report(folder, human if where == "option" else None)
    assert {f.language for f in facts.figures if f.group == "human"} == {"fr"}
    assert {h.language for h in facts.histograms if h.human} == {"fr"}


def test_a_reference_that_is_gone_is_left_out(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)], reference=str(tmp_path / "gone"))
    assert not any(h.human for h in report(folder)[1].histograms)


def test_human_files_by_language(tmp_path):
    folder = human_folder(tmp_path / "human")
    assert [file.language.tag for file in human_files(folder)] == ["fr", "ja"]
    assert read_human(folder, ["fr-CA", "de"]) == {"fr": [list(SAID)] * 3}
    assert read_human(folder / "Jp_persona.json", ["ja"])["ja"][0] == ["こんにちは", "元気？"]
    assert read_human(folder, []) == {}


def test_no_human_dialogues(tmp_path):
    with pytest.raises(MaterialError, match="no such folder"):
        read_human(tmp_path / "none", ["fr"])
    with pytest.raises(MaterialError, match="no dialogues; give a folder"):
        read_human(tmp_path, ["fr"])
    (tmp_path / "talk.json").write_text("[]")
    with pytest.raises(ConfigurationError, match="name does not begin with a language"):
        read_human(tmp_path, ["fr"])


def test_no_dataset(tmp_path):
    with pytest.raises(StorageError, match="no dataset of crowdglot"):
        report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_dataset(tmp_path):
    page, _ = report(write_dataset(tmp_path / "d", [], name="nothing"))
    assert "This dataset has no dialogue yet" in page.read_text("utf-8")


@pytest.mark.parametrize(
    "earlier", ["", "[1]", '{"funnel": {"short": [3, {"language": 1}]}}', "\0"]
)
def test_metrics_of_somebody_else_are_no_obstacle(earlier, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    (folder / "metrics.json").write_text(earlier)
    assert report(folder)[1].funnel.short == ()


def test_a_damaged_shard_leaves_the_old_report(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    report(folder)
    before = (folder / "report.html").read_bytes()
    shard = folder / "data" / "fr" / "train-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(StorageError, match="damaged"):
        report(folder)
    assert (folder / "report.html").read_bytes() == before


class _Vectors(BaseHTTPRequestHandler):
    """An embedding model by the number of a text's letters."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [
            {"index": at, "embedding": [len(text), 40.0]} for at, text in enumerate(asked["input"])
        ]
        body = json.dumps({"data": rows}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.mark.server
@pytest.mark.parametrize("where", ["option", "recipe"])
def test_an_embedding_model_gives_the_vendi_score(where, tmp_path):
    rows = [row(n, SAID * (1 + n % 2)) for n in range(4)]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Vectors) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        table = {"kind": "openai", "model": "letters", "base_url": url}
        stored = {"embedding": table} if where == "recipe" else {}
        folder = trusted(write_dataset(tmp_path / "d", rows, **stored))
        changes = [f"embedding.{key}={value}" for key, value in table.items()]
        page, facts = report(folder, changes=changes if where == "option" else ())
        server.shutdown()
    (vendi,) = (figure for figure in facts.figures if figure.metric == "vendi")
    assert (vendi.group, vendi.count) == ("all", 4)
    assert 1 < vendi.value < 2
    assert "model:letters" in vendi.signature
    assert "Vendi score" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("embedding.kind=magic", "embedding"),
        ("embedding.base_ulr=x", "base_ulr"),
        ("engine.model=x", "only keys of 'embedding'"),
        ("embedding.kind", "write it as key=value"),
    ],
)
def test_a_wrong_change_is_told(change, words, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(1)])
    with pytest.raises(ConfigurationError, match=words):
        report(folder, changes=[change])


def test_an_embedding_model_out_of_reach_leaves_what_was_written(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(n) for n in range(2)])
    report(folder)
    before = (folder / "metrics.json").read_bytes()
    changes = ["embedding.kind=embedded", "embedding.model=/nowhere/some.gguf"]
    with pytest.raises(EngineError, match=r"/nowhere/some\.gguf"):
        report(folder, changes=changes)
    assert (folder / "metrics.json").read_bytes() == before
