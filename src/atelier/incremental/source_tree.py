"""The files of the project's own packages, found without importing them."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from atelier.incremental.file_states import is_settled, stamp_of
from atelier.incremental.source_modules import SourceModule, parse_module
from atelier.storage.digests import bytes_digest, file_digest

_PARSED: dict[Path, tuple[str, SourceModule]] = {}
"""Parsed files of this process, with the state in which they were read."""


class SourceTree:
    """Finds and parses the modules of some packages.

    Args:
        packages: Names of the project's own packages or modules, without dots.
    """

    def __init__(self, packages: Iterable[str]) -> None:
        self._locations = {name: _locations(name) for name in packages}
        self._paths: dict[str, Path | None] = {}
        self._modules: dict[str, SourceModule | None] = {}

    def owns(self, module: str) -> bool:
        """Returns whether a module belongs to the project's own packages."""
        return module.split(".", maxsplit=1)[0] in self._locations

    def exists(self, module: str) -> bool:
        """Returns whether there is a module or a package of this name."""
        return self.module(module) is not None or bool(self._folders(module))

    def module(self, name: str) -> SourceModule | None:
        """Returns a parsed module; None where there is no source of this name."""
        if name not in self._modules:
            path = self._path(name)
            self._modules[name] = _parse(path, name) if path else None
        return self._modules[name]

    def has_source(self, name: str) -> bool:
        """Returns whether there is a source of this name, without parsing it."""
        return self._path(name) is not None

    def digest(self) -> str:
        """Returns the digest of the names and contents of all files of the packages."""
        files = sorted(set(self._files()))
        lines = [f"{path} {file_digest(path)}" for path in files]
        return bytes_digest("\n".join(lines).encode())

    def _files(self) -> Iterator[Path]:
        """Yields the files of all packages, but for what Python compiles."""
        for location in chain.from_iterable(self._locations.values()):
            below = location.rglob("*") if location.is_dir() else [location]
            yield from (path for path in below if path.suffix != ".pyc" and path.is_file())

    def modules_below(self, package: str) -> list[str]:
        """Returns the full names of all modules in a package."""
        names = []
        for folder in self._folders(package):
            for path in sorted(folder.rglob("*.py")):
                parts = path.relative_to(folder).with_suffix("").parts
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                names.append(".".join([package, *parts]))
        return names

    def _path(self, module: str) -> Path | None:
        if module not in self._paths:
            self._paths[module] = next(
                (path for path in self._candidates(module) if path.is_file()), None
            )
        return self._paths[module]

    def _candidates(self, module: str) -> list[Path]:
        parent, _, name = module.rpartition(".")
        if not parent:
            files = [path for path in self._locations.get(module, []) if path.suffix == ".py"]
            return [*files, *(folder / "__init__.py" for folder in self._folders(module))]
        folders = self._folders(parent)
        return [folder / name / "__init__.py" for folder in folders] + [
            folder / f"{name}.py" for folder in folders
        ]

    def _folders(self, package: str) -> list[Path]:
        top, *parts = package.split(".")
        folders = [path.joinpath(*parts) for path in self._locations.get(top, [])]
        return [folder for folder in folders if folder.is_dir()]


def is_project_package(name: str) -> bool:
    """Returns whether a package or module is no part of Python and was not installed.

    Args:
        name: Its name without dots.
    """
    if name in sys.stdlib_module_names or name == "builtins":
        return False
    installed = [Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")]
    locations = _locations(name)
    return bool(locations) and not any(
        folder in path.parents for path in locations for folder in installed
    )


def is_installed(name: str) -> bool:
    """Returns whether a package or module is a part of Python, or can be found and imported.

    Args:
        name: Its name without dots.
    """
    return name in sys.stdlib_module_names or name == "builtins" or bool(_locations(name))


def _locations(name: str) -> list[Path]:
    """Returns the folders of a package, or the file of a module."""
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # of a module without a specification, such as a script
        spec = None
    if spec is None:
        file = getattr(sys.modules.get(name), "__file__", None)
        return [Path(file)] if file else []
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.has_location and spec.origin else []


def _parse(path: Path, name: str) -> SourceModule:
    state = stamp_of(path)
    parsed = _PARSED.get(path)
    if parsed is not None and parsed[0] == state and parsed[1].name == name:
        return parsed[1]
    settled = is_settled(path)
    module = parse_module(path, name)
    if settled and state is not None:
        _PARSED[path] = state, module
    return module
