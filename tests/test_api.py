"""The Python API: its list, its laziness, and the notebook that shows it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import crowdglot
from crowdglot import errors
from tests.stub_server import ABOUT_NOTHING, serving
from tests.writing.builders import Canned, fill, good, make_opened

ROOT = Path(__file__).parents[1]
API = {
    "__version__", "Dataset", "Outcome", "Recipe", "Watch", "judge", "list_critics",
    "list_languages", "list_speech_events", "open_dataset", "prompt", "read_recipe", "synthesize",
    "write",
}  # fmt: skip
ERRORS = {
    "ConfigurationError", "CrowdglotError", "EngineError", "EngineUnavailable", "MaterialError",
    "RequestRefused", "StorageError",
}  # fmt: skip


def test_the_list_is_this_one_and_everything_is_there():
    assert set(crowdglot.__all__) == API | ERRORS == set(dir(crowdglot))
    for name in crowdglot.__all__:
        assert getattr(crowdglot, name) is not None
    assert {getattr(errors, name) for name in ERRORS} == {
        getattr(crowdglot, name) for name in ERRORS
    }
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = crowdglot.nothing


def test_importing_it_loads_nothing():
    code = (
        "import sys; before = set(sys.modules); import crowdglot; print(*set(sys.modules) - before)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"polars", "pydantic", "numpy", "prefect", "jinja2"} & set(told.stdout.split())


def test_a_dataset_is_opened(tmp_path):
    opened = make_opened(tmp_path / "d")
    fill(opened, Canned(lambda request: "no" if request.seed % 3 == 0 else good(request)))
    dataset = crowdglot.open_dataset(tmp_path / "d")
    assert isinstance(dataset.accepted, pl.LazyFrame)
    assert dataset.accepted.select(pl.len()).collect().item() == dataset.funnel.accepted == 24
    assert dataset.rejected.collect().height == dataset.funnel.rejected > 0
    assert dataset.recipe == opened.recipe
    assert dataset.export("messages", str(tmp_path / "out")).records["train"] > 30
    with pytest.raises(crowdglot.ConfigurationError, match="no name of a repository"):
        dataset.publish("nowhere")
    with pytest.raises(crowdglot.StorageError, match="no dataset of crowdglot"):
        crowdglot.open_dataset(tmp_path)


def test_a_dataset_without_rows_is_opened_too(tmp_path):
    make_opened(tmp_path / "d")
    opened = make_opened(tmp_path / "d")
    from crowdglot.writing.binding import bind_dataset

    bind_dataset(opened)
    dataset = crowdglot.open_dataset(tmp_path / "d")
    assert dataset.accepted.select("id", "turns").collect().height == 0
    assert dataset.funnel.drafts == 0


def test_writing_waits_also_where_a_loop_runs(tmp_path):
    with serving() as stub:
        changes = ("languages=fr", "dialogues_per_language=2", "engine.kind=openai",
                   "engine.model=stub", f"engine.base_url={stub.base_url}")  # fmt: skip
        recipe = make_opened(tmp_path / "d", *changes).recipe
        watch = crowdglot.Watch()

        async def notebook():
            return crowdglot.synthesize(recipe, watch)

        outcome = asyncio.run(notebook())
        assert (outcome.state, outcome.funnel.accepted, watch.progress.accepted) == (
            "complete", 2, 2,
        )  # fmt: skip
        assert asyncio.run(crowdglot.write(recipe)).wrote is False


def test_a_mistake_is_an_error_of_ours():
    with pytest.raises(crowdglot.ConfigurationError, match="no such recipe"):
        crowdglot.read_recipe("nowhere.toml")
    with pytest.raises(crowdglot.ConfigurationError, match="not a language tag"):
        crowdglot.judge(["Oui."], "qqqq")


def test_what_there_is():
    assert {language.tag for language in crowdglot.list_languages()} > {"fr", "zh-Hant"}
    assert len(crowdglot.list_speech_events()) == 29
    assert crowdglot.list_critics()[0] == "format"
    verdicts = crowdglot.judge(["Salut, ça va bien ?", "As an AI, I cannot help."], "fr")
    assert {verdict.critic for verdict in verdicts if verdict.reason} >= {"assistant"}
    assert crowdglot.judge([], "fr")[0].critic == "format"


def test_the_notebook_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "docs" / "notebook.ipynb").read_text("utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert len(cells) == 5
    names: dict[str, object] = {}
    with serving() as stub:
        served = ["engine.kind=openai", "engine.model=stub", f"engine.base_url={stub.base_url}"]
        served += ABOUT_NOTHING
        for cell in cells:
            exec(cell.replace("engine = []", f"engine = {served!r}"), names)
    assert names["outcome"].state == "complete"
    found = [verdict.critic for verdict in names["verdicts"] if verdict.reason]
    assert found == ["foreign_words", "language"]
