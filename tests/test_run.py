"""The project as its users run it: real processes, real stores."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.patience import PATIENCE, wait_until
from support.servers import free_port
from support.stores import tracking_at

from atelier.calibration.density import DensityModel
from atelier.data.vgg_weights import HED
from atelier.datasets.keras_model import KerasModelDataset
from atelier.datasets.npz import read_npz
from atelier.training.prediction import predict_logits
from atelier.training.resume import history_from_arrays


def metrics_file(project):
    return json.loads(project.path("08_reporting/test/digits/test_metrics.json").read_text())


def artifacts(project, run, folder: str) -> set[str]:
    return {item.path for item in project.client().list_artifacts(run.info.run_id, folder)}


def test_each_experiment_leaves_its_metrics_pictures_parameters_and_inputs_in_a_run(finished):
    command = finished.commands("__default__")[-1]  # the first
    assert command.info.status == "FINISHED"
    assert command.data.metrics == command.data.params == {}
    assert command.inputs.dataset_inputs == []
    run = finished.experiments("train", "digits")[-1]  # the first of possibly several
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == command.info.run_id
    assert run.data.metrics["test/accuracy"] == metrics_file(finished)["accuracy"]
    assert run.data.params["training.augmentation.degrees"] == "0.0"
    assert "training" not in run.data.params
    assert not any("ascent" in name or "otsu" in name for name in run.data.params)
    assert "digits/confusion.png" in artifacts(finished, run, "digits")
    assert artifacts(finished, run, "characters") == set()
    history = finished.client().get_metric_history(run.info.run_id, "validation/accuracy")
    assert [one.step for one in history] == [1, 2]


def test_the_experiments_of_the_default_run_lie_below_it_and_name_their_data(finished):
    command = finished.commands("__default__")[-1]  # the first
    below = [
        run
        for run in finished.runs()
        if run.data.tags.get("mlflow.parentRunId") == command.info.run_id
    ]
    by_name = {run.info.run_name: run for run in below}
    assert len(by_name) == len(below)
    assert set(by_name) >= {"train · digits", "train · characters", "segmentation · cells", "sweep"}
    assert not any(name.startswith("drift") for name in by_name)
    assert {run.info.status for run in below} == {"FINISHED"}
    expected = {
        "ingest · digits": {"digits.mnist-5000"},
        "train · digits": {"digits.mnist-5000"},
        "train · characters": {"characters.glyphs"},
        "ingest · cells": {"cells.drawn-cells"},
        "style_transfer · style": {f"style.{HED}"},
    }
    for name, names in expected.items():
        inputs = by_name[name].inputs.dataset_inputs
        assert {entry.dataset.name for entry in inputs} == names, name
    assert by_name["style_transfer · style"].data.tags["weights"] == HED
    sheets = artifacts(finished, by_name["ingest · digits"], "digits")
    assert "digits/contact_sheet.png" in sheets


def test_a_run_ends_by_saying_where_to_look(finished):
    for words in ("make ui", "make viz", "data/08_reporting"):
        assert words in finished.output


def test_the_tables_can_be_read_and_hold_every_class(finished):
    table = pd.read_parquet(finished.path("08_reporting/test/characters/test_scores_table.parquet"))
    assert len(table) == 47


def test_nothing_half_written_is_left(finished):
    assert not list(finished.folder.rglob(".part-*"))


def test_a_second_run_has_nothing_to_do_with_only_missing_outputs(copied):
    runs = {run.info.run_id for run in copied.runs()}
    complete = "ingest,train,sweep,calibration,style_transfer"
    output = copied.run("--only-missing-outputs", "--pipelines", complete)
    assert "epoch 1/2" not in output
    assert "Nothing to do" in output
    assert len({run.info.run_id for run in copied.runs()} - runs) == 1  # no runs under it


IMPORTED = "print('imported', sorted({'tensorflow', 'keras', 'jax'} & set(sys.modules)))\n"


def in_a_new_process(project, script: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a real process, which has imported nothing before."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
    )


def test_ingest_pays_for_neither_tensorflow_nor_keras(copied):
    script = (
        "import sys; from pathlib import Path\n"
        "from kedro.framework.session import KedroSession\n"
        "from kedro.framework.startup import bootstrap_project\n"
        "bootstrap_project(Path.cwd())\n"
        "with KedroSession.create(Path.cwd(), env='test') as session:\n"
        "    session.run(pipeline_names=['ingest'])\n" + IMPORTED
    )
    result = in_a_new_process(copied, script)
    assert "imported []" in result.stdout, result.stdout + result.stderr


def test_a_default_run_without_a_change_does_nothing_and_loads_neither_tensorflow_nor_jax(copied):
    copied.run()  # what other tests have changed, and the report of what has run since
    script = (
        "import sys; from kedro.framework.cli.cli import main\n"
        "sys.argv = ['kedro', 'run', '--env', 'test']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    " + IMPORTED
    )
    result = in_a_new_process(copied, script)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    assert re.search(r"Nothing to do: \d+ nodes unchanged\.", output), output
    assert "imported []" in output


# The registered model.


@pytest.fixture
def store(finished):
    """A client of the finished project's store, which MLflow is told of."""
    with tracking_at(finished.store) as client:
        yield client


