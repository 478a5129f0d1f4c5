import gc
import weakref

import numpy as np
import pytest
from support.cells import MemoryStore, image_file

from atelier.cells.image_files import ImageFile
from atelier.cells.params import SplittingParams
from atelier.segmentation.application import (
    application_metrics,
    apply_method,
    check_images_readable,
    images_for_figure,
)
from atelier.segmentation.methods import FoundCells, Method, method_by_mixture, method_by_threshold

SPLITTING = SplittingParams(smoothing=1.0, depth=1.5, least=10)


def planted(seed=0):
    """Two bright discs of radii 6 and 4 about (12, 14) and (30, 40) on a dark ground."""
    y, x = np.mgrid[:48, :64]
    discs = ((y - 12) ** 2 + (x - 14) ** 2 <= 36, (y - 30) ** 2 + (x - 40) ** 2 <= 16)
    noise = np.random.default_rng(seed).integers(0, 12, (48, 64))
    return (noise + 180 * discs[0] + 140 * discs[1]).astype(np.uint8), discs


@pytest.mark.parametrize("make", [method_by_threshold, method_by_mixture])
def test_planted_cells_are_found_where_they_are(make):
    image, discs = planted()
    store = MemoryStore()
    cells, images = apply_method([image_file("a", image)], make(SPLITTING), store)
    assert cells["area"].tolist() == [disc.sum() for disc in discs] == [113, 49]
    np.testing.assert_allclose(cells[["centroid_y", "centroid_x"]], [[12, 14], [30, 40]])
    brightness = [image[disc].mean() for disc in discs]
    np.testing.assert_allclose(cells["mean_intensity"], brightness)
    assert images.loc[0, ["image", "result", "page", "cells"]].tolist() == ["a.png", "a", 1, 2]
    assert images.loc[0, "covered"] == pytest.approx(162 / (48 * 64))
    if make is method_by_mixture:
        assert (cells["probability"] > 0.9).all()
    else:
        assert cells["probability"].isna().all()


def counting(reads):
    """Finds the pixels above 100 as a single cell."""
    return Method(
        lambda image: FoundCells((image > 100).astype(np.int32), image / 255), "above 100"
    )


def test_a_killed_run_keeps_its_images_and_ends_as_one_that_was_not():
    arrays = {name: planted(seed)[0] for seed, name in enumerate("abcde")}
    whole = apply_method(
        [image_file(*item) for item in arrays.items()], counting([]), MemoryStore()
    )
    reads = []
    files = [image_file(*item, reads) for item in arrays.items()]
    store = MemoryStore(dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        apply_method(files, counting(reads), store)
    store.dies_after = None
    reads.clear()
    cells, images = apply_method(files, counting(reads), store)
    assert reads == ["d", "e"]
    assert images["kept"].tolist() == [True, True, True, False, False]
    assert cells.equals(whole.cells)
    other = counting(reads)._replace(identity="another method")
    assert not apply_method(files, other, store).images["kept"].any()


def test_only_one_image_is_in_memory():
    alive, most = [], []

    def read(page):
        gc.collect()
        most.append(sum(reference() is not None for reference in alive))
        image = planted(page)[0]
        alive.append(weakref.ref(image))
        return image

    class Forgetful(MemoryStore):
        def save(self, name, fingerprint, image):
            pass

    stack = ImageFile("z", "z.tif", lambda: "digest", lambda: range(6), read)
    _, images = apply_method([stack], counting([]), Forgetful())
    assert max(most) == 0
    assert images["result"].tolist() == [f"z_page{page:04d}" for page in range(1, 7)]
    assert images["page"].tolist() == [1, 2, 3, 4, 5, 6]


def broken(name):
    def fail(*_):
        raise ValueError(f"{name}: Expected a whole picture")

    return ImageFile(name, name, lambda: "digest", lambda: [0], fail)


def test_an_unreadable_image_is_named_and_the_others_are_segmented():
    good = [image_file(name, planted()[0]) for name in "abc"]
    application = apply_method([good[0], broken("x.png"), *good[1:]], counting([]), MemoryStore())
    cells, images = application
    assert cells["image"].tolist() == ["a.png", "b.png", "c.png"]
    assert images.loc[images["problem"] != "", "image"].tolist() == ["x.png"]
    metrics = application_metrics(application)
    assert (metrics["images"], metrics["unreadable"], metrics["cells"]) == (3, 1, 3)
    check_images_readable(images, 0.25)
    with pytest.raises(
        ValueError, match=r"at most 10% of 4 images.*1:\n  x\.png: Expected a whole"
    ):
        check_images_readable(images, 0.1)
    assert images_for_figure(images, 2)["image"].tolist() == ["a.png", "c.png"]


def test_images_without_cells_give_an_empty_table():
    dark = [image_file(name, np.zeros((20, 20), np.uint8)) for name in "ab"]
    for make in (method_by_threshold, method_by_mixture):
        application = apply_method(dark, make(SPLITTING), MemoryStore())
        assert len(application.cells) == 0
        assert "centroid_y" in application.cells
        assert application_metrics(application)["mean_area"] == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 2, 3), (200, 7, 4)])
def test_images_of_any_shape_are_segmented(shape, rng):
    image = rng.integers(0, 65536, shape).astype(np.uint16)
    for make in (method_by_threshold, method_by_mixture):
        _, images = apply_method([image_file("a", image)], make(SPLITTING), MemoryStore())
        assert images.loc[0, "problem"] == ""
