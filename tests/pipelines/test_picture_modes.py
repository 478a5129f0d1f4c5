"""The same picture in every mode of a file means the same to every pipeline that takes pictures."""

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score

from atelier.cells.params import CellSourceParams, CellSplitParams, SplittingParams
from atelier.cells.samples import draw_cells, unpack
from atelier.clustering.params import ColourParams
from atelier.datasets.picture import PictureDataset
from atelier.pipelines.clustering import nodes as clustering
from atelier.pipelines.ingest import nodes as ingest
from atelier.pipelines.thresholding import nodes as thresholding
from atelier.style_transfer import select_styles
from atelier.style_transfer.figures import shrink_for_figure
from atelier.thresholding.params import ThresholdingParams

SIDE = 32
REGIONS = np.zeros((SIDE, SIDE), int)  # 0 in a half, 1 and 2 in a quarter each
REGIONS[: SIDE // 2, : SIDE // 2] = 1
REGIONS[: SIDE // 2, SIDE // 2 :] = 2
NOISE = np.random.default_rng(0).integers(-1, 2, (SIDE, SIDE, 3))
GREY = (np.array([30, 120, 240])[REGIONS] + NOISE[..., 0]).astype(np.uint8)
COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
RGB = (COLOURS[REGIONS] + NOISE).astype(np.uint8)


def shuffled_palette(grey):
    """The grey picture as a palette's entries, the brightest first."""
    picture = Image.fromarray(255 - grey).convert("P")
    picture.putpalette([255 - entry // 3 for entry in range(768)])
    return picture


def grey_as(mode, grey):
    """A grey picture stored in another mode, and what its values were multiplied by."""
    wide = grey.astype(np.uint16) * 257
    return {
        "L": lambda: (Image.fromarray(grey), 1),
        "LA": lambda: (Image.fromarray(grey).convert("LA"), 1),
        "P": lambda: (shuffled_palette(grey), 1),
        "RGB": lambda: (Image.fromarray(grey).convert("RGB"), 1),
        "RGBA": lambda: (Image.fromarray(grey).convert("RGBA"), 1),
        "I;16": lambda: (Image.fromarray(wide), 257.0),
        "I": lambda: (Image.fromarray(wide.astype(np.int32)), 257.0),
        "F": lambda: (Image.fromarray(grey.astype(np.float32) / 255), 1 / 255),
    }[mode]()


def colours_as(mode):
    """The colour picture stored in another mode."""
    picture = Image.fromarray(RGB)
    return picture.quantize(256, dither=0) if mode == "P" else picture.convert(mode)


GREY_MODES = ["L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F"]
COLOUR_MODES = ["RGB", "RGBA", "P", "CMYK"]


def loaded(picture, folder):
    """What the dataset makes of a picture in a TIFF, which has all modes, or else in a PNG."""
    path = folder / ("picture.png" if picture.mode == "LA" else "picture.tif")
    picture.save(path)
    return PictureDataset(source=str(path)).load()


@pytest.fixture(params=GREY_MODES)
def grey(request, tmp_path):
    """A grey picture as the dataset loads it, and its scale."""
    picture, scale = grey_as(request.param, GREY)
    assert picture.mode == request.param
    return loaded(picture, tmp_path), scale


@pytest.fixture(params=COLOUR_MODES)
def colours(request, tmp_path):
    """A colour picture as the dataset loads it."""
    picture = colours_as(request.param)
    assert picture.mode == request.param
    return loaded(picture, tmp_path)


def test_grey_keeps_its_values(grey):
    picture, scale = grey
    values = picture if picture.ndim == 2 else picture[..., 0]
    np.testing.assert_allclose(values, GREY * scale, rtol=1e-6)


def test_colours_keep_their_values(colours):
    np.testing.assert_array_equal(colours, RGB)


OTSU = ThresholdingParams(classes=(2,), block=4, resamples=20, seed=0)


def test_thresholding_separates_the_same_pixels_in_every_mode(grey):
    # Of levels 30 (half), 120 and 240 (a quarter each) the variance between two classes is
    # .25 · 150² = 5,625 with the cut above 30, and .1875 · 180² = 6,075 with the cut above 120.
    picture, scale = grey
    _, metrics, _ = thresholding.threshold_image(picture, OTSU)
    assert 118 * scale < metrics["threshold"] < 239 * scale


def test_thresholding_takes_colours_of_every_mode(colours):
    # BT.709: .7152 · 200 + … = 154 for green, 74 for red, 52 for blue
    _, metrics, _ = thresholding.threshold_image(colours, OTSU)
    assert 74 <= metrics["threshold"] < 153


def test_black_and_white_is_0_and_255(tmp_path):
    picture = loaded(Image.fromarray(REGIONS > 0), tmp_path)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, np.where(REGIONS > 0, 255, 0))
    _, metrics, _ = thresholding.threshold_image(picture, OTSU)
    assert 0 <= metrics["threshold"] < 255


EM = ColourParams(
    shrink=1,
    position=0,
    components=(3,),
    covariance="spherical",
    concentration=None,
    restarts=5,
    tol=1e-6,
    seed=0,
)


def test_clustering_finds_the_same_regions_in_every_grey_mode(grey):
    _, _, arrays, _ = clustering.cluster_image(grey[0], EM)
    assert adjusted_rand_score(REGIONS.ravel(), arrays["labels"].ravel()) == 1


def test_clustering_finds_the_same_regions_in_every_colour_mode(colours):
    _, metrics, arrays, _ = clustering.cluster_image(colours, EM)
    assert adjusted_rand_score(REGIONS.ravel(), arrays["labels"].ravel()) == 1
    plain = clustering.cluster_image(RGB, EM)[1]
    assert metrics["bic"] == pytest.approx(plain["bic"])  # alpha is no fourth colour


def style_of(picture):
    (style,) = select_styles({"style": picture}, {"style": 1.0})
    return style.picture


def test_style_transfer_takes_every_grey_mode_as_the_same_colours(grey):
    np.testing.assert_allclose(style_of(grey[0]), np.dstack([GREY] * 3), rtol=1e-5)


def test_style_transfer_takes_every_colour_mode_as_the_same_colours(colours):
    np.testing.assert_array_equal(style_of(colours), RGB)


def test_a_photograph_of_megapixels_is_small_in_a_figure():
    photograph = np.full((1500, 2000), 80, np.uint8)
    shown = shrink_for_figure(photograph)
    np.testing.assert_allclose(shown, np.full((768, 1024, 3), 80.0), rtol=1e-5)
    assert shrink_for_figure(photograph[:300, :400]).shape == (300, 400, 3)


def write_cells(folder, picture_mode, label_mode):
    """Six drawn pictures of cells in a mirror's layout."""
    drawn = draw_cells(6, (48, 48), seed=3)
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for index, (image, labels) in enumerate(zip(drawn.images[..., 0], drawn.labels, strict=True)):
        picture, _ = grey_as(picture_mode, image)
        picture.save(folder / "images" / f"{index}.{'png' if picture.mode == 'LA' else 'tif'}")
        store_labels(labels, label_mode).save(folder / "labels" / f"{index}.tif")
    return drawn


def store_labels(labels, mode):
    if mode == "P":
        picture = Image.fromarray(labels.astype(np.uint8)).convert("P")
        picture.putpalette([17 * entry % 256 for entry in range(768)])  # colours mean nothing
        return picture
    kinds = {"L": np.uint8, "I;16": np.uint16, "I": np.int32}
    return Image.fromarray(labels.astype(kinds[mode]))


CELLS = {
    "dataset": "dsb2018", "source": "mirror", "count": 3, "side": 16, "limit": None, "seed": 0,
}  # fmt: skip
SPLITS = CellSplitParams(validation=1, test=4, fold=0, seed=0)
WATERSHED = SplittingParams(smoothing=1.0, depth=1.5, least=20)


@pytest.mark.parametrize(
    ("picture_mode", "label_mode"),
    [*((mode, "I;16") for mode in GREY_MODES), ("L", "L"), ("L", "P"), ("L", "I")],
)
def test_cells_are_the_same_in_every_mode(picture_mode, label_mode, tmp_path):
    drawn = write_cells(tmp_path, picture_mode, label_mode)
    params = CellSourceParams(**CELLS, mirror=str(tmp_path))
    *_, test, _ = ingest.acquire_cells(None, params, SPLITS)
    _, scale = grey_as(picture_mode, GREY)
    cells = {"by Otsu": thresholding.find_cells_by_threshold(test, WATERSHED)}
    for name, (image, labels) in unpack(test).items():
        plain = drawn.images[int(name), ..., 0]
        np.testing.assert_allclose(image, plain * scale, rtol=1e-6)
        np.testing.assert_array_equal(labels, drawn.labels[int(name)])
        alone = {"image.a": plain, "labels.a": labels}
        expected = thresholding.find_cells_by_threshold(alone, WATERSHED)["a"]
        same = adjusted_rand_score(expected.ravel(), cells["by Otsu"][name].ravel())
        assert same > 0.98  # floats have other bins
