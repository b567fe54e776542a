"""Starting Prefect's task runners for Dask and Ray, on this machine or against a cluster."""

import ipaddress
import logging
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from prefect.client.orchestration import get_client

from crowdglot.errors import ConfigurationError
from crowdglot.writing.recipe import MachineSettings
from crowdglot.writing.signals import caught, hold_back_interrupts, let_interrupts_in

_RUNNERS = {"dask": ("prefect_dask", "DaskTaskRunner"), "ray": ("prefect_ray", "RayTaskRunner")}

_LOOPBACK = "127.0.0.1"
# Ray's switch for clusters of several machines: without them it listens on loopback alone.
_CLUSTERS = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
_SETUP = "crowdglot.writing.machines.own_settings.keep_to_own_settings"


def runner_class(settings: MachineSettings) -> Any:
    module, name = _RUNNERS[settings.runner]
    try:
        return getattr(import_module(module), name)
    except ImportError:
        raise ConfigurationError(
            f"machines.runner: '{settings.runner}' needs the package {module.replace('_', '-')}; "
            f"install crowdglot with the extra '{settings.runner}', or set machines.runner=here."
        ) from None


async def api_url(settings: MachineSettings) -> str:
    """Where Prefect's server is, as the workers must know it."""
    async with get_client() as client:
        url = str(client.api_url)
    away = settings.address not in ("", "auto", "local") and not _loopback(settings.address)
    if away and _loopback(url):
        raise ConfigurationError(
            f"machines.address: workers at {settings.address} cannot reach Prefect's server at "
            f"{url}; start one with `prefect server start --host 0.0.0.0` and set PREFECT_API_URL "
            "to its address."
        )
    return url


def _loopback(address: str) -> bool:
    host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def started(make: Any, settings: MachineSettings) -> Iterator[Any]:
    """The runner, with a cluster of its own on this machine if no address is given.

    A Ctrl-C in the terminal is for the flow, which lets the workers finish what is under way. Ray
    reports its use to its makers unless it is told not to.
    """
    ours = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONSAFEPATH": "1"}
    if settings.runner == "ray" and not settings.address:
        ours |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token_hex(32), _CLUSTERS: "0"}
    with ExitStack() as stack:
        stack.enter_context(_environment(ours))
        with _signals_for_us():
            if settings.runner == "dask":
                # Its pages have no password: they stay empty.
                pages: dict[str, list[str]] = {
                    f"distributed.{who}.http.routes": [] for who in ("scheduler", "worker")
                }
                stack.enter_context(import_module("dask").config.set(pages))
            runner = stack.enter_context(make(**_arguments(settings)))
            if settings.runner == "dask":
                # Prefect would print each connection that opens and closes.
                logging.getLogger("distributed").setLevel(logging.ERROR)
                runner.client  # noqa: B018  (the cluster starts when it is first looked at)
        yield runner


@contextmanager
def _environment(ours: Mapping[str, str]) -> Iterator[None]:
    """These variables for the processes that are started meanwhile; the user's own ones stay.

    No worker looks for modules in the working directory, which may be a stranger's.
    """
    before = dict(os.environ)
    os.environ.update({**ours, **before})
    try:
        yield
    finally:
        for name in ours.keys() - before.keys():
            os.environ.pop(name, None)


@contextmanager
def _signals_for_us() -> Iterator[None]:
    """Keep Ctrl-C from the processes started meanwhile, and our handlers from being replaced."""
    main = threading.current_thread() is threading.main_thread()
    ours = caught()
    hold_back_interrupts()
    try:
        yield
    finally:
        for number, handler in ours.items() if main else ():
            signal.signal(number, handler)
        let_interrupts_in()


def _arguments(settings: MachineSettings) -> dict[str, Any]:
    """Of the task runner. One thread a worker, since a process has one engine; no limit of memory,
    since a model is what it is."""
    if settings.address:
        return {"address": settings.address}
    if settings.runner == "dask":
        return {
            "cluster_kwargs": {
                "n_workers": settings.workers,
                "threads_per_worker": 1,
                "processes": True,
                "memory_limit": 0,
                # Only this user's processes may ask it to run something.
                "host": _LOOPBACK,
                "security": import_module("distributed").Security.temporary(),
                "dashboard_address": f"{_LOOPBACK}:0",
                "worker_dashboard_address": f"{_LOOPBACK}:0",
                "preload": "crowdglot.writing.machines.worker",
            }
        }
    return {
        "init_kwargs": {
            "address": "local",
            "num_cpus": settings.workers,
            "include_dashboard": False,
            "log_to_driver": False,
            "job_config": _own_job(),
            "runtime_env": {"worker_process_setup_hook": _SETUP},
        }
    }


def _own_job() -> Any:
    """Ray's settings of a job, but its workers do not look for modules in the working directory.

    Ray has no switch for that; it leaves the directory out where a job brings its own. The switch
    for loopback was read when Ray was imported, so that it is set in this process once more.
    """
    job = import_module("ray.job_config").JobConfig()
    job._runtime_env_has_working_dir = lambda: True
    constants: Any = import_module("ray._private.ray_constants")
    constants.ENABLE_RAY_CLUSTER = False
    return job
