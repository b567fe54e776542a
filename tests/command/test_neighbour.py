"""Who else is on the machine, and what lies in the working directory, has no say in a run."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from crowdglot.command import prefect_server as module
from crowdglot.command.environment import prefect_home
from crowdglot.recipes import build_recipe
from crowdglot.writing.machines import cluster

SHOWN = (
    "from crowdglot.command.environment import set_defaults, prefect_home;"
    "set_defaults(); prefect_home().mkdir(parents=True, exist_ok=True);"
    "from prefect.settings import Settings, get_current_settings as now; import json;"
    "print(json.dumps([now().api.url, Settings().api.url, now().logging.level, str(now().home)]))"
)


def plant(folder, *, broken):
    """Settings of Prefect in every file that it looks for in a working directory."""
    evil = "http://127.0.0.1:9/evil"
    if broken:  # whoever reads one of them waits or fails
        os.mkfifo(folder / ".env")
        (folder / "prefect.toml").write_text("broken [")
        (folder / "pyproject.toml").write_text("broken [")
    else:
        (folder / ".env").write_text(f"PREFECT_API_URL={evil}\nPREFECT_LOGGING_LEVEL=DEBUG\n")
        (folder / "prefect.toml").write_text(f'[api]\nurl = "{evil}"\n')
        (folder / "pyproject.toml").write_text(f'[tool.prefect.api]\nurl = "{evil}"\n')
    (folder / ".prefect").mkdir()
    profile = f'active = "x"\n[profiles.x]\nPREFECT_API_URL = "{evil}"\n'
    (folder / ".prefect" / "profiles.toml").write_text(profile)
    (folder / ".prefect" / "logging.yml").write_text("broken: [")


def clean(**more):
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return mine | more


@pytest.mark.parametrize("broken", [True, False])
def test_prefect_reads_no_file_of_the_working_directory(broken, tmp_path):
    plant(tmp_path, broken=broken)
    environment = clean(HOME=str(tmp_path / "nobody"))
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error::UserWarning", "-c", SHOWN], cwd=tmp_path,
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    url, anew, level, home = json.loads(done.stdout)
    assert (url, anew, level) == (None, None, "CRITICAL")
    assert not Path(home).is_relative_to(tmp_path / ".prefect")
    assert Path(home).is_relative_to(os.environ["XDG_STATE_HOME"])


def test_the_users_own_profile_counts(tmp_path):
    (tmp_path / ".prefect").mkdir()
    profile = 'active = "x"\n[profiles.x]\nPREFECT_API_URL = "http://127.0.0.1:8/api"\n'
    (tmp_path / ".prefect" / "profiles.toml").write_text(profile)
    done = subprocess.run(
        [sys.executable, "-P", "-c", SHOWN], env=clean(HOME=str(tmp_path)), capture_output=True,
        text=True, timeout=120, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)[0] == "http://127.0.0.1:8/api"


def test_no_child_of_the_command_imports_from_the_working_directory(tmp_path):
    (tmp_path / "multiprocessing.py").write_text("raise SystemExit('planted')")
    code = (
        "import sys; sys.path.pop(0) if not sys.path[0] else 0;"
        "from crowdglot.command.environment import set_defaults; set_defaults();"
        "import multiprocessing as m;"
        "p = m.get_context('spawn').Process(target=print, args=('started',));"
        "p.start(); p.join(); sys.exit(p.exitcode)"
    )
    environment = {name: value for name, value in clean().items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr


def test_every_process_of_ours_is_kept_from_modules_of_the_working_directory():
    folder = Path(module.__file__).parents[1]
    for path in folder.rglob("*.py"):
        text = path.read_text("utf-8")
        assert text.count("sys.executable") == text.count('sys.executable, "-P"'), path


@pytest.fixture
def own_server(tmp_path, monkeypatch):
    """Starts a server that only notes what it was started with."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.chdir(tmp_path)
    started = []

    class Process:
        def __init__(self, line, **options):
            started.append((line, options))
            self.stdin = open(os.devnull, "wb")  # noqa: SIM115, PTH123

        def poll(self):
            return None

        def terminate(self):
            pass

        def wait(self, _seconds=0):
            return 0

    monkeypatch.setattr(module.subprocess, "Popen", Process)
    return started


