"""Kedro's configuration loader, with ``conf/local`` over every environment, and short names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf import OmegaConf

from atelier.configuration.names import SHORT, arrange_parameters, merge_trees

LOCAL = "local"
REQUESTED = re.compile(r"\$\{\s*runtime_params:\s*([^\s,}]+)")


class ProjectConfigLoader(OmegaConfigLoader):
    """Reads ``conf/base``, over it the environment, and over both ``conf/local``, if there is one.

    Parameters of the command line (or of a session) come last. Their names may have dots; names
    without a dot are short names, to which ``conf/`` refers
    (:func:`atelier.configuration.names.arrange_parameters`).

    Args:
        *arguments: As :class:`OmegaConfigLoader` takes them.
        **named: Likewise.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._raw_files: dict[str, dict[str, list[Any]]] = {}
        self._runtime: dict[str, Any] = {}
        self.check: Callable[[ProjectConfigLoader], None] | None = None
        super().__init__(*arguments, **named)

    @property
    def runtime_params(self) -> dict[str, Any]:
        """The parameters of the command line, nested by their dots."""
        return self._runtime

    @runtime_params.setter
    def runtime_params(self, parameters: Mapping[str, Any] | None) -> None:
        self._runtime = arrange_parameters(parameters or {})
        self._runtime_params_oc = None

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Reads one kind of configuration, such as ``parameters``, which are checked as well.

        Raises:
            MissingConfigException: If no folder has a file of this kind, or ``conf/`` has no folder
                for the environment.
        """
        config = self._read(key)
        if key == "parameters" and self.check is not None:
            self.check(self)
        return config

    def _read(self, key: str) -> dict[str, Any]:
        folder = self._get_conf_env_path(LOCAL)
        if key in self.data or key not in self.config_patterns or not self._has_local(folder):
            return super().__getitem__(key)
        config, missing = self._without_local(key)
        files: set[Path] = set()
        local = self.load_and_merge_dir_config(
            folder, self.config_patterns[key], key, files, key == "credentials"
        )
        if not files:
            if missing is not None:
                raise missing
            return config
        merged: dict[str, Any] = self._merge_configs(config, local, key, folder)
        return merged

    def raw_files(self, key: str) -> dict[str, dict[str, Any]]:
        """Returns the unresolved content of each folder's files, as they were last read.

        Args:
            key: The kind of configuration.
        """
        return {
            folder: merge_trees(*files) for folder, files in self._raw_files.get(key, {}).items()
        }

    def requested_names(self) -> set[str]:
        """Returns the names of runtime parameters to which the files of ``conf/`` refer."""
        for key in {"parameters", "catalog"} - set(self._raw_files):
            self._read(key)
        return requested_in(self._raw_files)

    def _has_local(self, folder: str) -> bool:
        environment = self.env or self.default_run_env
        return environment != LOCAL and bool(self._fs.isdir(Path(folder).as_posix()))

    def _without_local(self, key: str) -> tuple[dict[str, Any], MissingConfigException | None]:
        try:
            return super().__getitem__(key), None
        except MissingConfigException as error:
            environment = self._get_conf_env_path(self.env or self.default_run_env)
            if not self._fs.isdir(Path(environment).as_posix()):
                raise
            return {}, error

    def _read_dir_configs(
        self, conf_path: str, patterns: Any, key: str, *arguments: Any, **named: Any
    ) -> dict[Path, Any]:
        """Reads the files of a folder, and stores their content as it is before merging."""
        files: dict[Path, Any] = super()._read_dir_configs(
            conf_path, patterns, key, *arguments, **named
        )
        if key != "credentials":
            plain = [OmegaConf.to_container(file, resolve=False) for file in files.values()]
            self._raw_files.setdefault(key, {})[Path(conf_path).name] = plain
        if key == "parameters":
            self._lay_over(files.values())
        return files

    def _lay_over(self, files: Iterable[Any]) -> None:
        """Gives the value of a short name to the parameter outside of groups that has this name."""
        for name, value in self._runtime.get(SHORT, {}).items():
            for file in files:
                if name in file and not OmegaConf.is_dict(file._get_node(name)):
                    file[name] = value


def requested_in(content: Any) -> set[str]:
    """Returns the names of runtime parameters to which unresolved content refers.

    Args:
        content: Nested dictionaries and lists, or a text.

    Examples:
        >>> requested_in({"seed": "${runtime_params:short.seed,0}", "epochs": 3})
        {'short.seed'}
    """
    return {name for text in _texts(content) for name in REQUESTED.findall(text)}


def _texts(content: Any) -> Iterator[str]:
    """Yields every text in nested dictionaries and lists."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
