"""Prefect's settings for a run: the environment and the user's own profile, and no other file.

Prefect also reads ``.env``, ``prefect.toml`` and ``pyproject.toml`` of the working directory,
which may be a dataset of a stranger, and such settings can run commands. It has no switch for
that, so its sources are cut as soon as they are loaded. Nothing here imports Prefect.
"""

import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_MODULE = "prefect.settings.base"


def keep_to_own_settings() -> None:
    """Let Prefect, which must not be loaded yet, read no file of the working directory."""
    home = Path(os.environ.get("PREFECT_HOME") or Path("~/.prefect").expanduser())
    os.environ.setdefault("PREFECT_PROFILES_PATH", str(home / "profiles.toml"))
    if "prefect" not in sys.modules and not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds the one module, to change it when it has been run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _MODULE or (spec := PathFinder.find_spec(name, path, target)) is None:
            return None
        assert spec.loader is not None
        spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _cut(module)


def _cut(module: Any) -> None:
    """Have Prefect's own classes find nothing in files that are named without a folder."""
    build = module.build_settings_config

    def without_file(*arguments: Any, **named: Any) -> Any:
        return build(*arguments, **named) | {"env_file": None}

    module.build_settings_config = module._build_settings_config = without_file
    for name in ("PrefectTomlConfigSettingsSource", "PyprojectTomlConfigSettingsSource"):
        getattr(module, name)._read_files = lambda *_, **__: {}
