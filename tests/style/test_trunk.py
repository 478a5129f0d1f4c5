import hashlib

import h5py
import keras
import numpy as np
import pytest

from atelier.data.trunk import HED, KERNELS, WIDTHS, read_trunk
from atelier.models.vgg import LAYERS, from_vgg, normalised, to_vgg, vgg16_trunk

pytestmark = pytest.mark.usefixtures("reproducible")


@pytest.fixture(scope="module")
def trunk():
    return read_trunk("hed")


@pytest.fixture(scope="module")
def keras_vgg(trunk):
    """Keras' own VGG16 with the same weights."""
    model = keras.applications.VGG16(include_top=False, weights=None)
    convolutions = [one for one in model.layers if isinstance(one, keras.layers.Conv2D)]
    for layer, name in zip(convolutions, WIDTHS, strict=True):
        layer.set_weights([trunk.weights[f"{name}.kernel"], trunk.weights[f"{name}.bias"]])
    return model


def test_the_trunk_of_the_package_has_vgg16s_parameters(trunk):
    assert sum(one.size for one in trunk.weights.values()) == 14_714_688
    assert trunk.name == HED
    assert len(trunk.digest) == 64


def test_every_layer_sees_what_keras_own_network_sees(trunk, keras_vgg, rng):
    picture = rng.uniform(0, 255, (1, 48, 32, 3)).astype(np.float32)
    theirs = keras.Model(
        keras_vgg.input,
        [keras_vgg.get_layer(f"block{name[4]}_conv{name[6]}").output for name in LAYERS],
    )
    ours = vgg16_trunk(trunk.weights, LAYERS, pooling="max")
    prepared = keras.applications.vgg16.preprocess_input(picture.copy())
    np.testing.assert_allclose(to_vgg(picture), prepared, rtol=1e-6)
    for own, other in zip(ours(to_vgg(picture)), theirs(prepared), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-2)


def test_a_file_that_keras_saves_is_read(trunk, keras_vgg, tmp_path):
    keras_vgg.save_weights(tmp_path / "mine.weights.h5")
    again = read_trunk(str(tmp_path / "mine.weights.h5"))
    assert again.name == "VGG16 from mine.weights.h5"
    for name, weight in trunk.weights.items():
        np.testing.assert_array_equal(again.weights[name], weight)


def test_a_file_such_as_keras_2_saved_is_read(tmp_path, rng):
    names = [f"block{name[4]}_conv{name[6]}" for name in WIDTHS]
    with h5py.File(tmp_path / "notop.h5", "w") as file:
        for name, shape in zip(names, KERNELS, strict=True):
            file[f"{name}/{name}_W_1:0"] = rng.normal(size=shape).astype(np.float32)
            file[f"{name}/{name}_b_1:0"] = np.full(shape[-1], int(name[5]), np.float32)
    read = read_trunk(str(tmp_path / "notop.h5")).weights
    assert [read[f"conv{block}_1.bias"][0] for block in range(1, 6)] == [1, 2, 3, 4, 5]


def cut_off(path, trunk):
    from atelier.data.trunk import _inside_package

    path.write_bytes(_inside_package().read_bytes()[:1_000_000])


def too_few(path, trunk):
    with h5py.File(path, "w") as file:
        file["a/kernel"], file["a/bias"] = np.zeros(KERNELS[0]), np.zeros(64)


def another_network(path, trunk):
    with h5py.File(path, "w") as file:
        for index, (*_, before, after) in enumerate(KERNELS):
            wide = after + 1 if index == 2 else after
            file[f"{index}/kernel"] = np.zeros((3, 3, before, wide), np.float32)
            file[f"{index}/bias"] = np.zeros(wide, np.float32)


def not_a_number(path, trunk):
    with h5py.File(path, "w") as file:
        for index, (name, shape) in enumerate(zip(WIDTHS, KERNELS, strict=True)):
            file[f"{index}/kernel"] = np.full(shape, np.nan if name == "conv3_2" else 0, np.float32)
            file[f"{index}/bias"] = np.zeros(shape[-1], np.float32)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut_off, "whole HDF5"),
        (lambda path, _: path.write_text("<html>"), "whole HDF5"),
        (too_few, "13 convolutions.* Received: 1"),
        (another_network, r"number 3 is \(3, 3, 64, 129\) instead of \(3, 3, 64, 128\)"),
        (not_a_number, "others in conv3_2"),
    ],
)
def test_what_is_no_vgg16_is_refused(spoil, words, trunk, tmp_path):
    spoil(tmp_path / "file.h5", trunk)
    with pytest.raises(ValueError, match=words):
        read_trunk(str(tmp_path / "file.h5"))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"hed, imagenet or a file.*nowhere\.h5"):
        read_trunk("nowhere.h5")


@pytest.mark.parametrize("there", [True, False])
def test_a_download_that_is_not_keras_file_is_refused(there, server, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder, address = server
    if there:
        (folder / "weights.h5").write_bytes(b"something else")
    with pytest.raises(ConnectionError, match="Offline, take weights=hed"):
        read_trunk("imagenet", address=address + "weights.h5")
    assert not list(tmp_path.glob("keras/models/*.h5"))


def test_a_download_with_the_right_digest_is_read_and_kept(server, trunk, tmp_path, monkeypatch):
    from atelier.data import trunk as module

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder, address = server
    content = module._inside_package().read_bytes()
    (folder / "weights.h5").write_bytes(content)
    monkeypatch.setattr(module, "MD5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    read = read_trunk("imagenet", address=address + "weights.h5")
    assert read.name == module.IMAGENET
    (folder / "weights.h5").unlink()
    assert read_trunk("imagenet", address=address + "weights.h5").digest == trunk.digest


def test_a_normalised_network_has_mean_activation_one_and_the_same_maps_up_to_scale(trunk, rng):
    from skimage.data import astronaut

    picture = astronaut()[::8, ::8].astype(np.float32)
    scaled = normalised(trunk.weights, [picture], pooling="average")
    layers = ("conv1_2", "conv2_1", "conv3_1")
    before, after = (
        vgg16_trunk(weights, layers, pooling="average")(to_vgg(picture)[None])
        for weights in (trunk.weights, scaled)
    )
    for raw, maps in zip(before, after, strict=True):
        means = np.asarray(raw).mean(axis=(0, 1, 2))
        often = means > 0.1 * means.mean()
        assert np.asarray(maps).mean(axis=(0, 1, 2))[often] == pytest.approx(1, rel=1e-3)
        filter_ = int(np.argmax(means))
        scale = means[filter_]
        np.testing.assert_allclose(
            np.asarray(maps)[..., filter_] * scale,
            np.asarray(raw)[..., filter_],
            rtol=1e-3,
            atol=1e-2,
        )


def test_a_picture_goes_into_the_network_and_back(rng):
    picture = rng.integers(0, 256, (5, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(from_vgg(to_vgg(picture)), picture, atol=1e-4)


def test_a_layer_that_vgg16_has_not_is_refused(trunk):
    with pytest.raises(ValueError, match="conv6_1"):
        vgg16_trunk(trunk.weights, ["conv6_1"], pooling="max")
