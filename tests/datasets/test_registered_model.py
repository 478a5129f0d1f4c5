"""What registered models take and refuse, asked as MLflow's server asks them."""

import base64
import json
import os
import shutil
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations
from PIL import Image
from support.fork_server import run_python
from support.predictions import png
from support.stores import tracking_at

from atelier.calibration.density import DensityModel
from atelier.calibration.networks import dense_network
from atelier.calibration.serving import calibrated_model
from atelier.data.user_data.image_stack import ImageStack
from atelier.data.user_data.params import PictureParams
from atelier.datasets.registered_model import RegisteredModelDataset
from atelier.datasets.stored_images import decode_images
from atelier.datasets.tracked import ProvenanceDataset
from atelier.training.prediction import predict_logits
from atelier.training.serving import serving_model
from atelier.types import Servable

DIGEST = "ab" * 32
OWN = {
    "plain": {"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "n": 20.0},
    "calibrated": {"accuracy": 0.9, "ece": 0.1, "n": 20.0},
}
"""Metrics of the models themselves, by name."""
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
"""Logits of two programs: far above a sum of 144 products in float32, far below a class."""


@pytest.fixture(scope="module")
def network(made):
    shape = made(1, 1)["images"].shape[1:]
    return dense_network(9, shape=shape, width=16, depth=1, batch_normalisation=False, seed=0)


@pytest.fixture(scope="module")
def images(made):
    return made(20, 9)["images"]


@pytest.fixture(scope="module")
def registered(network, images, tmp_path_factory, empty_store):
    """The plain and the calibrated model, as their users load them."""
    folder = tmp_path_factory.mktemp("registered")
    shutil.copy(empty_store, folder)
    logits = predict_logits(network, images)
    density = DensityModel("tied").fit(logits, np.arange(20) % 9)
    density = density.set_rejection(logits, quantile=0.0)
    density.reject_below -= 0.1  # nats: below every image by more than rounding
    models = {
        "plain": serving_model(network),
        "calibrated": calibrated_model(network, temperature=2.0, density=density),
    }
    with tracking_at(f"sqlite:///{folder / 'mlflow.db'}"):
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("one", str(folder / "art")))
        loaded = {}
        with mlflow.start_run():
            data = ProvenanceDataset(filepath=str(folder / "provenance.json"), prefix="digits")
            data.save({"name": "made", "digest": DIGEST})
            mlflow.log_metric("before", 1)
            for name, model in models.items():
                said = model.predict(images[:2], verbose=0)
                dataset = RegisteredModelDataset(name=name)
                dataset.save(
                    Servable(model, images[:2], said, "made", {"source": "made"}, OWN[name], DIGEST)
                )
                loaded[name] = dataset.load()
            mlflow.log_metric("after", 1)
            mlflow.log_metric("curve", 1, step=1)
        yield loaded | {"store": mlflow.get_tracking_uri()}


def test_a_model_has_its_own_metrics_only_whatever_its_run_logs_before_and_after(registered):
    client = mlflow.MlflowClient(registered["store"])
    for name, own in OWN.items():
        version = client.get_model_version(name, "1")
        model = client.get_logged_model(Path(version.source).name)
        assert {one.key: one.value for one in model.metrics} == {
            f"test/{measure}": value for measure, value in own.items()
        }
        assert {one.dataset_name for one in model.metrics} == {"digits.made"}
        assert all(DIGEST.startswith(one.dataset_digest) for one in model.metrics)
        run = client.get_run(model.source_run_id)
        assert model.model_id in {one.model_id for one in run.outputs.model_outputs}
        assert set(run.data.metrics) > {"before", "after", "curve", "test/accuracy"}


def ask(model, key, pictures):
    """What MLflow's server answers to a request; without a key, the model itself."""
    if key is None or not len(pictures):  # MLflow itself refuses an empty list
        return model.predict(pictures)
    body = json.dumps({key: np.asarray(pictures).tolist()}).encode()
    return json.loads(
        invocations(body, "application/json", model, model.metadata.get_input_schema()).response
    )["predictions"]


