import itertools

import keras
import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from support.training import Memory

from atelier.cells.grayscale import normalise, stored_grey, to_grey
from atelier.cells.params import SplittingParams
from atelier.cells.samples import Sample, draw_cells
from atelier.clustering.cells import cells_by_mixture
from atelier.segmentation.deformation import (
    deform,
    draw_coordinates,
    elastic_field,
    jitter_intensity,
)
from atelier.segmentation.params import (
    BorderParams,
    DeformationParams,
    SegmenterParams,
    UnetParams,
)
from atelier.segmentation.patches import training_batch, training_samples
from atelier.segmentation.pixel_calibration import PixelSample, calibrate_pixels, fit_platt_scale
from atelier.segmentation.prediction import pixel_log_odds
from atelier.segmentation.tiling import Tiling, average_over_symmetries, mirror_pad, predict_tiled
from atelier.segmentation.training import UnetTrainer, build_unet, train_segmenter
from atelier.segmentation.unet import unet_network
from atelier.segmentation.unet_shapes import fitting_side, receptive_margin, valid_margin
from atelier.thresholding.cells import cells_by_threshold

STILL = DeformationParams(
    displacement=0, degrees=0, scale=0, shift=0, flips=False, gain=0, offset=0, gamma=0, noise=0
)
MOVING = STILL.model_copy(
    update={"displacement": 2.0, "degrees": 180.0, "flips": True, "gain": 0.2, "noise": 0.05}
)


def recipe(padding="same", depth=2, **change):
    settings = {
        "network": UnetParams(filters=2, depth=depth, padding=padding, dropout=0.0),
        "weights": BorderParams(w0=10.0, sigma=5.0, balance=True, gaps=True),
        "deformation": MOVING,
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.99,
        "clip": 1.0,
        "warmup": 0.0,
        "batch_size": 1,
        "patch": 32,
        "steps": 4,
        "report_every": 2,
        "seed": 0,
        "threads": 2,
    }
    return SegmenterParams(**settings | change)


@pytest.fixture(scope="module")
def cells():
    drawn = draw_cells(4, (48, 56), seed=0)
    pairs = zip(drawn.images[..., 0], drawn.labels, strict=True)
    return [Sample(image, labels) for image, labels in pairs]


def test_initial_weights_depend_on_the_seed_alone():
    first, again, other = (
        unet_network(filters=2, depth=1, padding="same", seed=seed).get_weights()
        for seed in (0, 0, 1)
    )
    for mine, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(mine, same)
        assert mine.ndim == 1 or not np.array_equal(mine, different)  # biases begin at 0
    kernels = [kernel for kernel in first if kernel.shape == (3, 3, 2, 2)]
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(kernels, 2))


def test_the_published_network_has_the_published_size():
    network = unet_network()
    assert network.count_params() == 31_030_658
    assert network.compute_output_shape((1, 572, 572, 1)) == (1, 388, 388, 2)
    assert valid_margin(4) == (572 - 388) // 2
    assert fitting_side(572, depth=4, padding="valid") == 572


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_side_fits_where_every_pooling_meets_an_even_side(depth):
    network = unet_network(filters=1, depth=depth)
    for side in range(1, 130):
        fits = fitting_side(side, depth=depth, padding="valid")
        at, sides = fits, []
        for _ in range(depth):
            sides.append(at - 4)
            at = (at - 4) // 2
        assert all(part % 2 == 0 for part in sides)
        shape = network.compute_output_shape((1, fits, fits, 1))
        assert shape[1] == fits - 2 * valid_margin(depth) > 0


