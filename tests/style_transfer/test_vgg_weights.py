import hashlib
import zipfile

import h5py
import keras
import numpy as np
import pytest

from atelier.data.vgg_weights import HED, KERNELS, WIDTHS, read_vgg_weights


def test_the_trunk_of_the_package_has_vgg16s_parameters(vgg_weights):
    assert sum(weight.size for weight in vgg_weights.weights.values()) == 14_714_688
    assert vgg_weights.name == HED
    assert len(vgg_weights.digest) == 64


def test_a_file_that_keras_saves_is_read(vgg_weights, keras_vgg, tmp_path):
    keras_vgg.save_weights(tmp_path / "mine.weights.h5")
    again = read_vgg_weights(str(tmp_path / "mine.weights.h5"))
    assert again.name == "VGG16 from mine.weights.h5"
    for name, weight in vgg_weights.weights.items():
        np.testing.assert_array_equal(again.weights[name], weight)


def test_a_file_such_as_keras_2_saved_is_read(tmp_path, rng):
    names = [f"block{name[4]}_conv{name[6]}" for name in WIDTHS]
    with h5py.File(tmp_path / "notop.h5", "w") as file:
        for name, shape in zip(names, KERNELS, strict=True):
            file[f"{name}/{name}_W_1:0"] = rng.normal(size=shape).astype(np.float32)
            file[f"{name}/{name}_b_1:0"] = np.full(shape[-1], int(name[5]), np.float32)
    read = read_vgg_weights(str(tmp_path / "notop.h5")).weights
    assert [read[f"conv{block}_1.bias"][0] for block in range(1, 6)] == [1, 2, 3, 4, 5]


# Layouts: a narrow network of VGG16's plan, saved by Keras itself.

NARROW = (2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5)


@pytest.fixture
def narrow(monkeypatch):
    """Makes the reader take NARROW's widths for VGG16's."""
    kernels = [(3, 3, *pair) for pair in zip((3, *NARROW), NARROW, strict=False)]
    monkeypatch.setattr("atelier.data.vgg_weights.KERNELS", kernels)


def narrow_vgg(rng, *, names=None, top=False):
    """A model of VGG16's layers with planted weights, and these."""
    picture = x = keras.Input((32, 32, 3))
    planted = {}
    for index, (ours, filters) in enumerate(zip(WIDTHS, NARROW, strict=True)):
        name = names[index] if names else f"block{ours[4]}_conv{ours[6]}"
        layer = keras.layers.Conv2D(filters, 3, padding="same", name=name)
        x = layer(x)
        planted[ours] = [rng.normal(size=one.shape).astype(np.float32) for one in layer.weights]
        layer.set_weights(planted[ours])
        if ours in {"conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"}:
            x = keras.layers.MaxPooling2D()(x)
    if top:
        x = keras.layers.Dense(4, name="fc1")(keras.layers.Flatten(name="flatten")(x))
    return keras.Model(picture, x, name="vgg16"), planted


def with_head(base):
    """A transfer-learning model: the trunk as one layer, and a 3x3 convolution of its own."""
    layers = keras.layers
    body = [layers.Rescaling(255.0), base, layers.Conv2D(5, 3, padding="same", name="a_head")]
    return keras.Sequential(
        [keras.Input((32, 32, 3)), *body, layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )


def after_fit(model, optimizer):
    """The model with an optimizer whose momenta exist; its weights are as before."""
    weights = model.get_weights()
    model.compile(optimizer, "mse")
    model.train_on_batch(np.zeros((1, 32, 32, 3)), np.zeros((1, *model.output_shape[1:])))
    model.set_weights(weights)
    return model


def saved(model, path):
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)
    return read_vgg_weights(str(path)).weights


def holds(weights, planted):
    return all(
        np.array_equal(weights[f"{name}.{part}"], array)
        for name, arrays in planted.items()
        for part, array in zip(("kernel", "bias"), arrays, strict=True)
    )


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
@pytest.mark.parametrize("nested", [False, True])
def test_what_keras_saves_after_a_training_is_read_in_every_layout(
    nested, optimizer, narrow, rng, tmp_path
):
    """The optimizer's group was counted as a layer once."""
    model, planted = narrow_vgg(rng, top=not nested)
    model = with_head(model) if nested else model
    model = after_fit(
        model, "adam" if optimizer == "adam" else keras.optimizers.SGD(0.1, momentum=0.9)
    )
    for name in ("whole.h5", "some.weights.h5", "archive.keras"):
        assert holds(saved(model, tmp_path / name), planted), name


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_trunk_of_which_a_part_was_frozen_is_read_in_its_order(narrow, rng, tmp_path):
    """Keras writes the weights of a nested model's frozen layers after the others."""
    base, planted = narrow_vgg(rng)
    for name in ("block5_conv2", "block3_conv2"):
        base.get_layer(name).trainable = False
    model = after_fit(with_head(base), "adam")
    assert holds(saved(model, tmp_path / "whole.h5"), planted)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_layers_of_any_name_are_read_in_the_model_s_order(narrow, rng, tmp_path):
    names = [f"layer_{letter}" for letter in "mlkjihgfedcba"]
    model, planted = narrow_vgg(rng, names=names, top=True)
    for name in ("whole.h5", "some.weights.h5", "archive.keras"):
        assert holds(saved(model, tmp_path / name), planted), name


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_of_half_precision_are_read(dtype, narrow, rng, tmp_path):
    keras.config.set_dtype_policy(dtype)
    try:
        model, planted = narrow_vgg(rng)
    finally:
        keras.config.set_dtype_policy("float32")
    model.save_weights(tmp_path / "half.weights.h5")
    weights = read_vgg_weights(str(tmp_path / "half.weights.h5")).weights
    for name, (kernel, bias) in planted.items():
        np.testing.assert_allclose(weights[f"{name}.kernel"], kernel, rtol=2**-7)
        np.testing.assert_allclose(weights[f"{name}.bias"], bias, rtol=2**-7)