@pytest.mark.parametrize("key", ["inputs", "instances"])
@pytest.mark.parametrize("kind", [int, float])
def test_whole_numbers_up_to_255_are_answered_as_stored_pictures(
    registered, network, images, key, kind
):
    logits = predict_logits(network, images)
    pictures = images.astype(kind)
    np.testing.assert_allclose(ask(registered["plain"], key, pictures), logits, **CLOSE)
    said = ask(registered["calibrated"], key, pictures)
    assert said["label"] == logits.argmax(axis=1).tolist()
    assert not any(said["reject"])


@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64"])
def test_arrays_of_any_number_type_are_taken(registered, network, images, kind):
    said = registered["plain"].predict(images.astype(kind))
    np.testing.assert_allclose(said, predict_logits(network, images), **CLOSE)


def spoilt(images):
    whole = images.astype(float)
    few = whole.copy()
    few[3, 2, 1, 0] = np.nan
    return {
        "divided by 255": (whole / 255, "multiplied by 255"),
        "in [-1, 1]": (whole / 127.5 - 1, "between -1"),
        "standardised": ((whole - whole.mean()) / whole.std(), "numbers between -"),
        "a half": (whole + 0.5, "fractions.* Round them first"),
        "16 bit": (whole * 257, "numbers between .* and 53"),
        "negative": (whole - 90, "numbers between -"),
        "not a number": (few, "1 numbers that are not finite"),
        "a mask": ((whole > 120).astype(int), "nothing above 1"),
        "divided and cast": (np.round(whole / 255).astype("uint8"), "nothing above 1"),
        "no channels": (images[..., 0], "the last axis, of channels, is missing"),
        "a single picture": (images[0], "a batch of one"),
        "another side": (images[:, :-1], r"the shape \(20, 11, 12, 1\)"),
        "none": (images[:0], "the shape"),
        "booleans": (images > 120, "bool values"),
    }


@pytest.mark.parametrize("name", ["plain", "calibrated"])
@pytest.mark.parametrize("key", ["inputs", "instances", None])
def test_what_is_no_stored_picture_is_refused_with_what_is_expected(registered, images, name, key):
    """HTTP 400; pixels divided by 255 were zeros once, and answered."""
    for pictures, words in spoilt(images).values():
        with pytest.raises(MlflowException, match=words) as refusal:
            ask(registered[name], key, pictures)
        assert refusal.value.get_http_status_code() == 400
        assert "Expected pictures" in refusal.value.message


@pytest.mark.parametrize(
    "pictures", ["[[[1], [2, 3]]]", '[["a"]]', "[[null, 3]]", "[[true]]", "[[true, 3]]"]
)
def test_lists_that_are_no_numbers_are_refused(registered, pictures):
    model = registered["plain"]
    schema = model.metadata.get_input_schema()
    with pytest.raises(MlflowException, match="Expected pictures of") as refusal:
        invocations(f'{{"inputs": {pictures}}}', "application/json", model, schema)
    assert refusal.value.get_http_status_code() == 400


def test_a_blank_picture_is_answered_and_rejected(registered, images):
    batch = images[:3].copy()
    batch[1] = 0
    assert registered["calibrated"].predict(batch)["reject"].tolist() == [False, True, False]


def test_pixels_that_were_divided_before_keras_casts_them_are_rejected(registered, images):
    """Who loads the Keras model itself meets no check, but its own answer."""
    model = registered["calibrated"].get_raw_model()
    assert model.predict(images / 255, verbose=0)["reject"].all()