def test_a_network_without_levels_is_refused():
    with pytest.raises(ValueError, match="depth and filters"):
        unet_network(depth=0)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_tiles_give_what_the_whole_picture_gives(padding, depth):
    params = recipe(padding, depth=depth)
    network = build_unet(params)
    image = np.random.default_rng(0).random((52, 76)).astype(np.float32)
    whole = pixel_log_odds(network, image, params, tile=512)
    assert whole.shape == image.shape
    for tile in (16, 32):
        assert np.allclose(pixel_log_odds(network, image, params, tile=tile), whole, atol=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_further_pixel_changes_a_tile_and_a_nearer_one_does(depth):
    network, stride = unet_network(filters=3, depth=depth, padding="same", seed=1), 2**depth
    far = -(-(receptive_margin(depth) + 2) // stride) * stride
    image = np.random.default_rng(0).random((1, 2 * far + stride, 2 * far + stride, 1))
    tile = np.s_[0, far : far + stride, far : far + stride]
    before = np.asarray(network(image))[tile]
    changed = {}
    for distance in (receptive_margin(depth), receptive_margin(depth) + 1):
        other = image.copy()
        other[0, :, far + stride - 1 + distance] += 100
        other[0, :, far - distance] += 100
        changed[distance] = float(np.abs(np.asarray(network(other))[tile] - before).max())
    assert changed[receptive_margin(depth) + 1] < 1e-4  # fast convolutions round over whole tiles
    assert changed[receptive_margin(depth)] > 1e-3


def test_inside_a_padded_network_sees_what_it_sees_without_tiles():
    params = recipe("same", depth=1)
    network, image = (
        build_unet(params),
        np.random.default_rng(1).random((64, 64)).astype(np.float32),
    )
    plain = np.asarray(network(normalise(image)[None, ..., None]))[0]
    odds = pixel_log_odds(network, image, params, tile=16)
    inner = slice(receptive_margin(1), -receptive_margin(1))
    assert np.allclose(odds[inner, inner], (plain[..., 1] - plain[..., 0])[inner, inner], atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 7), (1, 9), (33, 20)])
def test_any_size_comes_back_in_its_own(shape):
    params = recipe()
    assert (
        pixel_log_odds(build_unet(params), np.ones(shape, np.uint8), params, tile=16).shape == shape
    )


def test_a_picture_is_continued_by_its_mirror_image():
    row = np.arange(4)[None, :, None]
    assert mirror_pad(row, 2, (2, 3))[0, :, 0].tolist() == [2, 1, 0, 1, 2, 3, 2, 1, 0]


def test_tiles_are_put_where_they_came_from():
    image = np.arange(35.0).reshape(5, 7, 1)
    out = predict_tiled(lambda tiles: tiles[:, 2:-2, 2:-2], image, Tiling(3, 2, 2))
    assert np.array_equal(out, image)


@pytest.mark.parametrize("turns", range(1, 9))
def test_turning_there_and_back_changes_nothing(turns):
    image = np.random.default_rng(0).random((5, 7, 1))
    assert np.allclose(average_over_symmetries(lambda view: view, image, turns), image)


def test_the_mean_over_all_turns_turns_with_the_picture():
    image = np.random.default_rng(0).random((6, 6, 1))

    def slanted(view):
        return view * np.arange(6)[:, None, None]

    straight = average_over_symmetries(slanted, image, 8)
    turned = average_over_symmetries(slanted, np.rot90(image), 8)
    assert np.allclose(np.rot90(straight), turned)
    with pytest.raises(ValueError, match="1 to 8"):
        average_over_symmetries(slanted, image, 9)


def test_elastic_displacements_have_their_sigma_at_the_grid_and_are_smooth_between():
    fields = np.stack(
        [elastic_field((41, 61), 10.0, rng=np.random.default_rng(i)) for i in range(400)]
    )
    corners = fields[:, :, ::20, ::30]
    assert corners.std() == pytest.approx(10, rel=0.05)
    assert np.abs(np.diff(fields, 2, axis=2)).max() < 1


def test_bicubic_interpolation_is_scipys():
    rng = np.random.default_rng(5)
    grid = np.random.default_rng(5).normal(0, 3.0, (2, 3, 3))
    field = elastic_field((9, 13), 3.0, rng=rng)
    at = np.meshgrid(np.linspace(0, 2, 9), np.linspace(0, 2, 13), indexing="ij")
    for part, values in zip(field, grid, strict=True):
        assert np.allclose(part, map_coordinates(values, at, order=3, mode="mirror"), atol=1e-9)


def test_without_any_change_a_lesson_is_the_picture_itself(cells):
    image = normalise(cells[0].image)
    where = draw_coordinates((48, 56), (23.5, 27.5), STILL, rng=np.random.default_rng(0))
    seen, weights, labels = deform(image, image * 2, cells[0].labels, where)
    assert np.allclose(seen, image, atol=1e-6)
    assert np.allclose(weights, 2 * image, atol=1e-6)
    assert np.array_equal(labels, cells[0].labels)
    assert np.array_equal(jitter_intensity(image, STILL, rng=np.random.default_rng(0)), image)


