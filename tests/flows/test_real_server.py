"""Deployments on a real Prefect server with a real worker: growth, wishes, kills, refusals."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
import tomli_w

from tests.flows.postgres import postgres
from tests.flows.prefect_bench import Bench, make_bench, wait_for
from tests.hub_store import WRITER, stored_hub
from tests.stub_server import serving

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.ci, pytest.mark.server]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = make_bench(tmp_path_factory.mktemp("prefect"))
    with closing(bench.client), bench.serving():
        yield bench


def deployed(bench: Bench, stub, name: str, *words: str, **changes):
    """Deploy a recipe that ``stub`` writes; the folder of its dataset."""
    recipe = {
        "name": name, "languages": ["fr", "es"], "dialogues_per_language": 3, "turns": [4, 6],
        "shard_size": 2, "duplicates": {"rounds": 0},
        "engine": {"kind": "openai", "model": "stub", "base_url": stub.base_url, "concurrency": 2},
        **changes,
    }  # fmt: skip
    path = bench.folder / f"{name}.toml"
    path.write_text(tomli_w.dumps(recipe), "utf-8")
    done = bench.crowdglot("deploy", str(path), "--grow-by", "2", *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert f"grow/{name}: 15 2 * * * (UTC), 2 dialogues more a language" in done.stdout
    return bench.folder / "outputs" / "datasets" / name


def at_hub(hub) -> dict[str, str]:
    """What a process needs to publish there."""
    told = {"HF_ENDPOINT": hub.url, "HF_TOKEN": WRITER, "HF_HUB_DISABLE_XET": "1"}
    return told | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def accepted(folder) -> pl.DataFrame:
    """All accepted rows as they are on disk."""
    return pl.read_parquet(folder / "data" / "*" / "*.parquet").sort("index")


def kept(folder) -> list[int]:
    """The seeds of all answers in the journals."""
    lines = [line for path in folder.glob("journal/*/*") for line in path.read_text().splitlines()]
    return sorted(json.loads(line.partition(" ")[2])["seed"] for line in lines)


def asked(stub) -> list[int]:
    return sorted(seed for _, seed in stub.asked)


def twice(stub) -> int:
    return len(stub.asked) - len(set(asked(stub)))


def grows_and_is_published(bench: Bench) -> None:
    """A schedule fires twice, the dataset grows, its hub follows, Prefect shows what it became."""
    with serving() as stub, stored_hub() as hub, bench.working(**at_hub(hub)):
        folder = deployed(bench, stub, "often", "--publish", "org/talk", "--private")
        deployment = bench.deployment("grow/often")
        path = f"/deployments/{deployment['id']}/schedules"
        cron = bench.ask("GET", path)
        assert [one["schedule"]["cron"] for one in cron] == ["15 2 * * *"]
        often = [{"schedule": {"interval": 10}, "active": True}]
        (schedule,) = bench.ask("POST", path, often)
        wait_for(lambda: completed(bench, "grow/often"))
        first = accepted(folder)
        wait_for(lambda: len(completed(bench, "grow/often")) > 1)
        bench.ask("DELETE", f"{path}/{schedule['id']}")
        wait_for(lambda: completed(bench, "publish/often"))
        wait_for(lambda: all(ended(run) for run in bench.runs("grow/often")))
        nights = len(bench.runs("grow/often"))
        assert nights == len(completed(bench, "grow/often")), "each of them succeeded"
        rows = accepted(folder)
        wanted = 3 + 2 * (nights - 1)
        assert rows["language"].value_counts().sort("language").rows() == [
            ("es", wanted), ("fr", wanted),
        ]  # fmt: skip
        assert rows.join(first, on="id", how="semi").sort("index").equals(first), "none changed"
        assert twice(stub) == 0
        there = hub.repositories["org/talk"]
        assert there.private and "data/fr/train-00000.parquet" in there.files
        page = (folder / "report.html").read_bytes()
        (folder / "report.html").unlink()
        assert bench.ended(bench.start("report/often"))["name"] == "Completed"
        assert (folder / "report.html").read_bytes()[:500] == page[:500]
        funnel = artifact(bench, "often-funnel")
        assert f"Accepted {len(rows)} of" in funnel and "| French | fr |" in funnel
        assert (folder / "report.html").as_uri() in artifact(bench, "often-report")
        assert "/datasets/org/talk" in artifact(bench, "org-talk-published")


def completed(bench: Bench, name: str):
    return [run for run in bench.runs(name) if run["state_name"] == "Completed"]


def ended(run) -> bool:
    return run["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def artifact(bench: Bench, key: str) -> str:
    told = {"artifacts": {"key": {"any_": [key]}}}
    (found,) = bench.ask("POST", "/artifacts/latest/filter", told)
    return found["data"]


def test_a_schedule_fires_twice(bench):
    grows_and_is_published(bench)


def test_the_same_with_postgresql(tmp_path):
    with postgres() as url:
        other = make_bench(tmp_path, PREFECT_SERVER_DATABASE_CONNECTION_URL=url)
        with closing(other.client), other.serving():
            grows_and_is_published(other)


def test_prefects_own_command_deploys_the_same(bench):
    with serving() as stub, bench.working(CROWDGLOT_HOME=str(ROOT)):
        deployed(bench, stub, "plain")  # which makes the work pool
        words = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        done = subprocess.run(
            words, cwd=ROOT, env=bench.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        recipe = bench.deployment("grow/plain")["parameters"]["recipe"]
        told = {"recipe": recipe, "directory": str(bench.folder)}
        assert bench.ended(bench.start("grow/nightly", parameters=told))["name"] == "Completed"
        wait_for(lambda: bench.runs("publish/on-success"))
        (run,) = bench.runs("publish/on-success")
        assert "no dataset of crowdglot" in bench.ended(run["id"])["message"]


def test_a_bad_value_is_refused_before_a_run(bench):
    with serving() as stub:
        deployed(bench, stub, "checked")
        recipe = bench.deployment("grow/checked")["parameters"]["recipe"]
        bad = [
            {"by": 0},
            {"recipe": recipe | {"dialogues_per_language": 0}},
            {"recipe": recipe | {"langages": ["fr"]}},
            {"recipe": {"name": "checked"}},
            {"recipe": recipe | {"sampling": {"temperature": "hot"}}},
        ]
        for parameters in bad:
            said = bench.start("grow/checked", refused=True, parameters=parameters)
            assert "alidation" in said, said
        assert bench.runs("grow/checked") == []
        form = bench.deployment("grow/checked")["parameter_openapi_schema"]
        shown = form["definitions"]["Recipe"]["properties"]
        assert {"languages", "dialogues_per_language", "engine"} <= set(shown)
        assert form["properties"]["by"]["minimum"] == 1


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (("--pool", "boxes"), {}, "is a work pool of type 'docker', and 'process' is wanted"),
        ((), {"PREFECT_API_AUTH_STRING": "who:else"}, "does not accept the credentials"),
        (("--publish", "org/my talk"), {}, "'org/my talk': no name of a repository"),
        (("--set", "demonstrations.source=not/here.json"), {}, "not/here.json"),
    ],
    ids=["pool", "credentials", "name", "path"],
)
def test_what_deploy_refuses_is_one_sentence(bench, words, environment, sentence):
    (bench.folder / "bad.toml").write_text('name = "bad"\nlanguages = ["fr"]\n')
    if "boxes" in words:
        bench.ask("POST", "/work_pools/", {"name": "boxes", "type": "docker"})
    words = ("bad.toml", "--set", "dialogues_per_language=2", *words)
    done = bench.crowdglot("deploy", *words, **environment)
    assert done.returncode == 2 and sentence in done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("crowdglot: ")


def test_cancelled_in_prefect_it_keeps_all_that_was_paid_for(bench):
    with serving(latency=0.5) as stub, bench.working() as said:
        folder = deployed(bench, stub, "cancelled", dialogues_per_language=150, shard_size=200)
        run = bench.start("grow/cancelled")
        wait_for(lambda: len(stub.asked) > 3)
        bench.set_state(run, "CANCELLING", "Cancelling")
        assert bench.ended(run)["name"] == "Cancelled"
        assert kept(folder) == asked(stub) and len(stub.asked) < 300
        goes_on(bench, stub, folder, bench.start("grow/cancelled"), 150)
        assert "Traceback" not in bench.log(run) + said.read_text("utf-8")


def test_suspended_and_resumed_in_prefect_it_goes_on(bench):
    with serving(latency=0.5) as stub, bench.working() as said:
        folder = deployed(bench, stub, "suspended", dialogues_per_language=150, shard_size=200)
        run = bench.start("grow/suspended")
        wait_for(lambda: len(stub.asked) > 3)
        bench.set_state(run, "PAUSED", "Suspended", pause_reschedule=True)
        wait_for(lambda: bench.process(run) is None)
        assert bench.state(run)["name"] == "Suspended"
        assert kept(folder) == asked(stub) and len(stub.asked) < 300
        bench.ask("POST", f"/flow_runs/{run}/resume", {})
        goes_on(bench, stub, folder, run, 150)
        assert "Traceback" not in bench.log(run) + said.read_text("utf-8")


def test_a_killed_night_is_finished_by_the_next(bench):
    with serving(latency=0.5) as stub, bench.working():
        folder = deployed(bench, stub, "killed", dialogues_per_language=150, shard_size=200)
        run = bench.start("grow/killed")
        wait_for(lambda: len(stub.asked) > 5)
        os.kill(bench.process(run), signal.SIGKILL)
        assert bench.ended(run)["type"] == "CRASHED"
        goes_on(bench, stub, folder, bench.start("grow/killed"), 150, under_way=2)


def goes_on(bench: Bench, stub, folder, run: str, wanted: int, under_way: int = 0) -> None:
    """Demand that ``run`` finishes what was begun, and asks again what was under way at most."""
    stub.latency = 0.0
    assert bench.ended(run)["name"] == "Completed"
    assert twice(stub) <= under_way
    assert accepted(folder).height == 2 * wanted


def test_publishing_killed_in_the_middle_sends_nothing_twice(bench):
    reached, gate = threading.Event(), threading.Event()

    def hangs(line: str) -> str | None:
        if not line.startswith("PUT /lfs/") or sum("PUT /lfs/" in one for one in hub.asked) < 2:
            return None
        reached.set()
        gate.wait()
        return "drop"

    with serving() as stub, stored_hub() as hub, bench.working(**at_hub(hub)):
        folder = deployed(bench, stub, "sent", "--publish", "org/sent")
        done = bench.crowdglot("synthesize", str(bench.folder / "sent.toml"))
        assert done.returncode == 0, done.stderr
        hub.faults.append(hangs)
        run = bench.start("publish/sent")
        assert reached.wait(120)
        os.kill(bench.process(run), signal.SIGKILL)
        gate.set()
        assert bench.ended(run)["type"] == "CRASHED"
        hub.faults.clear()
        before = set(hub.objects)
        assert before, "something had been sent"
        hub.asked.clear()
        assert bench.ended(bench.start("publish/sent"))["name"] == "Completed"
        sent = [line.removeprefix("PUT /lfs/") for line in hub.asked if "PUT /lfs/" in line]
        held = Counter(
            sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
        )
        assert not before & set(sent) and Counter(sent) <= held  # two files may be the same
        files = {path.relative_to(folder).as_posix() for path in folder.glob("data/*/*")}
        assert files <= set(hub.repositories["org/sent"].files)


def test_what_a_worker_refuses_is_one_sentence(bench):
    with serving() as stub, stored_hub() as hub, bench.working(**at_hub(hub)):
        deployed(bench, stub, "refused", "--publish", "org/refused")
        done = bench.crowdglot("synthesize", str(bench.folder / "refused.toml"))
        assert done.returncode == 0, done.stderr
        elsewhere = {"parameters": {"directory": "/nowhere/here"}}
        without = {"job_variables": {"env": {"HF_TOKEN": ""}}}
        wrong = {"job_variables": {"env": {"HF_TOKEN": "hf_wrong"}}}
        for flow, told, word in (
            ("grow", elsewhere, "the worker does not see this folder"),
            ("publish", without, "publishing needs a token"),
            ("publish", wrong, "the hub does not accept the token"),
        ):
            run = bench.start(f"{flow}/refused", **told)
            state = bench.ended(run)
            assert (state["type"], state["name"]) == ("FAILED", "Refused")
            assert word in state["message"] and "\n" not in state["message"]
            assert "Traceback" not in bench.log(run)