@pytest.mark.usefixtures("store")
def test_the_registered_model_predicts_what_the_trained_one_does(finished):
    served = mlflow.pyfunc.load_model("models:/atelier-test-digits/latest")
    path = finished.path("06_models/test/digits/classifier.keras")
    model = KerasModelDataset(filepath=str(path)).load()
    images = read_npz(finished.path("03_primary/test/digits/test.npz"))["images"]
    np.testing.assert_allclose(
        served.predict(images), predict_logits(model, images), rtol=1e-5, atol=1e-6
    )


def test_the_registered_model_has_signature_example_pins_and_its_numbers(finished, store):
    (version,) = store.search_model_versions("name='atelier-test-digits'")
    assert f"n = {metrics_file(finished)['n']:.0f}" in version.description
    model = mlflow.models.get_model_info("models:/atelier-test-digits/1")
    assert model.metadata["input"] == {"dtype": "uint8", "shape": [-1, 28, 28, 1]}
    (output,) = model.signature.outputs.to_dict()
    assert output["tensor-spec"] == {"dtype": "float32", "shape": (-1, 10)}
    assert model.saved_input_example_info
    requirements = mlflow.pyfunc.get_model_dependencies("models:/atelier-test-digits/1")
    with open(requirements) as file:
        lines = file.read().split()
    assert {line.split("==")[0] for line in lines} >= {"keras", "tensorflow", "numpy"}
    assert all("==" in line for line in lines)


@contextmanager
def served(project, name):
    """A function that asks MLflow's server of this registered model about images."""
    port = free_port()
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local",
        "--model-uri", f"models:/{name}/1", "--port", str(port),
    ]  # fmt: skip
    environment = project.environment | {"MLFLOW_TRACKING_URI": project.store}
    log = open(project.folder / "serve.log", "w+")  # noqa: SIM115
    server = subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}/invocations"
    try:
        yield lambda images: ask(
            address, json.dumps({"inputs": images.tolist()}).encode(), server, log
        )["predictions"]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(PATIENCE)
        log.close()


def test_the_registered_models_answer_over_http(finished):
    images = read_npz(finished.path("03_primary/test/digits/test.npz"))["images"][:3]
    arrays = read_npz(finished.path("07_model_output/test/digits/logits.npz"))
    logits = arrays["test_logits"][:3]
    with served(finished, "atelier-test-digits") as predict:
        np.testing.assert_allclose(predict(images), logits, rtol=1e-4, atol=1e-5)
        with pytest.raises(AssertionError, match="multiplied by 255"):  # HTTP 400
            predict(images / 255)
    density = DensityModel.from_arrays(
        read_npz(finished.path("07_model_output/test/digits/density.npz"))
    )
    with served(finished, "atelier-test-digits-calibrated") as predict:
        said = predict(images)
    assert said["label"] == logits.argmax(axis=1).tolist()
    np.testing.assert_allclose(said["log_density"], density.log_density(logits), rtol=1e-3)
    assert said["reject"] == density.rejects(logits).tolist()
    assert all(0.1 <= sure <= 1 for sure in said["probability"])