def test_gamma_darkens_and_brightens_what_lies_between_black_and_white():
    """Each draw is a power of the values in (0, 1), from 2^−γ to 2^γ; others stay."""
    image = np.array([-0.5, 0.0, 0.25, 0.5, 1.0, 1.5])
    change = STILL.model_copy(update={"gamma": 1.0, "flips": False})
    rng = np.random.default_rng(0)
    drawn = np.array([jitter_intensity(image, change, rng=rng) for _ in range(200)])
    exponents = np.log(drawn[:, 3]) / np.log(0.5)
    np.testing.assert_allclose(drawn[:, 2], 0.25**exponents, rtol=1e-5)
    np.testing.assert_array_equal(drawn[:, [0, 1, 4, 5]], np.tile(image[[0, 1, 4, 5]], (200, 1)))
    assert 0.5 <= exponents.min() < 0.6  # of 200 uniform draws some lie near each end
    assert 1.8 < exponents.max() <= 2.0 + 1e-6


def test_image_labels_and_weights_move_as_one(cells):
    labels = (cells[0].labels > 0).astype(np.float32)
    change = MOVING.model_copy(update={"displacement": 3.0})
    where = draw_coordinates((48, 56), (20, 20), change, rng=np.random.default_rng(2))
    seen, weights, moved = deform(labels, labels, labels, where)
    assert np.array_equal(seen, weights)
    assert np.abs(seen - moved).max() <= 0.75  # nearest against linear, at borders only
    assert np.mean(np.abs(seen - moved) < 0.01) > 0.7


def test_a_step_s_lessons_depend_on_seed_and_step_alone(cells):
    params = recipe()
    lessons = training_samples(cells, params.weights)
    again = training_batch(training_samples(cells, params.weights), params, 3)
    for one, two in zip(training_batch(lessons, params, 3), again, strict=True):
        assert np.array_equal(one, two)
    assert not np.array_equal(training_batch(lessons, params, 4)[0], again[0])


def test_valid_lessons_have_targets_for_what_the_network_gives(cells):
    params = recipe("valid")
    images, targets, weights = training_batch(training_samples(cells, params.weights), params, 0)
    assert targets.shape == weights.shape
    assert build_unet(params).compute_output_shape(images.shape)[1:3] == targets.shape[1:]


def test_weights_are_balance_plus_borders(cells):
    plain, border = (
        training_samples(cells, BorderParams(w0=w0, sigma=5.0, balance=False, gaps=True))
        for w0 in (0, 10)
    )
    assert np.unique(plain[0].weights).tolist() == [1]
    assert (border[0].weights >= 1).all()
    assert border[0].weights.max() > 5
    balanced = training_samples(cells, BorderParams(w0=0, sigma=5.0, balance=True, gaps=True))
    totals = [sum(le.weights[le.target == side].sum() for le in balanced) for side in (0, 1)]
    assert totals[0] == pytest.approx(totals[1], rel=1e-4)


