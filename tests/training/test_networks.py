import keras
import numpy as np
import pytest

from atelier.training.networks import build_classifier, five_layer_cnn, two_layer_cnn
from atelier.training.params import NetworkParams
from atelier.training.prediction import predict_logits
from atelier.training.serving import serving_model


def test_the_posts_network_has_the_parameters_that_its_shapes_give():
    model = two_layer_cnn(10, shape=(28, 28, 1), dropout=0.5)
    by_hand = (9 + 1) * 32 + (9 * 32 + 1) * 64 + (9216 + 1) * 128 + (128 + 1) * 10
    assert model.count_params() == by_hand == 1_199_882


@pytest.mark.parametrize("classes", [10, 47])
def test_the_strong_network_stays_under_200_000_parameters(classes):
    assert five_layer_cnn(classes, shape=(28, 28, 1), dropout=0.0).count_params() < 200_000


def test_the_posts_weights_start_he_uniform_and_its_biases_zero():
    model = two_layer_cnn(10, shape=(28, 28, 1), dropout=0.5)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            limit = np.sqrt(6 / np.prod(kernel.shape[:-1]))
            assert 0.95 * limit < np.abs(kernel).max() <= np.nextafter(np.float32(limit), np.inf)
            assert not bias.any()


@pytest.mark.parametrize("architecture", ["post", "strong"])
def test_networks_return_logits_not_probabilities(architecture):
    model = build_classifier(NetworkParams(architecture=architecture, dropout=0.5), 7, seed=0)
    logits = model.predict(np.random.default_rng(0).random((3, 28, 28, 1)), verbose=0)
    assert logits.shape == (3, 7)
    assert (logits < 0).any()


def test_a_served_model_takes_stored_images_and_says_the_same_up_to_rounding():
    """A sum of n products errs by n ε of its terms at most; the longest has 9216."""
    model = build_classifier(NetworkParams(architecture="post", dropout=0.5), 10, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    served = serving_model(model)
    assert keras.backend.standardize_dtype(served.inputs[0].dtype) == "uint8"
    logits = predict_logits(model, images)
    rounding = 9216 * np.finfo(np.float32).eps * np.abs(logits).max()
    np.testing.assert_allclose(served.predict(images, verbose=0), logits, rtol=0, atol=rounding)


@pytest.mark.parametrize("architecture", ["post", "strong"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_seed_gives_the_weights_that_keras_gives_after_a_global_seed(architecture, dropout):
    network = NetworkParams(architecture=architecture, dropout=dropout)
    seeded = build_classifier(network, 7, seed=3)
    keras.utils.set_random_seed(3)
    defaults = rebuilt_without_seeds(seeded)
    assert all(map(np.array_equal, seeded.get_weights(), defaults.get_weights()))
    for layer, other in zip(seeded.layers[1:], defaults.layers, strict=True):
        if isinstance(layer, keras.layers.Dropout) and dropout:
            assert np.array_equal(layer.seed_generator.state, other.seed_generator.state)


def rebuilt_without_seeds(model):
    """The same layers, whose seeds Keras draws from the global random numbers."""

    def unseeded(layer):
        config = layer.get_config()
        if "seed" in config:
            config["seed"] = None
        if "kernel_initializer" in config:
            config["kernel_initializer"]["config"]["seed"] = None
        return type(layer).from_config(config)

    layers = [unseeded(layer) for layer in model.layers[1:]]
    return keras.Sequential([keras.Input(model.input_shape[1:]), *layers])


def test_another_seed_gives_other_weights():
    network = NetworkParams(architecture="post", dropout=0.5)
    kernels = [build_classifier(network, 3, seed=seed).get_weights()[0] for seed in (0, 0, 1)]
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
