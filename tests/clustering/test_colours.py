"""Clustering of pictures of every shape, and what their figures show."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from atelier.clustering.colours import cluster_colours
from atelier.clustering.figures import colour_clusters_figure
from atelier.clustering.params import ColourParams
from atelier.pipelines.clustering.nodes import cluster_image

PARAMS = ColourParams(
    shrink=1,
    position=0,
    components=(2, 3),
    covariance="full",
    concentration=None,
    restarts=2,
    tol=1e-8,
    seed=0,
)
SIX = np.array(
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [128, 0, 128]], np.uint8
)


def grey_picture():
    rng = np.random.default_rng(0)
    values = rng.normal(np.repeat([60, 170], 32)[:, None], [[8]] * 32 + [[20]] * 32, (64, 64))
    return np.clip(values, 0, 255).astype(np.uint8)


def colour_picture():
    rng = np.random.default_rng(1)
    colours = np.array([[200, 60, 30], [40, 90, 180]])[np.repeat([0, 1], 20)][:, None]
    return np.clip(rng.normal(colours, 12, (40, 30, 3)), 0, 255).astype(np.uint8)


def test_a_grey_picture_is_clustered_as_by_scikit_learn():
    grey = grey_picture()
    clusters = cluster_colours(grey, PARAMS.model_copy(update={"components": (2,)}))
    values = grey.reshape(-1, 1).astype(float)
    theirs = GaussianMixture(2, tol=1e-9, max_iter=500, random_state=0).fit(values)
    np.testing.assert_allclose(
        np.sort(clusters.mixture.means, axis=0), np.sort(theirs.means_, axis=0)
    )
    assert clusters.table["bic"].item() == pytest.approx(theirs.bic(values), rel=1e-6)
    assert clusters.labels.shape == grey.shape
    means = [grey[clusters.labels == index].mean() for index in range(2)]
    np.testing.assert_allclose(clusters.colours.ravel(), means, rtol=0.02)


@pytest.mark.parametrize(
    "shaped",
    [
        lambda grey: grey[..., None],
        lambda grey: np.dstack([grey, np.full_like(grey, 255)]),
        lambda grey: np.dstack([grey, np.arange(grey.size).reshape(grey.shape) % 256]),
        lambda grey: np.dstack([grey] * 3),
        lambda grey: np.dstack([np.zeros_like(grey), grey, np.full_like(grey, 9)]),
    ],
    ids=["one channel", "opaque alpha", "alpha", "three equal channels", "one telling channel"],
)
def test_the_shape_of_a_grey_picture_changes_no_cluster(shaped):
    plain, variant = (cluster_colours(picture, PARAMS) for picture in each(grey_picture(), shaped))
    np.testing.assert_array_equal(plain.labels, variant.labels)
    assert list(plain.table["bic"]) == pytest.approx(list(variant.table["bic"]))
    assert not variant.table["floored"].any()


def each(picture, shaped):
    return picture, shaped(picture)


@pytest.mark.parametrize("opaque", [True, False])
def test_alpha_is_no_colour(opaque):
    picture = colour_picture()
    alpha = np.random.default_rng(2).integers(0, 256, picture.shape[:2], dtype=np.uint8)
    alpha = np.full_like(alpha, 255) if opaque else alpha
    plain, variant = (
        cluster_colours(image, PARAMS) for image in (picture, np.dstack([picture, alpha]))
    )
    np.testing.assert_array_equal(plain.labels, variant.labels)
    assert plain.table.equals(variant.table)


def test_a_picture_of_six_colours_has_no_more_than_six_components(caplog):
    truth = np.random.default_rng(0).integers(6, size=(20, 30))
    params = PARAMS.model_copy(update={"components": (5, 7, 9)})
    table, metrics, arrays, _ = cluster_image(SIX[truth], params)
    assert list(table["components"]) == [5, 6]
    assert metrics["components"] == 6
    assert "different colours, of which the picture has 6. Received: components=7, 9" in caplog.text
    pairs = set(zip(truth.ravel().tolist(), arrays["labels"].ravel().tolist(), strict=True))
    assert len(pairs) == 6
    assert np.isfinite(list(metrics.values())).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (5, 4), (5, 4, 3), (5, 4, 4), (1, 9, 2)])
@pytest.mark.parametrize("covariance", ["full", "tied", "diagonal", "spherical"])
def test_one_colour_is_one_component_and_that_is_said(shape, covariance, caplog):
    params = PARAMS.model_copy(update={"covariance": covariance})
    table, metrics, arrays, _ = cluster_image(np.full(shape, 7, np.uint8), params)
    assert list(table["components"]) == [1]
    assert metrics["mean_entropy"] == 0
    assert np.isfinite(list(metrics.values())).all()
    assert (arrays["labels"] == 0).all()
    assert "of which the picture has 1. Received: components=2, 3. 1 taken instead" in caplog.text


@pytest.mark.parametrize("shape", [(5,), (4, 4, 5), (2, 3, 3, 3), (0, 4), (4, 4, 0)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="at least one pixel. Received"):
        cluster_colours(np.zeros(shape, np.uint8), PARAMS)


@pytest.mark.parametrize(
    "same", [lambda grey: grey.astype(np.uint16) * 257, lambda grey: grey / 255, lambda grey: grey]
)
def test_the_figure_of_a_grey_picture_shows_grey_values_and_gaussians(same):
    grey = same(grey_picture())
    clusters = cluster_colours(grey, PARAMS)
    figure = colour_clusters_figure(grey, clusters, title="grey")
    panels = {panel.get_title(loc="left"): panel for panel in figure.axes}
    picture = panels["picture"].images[0].get_array()
    np.testing.assert_allclose(
        picture, np.dstack([grey_picture() / grey_picture().max()] * 3) * (picture.max()), atol=0.01
    )
    histogram = panels["values of the pixels, and the Gaussians times their weights"]
    assert len(histogram.lines) == len(clusters.mixture.weights)
    for line, weight, mean in zip(
        histogram.lines, clusters.mixture.weights, clusters.mixture.means.ravel(), strict=True
    ):
        x, y = line.get_data()
        assert np.trapezoid(y, x) == pytest.approx(weight, rel=0.05)
        assert x[np.argmax(y)] == pytest.approx(mean, rel=0.02)
    assert sum(bar.get_height() * bar.get_width() for bar in histogram.patches) == pytest.approx(1)


def test_the_figure_of_a_colour_picture_shows_each_cluster_in_its_mean_colour():
    picture = colour_picture()
    clusters = cluster_colours(picture, PARAMS.model_copy(update={"components": (2,)}))
    figure = colour_clusters_figure(picture, clusters, title="colour")
    assert not [panel for panel in figure.axes if panel.patches and panel.lines]
    labels_drawn = next(
        panel for panel in figure.axes if "2 clusters" in panel.get_title(loc="left")
    )
    image = labels_drawn.images[0]
    rgb = image.cmap(image.norm(image.get_array()))[..., :3]
    np.testing.assert_allclose(
        rgb[:20].mean(axis=(0, 1)), picture[:20].mean(axis=(0, 1)) / 255, atol=0.01
    )
    np.testing.assert_allclose(
        rgb[20:].mean(axis=(0, 1)), picture[20:].mean(axis=(0, 1)) / 255, atol=0.01
    )


def test_pixels_that_are_masked_or_no_numbers_are_refused():
    picture = grey_picture().astype(float)
    with pytest.raises(ValueError, match="pixels without masked values. Received: 7 of 4096"):
        cluster_colours(np.ma.masked_array(picture, np.arange(4096).reshape(64, 64) < 7), PARAMS)
    picture[0, :2] = np.nan, np.inf
    with pytest.raises(ValueError, match="finite pixels. Received: 2 of 4096 NaN"):
        cluster_colours(picture, PARAMS)


def test_a_picture_may_be_a_list():
    rows = [[10, 11, 12, 200], [10, 11, 201, 202]]
    found = cluster_colours(rows, PARAMS)
    assert (found.labels == cluster_colours(np.array(rows), PARAMS).labels).all()