class KilledError(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_weights(cells, monkeypatch):
    params = recipe()
    whole, history = train_segmenter(cells[:3], cells[3:], params, curve=[], checkpoint=Memory())
    memory, learn = Memory(), UnetTrainer.learn
    count = iter(range(3))

    def dying(self, batch):
        if next(count, None) is None:
            raise KilledError
        return learn(self, batch)

    monkeypatch.setattr(UnetTrainer, "learn", dying)
    with pytest.raises(KilledError):
        train_segmenter(cells[:3], cells[3:], params, curve=[], checkpoint=memory)
    monkeypatch.setattr(UnetTrainer, "learn", learn)
    curve = []
    resumed, again = train_segmenter(cells[:3], cells[3:], params, curve=curve, checkpoint=memory)
    for one, two in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(one, two)
    assert [row["loss"] for row in again] == [row["loss"] for row in history]
    assert [row["step"] for row in curve] == [2, 4]


def test_one_step_is_kerass_own_weighted_step(cells):
    params = recipe(clip=1e9, learning_rate=0.05)
    batch = training_batch(training_samples(cells, params.weights), params, 0)
    ours, theirs = build_unet(params), build_unet(params)
    loss = UnetTrainer(ours, params).learn(batch)
    theirs.compile(
        keras.optimizers.SGD(0.05, momentum=0.99),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    images, targets, weights = batch
    result = theirs.train_on_batch(images, targets, sample_weight=weights)
    assert loss == pytest.approx(float(np.ravel(result)[0]), rel=1e-5)
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(one, two, atol=1e-6)


def test_a_loss_that_is_no_number_stops_the_training(cells):
    params = recipe()
    images, targets, weights = training_batch(training_samples(cells, params.weights), params, 0)
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        UnetTrainer(build_unet(params), params).learn((images, targets, weights * np.nan))


def test_a_network_learns_to_tell_cells_from_background(cells):
    params = recipe(
        optimizer="adam", momentum=0.9, learning_rate=0.005, steps=60, report_every=60,
        network=UnetParams(filters=8, depth=1, padding="same", dropout=0.0),
        weights=BorderParams(w0=0.0, sigma=5.0, balance=False, gaps=False),
    )  # fmt: skip
    _, history = train_segmenter(cells[:3], cells[3:], params, curve=[], checkpoint=Memory())
    assert history[-1]["val_iou"] > 0.7


GREY = np.random.default_rng(0).integers(0, 256, (20, 24), dtype=np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        GREY,
        GREY.astype(np.uint16) * 257,
        GREY / 255,
        GREY[..., None],
        np.repeat(GREY[..., None], 3, axis=2),
        np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)]),
    ],
    ids=["8 bit", "16 bit", "float", "one channel", "RGB", "RGBA"],
)
def test_the_same_picture_in_any_kind_looks_the_same(image):
    assert np.allclose(normalise(image), normalise(GREY), atol=1e-5)
    assert stored_grey(image).shape == GREY.shape


def test_a_constant_picture_has_no_cells_and_no_error():
    rule = SplittingParams(smoothing=1.0, depth=1.0, least=5)
    flat = np.full((20, 20), 9, np.uint8)
    assert not normalise(flat).any()
    assert not cells_by_threshold(flat, rule).any()
    assert not cells_by_mixture(flat, rule).any()
    params = recipe()
    assert np.isfinite(pixel_log_odds(build_unet(params), flat, params, tile=16)).all()


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 5)), np.zeros((0, 4)), np.zeros(4), np.full((3, 3), np.nan)]
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match="Expected"):
        to_grey(image)


@pytest.mark.parametrize("method", [cells_by_threshold, cells_by_mixture])
def test_bright_discs_on_dark_are_found_one_by_one(method):
    y, x = np.mgrid[:60, :90]
    image = np.random.default_rng(0).normal(20, 3, (60, 90))
    for column in (20, 45, 70):
        image[(y - 30) ** 2 + (x - column) ** 2 < 64] += 100
    rule = SplittingParams(smoothing=1.0, depth=1.5, least=20)
    assert method(image.astype(np.uint8), rule).max() == 3


def test_the_scale_of_distorted_log_odds_is_found():
    rng = np.random.default_rng(0)
    true = rng.normal(0, 2, 40_000)
    labels = (rng.random(len(true)) < 1 / (1 + np.exp(-true))).astype(np.int64)
    shown = (true - 1.5) / 2  # so that 2 · shown + 1.5 is the truth
    pixels = PixelSample(np.stack([np.zeros_like(shown), shown], axis=1), labels)
    scale = fit_platt_scale(pixels)
    assert scale.slope == pytest.approx(2, rel=0.05)
    assert scale.offset == pytest.approx(1.5, rel=0.05)
    assert scale.decision_threshold == pytest.approx(1 / (1 + np.exp(0.75)), rel=0.05)
    calibration = calibrate_pixels(pixels, pixels)
    metrics, diagrams = calibration.metrics, calibration.diagrams
    assert metrics["ece_scaled"] < 0.01 < metrics["ece"]
    assert metrics["nll_scaled"] < metrics["nll"]
    assert metrics["decision_threshold"] == scale.decision_threshold
    assert list(diagrams["scale"].unique()) == ["as_trained", "scaled"]
    for key, measure in (("as_trained", "ece"), ("scaled", "ece_scaled")):
        bins = diagrams[diagrams["scale"] == key]
        assert (bins["ece"] == metrics[measure]).all()
        assert bins["share"].sum() == pytest.approx(1)
