"""The versions of a registered model, and which of them is the champion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io import DatasetError

from atelier.datasets.base import ReadOnlyDataset
from atelier.storage.locks import locked
from atelier.types import Array, Images

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, HEADING = "champion", "## Promotion"
PREDECESSOR, ROLLED_BACK, VERDICT = "promotion.over", "promotion.withdrawn", "promotion.verdict"
"""Tags of a version: the champion before it, that it was rolled back, the decision on it."""


class ModelRegistry:
    """Moves the alias ``champion`` between the versions of one model; deletes nothing.

    Args:
        name: The registered model's name.
        lock: A file that is locked while the champion may change.
        environment: Kedro's environment, whose ``calibration`` registers the model.
    """

    def __init__(self, name: str, lock: Path, environment: str = "base") -> None:
        self.name, self._lock, self._environment = name, lock, environment

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the lock of the model: processes that promote or roll back wait for each other.

        The operating system releases the lock when its holder ends.
        """
        with locked(self._lock):
            yield

    def newest(self) -> str:
        """Returns the number of the latest version.

        Raises:
            DatasetError: If there is no version yet.
        """
        versions = self._client.search_model_versions(f"name='{self.name}'")
        if not versions:
            environment = "" if self._environment == "base" else f" --env {self._environment}"
            raise DatasetError(
                f"Expected a version of {self.name}, which pipeline 'calibration' registers. "
                f"Received: none. Run first: kedro run{environment} --pipeline calibration"
            )
        return str(max(int(version.version) for version in versions))

    def champion(self) -> str | None:
        """Returns the champion's number, or None where there is no champion yet."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_model_version_by_alias(self.name, CHAMPION).version)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def is_rolled_back(self, version: str) -> bool:
        """Returns whether the version was rolled back."""
        return ROLLED_BACK in self._version(version).tags

    def model(self, version: str) -> Callable[[Images], Array]:
        """Returns a version as a function of stored images to probabilities (n, classes).

        The function raises a DatasetError if the version's output has no ``probabilities``.
        """
        import mlflow

        loaded = mlflow.pyfunc.load_model(f"models:/{self.name}/{version}")

        def probabilities(images: Images) -> Array:
            try:
                output = loaded.predict(images)
            except mlflow.MlflowException as error:
                raise DatasetError(
                    f"Expected version {version} of {self.name} to take images of "
                    f"{images.shape[1:]}. Received: {error.message}. It was trained on other data: "
                    "register models of these under another name (--params registry=NAME)"
                ) from error
            if "probabilities" not in output:
                raise DatasetError(
                    f"Expected probabilities from version {version} of {self.name}. "
                    f"Received: {sorted(output)}"
                )
            return np.asarray(output["probabilities"])

        return probabilities

    def record_verdict(self, version: str, verdict: str) -> None:
        """Writes the decision on a version to its tag and its description.

        Args:
            version: The version's number.
            verdict: Markdown; the tag gets its first line.
        """
        self._client.set_model_version_tag(self.name, version, VERDICT, verdict.splitlines()[0])
        described, *_ = (self._version(version).description or "").partition(HEADING)
        text = f"{described.strip()}\n\n{HEADING}\n\n{verdict}".strip()
        self._client.update_model_version(self.name, version, text)

    def set_champion(self, version: str, verdict: str) -> None:
        """Makes a version the champion; a tag names the champion before it."""
        before = self.champion()
        if before and before != version:
            self._client.set_model_version_tag(self.name, version, PREDECESSOR, before)
        self.record_verdict(version, verdict)
        self._client.set_registered_model_alias(self.name, CHAMPION, version)

    def roll_back(self) -> tuple[str, str] | None:
        """Gives the alias back to the champion before.

        Returns:
            The numbers of the old and the new champion; None if there was no champion before.
        """
        now = self.champion()
        before = self._version(now).tags.get(PREDECESSOR) if now else None
        if not now or not before:
            return None
        self._client.set_model_version_tag(self.name, now, ROLLED_BACK, "true")
        self._client.set_registered_model_alias(self.name, CHAMPION, before)
        return now, before

    @property
    def _client(self) -> MlflowClient:
        import mlflow

        return mlflow.MlflowClient()

    def _version(self, version: str) -> ModelVersion:
        return self._client.get_model_version(self.name, version)


class RegistryDataset(ReadOnlyDataset):
    """Loads as a :class:`ModelRegistry`.

    Args:
        name: The registered model's name.
        lock: A file that is locked while the champion may change.
        environment: Kedro's environment, whose ``calibration`` registers the model.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        name: str,
        lock: str,
        environment: str = "base",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, name=name)
        self._name, self._lock, self._environment = name, Path(lock), environment

    def load(self) -> ModelRegistry:
        """Returns the registry of this model."""
        return ModelRegistry(self._name, self._lock, self._environment)
