import numpy as np
import pytest
from skimage import data
from skimage.filters import threshold_otsu

from atelier.cells.grayscale import normalise, stored_grey, to_grey
from atelier.pipelines.thresholding.nodes import threshold_image
from atelier.thresholding.experiments import threshold_picture
from atelier.thresholding.params import ThresholdingParams

PARAMS = ThresholdingParams(classes=(2, 3), block=16, resamples=20, seed=0)
COINS = data.coins()
SCENE = COINS > 107
NOTHING = ("every pixel is 7: one class", "no interval: there is nothing to separate")
TWO = "2 different grey values: 2 classes instead of 3"
SMALL = "no interval: {} pixels hold {} of the 2 blocks of picture.otsu.block=16 that are needed"


@pytest.mark.parametrize(
    ("picture", "cuts", "notes"),
    [
        (SCENE, {2: [0]}, (TWO,)),
        (SCENE * np.uint8(255), {2: [0]}, (TWO,)),
        (SCENE * np.uint16(65535), {2: [0]}, (TWO,)),
        (SCENE.astype(np.float32), {2: [0]}, (TWO,)),
        (SCENE[:16, :20], {2: [0]}, (TWO, SMALL.format("16 × 20", 1))),
        (np.full((64, 64), 7, np.uint8), {2: [7]}, NOTHING),
        (np.full((1, 1), 7.0), {2: [7]}, NOTHING),
        (COINS[100:128, 100:128], None, (SMALL.format("28 × 28", 1),)),
        (COINS[100:101], None, (SMALL.format("1 × 384", 0),)),
        (COINS[:, :1], None, (SMALL.format("303 × 1", 0),)),
    ],
)
def test_what_a_picture_does_not_allow_is_said_and_the_rest_is_done(picture, cuts, notes, caplog):
    table, metrics, figure = threshold_image(picture, PARAMS)
    result = threshold_picture(stored_grey(picture), PARAMS)
    assert result.notes == notes
    assert all(note in caplog.text for note in notes)
    assert all(note in figure.get_suptitle() for note in notes)
    assert len(table) == metrics["grey_values"] - 1 == len(np.unique(picture)) - 1
    if cuts is None:
        assert metrics["threshold"] == threshold_otsu(picture)
        assert list(result.thresholds) == [2, 3]
    else:
        assert {number: cut.tolist() for number, cut in result.thresholds.items()} == cuts
        assert metrics["classes"] == len(np.unique(picture))
    has_interval = result.interval is not None
    assert has_interval == ("threshold_low" in metrics) == ("no interval" not in caplog.text)


def test_a_single_class_has_its_value_as_threshold_and_no_variance_to_explain():
    _, metrics, figure = threshold_image(np.full((20, 40), 7, np.uint16), PARAMS)
    assert metrics["threshold"] == 7
    assert metrics["separability"] == 0
    assert "1 class: 7" in [axes.get_title(loc="left") for axes in figure.axes]


def test_a_figure_has_a_panel_for_every_number_of_classes():
    params = PARAMS.model_copy(update={"classes": (2, 3, 4, 5)})
    titles = [axes.get_title(loc="left") for axes in threshold_image(COINS, params)[2].axes]
    assert titles[1:5] == [
        "2 classes:\n107", "3 classes:\n77, 139", "4 classes:\n63, 107, 156",
        "5 classes:\n58, 95, 134, 173",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_every_type_of_grey_has_the_same_threshold_and_interval(kind):
    _, metrics, figure = threshold_image(COINS.astype(kind), PARAMS)
    expected = threshold_image(COINS, PARAMS)[1]
    assert metrics == pytest.approx(expected)
    assert metrics["threshold"] == 107
    assert figure.get_suptitle() == (
        "Otsu's method: t = 107, 95 % of resamples in "
        f"{expected['threshold_low']:g} to {expected['threshold_high']:g}"
    )


def test_digits_of_a_title_tell_neighbours_apart():
    image = np.linspace(1000, 1000.01, 1600).reshape(40, 40).astype(np.float32)
    result = threshold_picture(image, PARAMS)
    assert np.float32(result.format_grey(float(result.thresholds[2][0]))) == result.thresholds[2][0]


def test_a_title_of_one_grey_value_has_its_digits():
    result = threshold_picture(np.full((8, 8), 0.53125), PARAMS)
    assert result.span == (0.53125, 0.53125)
    assert result.format_grey(0.53125) == "0.53125"


def test_alpha_is_dropped_and_colours_are_weighed():
    opaque = np.full_like(COINS, 255)
    for channels in ([COINS], [COINS, opaque], [COINS] * 3, [COINS] * 3 + [opaque]):
        grey = stored_grey(np.stack(channels, axis=2))
        assert grey.dtype == np.uint8
        assert np.array_equal(grey, COINS)
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 200
    assert stored_grey(red).tolist() == [[43, 43], [43, 43]]  # 200 x .2126


def test_grey_values_are_not_rounded_to_single_precision():
    wide = np.array([[2**31 - 1, 2**31 - 2]], np.int32)
    assert np.array_equal(stored_grey(wide), wide)
    fine = np.array([[1.0, 1.0 + 2**-50]])
    assert np.array_equal(stored_grey(fine), fine)


@pytest.mark.parametrize("read", [stored_grey, to_grey, normalise])
def test_what_is_no_grey_picture_is_refused_with_what_came(read):
    odd = np.ones((4, 4))
    odd[0, :3] = np.nan, np.nan, np.inf
    for picture, message in (
        (odd, "2 NaN and 1 infinite of 16"),
        (np.ma.MaskedArray(np.ones((2, 2)), [[True, False], [False, False]]), "1 masked of 4"),
        (np.ones((2, 2, 5)), "1 to 4"),
        (np.ones((0, 2)), r"\(0, 2\)"),
    ):
        with pytest.raises(ValueError, match=message):
            read(picture)