@pytest.mark.usefixtures("store")
def test_no_registered_model_holds_a_pickle():
    """Maxout is registered with Keras in the same run; MLflow would pickle it into every model."""
    for name in ("atelier-test-digits", "atelier-test-characters-calibrated"):
        folder = mlflow.artifacts.download_artifacts(f"models:/{name}/1")
        assert not [path for path in Path(folder).rglob("*") if "cloudpickle" in path.name]
        assert not list(Path(folder).rglob("*.pkl"))


def test_the_calibrated_model_loads_in_a_process_without_this_package(finished):
    """As whoever gets the model would: MLflow, its flavour's libraries, nothing of ours."""
    program = (
        "import sys, mlflow, numpy as np\n"
        "model = mlflow.pyfunc.load_model('models:/atelier-test-digits-calibrated/1')\n"
        "said = model.predict(np.zeros((2, 28, 28, 1), np.uint8))\n"
        "print(sorted(said), said['label'].shape, 'atelier' in sys.modules)"
    )
    environment = finished.environment | {"MLFLOW_TRACKING_URI": finished.store}
    environment.pop("PYTHONPATH")
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    outputs = "['label', 'log_density', 'probabilities', 'probability', 'reject', 'set']"
    expected = f"{outputs} (2,) False"
    assert run.stdout.splitlines()[-1] == expected, run.stderr


def ask(address, body, server, log):
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})

    def answer():
        assert server.poll() is None, log.seek(0) or log.read()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.load(response)
        except urllib.error.URLError as error:
            assert not isinstance(error, urllib.error.HTTPError), error.read().decode()
            return None

    return wait_until(answer, every=0.5)


# What users get wrong.


def test_a_missing_input_names_itself_and_the_pipeline_to_run_first(fresh):
    output = fresh.run("--pipeline", "train", "--params", "seed=3,source=embedded", ok=False)
    assert "'digits.train_arrays'" in output
    assert "kedro run --env test --pipeline ingest --params seed=3,source=embedded" in output
    assert list(fresh.runs()) == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("digits.training.learning_rate=-1", "greater than 0"),
        ("digits.training.learnig_rate=0.1,sead=3", "'seed'"),
        ("characters.ingest.split=upside-down", "balanced"),
        ("source=mirror,mirror=/nowhere/at/all", "/nowhere/at/all"),
        ("source=mirror", "--params mirror="),
    ],
)
def test_a_bad_parameter_stops_before_anything_is_written(fresh, parameters, words):
    output = fresh.run("--params", parameters, ok=False)
    assert words in output
    assert not list(fresh.path("03_primary").rglob("*.npz")) if fresh.path().exists() else True


def test_a_short_parameter_is_heard_and_replaces_no_group_of_its_name(copied, tmp_path):
    """`picture`, `style` and `cells` are groups of parameters too."""
    path = tmp_path / "mine.png"
    stripes = np.tile(np.repeat(np.uint8([10, 10, 120, 200]), 10), (40, 1))
    Image.fromarray(stripes).save(path)
    copied.run("--pipeline", "thresholding", "--params", f"picture={path}")
    metrics = json.loads(copied.path("08_reporting/test/picture/otsu_metrics.json").read_text())
    assert metrics["pixels"] == 1600
    output = copied.run("--pipeline", "style_transfer", "--params", "style=/nowhere.jpg", ok=False)
    assert "/nowhere.jpg" in output


def test_labels_of_another_length_stop_the_run_and_leave_old_data(ingested, tmp_path):
    before = {path: path.read_bytes() for path in ingested.path("03_primary").rglob("*.*")}
    for part in ("train", "test"):
        for kind, header in (("images-idx3", [3, 28, 28]), ("labels-idx1", [2])):
            sizes = b"".join(size.to_bytes(4, "big") for size in header)
            data = bytes([0, 0, 8, len(header)]) + sizes + bytes(int(np.prod(header)))
            (tmp_path / f"emnist-balanced-{part}-{kind}-ubyte").write_bytes(data)
    output = ingested.run(
        "--pipeline", "ingest", "--namespaces", "characters",
        "--params", f"source=mirror,mirror={tmp_path}", ok=False,
    )  # fmt: skip
    assert "3 images, 2 labels" in output
    assert before == {path: path.read_bytes() for path in ingested.path("03_primary").rglob("*.*")}


