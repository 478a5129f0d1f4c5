"""Foreground of stacks, under masks, by local thresholds and hysteresis, as by scikit-image."""

import numpy as np
import pytest
from PIL import Image
from skimage import data, filters
from skimage.measure import label

from atelier.datasets.picture import PicturePagesDataset
from atelier.pipelines.thresholding.nodes import divide_pages
from atelier.thresholding.binarization import (
    count_stack_levels,
    find_foreground,
    local_thresholds,
    masked_grey,
)
from atelier.thresholding.figures import foreground_title
from atelier.thresholding.params import (
    BinarizationParams,
    HysteresisParams,
    LocalParams,
    PriorParams,
)

LOCAL = LocalParams(method="mean", window=35, offset=0.0, k=0.2)
PARAMS = BinarizationParams(
    method="otsu",
    ght=PriorParams(nu=0.0, tau=0.0, kappa=0.0, omega=0.5),
    hysteresis=HysteresisParams(low=None, high=None),
    local=LOCAL,
)
PAGE, COINS, CAMERA = data.page(), data.coins(), data.camera()


def by(method, **changes):
    return PARAMS.model_copy(update={"method": method, **changes})


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_stack_has_the_threshold_of_all_its_pixels(kind):
    stack = [COINS.astype(kind), CAMERA[:100].astype(kind), COINS[:50, :60].astype(kind) + kind(9)]
    pixels = np.concatenate([page.ravel() for page in stack])
    foreground = find_foreground(stack, PARAMS)
    expected = filters.threshold_otsu(pixels.astype(np.uint8))
    assert foreground.thresholds == {"threshold": expected}
    for page, mask in zip(stack, foreground.masks, strict=True):
        assert np.array_equal(mask, page > expected)


def test_a_stack_of_many_floats_is_counted_as_a_whole():
    rng = np.random.default_rng(0)
    stack = [rng.normal(0, 1, (300, 200)), rng.normal(10, 1, (200, 300))]
    assert 3 < find_foreground(stack, PARAMS).thresholds["threshold"] < 7
    counts, levels, *_ = count_stack_levels([page.astype(np.int64) for page in stack])
    values, expected = np.unique(
        np.concatenate(stack, axis=None).astype(np.int64), return_counts=True
    )
    assert levels[counts > 0].tolist() == values.tolist()
    assert counts[counts > 0].tolist() == expected.tolist()


@pytest.mark.parametrize("stack", [[], [COINS, COINS.astype(np.float32)]])
def test_a_stack_has_pictures_of_one_type(stack):
    with pytest.raises(ValueError, match="Expected images of one type"):
        find_foreground(stack, PARAMS)


def test_masked_pixels_change_no_threshold_and_stay_masked():
    left = np.ma.MaskedArray(COINS, np.broadcast_to(np.arange(384) > 200, COINS.shape))
    for method in ("otsu", "ght", "hysteresis"):
        foreground = find_foreground([left], by(method))
        whole = find_foreground([COINS[:, :201]], by(method))
        assert foreground.thresholds == whole.thresholds
        (mask,) = foreground.masks
        assert np.array_equal(mask.compressed(), whole.masks[0].ravel())
        assert np.ma.getmaskarray(mask)[:, 201:].all()
    with pytest.raises(ValueError, match=r"without masked pixels.*Received: 55,449 masked"):
        find_foreground([left], by("local"))
    colours = np.ma.MaskedArray(np.stack([COINS] * 3, axis=2), np.stack([left.mask] * 3, axis=2))
    assert np.array_equal(masked_grey(colours).compressed(), left.compressed())


@pytest.mark.parametrize("image", [PAGE, PAGE.astype(np.uint16), PAGE.astype(np.float64) / 7])
def test_local_thresholds_are_scikit_images(image):
    for method in ("mean", "gaussian"):
        local = LOCAL.model_copy(update={"method": method, "offset": 3.0})
        expected = filters.threshold_local(image, 35, method, offset=3.0)
        np.testing.assert_allclose(local_thresholds(image, local), expected)
    sauvola = LOCAL.model_copy(update={"method": "sauvola"})
    kinds = {"u1": 127.5, "u2": 32767.5}
    r = kinds.get(image.dtype.str[1:], (image.max() - image.min()) / 2)
    expected = filters.threshold_sauvola(image, 35, 0.2, r)
    np.testing.assert_allclose(local_thresholds(image, sauvola), expected)


def test_a_local_threshold_reads_a_page_in_uneven_light():
    """Stripes of ink under a shadow stay where they are."""
    ink = np.indices((150, 300)).sum(axis=0) % 12 < 4
    shade = np.linspace(1.0, 0.3, 300)
    shaded = np.rint(np.where(ink, 60, 200) * shade).astype(np.uint8)
    local = LOCAL.model_copy(update={"method": "sauvola"})
    (paper,) = find_foreground([shaded], by("local", local=local)).masks
    (otsu,) = find_foreground([shaded], PARAMS).masks
    assert (paper == ~ink).mean() > 0.97
    assert (otsu == ~ink).mean() < 0.9


