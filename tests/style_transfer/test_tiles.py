import numpy as np
import pytest
from skimage.data import chelsea, immunohistochemistry
from support.style import transfer_params

from atelier.data.pictures import resize_longer_side, resize_to, to_rgb
from atelier.data.vgg_weights import read_vgg_weights
from atelier.style_transfer.evaluation import transfer_metrics
from atelier.style_transfer.objective import Objective, Style, build_feature_extractor
from atelier.style_transfer.optimizers import memory_pairs
from atelier.style_transfer.tiles import network_reach, split_into_tiles, tile_side
from atelier.style_transfer.vgg import LAYERS, to_vgg

PAPER = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def recipe(**changes):
    settings = {"content_layer": "conv4_2", "style_layers": PAPER, "variation_weight": 1e-6}
    settings |= {"scales": ({"side": 64, "iterations": 1},), "every": 1}
    return transfer_params(**settings | changes)


@pytest.fixture(scope="module")
def weights():
    return read_vgg_weights("hed").weights


@pytest.fixture(scope="module")
def style():
    return Style(to_rgb(immunohistochemistry()), 1.0)


@pytest.mark.parametrize(
    ("shape", "tile", "padding", "pooling"),
    [
        ((67, 130), 64, "replicate", "average"),
        ((33, 70), 16, "zeros", "average"),
        ((113, 67), 50, "replicate", "max"),
    ],
)
def test_tiles_have_the_losses_and_the_gradient_of_the_whole(
    shape, tile, padding, pooling, weights, style
):
    content = resize_to(to_rgb(chelsea()), shape)
    image = to_vgg(content[::-1, ::-1])
    (terms, gradient), (expected_terms, expected_gradient) = (
        Objective(build_feature_extractor(weights, params), content, [style], params)(image)
        for params in (recipe(tile=side, padding=padding, pooling=pooling) for side in (tile, 0))
    )
    np.testing.assert_allclose(terms, expected_terms, rtol=1e-5)
    tolerance = 1e-5 * np.abs(expected_gradient).max()
    np.testing.assert_allclose(gradient, expected_gradient, atol=tolerance)


def test_tiles_measure_the_same_distances_as_the_whole(weights, style):
    content = resize_longer_side(to_rgb(chelsea()), 90)
    picture = content[::-1]
    tiled, whole = (
        transfer_metrics(
            build_feature_extractor(weights, recipe(tile=tile)), picture, content, [style]
        )
        for tile in (32, 0)
    )
    assert tiled == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("deepest", ["conv1_2", "conv3_1", "conv4_3", "conv5_3"])
def test_the_maps_of_a_tile_do_not_depend_on_pixels_beyond_its_halo(deepest, weights, rng):
    params = recipe(content_layer=deepest, style_layers=("conv1_1",))
    network = build_feature_extractor(weights, params).network
    (scale, _), halo = network_reach([deepest, "conv1_1"])
    image = rng.normal(0, 50, (1, 16, 3 * halo + 64, 3)).astype(np.float32)
    end = image.shape[2] - halo - 16

    def maps(column):
        changed = image.copy()
        changed[:, :, column:] = 0
        return np.asarray(network(changed)[0])[:, :, : end // scale]

    unchanged = maps(image.shape[2])
    np.testing.assert_allclose(maps(end + halo), unchanged, atol=1e-4 * unchanged.max())
    assert np.abs(maps(end) - unchanged).max() > 1e-2 * unchanged.max()


def test_tiles_cover_an_image_once_and_their_crops_begin_where_a_pooling_window_does():
    reach = network_reach(LAYERS)
    covered = np.zeros((333, 171), int)
    for tile in split_into_tiles(333, 171, side=100, reach=reach):
        top, bottom, left, right = tile.inner
        covered[tile.rows, tile.columns][top:bottom, left:right] += 1
        assert tile.rows.start % 16 == tile.columns.start % 16 == 0
        assert max(bottom - top, right - left) <= 112
    assert (covered == 1).all()


def test_an_image_is_a_single_tile_unless_it_is_large():
    assert tile_side("auto", 512 * 512) == 0
    assert 0 < tile_side("auto", 2048 * 1366) < 1024
    assert tile_side(300, 100) == 300
    reach = network_reach(PAPER)
    (tile,) = split_into_tiles(50, 70, side=0, reach=reach)
    assert tile.inner == (0, 50, 0, 70)


def test_a_large_image_leaves_fewer_pairs_in_the_memory_of_lbfgs():
    pairs = [memory_pairs(3 * side**2) for side in (512, 2048, 10_000)]
    assert pairs[0] == 10
    assert pairs[0] > pairs[1] > pairs[2] >= 3