# Killed, interrupted, continued.

LONG = "digits.training.epochs=25,digits.training.patience=25"


def start_and_stop(project, how, *, epochs: int) -> str:
    """Train until some more epochs are saved, then send a signal; what was printed."""
    checkpoint = project.path("06_models/test/digits/checkpoint.npz")

    def saved() -> int:
        return len(history_from_arrays(read_npz(checkpoint))) if checkpoint.exists() else 0

    enough = saved() + epochs
    process = project.start(
        "run", "--env", "test", "--pipeline", "train", "--namespaces", "digits", "--params", LONG
    )
    wait_until(lambda: saved() >= enough or process.poll() is not None, every=0.02)
    assert process.poll() is None, process.communicate()[0]
    process.send_signal(how)
    output, _ = process.communicate(timeout=PATIENCE)
    return output


def statuses(project) -> list[str]:
    return sorted(run.info.status for run in project.runs())


def test_killed_and_interrupted_a_training_ends_as_if_undisturbed(ingested):
    start_and_stop(ingested, signal.SIGKILL, epochs=3)
    assert statuses(ingested) == ["RUNNING", "RUNNING"]  # the command's, the experiment's
    (killed,) = ingested.experiments("train")
    seen = ingested.client().get_metric_history(killed.info.run_id, "validation/loss")
    assert len(seen) >= 3

    start_and_stop(ingested, signal.SIGINT, epochs=3)
    assert statuses(ingested) == ["KILLED"] * 4

    finish = ("--pipeline", "train", "--namespaces", "digits", "--params", LONG)
    ingested.run(*finish)
    last, second, first = ingested.experiments("train")
    assert statuses(ingested) == ["FINISHED"] * 2 + ["KILLED"] * 4
    assert last.data.tags["atelier.continues"] == second.info.run_id
    assert second.data.tags["atelier.continues"] == first.info.run_id
    assert {run.info.run_name for run in (first, last)} == {
        "train · digits · epochs 25 · patience 25"
    }
    history = ingested.client().get_metric_history(last.info.run_id, "validation/loss")
    assert [one.step for one in history] == list(range(1, 26))

    continued = metrics_file(ingested)
    weights = read_npz(ingested.path("07_model_output/test/digits/logits.npz"))
    ingested.run(*finish)
    assert metrics_file(ingested) == continued
    again = read_npz(ingested.path("07_model_output/test/digits/logits.npz"))
    assert all(np.array_equal(again[name], weights[name]) for name in weights)


@pytest.fixture
def copied_store(copied):
    """A client of the copied project's store, which MLflow is told of."""
    with tracking_at(copied.store) as client:
        yield client


def test_a_model_is_promoted_followed_rolled_back_and_then_stays_out(copied, copied_store):
    store = copied_store
    name = "atelier-test-digits-calibrated"
    promote = ("--pipeline", "promote", "--namespaces", "digits")
    first = store.get_model_version_by_alias(name, "champion").version  # of the fixture's run
    found = store.get_model_version(name, first)
    assert "is the first champion" in found.tags["promotion.verdict"]
    copy = store.create_model_version(name, found.source, found.run_id).version
    assert f"Version {copy} replaces version {first}" in copied.run(*promote)
    assert store.get_model_version_by_alias(name, "champion").version == copy
    table = pd.read_parquet(copied.path("08_reporting/test/digits/promotion_table.parquet"))
    assert table.set_index("measure").loc["accuracy", "gain"] == 0
    said = copied.run("--pipeline", "rollback", "--namespaces", "digits")
    assert f"version {first} is champion" in said
    assert store.get_model_version_by_alias(name, "champion").version == first
    assert "was rolled back" in copied.run(*promote)
    assert {v.version for v in store.search_model_versions(f"name='{name}'")} >= {first, copy}