def test_a_constant_picture_of_floats_has_local_thresholds():
    sauvola = LOCAL.model_copy(update={"method": "sauvola"})
    assert np.isfinite(local_thresholds(np.full((40, 40), 2.0), sauvola)).all()


@pytest.mark.parametrize(("low", "high"), [(80.0, 150.0), (None, None)])
def test_hysteresis_is_scikit_images_and_keeps_whole_components(low, high):
    foreground = find_foreground(
        [COINS], by("hysteresis", hysteresis=HysteresisParams(low=low, high=high))
    )
    low, high = (low, high) if low else filters.threshold_multiotsu(COINS, 3)
    assert foreground.thresholds == {"low": low, "high": high}
    (mask,) = foreground.masks
    assert np.array_equal(mask, filters.apply_hysteresis_threshold(COINS, low, high))
    parts = label(low < COINS, connectivity=1)
    kept = np.unique(parts[high < COINS])
    assert np.array_equal(mask, np.isin(parts, kept[kept > 0]))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (LocalParams, {"method": "mean", "window": 4, "offset": 0, "k": 0.2}),
        (HysteresisParams, {"low": 3, "high": None}),
        (HysteresisParams, {"low": 3, "high": 2}),
    ],
)
def test_impossible_parameters_are_refused(kind, values):
    with pytest.raises(ValueError, match="Expected"):
        kind(**values)


def stack_file(folder):
    path = folder / "stack.tif"
    pages = [Image.fromarray(COINS[:60, :80]), Image.fromarray(COINS[60:120, :80])]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def test_pages_of_a_file_come_under_its_mask(tmp_path):
    path, mask = stack_file(tmp_path), tmp_path / "mask.png"
    plain = PicturePagesDataset(source=str(path))
    np.testing.assert_array_equal(plain.load(), [COINS[:60, :80], COINS[60:120, :80]])
    inside = np.zeros((60, 80), np.uint8)
    inside[10:50, 10:70] = 1
    Image.fromarray(inside).save(mask)
    under = PicturePagesDataset(source=str(path), mask=str(mask))
    assert [page.count() for page in under.load()] == [40 * 60] * 2
    arrays, metrics, figure = divide_pages(under.load(), PARAMS)
    expected = filters.threshold_otsu(np.stack([COINS[10:50, 10:70], COINS[70:110, 10:70]]))
    assert metrics["threshold"] == expected
    assert (metrics["pages"], metrics["pixels"]) == (2, 2 * 40 * 60)
    assert list(arrays) == ["page0001", "page0002"]
    assert np.array_equal(arrays["page0002"], (COINS[60:120, :80] > expected) & (inside > 0))
    assert figure.axes[0].get_title(loc="left") == "2 of 2 pages"
    digest = under.content_digest()
    assert digest != plain.content_digest()
    Image.fromarray(1 - inside).save(mask)
    assert under.content_digest() != digest
    mask.unlink()
    assert under.content_digest() is None


def test_a_mask_that_does_not_fit_is_refused(tmp_path):
    path, mask = stack_file(tmp_path), tmp_path / "mask.png"
    for inside, message in (
        (np.ones((3, 4), np.uint8), "60 x 80 pixels, as the picture. Received: 3 x 4"),
        (np.zeros((60, 80), np.uint8), "Received: 0 everywhere"),
    ):
        Image.fromarray(inside).save(mask)
        with pytest.raises(Exception, match=message):
            PicturePagesDataset(source=str(path), mask=str(mask)).load()
    with pytest.raises(Exception, match="Expected the file of a mask"):
        PicturePagesDataset(source=str(path), mask=str(tmp_path / "none.png")).load()


def test_the_embedded_picture_is_its_only_page():
    (page,) = PicturePagesDataset(source="coins").load()
    arrays, metrics, _ = divide_pages([page], PARAMS)
    assert np.array_equal(arrays["page0001"], COINS > 107)
    assert foreground_title(metrics, PARAMS) == (
        f"otsu, threshold 107, {(COINS > 107).mean():.1%} of the pixels are foreground"
    )
    local = divide_pages([page], by("local"))[1]
    assert foreground_title(local, by("local")).startswith("mean, ")


@pytest.mark.parametrize("method", ["mean", "gaussian", "sauvola"])
def test_a_local_threshold_of_pixels_that_are_not_finite_is_refused(method):
    image = np.zeros((5, 5))
    image[2, 2] = np.nan
    params = LocalParams(method=method, window=3, offset=0.0, k=0.2)
    with pytest.raises(ValueError, match="finite pixels. Received: 1 of 25 NaN"):
        local_thresholds(image, params)
