"""Versions of the installed packages that code imports."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version

UNKNOWN = "unknown"
"""The version of a package that no installed distribution has."""


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Returns the version of each package.

    Args:
        names: Names under which packages are imported, such as ``sklearn``.

    Returns:
        Versions by name; of a package that several distributions share, those of all.
    """
    return {name: _version(name) for name in sorted(names)}


def python_version() -> str:
    """Returns Python's version without the last number, which changes no results."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _version(name: str) -> str:
    """A distribution of the package's own name is looked up at once, any other by its files."""
    try:
        return version(name)
    except PackageNotFoundError:
        providers = _providers(name)
    return ", ".join(f"{item} {version(item)}" for item in providers) or UNKNOWN


def _providers(package: str) -> list[str]:
    """Returns the names of the distributions that install a package."""
    return sorted({item.name for item, files in _file_lists() if _has_package(files, package)})


@functools.cache
def _file_lists() -> tuple[tuple[Distribution, str], ...]:
    """Returns each installed distribution with the list of its files, one a line."""
    return tuple((item, _file_list(item)) for item in distributions())


def _file_list(distribution: Distribution) -> str:
    top_level = distribution.read_text("top_level.txt") or ""
    packages = "".join(f"{name}/\n" for name in top_level.split())
    return f"\n{packages}{distribution.read_text('RECORD') or ''}"


def _has_package(files: str, package: str) -> bool:
    return any(f"\n{package}{following}" in files for following in ("/", ".py,", "."))