def test_a_version_loads_as_tensorflow_or_without_this_package_and_holds_no_pickle(registered):
    folder = Path(mlflow.artifacts.download_artifacts("models:/calibrated/1"))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert "code/stored_images.py" in files
    assert not [name for name in files if "pickle" in name or name.endswith(".pkl")]
    assert isinstance(mlflow.tensorflow.load_model("models:/plain/1"), keras.Model)
    info = mlflow.models.get_model_info("models:/calibrated/1")
    assert info.metadata["input"] == {"dtype": "uint8", "shape": [-1, 12, 12, 1]}
    assert set(info.signature.outputs.input_names()) > {"label", "reject"}
    program = (
        "import sys, mlflow, numpy as np\n"
        "sys.modules['atelier'] = None\n"
        f"model = mlflow.pyfunc.load_model({str(folder)!r})\n"
        "print(model.predict(np.full((1, 12, 12, 1), 7))['reject'].shape)"
    )
    run = run_python("-c", program, cwd=folder, env=dict(os.environ))
    assert run.stdout.splitlines()[-1:] == ["(1,)"], run.stderr


def encoded(content):
    return base64.b64encode(content).decode()


def answer(model, body):
    schema = model.metadata.get_input_schema()
    return json.loads(
        invocations(json.dumps(body).encode(), "application/json", model, schema).response
    )["predictions"]


BODIES = {
    "inputs": lambda texts: {"inputs": texts},
    "instances": lambda texts: {"instances": texts},
    "split": lambda texts: {
        "dataframe_split": {"columns": ["image"], "data": [[text] for text in texts]}
    },
    "records": lambda texts: {"dataframe_records": [{"image": text} for text in texts]},
}


@pytest.mark.parametrize("body", BODIES)
def test_pictures_in_base64_are_answered_as_their_arrays_are(registered, images, body):
    texts = [encoded(png(image[..., 0])) for image in images]
    texts[1] = f"data:image/png;base64,{texts[1]}"
    expected = registered["calibrated"].predict(images)
    said = answer(registered["calibrated"], BODIES[body](texts))
    assert said["label"] == expected["label"].tolist()
    np.testing.assert_allclose(said["probabilities"], expected["probabilities"], **CLOSE)
    plain = answer(registered["plain"], BODIES[body](texts))
    np.testing.assert_allclose(plain, registered["plain"].predict(images), **CLOSE)


NOISE = np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)
GOOD = encoded(png(np.zeros((12, 12), np.uint8)))
DAMAGED = {
    "no base64": ("%%%", "in picture 2"),
    "cut off": (encoded(png(NOISE)[:100]), "in picture 2"),
    "words": (encoded(b"a text"), "another format, 6 bytes that begin with b'a text'"),
    "another format": (encoded(png(np.zeros((12, 12), np.uint8), "BMP")), "another format"),
    "a path": ("pictures/0.png", "in picture 2"),
    "too large": (encoded(png(np.zeros((6000, 6000), bool))), "in picture 2, 36,000,000 pixels"),
    "empty": ("", "in picture 2"),
    "a number among texts": (3, "as texts in base64"),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_no_picture_in_base64_is_refused_with_its_number(registered, damage, body):
    content, words = DAMAGED[damage]
    with pytest.raises(MlflowException, match=words) as refusal:
        answer(registered["calibrated"], BODIES[body]([GOOD, content]))
    assert refusal.value.get_http_status_code() == 400


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8, 3), (12, 12, 3)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
@pytest.mark.parametrize("rule", [("pad", "white"), ("crop", "black"), ("stretch", "#80c0ff")])
def test_a_server_makes_the_image_of_a_picture_that_ingest_makes(shape, mode, rule):
    rng = np.random.default_rng(1)
    if mode == "I;16":
        picture = Image.fromarray(rng.integers(0, 65_536, (8, 10), np.uint16))
    else:
        picture = Image.fromarray(rng.integers(0, 256, (8, 10, 4), np.uint8)).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    content = png(picture, exif=exif)
    resize, background = rule
    params = PictureParams(side=shape[0], channels=shape[2], resize=resize, background=background)
    stack = ImageStack(1, params)
    stack.put(0, content, "a")
    served = decode_images([encoded(content)], shape, {"resize": resize, "background": background})
    np.testing.assert_array_equal(served, stack.finish()[0])
