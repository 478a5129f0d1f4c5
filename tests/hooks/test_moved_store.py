"""A store whose folder was moved or copied: its addresses follow it."""

import shutil
from pathlib import Path

import mlflow
import pytest
from support.sqlite import rows
from support.stores import tracking_at

from atelier.hooks.relocation import move_store, relocated_address, rewrite_moved_store
from atelier.hooks.sqlite_store import create_store, sqlite_uri, store_lock
from atelier.hooks.store import create_experiment


@pytest.fixture
def store(tmp_path) -> Path:
    """A store with an experiment `lab` whose artifacts lie beside it, in a folder of its own."""
    file = tmp_path / "old ü" / "mlflow.db"
    artifacts = str(file.parent / "mlruns")
    create_store(file, artifacts)
    options = {"artifact_location": artifacts}
    create_experiment(sqlite_uri(file), name="lab", create_experiment_kwargs=options)
    return file


MODEL = """
import mlflow


class Doubling(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[float], params=None) -> list[float]:
        return [2 * value for value in model_input]


mlflow.models.set_model(Doubling())
"""


def record(file: Path, folder: Path) -> str:
    """A run with an artifact and a registered model; its id."""
    (folder / "model.py").write_text(MODEL)
    with tracking_at(sqlite_uri(file)), mlflow.start_run(experiment_id="1") as run:
        mlflow.log_text("what was said", "said.txt")
        mlflow.pyfunc.log_model(
            name="doubling",
            python_model=str(folder / "model.py"),
            pip_requirements=["mlflow"],
            registered_model_name="doubling",
        )
    return run.info.run_id


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def follow(file: Path) -> None:
    with store_lock(file):
        rewrite_moved_store(file, "lab", str(file.parent / "mlruns"))


def assert_whole(file: Path, run_id: str) -> None:
    """What was recorded is read from beside the store, and what is new is written there."""
    ours = str(file.parent / "mlruns")
    with tracking_at(sqlite_uri(file)) as client:
        assert client.get_run(run_id).info.artifact_uri.startswith(ours)
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/said.txt") == "what was said"
        model = mlflow.pyfunc.load_model("models:/doubling/1")
        assert model.predict([1.0, 2.5]) == [2.0, 5.0]
        assert client.get_model_version_download_uri("doubling", "1").startswith((ours, "models:/"))
        with mlflow.start_run(experiment_id="1") as run:
            mlflow.log_text("new", "new.txt")
    assert (file.parent / "mlruns" / run.info.run_id / "artifacts" / "new.txt").exists()
    for (location,) in rows(file, "select artifact_location from experiments"):
        assert location.startswith(ours)


@pytest.mark.filterwarnings("ignore")  # MLflow's, about models of code
def test_a_store_follows_its_moved_folder_and_a_copy_never_touches_the_original(store, tmp_path):
    run_id = record(store, tmp_path)
    copied = tmp_path / "copy" / "mlflow.db"
    shutil.copytree(store.parent, copied.parent)
    original = contents(store.parent)
    follow(copied)
    assert_whole(copied, run_id)
    assert contents(store.parent) == original

    moved = tmp_path / "new" / "deep" / "mlflow.db"
    shutil.move(store.parent, moved.parent)
    follow(moved)
    assert_whole(moved, run_id)
    assert not store.parent.exists()
    assert (moved.parent / "mlflow.db.before-move").exists()

    before = contents(moved.parent)
    follow(moved)  # nothing to do
    assert contents(moved.parent) == before


@pytest.mark.filterwarnings("ignore")
def test_a_store_copied_without_artifacts_reads_the_old_ones_and_says_how_to_have_them(
    store, tmp_path, caplog
):
    run_id = record(store, tmp_path)
    copied = tmp_path / "copy" / "mlflow.db"
    copied.parent.mkdir()
    shutil.copy(store, copied)
    follow(copied)
    old, new = store.parent / "mlruns", copied.parent / "mlruns"
    assert f"cp -R '{old}/.' '{new}' && python -m atelier.operations.move_store" in caplog.text
    with tracking_at(sqlite_uri(copied)) as client:
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/said.txt") == "what was said"
        assert client.get_experiment("1").artifact_location == str(new)
    shutil.copytree(old, new)
    assert move_store(copied, old, new).remaining == 0
    shutil.rmtree(old)
    assert_whole(copied, run_id)


def test_addresses_of_other_places_stay():
    old, new = Path("/a/mlruns"), Path("/b/ü/mlruns")
    assert relocated_address("/a/mlruns/1", old, new) == "/b/ü/mlruns/1"
    assert relocated_address("file:///a/mlruns", old, new) == "file:///b/%C3%BC/mlruns"
    for other in ("/a/mlruns2/1", "/c", "s3://a/mlruns/1", "mlflow-artifacts:/a/mlruns", None):
        assert relocated_address(other, old, new) is None