def write_keras_2(path, rng, *, momenta, root="model_weights"):
    """A model as Keras 2 saved it: groups by layer name, momenta in groups like the layers'."""
    planted = {}
    with h5py.File(path, "w") as file:
        for name, shape in zip(WIDTHS, KERNELS, strict=True):
            layer = f"block{name[4]}_conv{name[6]}"
            planted[name] = [np.float32(rng.normal()), np.float32(rng.normal())]
            for part, size, value in zip(
                ("kernel", "bias"), (shape, shape[-1:]), planted[name], strict=True
            ):
                path = f"{root}/{layer}/{layer}/{part}:0"
                file.create_dataset(path, size, "float32", fillvalue=value)
                for momentum in momenta:
                    path = momentum.format(layer=layer, part=part)
                    file.create_dataset(path, size, "float32", fillvalue=9)
    return planted


@pytest.mark.parametrize(
    "momenta",
    [
        ("optimizer_weights/Adam/{layer}/{part}/m:0", "optimizer_weights/Adam/{layer}/{part}/v:0"),
        ("optimizer_weights/Adam/m/{layer}/{part}:0", "optimizer_weights/Adam/v/{layer}/{part}:0"),
        ("optimizer_weights/training/SGD/{layer}/{part}/momentum:0",),
    ],
)
def test_the_momenta_of_keras_2_are_no_layers(momenta, rng, tmp_path):
    planted = write_keras_2(tmp_path / "old.h5", rng, momenta=momenta)
    weights = read_vgg_weights(str(tmp_path / "old.h5")).weights
    for name, (kernel, bias) in planted.items():
        assert (weights[f"{name}.kernel"] == kernel).all()
        assert (weights[f"{name}.bias"] == bias).all()


def test_a_model_with_two_trunks_is_refused(narrow, rng, tmp_path):
    picture = keras.Input((32, 32, 3))
    boxes = [keras.Sequential([narrow_vgg(rng)[0]], name=name) for name in ("left", "right")]
    both = [box(picture) for box in boxes]
    keras.Model(picture, both).save_weights(tmp_path / "two.weights.h5")
    with pytest.raises(ValueError, match="2 runs of layers"):
        read_vgg_weights(str(tmp_path / "two.weights.h5"))


def test_an_archive_that_is_no_keras_model_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("picture.png", b"")
    with pytest.raises(ValueError, match=r"without model\.weights\.h5"):
        read_vgg_weights(str(tmp_path / "other.keras"))


def cut_off(path, vgg_weights):
    from atelier.data.vgg_weights import _inside_package

    path.write_bytes(_inside_package().read_bytes()[:1_000_000])


def too_few(path, vgg_weights):
    with h5py.File(path, "w") as file:
        file["a/kernel"], file["a/bias"] = np.zeros(KERNELS[0]), np.zeros(64)


def another_network(path, vgg_weights):
    with h5py.File(path, "w") as file:
        for index, (*_, before, after) in enumerate(KERNELS):
            wide = after + 1 if index == 2 else after
            file[f"{index}/kernel"] = np.zeros((3, 3, before, wide), np.float32)
            file[f"{index}/bias"] = np.zeros(wide, np.float32)


def not_a_number(path, vgg_weights):
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
        (not_a_number, "infinite weights in conv3_2"),
    ],
)
def test_what_is_no_vgg16_is_refused(spoil, words, vgg_weights, tmp_path):
    spoil(tmp_path / "file.h5", vgg_weights)
    with pytest.raises(ValueError, match=words):
        read_vgg_weights(str(tmp_path / "file.h5"))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"hed, imagenet or a file.*nowhere\.h5"):
        read_vgg_weights("nowhere.h5")


@pytest.mark.parametrize("there", [True, False])
def test_a_download_that_is_not_keras_file_is_refused(there, server, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder, address = server
    if there:
        (folder / "weights.h5").write_bytes(b"something else")
    with pytest.raises(ConnectionError, match="Offline, take weights=hed"):
        read_vgg_weights("imagenet", address=address + "weights.h5")
    assert not list(tmp_path.glob("keras/models/*.h5"))


def test_a_download_with_the_right_digest_is_read_and_kept(
    server, vgg_weights, tmp_path, monkeypatch
):
    from atelier.data import vgg_weights as module

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder, address = server
    content = module._inside_package().read_bytes()
    (folder / "weights.h5").write_bytes(content)
    monkeypatch.setattr(module, "MD5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    read = read_vgg_weights("imagenet", address=address + "weights.h5")
    assert read.name == module.IMAGENET
    (folder / "weights.h5").unlink()
    assert read_vgg_weights("imagenet", address=address + "weights.h5").digest == vgg_weights.digest
