"""Keeps TensorFlow from writing remarks to standard error while it is imported.

Its C++ libraries say that there is no CUDA driver before they read TF_CPP_MIN_LOG_LEVEL
(https://github.com/tensorflow/tensorflow/issues/100442), so no variable prevents it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's variable: from 0, all messages of its C++ libraries, to 3, fatal errors only."""
HIGHEST = "3"
REMARK = re.compile(r"\bI\d{4} \d\d:\d\d:|WARNING: All log messages before absl::InitializeLog")
"""A line of the severity "information", and the line that absl writes before its first one."""


def hide_remarks() -> None:
    """Sets the level of TensorFlow's C++ messages, unless the user has set it.

    It holds for messages while TensorFlow is imported too, which TensorFlow itself forgets.
    """
    if LEVEL not in os.environ:
        os.environ[LEVEL] = HIGHEST
        sys.meta_path.insert(0, _Finder())


def own_environment() -> dict[str, str]:
    """Returns the environment variables without the level, which a new process sets itself."""
    return {name: text for name, text in os.environ.items() if (name, text) != (LEVEL, HIGHEST)}


@contextmanager
def without_remarks() -> Iterator[None]:
    """Writes what goes to standard error at the end, without lines that are mere information."""
    error_output = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(error_output, 2)
            os.close(error_output)
            file.seek(0)
            os.write(2, remove_remarks(file.read().decode(errors="replace")).encode())


def remove_remarks(text: str) -> str:
    r"""Returns a text without lines that are mere information.

    Examples:
        >>> remove_remarks("I0000 00:00:17.5 1 a.cc:3] no GPU\nE0000 00:00:17.5 1 a.cc:4] bad\n")
        'E0000 00:00:17.5 1 a.cc:4] bad\n'
    """
    return "".join(line for line in text.splitlines(keepends=True) if not REMARK.search(line))


class _Finder(MetaPathFinder):
    """Finds TensorFlow, once."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the module with a loader that hides remarks; nothing for other modules."""
        del path, target
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec and spec.loader:
            spec.loader = _QuietLoader(spec.loader)
        return spec


class _QuietLoader(Loader):
    """Executes a module without remarks.

    Args:
        loader: The module's own loader, which the module has afterwards.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Returns the module, or None for Python's own way to create it."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Executes the module."""
        module.__loader__ = self._loader
        if module.__spec__:
            module.__spec__.loader = self._loader
        with without_remarks():
            self._loader.exec_module(module)
