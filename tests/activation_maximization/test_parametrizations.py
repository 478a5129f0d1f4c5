"""What is ascended: frequencies, phases with the data's magnitudes; images unlike each other."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.ascent import ascent_params

from atelier.activation_maximization import (
    FeatureMaps,
    GradientAscent,
    initial_images,
    maximize,
    mean_magnitudes,
    pairwise_similarity,
    photograph_crops,
)
from atelier.activation_maximization.parametrizations import Fourier, Phases
from atelier.activation_maximization.params import AscentParams

FREQUENCIES = {"parametrization": "fourier", "clip": False}
PHASES = {"parametrization": "phases", "clip": False, "rate": 0.3}


@pytest.fixture(scope="module")
def network():
    """Two convolutions with random weights, on colour images."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((12, 11, 3)),
            keras.layers.Conv2D(6, 3, activation="relu"),
            keras.layers.Conv2D(4, 3, name="last"),
        ]
    )


@pytest.mark.parametrize("shape", [(8, 8), (7, 10), (9, 5)])
def test_phases_change_while_the_magnitudes_stay_the_mean_of_the_data(shape, rng):
    data = rng.uniform(size=(6, *shape, 2)) ** 2
    expected = np.mean([np.abs(np.fft.fft2(image, axes=(0, 1))) for image in data], axis=0)
    phases = rng.normal(0, 3, (4, *shape, 2)).astype(np.float32)
    images = np.asarray(Phases(mean_magnitudes(data)).decode(phases))
    spectra = np.abs(np.fft.fft2(images, axes=(1, 2)))
    np.testing.assert_allclose(
        spectra, np.broadcast_to(expected, spectra.shape), rtol=1e-4, atol=1e-4
    )
    assert np.ptp(images, axis=0).max() > 0.1
    np.testing.assert_allclose(images.mean(axis=(1, 2))[0], data.mean(axis=(0, 1, 2)), rtol=1e-4)


@pytest.mark.parametrize("shape", [(8, 8), (7, 10)])
def test_an_image_goes_into_frequencies_and_back(shape, rng):
    images = rng.uniform(0.05, 0.95, (3, *shape, 3)).astype(np.float32)
    frequencies = Fourier(*shape)
    np.testing.assert_allclose(
        frequencies.decode(tf.constant(frequencies.encode(images))), images, atol=1e-5
    )
    ends = np.asarray(frequencies.decode(tf.constant(frequencies.encode(images > 0.5))))
    np.testing.assert_allclose(ends, images > 0.5, atol=2e-3)


def test_noise_in_frequencies_has_the_power_spectrum_of_natural_images(rng):
    """A power of 1 / f² in the logits: eight times the frequency has 1/64 of the power."""
    noise = rng.normal(size=(400, 32, 32, 1)).astype(np.float32)
    images = np.asarray(Fourier(32, 32).decode(tf.constant(noise)), np.float64)
    power = (np.abs(np.fft.fft2(np.log(images / (1 - images)), axes=(1, 2))) ** 2).mean(axis=0)
    assert power[0, 1, 0] / power[0, 8, 0] == pytest.approx(64, rel=0.3)


@pytest.mark.parametrize("changes", [FREQUENCIES, PHASES])
def test_the_ascent_raises_the_activation(changes, network, rng):
    magnitudes = mean_magnitudes(rng.uniform(size=(20, 12, 11, 3)))
    ascent = GradientAscent(FeatureMaps(network, "last"))
    result = ascent.maximize(
        initial_images("half", 4, (12, 11, 3), seed=0),
        np.arange(4),
        ascent_params(steps=40, **changes),
        magnitudes=magnitudes,
        seed=0,
    )
    assert (result.activations[-1] > result.activations[0]).all()
    if changes is PHASES:
        spectra = np.abs(np.fft.fft2(result.images, axes=(1, 2)))
        np.testing.assert_allclose(
            spectra, np.broadcast_to(magnitudes, spectra.shape), rtol=1e-3, atol=1e-3
        )
    else:
        assert 0 <= result.images.min() <= result.images.max() <= 1


def test_the_similarity_is_that_of_gram_matrices_worked_out_one_by_one(rng):
    maps = rng.normal(size=(3, 4, 5, 2)).astype(np.float32)
    grams = [(image.reshape(-1, 2).T @ image.reshape(-1, 2)).ravel() for image in maps]
    expected = sum(
        a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        for i, a in enumerate(grams)
        for j, b in enumerate(grams)
        if i != j
    )
    assert float(pairwise_similarity(tf.constant(maps))) == pytest.approx(expected, rel=1e-4)


def test_diversity_makes_images_of_one_unit_less_alike(network):
    starts = initial_images("random", 4, (12, 11, 3), seed=0)
    ascent = GradientAscent(FeatureMaps(network, "last"))

    def similarity(weight):
        params = ascent_params(diversity=weight)
        images = ascent.maximize(starts, np.full(4, 2), params, seed=0).images
        return float(pairwise_similarity(ascent.maps(images)))

    assert similarity(10.0) < similarity(0.0) - 0.1


def test_phases_without_magnitudes_of_the_images_shape_are_refused(network):
    starts = initial_images("half", 1, (12, 11, 3), seed=0)
    for magnitudes in (None, np.ones((11, 12, 3))):
        with pytest.raises(ValueError, match=r"magnitudes=\(12, 11, 3\)"):
            maximize(
                network, starts, np.array([0]), ascent_params(**PHASES), layer="last",
                magnitudes=magnitudes, seed=0,
            )  # fmt: skip


def test_regularisation_of_pixels_is_refused_for_other_parameters():
    settings = ascent_params().model_dump()
    with pytest.raises(ValueError, match="parametrization=fourier"):
        AscentParams(**settings | {"parametrization": "fourier"})  # clip is true


def test_crops_of_photographs_are_images_of_the_model(rng):
    colour = rng.integers(0, 256, (60, 90, 3), np.uint8)
    crops = photograph_crops([colour, colour[..., 0]], (8, 10, 3))
    assert crops.shape[1:] == (8, 10, 3)
    assert len(crops) >= 12
    assert 0 <= crops.min() <= crops.max() <= 1
    assert photograph_crops([colour], (8, 10, 1)).shape[1:] == (8, 10, 1)
