"""Models of others: read as they were saved, and refused in words where that is not safe."""

import json
import re
import zipfile

import h5py
import keras
import numpy as np
import pytest

from atelier.training import read_model


def small(**options) -> keras.Model:
    image = keras.Input((4, 4, 1))
    return keras.Model(image, keras.layers.Dense(2, **options)(keras.layers.Flatten()(image)))


def saved(model: keras.Model, path):
    model.save(path)
    return path


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_model_predicts_what_it_did_when_it_was_saved(suffix, tmp_path, rng):
    model = small(activation="softmax")
    model.compile("adam", "mse")
    images = rng.uniform(size=(3, 4, 4, 1)).astype(np.float32)
    read = read_model(saved(model, tmp_path / f"m{suffix}"))
    np.testing.assert_allclose(
        read.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-6
    )
    assert not read.compiled


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_is_refused_by_its_name_before_anything_is_loaded(suffix, tmp_path):
    image = keras.Input((4, 4, 1))
    inner = keras.Sequential([image, keras.layers.Lambda(lambda x: x + 1, name="plus")])
    path = saved(keras.Sequential([image, inner]), tmp_path / f"m{suffix}")
    with pytest.raises(ValueError, match="without Lambda layers.*Received: plus") as caught:
        read_model(path)
    assert str(path) in str(caught.value)


def with_config(path, change):
    """The same archive with its description changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in ("config.json", "metadata.json"):
        parts[name] = json.dumps(change(name, json.loads(parts[name]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_class_that_keras_does_not_know_is_told(tmp_path):
    def change(name, record):
        text = json.dumps(record).replace('"Flatten"', '"Mystery"')
        return json.loads(text.replace('"module": "keras.layers", "class_name": "Mystery"',
                                       '"module": "mine", "class_name": "Mystery"'))  # fmt: skip

    path = with_config(saved(small(), tmp_path / "m.keras"), change)
    with pytest.raises(ValueError, match=r"m\.keras: Expected a model that Keras can read.*know"):
        read_model(path)


def test_a_file_of_another_version_that_cannot_be_read_names_both_versions(tmp_path):
    def change(name, record):
        if name == "metadata.json":
            return record | {"keras_version": "4.1.0"}
        return json.loads(json.dumps(record).replace('"units"', '"unit_count"'))

    path = with_config(saved(small(), tmp_path / "m.keras"), change)
    with pytest.raises(ValueError, match=f"of Keras 4.1.0, this is Keras {keras.__version__}"):
        read_model(path)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_hdf5_file_as_keras_2_wrote_it_loads(tmp_path):
    """Keras 2.15's description of the same layers, by hand; weights of Keras 3's layout."""
    ours = [keras.layers.Flatten(name="flatten"), keras.layers.Dense(2, name="dense")]
    path = saved(keras.Sequential([keras.Input((4, 4, 1)), *ours]), tmp_path / "m.h5")
    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4, 4, 1],
         "dtype": "float32", "sparse": False, "ragged": False, "name": "input_1"}},
        {"class_name": "Flatten", "config": {"name": "flatten", "trainable": True,
         "dtype": "float32", "data_format": "channels_last"}},
        {"class_name": "Dense", "config": {"name": "dense", "trainable": True, "dtype": "float32",
         "units": 2, "activation": "linear", "use_bias": True}},
    ]  # fmt: skip
    with h5py.File(path, "r+") as file:
        file.attrs["keras_version"] = "2.15.0"
        config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
        file.attrs["model_config"] = json.dumps(config)
    assert read_model(path).output_shape == (None, 2)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.keras", b"", "an empty file"),
        ("m.keras", b"\x89HDF\r\n\x1a\n..", "name it .h5"),
        ("m.h5", b"PK\x03\x04..", "name it .keras"),
        ("m.keras", b"GIF89a", "another kind of file"),
        ("m.keras", b"PK\x03\x04 cut off", "Expected a whole model"),
        ("m.h5", b"\x89HDF\r\n\x1a\n cut off", "Expected a whole model"),
        ("m.pt", b"PK\x03\x04", "Received: '.pt'"),
        ("m.pkl", b"\x80\x04", "Received: '.pkl'"),
    ],
)
def test_another_file_is_refused_by_its_name(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        read_model(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_folder_and_a_missing_file_are_told(tmp_path):
    with pytest.raises(ValueError, match="a folder"):
        read_model(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_model(tmp_path / "m.keras")


def test_weights_alone_are_no_model(tmp_path):
    small().save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="Expected a whole model.*weights alone"):
        read_model(tmp_path / "m.weights.h5")
