import keras
import numpy as np
import pytest

from atelier.style_transfer.vgg import (
    LAYERS,
    from_vgg,
    normalize_activations,
    to_vgg,
    vgg16_features,
)


def test_every_layer_has_the_output_of_keras_own_network(vgg_weights, keras_vgg, rng):
    picture = rng.uniform(0, 255, (1, 48, 32, 3)).astype(np.float32)
    expected_network = keras.Model(
        keras_vgg.input,
        [keras_vgg.get_layer(f"block{name[4]}_conv{name[6]}").output for name in LAYERS],
    )
    ours = vgg16_features(vgg_weights.weights, LAYERS, pooling="max", padding="zeros")
    prepared = keras.applications.vgg16.preprocess_input(picture.copy())
    np.testing.assert_allclose(to_vgg(picture), prepared, rtol=1e-6)
    for own, other in zip(ours(to_vgg(picture)), expected_network(prepared), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-2)


def test_a_normalised_network_has_mean_activation_one_and_the_same_maps_up_to_scale(
    vgg_weights, rng
):
    from skimage.data import astronaut

    picture = astronaut()[::8, ::8].astype(np.float32)
    network = {"pooling": "average", "padding": "replicate"}
    scaled = normalize_activations(vgg_weights.weights, [picture], **network)
    layers = ("conv1_2", "conv2_1", "conv3_1")
    before, after = (
        vgg16_features(weights, layers, **network)(to_vgg(picture)[None])
        for weights in (vgg_weights.weights, scaled)
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


def test_a_layer_that_vgg16_has_not_is_refused(vgg_weights):
    with pytest.raises(ValueError, match="conv6_1"):
        vgg16_features(vgg_weights.weights, ["conv6_1"], pooling="max", padding="zeros")


@pytest.mark.parametrize(("padding", "constant"), [("replicate", True), ("zeros", False)])
def test_maps_of_a_constant_picture_are_constant_up_to_the_edge_with_copies_of_it(
    padding, constant, vgg_weights
):
    picture = np.broadcast_to(np.float32([180, 120, 60]), (1, 37, 50, 3))
    network = vgg16_features(vgg_weights.weights, LAYERS, pooling="average", padding=padding)
    for maps in map(np.asarray, network(to_vgg(picture))):
        centre = maps[:, maps.shape[1] // 2, maps.shape[2] // 2]
        deviation = np.abs(maps - centre[:, None, None]).max()
        assert (deviation < 1e-4 * np.abs(maps).max()) == constant
