"""Models in MLflow's model registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from atelier.types import Images, Servable

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


class StoredImageFlavor:
    """MLflow's TensorFlow flavour, whose models check the pictures that they are given.

    The model itself is as MLflow saves it, and loads by ``mlflow.tensorflow.load_model``; as
    pyfunc, and so on a server, it is loaded by the module that is saved beside it.
    """

    @staticmethod
    def save_model(path: str, *, mlflow_model: Any, **options: Any) -> None:
        """Write the model to a folder, as :meth:`mlflow.models.Model.log` asks for it."""
        import mlflow

        from atelier.datasets import stored_images

        loader = Path(stored_images.__file__)
        mlflow.tensorflow.save_model(
            path=path, mlflow_model=mlflow_model, code_paths=[str(loader)], **options
        )
        mlflow_model.flavors["python_function"]["loader_module"] = loader.stem
        mlflow_model.save(str(Path(path) / "MLmodel"))


def open_signature(example: Images, prediction: Any) -> Any:
    """A signature whose outputs are those of the prediction, and whose input is any array.

    MLflow casts numbers of a request to the type of the signature before the model sees them, and
    0.5 to uint8 without a word; an input of ``object`` leaves them as they come.
    """
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import Schema, TensorSpec

    outputs = infer_signature(example, prediction).outputs
    return ModelSignature(Schema([TensorSpec(np.dtype("O"), (-1,))]), outputs)


class RegisteredModelDataset(AbstractDataset[Servable, Any]):
    """Saves a Keras model as the next version of a registered one; loads the newest as pyfunc.

    The model is made of Keras' own layers, and so loads in safe mode without this package.
    The version has an input example and its answer's signature taken from ``Servable``, its exact
    requirements, the description and the tags. It refuses what is no stored picture: see
    :mod:`atelier.datasets.stored_images`. Type and shape of the input stand in the model's
    metadata, as ``input``.
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
        example = data.example
        with _without_own_layers():
            info = mlflow.models.Model.log(
                artifact_path=None,
                flavor=StoredImageFlavor(),
                flavor_name="mlflow.tensorflow",
                name=self._name,
                model=data.model,
                metadata={
                    "input": {"dtype": str(example.dtype), "shape": [-1, *example.shape[1:]]}
                },
                signature=open_signature(example, data.prediction),
                input_example=example,
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
