"""The commands of the guide "Label your own pictures", on small data and models made for them."""

import re
import shlex
import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster
from PIL import Image
from scipy.special import softmax
from support.project import ROOT, Project
from support.servers import free_port, serve
from support.stores import tracking_at
from support.training import dots

from atelier.calibration.conformal import LeastAmbiguousSets
from atelier.calibration.density import DensityModel
from atelier.calibration.networks import dense_network
from atelier.calibration.serving import calibrated_model
from atelier.datasets.registered_model import RegisteredModelDataset
from atelier.training.prediction import predict_logits
from atelier.types import Servable

GUIDE = ROOT / "docs" / "own_data" / "predict.md"
COUNT = 40
PROGRAM = """
import sys
from kedro.framework.cli.cli import main
for arguments in {commands!r}:
    sys.argv = ["kedro", *arguments]
    try:
        main()
    except SystemExit as end:
        print("ended", end.code)
print("imported", "tensorflow" in sys.modules)
"""
"""Runs commands of kedro in one process."""


def commands() -> list[list[str]]:
    blocks = re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return [shlex.split(line[2:]) for block in blocks for line in block.splitlines()]


def snippet() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return code


def run_all(project, lines, *, forks):
    project.forks = forks
    program = PROGRAM.format(commands=[["run", "--env", "test", *line] for line in lines])
    return project.python("-c", program)


def register(project, namespace, seed):
    """Registers an untrained calibrated network, whose answers are as good as any here."""
    images = dots(COUNT, 9)["images"]
    network = dense_network(
        9, shape=images.shape[1:], width=16, depth=1, batch_normalisation=False, seed=seed
    )
    logits = predict_logits(network, images)
    density = DensityModel("tied").fit(logits, np.arange(COUNT) % 9)
    density = density.set_rejection(logits, quantile=0.1)
    probs = softmax(logits / 2, axis=1)
    sets = LeastAmbiguousSets(level=0.8, allow_empty=False).fit(probs, np.arange(COUNT) % 9)
    model = calibrated_model(network, temperature=2.0, density=density, sets=sets)
    said = model.predict(images[:2], verbose=0)
    tags = {"classes": " ".join(f"dot{number}" for number in range(9))}
    name = f"atelier-test-{namespace}-calibrated"
    servable = Servable(model, images[:2], said, "made", tags, {"n": 1.0}, "ab" * 32)
    RegisteredModelDataset(name=name).save(servable)
    return images, model.predict(images, verbose=0)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a champion of digits, a model of characters, and pictures in every form."""
    folder = tmp_path_factory.mktemp("guided")
    project = Project(folder)
    with tracking_at(project.store) as client:
        experiment = client.create_experiment("models", str(folder / "models"))
        with mlflow.start_run(experiment_id=experiment):
            project.images, project.digits = register(project, "digits", seed=0)
            project.characters = register(project, "characters", seed=1)[1]
        client.set_registered_model_alias("atelier-test-digits-calibrated", "champion", "1")
    write_pictures(folder, project.images)
    return project


def write_pictures(folder, images):
    (folder / "my_pictures").mkdir()
    names = [f"my_pictures/{number}.png" for number in range(COUNT)]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image[..., 0]).save(folder / name)
    shutil.make_archive(str(folder / "my_pictures"), "zip", folder / "my_pictures")
    (folder / "my_list.txt").write_text("\n".join(names))
    np.savez(folder / "my_images.npz", images=images)
    table = pd.DataFrame({"image": [(folder / name).read_bytes() for name in names]})
    table.to_parquet(folder / "my_table.parquet")


def tables(project):
    """The tables of labels by the folder that has them, in the order of the pictures."""
    folder = project.path("07_model_output", "test", "predict")
    found = {path.parent.name.split("-")[0]: path for path in folder.rglob("predictions.csv")}
    found["results"] = project.folder / "results" / "predictions.csv"
    return {name: in_order(pd.read_csv(path)) for name, path in found.items()}


def in_order(table):
    number = table["file"].str.extract(r"(\d+)\D*$")[0].astype(int)
    return table.assign(number=number).sort_values("number", ignore_index=True)


def test_every_command_of_the_guide_gives_the_models_labels_for_the_same_pictures(project):
    lines = [line[2:] for line in commands() if line[:2] == ["kedro", "run"]]
    *here, cluster = lines
    output = run_all(project, here, forks=True)
    assert output.count("ended 0") == len(here) == 5, output
    found = tables(project)
    for name in ("my_pictures", "my_list", "my_images", "my_table"):
        expect(found[name], project.digits)
    expect(found["results"], project.characters)
    before = found["my_pictures"]
    shutil.rmtree(project.path("07_model_output", "test", "predict"))
    with LocalCluster(
        n_workers=1, threads_per_worker=1, resources={"sweep": 1}, dashboard_address="127.0.0.1:0",
        host="127.0.0.1",
    ) as workers:  # fmt: skip
        away = [word.replace("tcp://127.0.0.1:8786", workers.scheduler_address) for word in cluster]
        output = run_all(project, [away], forks=False)
    assert "ended 0" in output, output
    assert "imported False" in output
    pd.testing.assert_frame_equal(tables(project)["my_pictures"], before, rtol=1e-4)


def expect(table, outputs):
    names = [f"dot{number}" for number in range(9)]
    assert table["label"].tolist() == [names[number] for number in outputs["label"]]
    np.testing.assert_allclose(table["probability"], outputs["probability"], rtol=1e-4)
    columns = [f"probability_{name}" for name in names]
    np.testing.assert_allclose(table[columns], outputs["probabilities"], rtol=1e-3, atol=1e-6)
    assert (table["reject"] == outputs["reject"]).mean() > 0.9  # a threshold lies on a picture
    assert table["problem"].isna().all()
    size = table["set"].str.split("|", regex=False).map(len)
    np.testing.assert_array_equal(size, np.asarray(outputs["set"]).sum(axis=1))
    assert (table["set"].str.split("|", regex=False).str[0] == table["label"]).all()


def test_the_served_model_answers_the_guides_requests(project, capsys, monkeypatch):
    ((program, *arguments),) = [line for line in commands() if line[0] == "mlflow"]
    port = str(free_port())
    arguments = [a.replace("atelier-digits", "atelier-test-digits") for a in arguments]
    arguments[arguments.index("--port") + 1] = port
    monkeypatch.chdir(project.folder)
    environment = project.environment | {"MLFLOW_TRACKING_URI": project.store}
    client = SimpleNamespace(folder=project.folder, environment=environment)
    health = f"http://127.0.0.1:{port}/ping"
    with contextmanager(serve)(client, program, *arguments, health=health):
        exec(snippet().replace("5001", port), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed == [str([int(project.digits["label"][0])])] * 2
