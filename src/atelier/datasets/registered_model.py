"""Models in MLflow's model registry."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from atelier.datasets.tracked import DIGEST_LENGTH
from atelier.types import Images, Servable

logger = logging.getLogger(__name__)

REQUIREMENTS = ("keras", "tensorflow", "numpy", "pillow")
NOTE = "mlflow.note.content"
"""The tag that MLflow's page of a model shows as its description."""
ENVIRONMENT = "environment"
"""The tag of a version that names Kedro's environment."""
NO_STEP = -1
"""The step at which a model is an output of its run. MLflow gives a model all metrics that its run
logs at the model's step, before and after it; no metric of a run has this step.
"""

SUCCESS = ("Successfully registered model", "Registered model", "Created version")
"""How lines begin that MLflow writes to standard error when it registers a model."""


@contextmanager
def _without_success() -> Iterator[None]:
    """Keeps MLflow from writing that it has registered a model; other lines are written."""
    written = io.StringIO()
    try:
        with redirect_stderr(written):
            yield
    finally:
        for line in written.getvalue().splitlines(keepends=True):
            if not line.startswith(SUCCESS):
                sys.stderr.write(line)


@contextmanager
def _without_own_layers() -> Iterator[None]:
    """Hides the custom objects that are registered with Keras.

    MLflow would pickle all of them beside the model, used or not, and the pickle would need this
    package.
    """
    import keras

    registered = keras.saving.get_custom_objects()
    copied = dict(registered)
    registered.clear()
    try:
        yield
    finally:
        registered.update(copied)


class StoredImageFlavor:
    """MLflow's TensorFlow flavour with a check of the pictures that a model receives.

    The model itself is as MLflow saves it, and loads by ``mlflow.tensorflow.load_model``. As
    pyfunc, and so on a server, it is loaded by the module that is saved beside it.
    """

    @staticmethod
    def save_model(path: str, *, mlflow_model: Any, **options: Any) -> None:
        """Writes the model to a folder; called by :meth:`mlflow.models.Model.log`."""
        import mlflow

        from atelier.datasets import stored_images

        loader = Path(stored_images.__file__)
        mlflow.tensorflow.save_model(
            path=path, mlflow_model=mlflow_model, code_paths=[str(loader)], **options
        )
        mlflow_model.flavors["python_function"]["loader_module"] = loader.stem
        mlflow_model.save(str(Path(path) / "MLmodel"))


def open_signature(example: Images, prediction: Any) -> Any:
    """Returns a signature with the outputs of the prediction, and any array as its input.

    MLflow casts the numbers of a request to the type in the signature, 0.5 to uint8 without a
    warning. The type ``object`` leaves them as they are.
    """
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import Schema, TensorSpec

    outputs = infer_signature(example, prediction).outputs
    return ModelSignature(Schema([TensorSpec(np.dtype("O"), (-1,))]), outputs)


class RegisteredModelDataset(AbstractDataset[Servable, Any]):
    """Saves a Keras model as the next version of a registered model; loads the newest as pyfunc.

    The model has Keras' own layers only, and so loads in safe mode without this package. The
    version has the example, the signature of the prediction, the exact requirements, the
    description, the tags and its own metrics, which belong to the data set of the run that has
    their digest. It refuses input that is no stored picture
    (:mod:`atelier.datasets.stored_images`). The model's metadata has type and shape of the input
    under ``input``, with the rule by which pictures of other sizes are resized.

    Args:
        name: The registered model's name.
        prefix: The first part of the metrics' names.
        environment: Kedro's environment, which becomes a tag of the versions; none by default.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        name: str,
        prefix: str = "test",
        environment: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._name, self._prefix, self._environment = name, prefix, environment
        self._logging_activated = True
        self.metadata = metadata

    def save(self, data: Servable) -> None:
        """Logs the model to the active run and registers it.

        Raises:
            DatasetError: If no MLflow run is active.
        """
        import keras
        import mlflow

        if not self._logging_activated or mlflow.active_run() is None:
            raise DatasetError(
                f"Expected an active MLflow run to register {self._name}. Received: none"
            )
        keras.config.disable_interactive_logging()  # MLflow predicts the example: no progress bar
        example = data.example
        described = {"dtype": str(example.dtype), "shape": [-1, *example.shape[1:]]}
        with _without_own_layers():
            info = mlflow.models.Model.log(
                artifact_path=None,
                flavor=StoredImageFlavor(),
                flavor_name="mlflow.tensorflow",
                name=self._name,
                model=data.model,
                metadata={"input": described | dict(data.input_rule)},
                signature=open_signature(example, data.prediction),
                input_example=example,
                pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
                tags={NOTE: data.description},
                step=NO_STEP,
            )
        self._log_metrics(info.model_id, data)
        client = mlflow.MlflowClient()
        with _without_success():
            registered = mlflow.register_model(info.model_uri, self._name, tags=self._tags(data))
        logger.debug("Registered version %s of %s", registered.version, self._name)
        client.update_model_version(self._name, registered.version, data.description)

    def _tags(self, data: Servable) -> dict[str, str]:
        environment = {ENVIRONMENT: self._environment} if self._environment else {}
        return dict(data.tags) | environment

    def content_digest(self) -> str | None:
        """Returns which version of this environment is the newest; None where there is none."""
        import mlflow

        query = f"name='{self._name}'"
        if self._environment:
            query += f" and tag.{ENVIRONMENT}='{self._environment}'"
        versions = mlflow.MlflowClient().search_model_versions(query)
        newest = max(versions, key=lambda version: int(version.version), default=None)
        return None if newest is None else f"version {newest.version}, run {newest.run_id}"

    def _log_metrics(self, model_id: str, data: Servable) -> None:
        """Logs the metrics to the run, as those of the model on the run's data set."""
        import mlflow

        run_id = mlflow.active_run().info.run_id
        inputs = mlflow.MlflowClient().get_run(run_id).inputs.dataset_inputs
        known = {item.dataset.digest: item.dataset for item in inputs}
        mlflow.log_metrics(
            {f"{self._prefix}/{name}": value for name, value in data.metrics.items()},
            run_id=run_id,
            model_id=model_id,
            dataset=known.get(data.digest[:DIGEST_LENGTH]),
        )

    def load(self) -> Any:
        """Returns the newest version as an MLflow pyfunc model."""
        import mlflow

        return mlflow.pyfunc.load_model(f"models:/{self._name}/latest")

    def _exists(self) -> bool:
        import mlflow

        query = f"name='{self._name}'"
        return bool(mlflow.MlflowClient().search_model_versions(query, max_results=1))

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}