def test_the_runs_own_server_has_a_password_made_for_it(own_server):
    before = {name: value for name, value in os.environ.items() if name.startswith("PREFECT_")}

    async def run():
        async with module.prefect_server():
            return os.environ["PREFECT_API_AUTH_STRING"], os.environ["PREFECT_HOME"]

    (one, home), (other, _) = asyncio.run(run()), asyncio.run(run())
    assert one != other
    assert len(one) > 40
    for (line, options), password in zip(own_server, (one, other), strict=True):
        told = options["env"]
        assert told["PREFECT_SERVER_API_AUTH_STRING"] == password
        assert password not in " ".join(line)
        assert options["cwd"] == Path(home) == prefect_home()
    assert Path(home).stat().st_mode & 0o077 == 0
    after = {name: value for name, value in os.environ.items() if name.startswith("PREFECT_")}
    assert before == after


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.server
def test_a_neighbour_is_turned_away(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, broken=True)
    (tmp_path / "aiohttp.py").write_text("raise SystemExit('planted')")

    def asked(url, password=""):
        request = urllib.request.Request(f"{url}/flow_runs/count", b"{}", method="POST")
        request.add_header("content-type", "application/json")
        if password:
            import base64

            token = base64.b64encode(password.encode()).decode()
            request.add_header("authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    async def run():
        async with module.prefect_server() as answering:
            await answering
            url, password = os.environ["PREFECT_API_URL"], os.environ["PREFECT_API_AUTH_STRING"]
            return [
                await asyncio.to_thread(asked, url, given)
                for given in ("", "crowdglot:guessed", password)
            ]

    assert asyncio.run(run()) == [401, 401, 200]
    log = (prefect_home() / "server.log").read_text("utf-8")
    assert "Traceback" not in log


def settings(runner, address=""):
    table = {
        "name": "x", "languages": ["fr"], "dialogues_per_language": 1,
        "machines": {"runner": runner, "address": address},
    }  # fmt: skip
    return build_recipe(table, (), "x").machines


def test_a_cluster_on_this_machine_is_for_this_user(monkeypatch):
    class Security:
        @staticmethod
        def temporary():
            return "made for this run"

    class Job:
        pass

    constants = type("M", (), {"ENABLE_RAY_CLUSTER": True})
    fakes = {"distributed": type("M", (), {"Security": Security}),
             "ray._private.ray_constants": constants,
             "ray.job_config": type("M", (), {"JobConfig": Job})}  # fmt: skip
    monkeypatch.setattr(cluster, "import_module", lambda name: fakes[name])
    dask = cluster._arguments(settings("dask"))["cluster_kwargs"]
    assert dask["host"] == "127.0.0.1"
    assert dask["security"] == "made for this run"
    assert dask["dashboard_address"] == dask["worker_dashboard_address"] == "127.0.0.1:0"
    ray = cluster._arguments(settings("ray"))["init_kwargs"]
    assert ray["address"] == "local"
    assert ray["job_config"]._runtime_env_has_working_dir()
    assert ray["include_dashboard"] is False
    assert constants.ENABLE_RAY_CLUSTER is False
    assert cluster._arguments(settings("dask", "tcp://127.0.0.1:9")) == {
        "address": "tcp://127.0.0.1:9"
    }


def test_workers_get_a_token_and_the_environment_is_as_before(monkeypatch):
    seen = []

    class Runner:
        def __init__(self, **_arguments):
            names = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "PYTHONSAFEPATH", cluster._CLUSTERS)
            seen.append({name: os.environ.get(name) for name in names})

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            return None

    monkeypatch.setattr(cluster, "_arguments", lambda _: {})
    before = dict(os.environ)
    for _ in range(2):
        with cluster.started(Runner, settings("ray")):
            pass
    one, other = seen
    assert one["RAY_AUTH_MODE"] == "token"
    assert one["PYTHONSAFEPATH"] == "1" and one[cluster._CLUSTERS] == "0"
    assert len(one["RAY_AUTH_TOKEN"]) >= 32
    assert one["RAY_AUTH_TOKEN"] != other["RAY_AUTH_TOKEN"]
    assert dict(os.environ) == before
