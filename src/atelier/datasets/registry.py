"""The versions of a registered model, and which of them is the champion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from atelier.storage.locks import locked
from atelier.types import Array, Images

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, HEADING = "champion", "## Promotion"
OVER, WITHDRAWN, VERDICT = "promotion.over", "promotion.withdrawn", "promotion.verdict"
"""Tags of a version: which one it followed, that it was rolled back, what was decided on it."""


class ModelRegistry:
    """Moves the alias ``champion`` between the versions of one model; deletes nothing."""

    def __init__(self, name: str, lock: Path, environment: str = "base") -> None:
        self.name, self._lock, self._environment = name, lock, environment

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Nobody else promotes or rolls back meanwhile: they wait, and then see what was done.

        The lock is a file's; it is free again when its holder dies.
        """
        with locked(self._lock):
            yield

    def newest(self) -> str:
        """The number of the latest version.

        Raises:
            DatasetError: There is none yet.
        """
        found = self._client.search_model_versions(f"name='{self.name}'")
        if not found:
            environment = "" if self._environment == "base" else f" --env {self._environment}"
            raise DatasetError(
                f"Expected a version of {self.name}, which pipeline 'calibration' registers. "
                f"Received: none. Run first: kedro run{environment} --pipeline calibration"
            )
        return str(max(int(version.version) for version in found))

    def champion(self) -> str | None:
        """The champion's number, or None where there is none yet."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_model_version_by_alias(self.name, CHAMPION).version)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def is_rolled_back(self, version: str) -> bool:
        """Whether the version was rolled back."""
        return WITHDRAWN in self._version(version).tags

    def model(self, version: str) -> Callable[[Images], Array]:
        """What a version says: stored images → probabilities (n, classes).

        Raises:
            DatasetError: When called, if the version answers without ``probabilities``.
        """
        import mlflow

        loaded = mlflow.pyfunc.load_model(f"models:/{self.name}/{version}")

        def probabilities(images: Images) -> Array:
            said = loaded.predict(images)
            if "probabilities" not in said:
                raise DatasetError(
                    f"Expected probabilities from version {version} of {self.name}. "
                    f"Received: {sorted(said)}"
                )
            return np.asarray(said["probabilities"])

        return probabilities

    def record_verdict(self, version: str, verdict: str) -> None:
        """Write what was decided on the version."""
        self._client.set_model_version_tag(self.name, version, VERDICT, verdict.splitlines()[0])
        described, *_ = (self._version(version).description or "").partition(HEADING)
        text = f"{described.strip()}\n\n{HEADING}\n\n{verdict}".strip()
        self._client.update_model_version(self.name, version, text)

    def set_champion(self, version: str, verdict: str) -> None:
        """Make a version the champion; it remembers the one before."""
        before = self.champion()
        if before and before != version:
            self._client.set_model_version_tag(self.name, version, OVER, before)
        self.record_verdict(version, verdict)
        self._client.set_registered_model_alias(self.name, CHAMPION, version)

    def roll_back(self) -> tuple[str, str] | None:
        """Give the alias back to the champion before; from where to where, or None if none was."""
        now = self.champion()
        before = self._version(now).tags.get(OVER) if now else None
        if not now or not before:
            return None
        self._client.set_model_version_tag(self.name, now, WITHDRAWN, "true")
        self._client.set_registered_model_alias(self.name, CHAMPION, before)
        return now, before

    @property
    def _client(self) -> MlflowClient:
        import mlflow

        return mlflow.MlflowClient()

    def _version(self, version: str) -> ModelVersion:
        return self._client.get_model_version(self.name, version)


class RegistryDataset(AbstractDataset[None, Any]):
    """Loads as a :class:`ModelRegistry`.

    Args:
        name: The registered model's.
        lock: A file that is locked while the champion may change.
        environment: The one whose ``calibration`` registers the model.
    """

    def __init__(
        self,
        *,
        name: str,
        lock: str,
        environment: str = "base",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._name, self._lock, self._environment = name, Path(lock), environment
        self.metadata = metadata

    def load(self) -> ModelRegistry:
        """The registry of this model."""
        return ModelRegistry(self._name, self._lock, self._environment)

    def save(self, data: None) -> None:
        """Refuse: it is written to while its node runs."""
        raise DatasetError(f"Expected a node to load this registry. Received: save to {self}")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}
