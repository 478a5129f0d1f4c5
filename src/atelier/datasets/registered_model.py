"""Models in MLflow's model registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from atelier.types import Servable

REQUIREMENTS = ("keras", "tensorflow", "numpy")


@contextmanager
def _without_own_layers() -> Iterator[None]:
    """Keras without its registered custom objects: MLflow would pickle every one of them beside the
    model, whether the model has it or not, and the pickle would ask for this package.
    """
    import keras

    registered = keras.saving.get_custom_objects()
    kept = dict(registered)
    registered.clear()
    try:
        yield
    finally:
        registered.update(kept)


class RegisteredModelDataset(AbstractDataset[Servable, Any]):
    """Saves a Keras model as the next version of a registered one; loads the newest as pyfunc.

    The model is made of Keras' own layers, and so loads in safe mode without this package.
    The version has a signature and an input example taken from ``Servable.example``, its exact
    requirements, the description and the tags.
    """

    def __init__(self, *, name: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._name = name
        self._logging_activated = True
        self.metadata = metadata

    def save(self, data: Servable) -> None:
        """Log the model to the active run and register it.

        Raises:
            DatasetError: No MLflow run is active, so there is nothing to log it to.
        """
        import keras
        import mlflow

        if not self._logging_activated or mlflow.active_run() is None:
            raise DatasetError(
                f"Expected an active MLflow run to register {self._name}. Received: none"
            )
        keras.config.disable_interactive_logging()  # MLflow tries the example: no bar for that
        signature = mlflow.models.infer_signature(data.example, data.prediction)
        with _without_own_layers():
            info = mlflow.tensorflow.log_model(
                data.model,
                name=self._name,
                signature=signature,
                input_example=data.example,
                pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            )
        client = mlflow.MlflowClient()
        registered = mlflow.register_model(info.model_uri, self._name, tags=dict(data.tags))
        client.update_model_version(self._name, registered.version, data.description)

    def load(self) -> Any:
        """The newest version, as an MLflow pyfunc model."""
        import mlflow

        return mlflow.pyfunc.load_model(f"models:/{self._name}/latest")

    def _exists(self) -> bool:
        import mlflow

        found = mlflow.MlflowClient().search_model_versions(f"name='{self._name}'", max_results=1)
        return bool(found)

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}
