import json
import os
import resource
import zipfile
from contextlib import contextmanager

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from matplotlib.figure import Figure
from support.fork_server import run_python

from atelier.datasets.animation import AnimationDataset
from atelier.datasets.atomic import RecordDataset
from atelier.datasets.figure import FigureDataset
from atelier.datasets.keras_model import KerasModelDataset
from atelier.datasets.npz import NpzDataset
from atelier.datasets.sinks import (
    CheckpointDataset,
    FileCheckpoint,
    MetricLogDataset,
    MlflowRunSinks,
)
from atelier.datasets.table import TableDataset
from atelier.datasets.tracked import MetricsDataset, ProvenanceDataset
from atelier.maxout import Maxout
from atelier.types import Animation


@contextmanager
def full_disk():
    """Every write past 4 kB fails, as on a full disk; pytest writes its log before and after."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def logged(run):
    return mlflow.MlflowClient().get_run(run.info.run_id)


def test_arrays_come_back_with_type_and_shape(tmp_path):
    arrays = {"images": np.ones((2, 3, 3, 1), np.uint8), "names": np.array(["a", "bc"])}
    dataset = NpzDataset(filepath=str(tmp_path / "new" / "one.npz"))
    dataset.save(arrays)
    for name, array in dataset.load().items():
        assert array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array, arrays[name])


def test_no_pickle_is_written_or_read(tmp_path):
    path = tmp_path / "one.npz"
    dataset = NpzDataset(filepath=str(path))
    with pytest.raises(DatasetError, match="dtype object"):
        dataset.save({"bad": np.array([object()])})
    np.savez(path, bad=np.array([object()]))
    with pytest.raises(DatasetError, match="without pickles"):
        dataset.load()


@pytest.mark.parametrize("keep", [0, 10, 0.5])
def test_a_truncated_npz_is_a_clear_error(tmp_path, keep):
    path = tmp_path / "one.npz"
    dataset = NpzDataset(filepath=str(path))
    dataset.save({"x": np.arange(10_000)})
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(DatasetError, match=r"one\.npz: Expected a whole npz file"):
        dataset.load()


def noise_table():
    return pd.DataFrame({"x": np.random.default_rng(0).random(9999)})


def large_figure():
    figure = Figure()
    figure.subplots().imshow(np.random.default_rng(0).random((200, 200)))
    return figure


@pytest.mark.parametrize(
    ("kind", "name", "small", "large"),
    [
        (NpzDataset, "a.npz", {"x": np.zeros(3)}, {"x": np.zeros(10_000)}),
        (TableDataset, "a.parquet", pd.DataFrame({"x": [1]}), noise_table()),
        (RecordDataset, "a.json", {"x": 1}, {"x": list(range(9999))}),
        (FigureDataset, "a.png", Figure(figsize=(0.2, 0.2)), large_figure()),
    ],
)  # fmt: skip
def test_a_full_disk_loses_nothing_and_leaves_nothing(tmp_path, kind, name, small, large):
    path = tmp_path / name
    dataset = kind(filepath=str(path))
    dataset.save(small)
    before = path.read_bytes()
    with full_disk(), pytest.raises(DatasetError, match="File too large"):
        dataset.save(large)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


def test_a_corrupt_keras_file_is_a_clear_error(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"PK\x03\x04 no model")
    with pytest.raises(DatasetError, match=r"model\.keras"):
        KerasModelDataset(filepath=str(path)).load()


def test_a_maxout_model_loads_whichever_module_its_layer_was_saved_from(tmp_path):
    path, older = tmp_path / "maxout.keras", tmp_path / "older.keras"
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6), Maxout(3)])
    model.save(path)
    with zipfile.ZipFile(path) as saved, zipfile.ZipFile(older, "w") as changed:
        for name in saved.namelist():
            content = saved.read(name)
            assert name != "config.json" or b"atelier.maxout.networks" in content
            moved = content.replace(b"atelier.maxout.networks", b"atelier.models.maxout")
            changed.writestr(name, moved if name == "config.json" else content)
    features = np.arange(12, dtype=np.float32).reshape(2, 6)
    np.save(tmp_path / "features.npy", features)
    code = (
        "import sys, numpy as np\n"
        "from atelier.datasets.keras_model import KerasModelDataset\n"
        "model = KerasModelDataset(filepath=sys.argv[1]).load()\n"
        "logits = model.predict(np.load(sys.argv[2]), verbose=0)\n"
        "print(logits.tolist())"
    )
    command = ["-c", code, str(older), str(tmp_path / "features.npy")]
    printed = run_python(*command, cwd=tmp_path, env=dict(os.environ)).stdout
    expected = model.predict(features, verbose=0)
    np.testing.assert_allclose(json.loads(printed.splitlines()[-1]), expected, rtol=1e-5)


def test_a_keras_model_too_large_for_the_disk_leaves_nothing(tmp_path):
    import keras

    path = tmp_path / "model.keras"
    dataset = KerasModelDataset(filepath=str(path))
    model = keras.Sequential([keras.Input((50,)), keras.layers.Dense(50)])
    with full_disk(), pytest.raises(DatasetError):
        dataset.save(model)
    assert os.listdir(tmp_path) == []


def test_metrics_are_a_file_and_mlflow_metrics_under_their_prefix(tmp_path, run):
    dataset = MetricsDataset(filepath=str(tmp_path / "m.json"), prefix="test")
    dataset.save({"accuracy": 0.5, "n": np.float64(10)})
    assert dataset.load() == {"accuracy": 0.5, "n": 10}
    assert logged(run).data.metrics == {"test/accuracy": 0.5, "test/n": 10}
    assert mlflow.MlflowClient().list_artifacts(run.info.run_id) == []


def test_of_many_metrics_the_headlines_are_logged_and_the_file_with_all(tmp_path, run):
    numbers = {"f1": 0.5, "f1_low": 0.25, "iou": 0.75, "n": 9.0}
    path = tmp_path / "m.json"
    dataset = MetricsDataset(
        filepath=str(path), prefix="otsu", headlines=["f1*", "n"], artifact_path="cells"
    )
    dataset.save(numbers)
    assert dataset.load() == numbers
    assert logged(run).data.metrics == {"otsu/f1": 0.5, "otsu/f1_low": 0.25, "otsu/n": 9}
    artifact = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/cells/m.json")
    assert artifact == numbers


def test_a_headline_that_no_metric_has_is_an_error_before_anything_is_written(tmp_path, run):
    path = tmp_path / "m.json"
    dataset = MetricsDataset(filepath=str(path), prefix="otsu", headlines=["f1", "accuracy*"])
    with pytest.raises(DatasetError, match=r"among the metrics f1, n\. Received: accuracy\*"):
        dataset.save({"f1": 0.5, "n": 9})
    assert not path.exists()
    assert logged(run).data.metrics == {}


def test_metrics_are_written_without_mlflow_too(tmp_path):
    dataset = MetricsDataset(filepath=str(tmp_path / "m.json"), prefix="x")
    dataset.save({"accuracy": 1.0})
    assert json.loads((tmp_path / "m.json").read_text()) == {"accuracy": 1}


def test_provenance_is_the_input_of_the_run_that_makes_it_and_of_one_that_reads_it(tmp_path, run):
    record = {"name": "mnist", "digest": "ab" * 32, "counts": {"train": 3}}
    dataset = ProvenanceDataset(filepath=str(tmp_path / "p.json"), prefix="digits")
    dataset.save(record)
    with mlflow.start_run(nested=True) as reader:
        assert dataset.load() == record
    for one in (run, reader):
        (entry,) = logged(one).inputs.dataset_inputs
        assert entry.dataset.name == "digits.mnist"
        assert record["digest"].startswith(entry.dataset.digest)


def test_a_curve_is_in_mlflow_as_it_comes(run):
    curve = MetricLogDataset(prefix="train", names={"val_loss": "validation/loss"}).load()
    for epoch, loss in enumerate((3.0, 2.0, 1.0), start=1):
        curve.append({"loss": loss, "val_loss": 2 * loss})
        for name, value in (("train/loss", loss), ("validation/loss", 2 * loss)):
            history = mlflow.MlflowClient().get_metric_history(run.info.run_id, name)
            assert [(one.step, one.value) for one in history][-1] == (epoch, value)


def test_a_checkpoint_names_the_run_that_is_continued(tmp_path, run):
    dataset = CheckpointDataset(filepath=str(tmp_path / "c.npz"))
    state = {"weights.0": np.arange(3)}
    dataset.load().save("abc", state)
    with mlflow.start_run(nested=True) as second:
        assert dataset.load().restore("other") is None
        restored = dataset.load().restore("abc")
    np.testing.assert_array_equal(restored["weights.0"], state["weights.0"])
    assert set(restored) == set(state)
    assert logged(second).data.tags["atelier.continues"] == run.info.run_id
    dataset.load().clear()
    assert dataset.load().restore("abc") is None


def test_a_checkpoint_of_other_code_is_not_restored(tmp_path, caplog):
    checkpoint = FileCheckpoint(tmp_path / "c.npz").with_code("old")
    checkpoint.save("abc", {"weights.0": np.arange(3)})
    assert checkpoint.with_code("old").restore("abc") is not None
    assert checkpoint.with_code("new").restore("abc") is None
    assert "other data, parameters or code" in caplog.text
    of_old_code = MlflowRunSinks(tmp_path).with_code("old").checkpoint("c")
    assert of_old_code.restore("abc") is not None
    assert MlflowRunSinks(tmp_path).with_code("new").checkpoint("c").restore("abc") is None


def test_a_sink_cannot_be_an_output(tmp_path):
    with pytest.raises(DatasetError, match="to be loaded only"):
        MetricLogDataset(prefix="x").save([])


def test_an_animation_plays_its_frames_in_their_order(tmp_path):
    shades = np.array([0, 128, 255], np.uint8)
    frames = np.broadcast_to(shades[:, None, None, None], (3, 6, 8, 3)).copy()
    dataset = AnimationDataset(filepath=str(tmp_path / "a" / "film.gif"))
    assert not dataset.exists()
    dataset.save(Animation(frames, 0.25))
    played = dataset.load()
    np.testing.assert_array_equal(played.frames, frames)
    assert played.seconds == 0.25
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["film.gif"]
