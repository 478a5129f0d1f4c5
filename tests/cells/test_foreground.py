import logging

import numpy as np
import pytest
from PIL import Image

from atelier.cells.foreground import is_foreground
from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.cells.reading import read_cell_folder, read_cells
from atelier.pipelines.ingest.nodes import acquire_cells

SIX = np.kron(np.arange(1, 7).reshape(2, 3), np.pad(np.ones((4, 4), int), 1))
"""Six separate cells, (12, 18)."""
ONE = np.where(SIX == 1, 1, 0)


def write(folder, name, labels):
    for part, picture in (("images", SIX.astype(np.uint8)), ("labels", labels)):
        (folder / part).mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / part / f"{name}.tif")


def source(folder):
    return CellSourceParams(
        dataset="dsb2018", source="mirror", mirror=str(folder), count=3, side=16, limit=None, seed=0
    )


MASKS = {
    "255": np.where(SIX > 0, 255, 0).astype(np.uint8),
    "1": (SIX > 0).astype(np.uint8),
    "bits": SIX > 0,
    "16 bit": np.where(SIX > 0, 65535, 0).astype(np.uint16),
}


@pytest.mark.parametrize("kind", MASKS)
def test_a_folder_of_masks_has_as_many_cells_as_separate_parts(tmp_path, kind, caplog):
    for index in range(8):
        write(tmp_path, str(index), MASKS[kind])
    with caplog.at_level(logging.WARNING):
        came_in = read_cells(source(tmp_path), None)
    assert sum(sample.labels.max() for sample in came_in.samples.values()) == 48
    assert came_in.masks == 8
    assert "8 of 8 pictures in labels are masks" in caplog.text
    splits = CellSplitParams(validation=1, test=1, fold=0, seed=0)
    *parts, provenance = acquire_cells(None, source(tmp_path), splits)
    assert provenance["masks_made_cells"] == 8
    assert all(len(np.unique(labels)) == 7 for k in parts for n, labels in k.items() if n[0] == "l")


def test_label_maps_stay_as_they_are_beside_a_mask(tmp_path, caplog):
    pieces = np.where(np.isin(SIX, (1, 6)), 1, SIX)  # a cell in two pieces among other cells
    given = {"one": ONE, "six": SIX, "pieces": pieces, "none": 0 * SIX, "one255": 255 * ONE}
    for name, labels in given.items():
        write(tmp_path, name, labels.astype(np.uint8))
    samples = read_cell_folder(tmp_path, "dsb2018")
    assert all(np.array_equal(samples[name].labels, labels) for name, labels in given.items())
    assert not caplog.records
    write(tmp_path, "mask", MASKS["255"])
    masks = []
    samples = read_cell_folder(tmp_path, "dsb2018", masks=masks)
    assert masks == ["mask"]
    assert np.array_equal(samples["mask"].labels, SIX)
    assert np.array_equal(samples["pieces"].labels, pieces)


def test_a_cell_with_a_pixel_at_its_corner_is_no_mask():
    corner = ONE.copy()
    corner[0, 0] = 1
    assert not is_foreground(corner)
    corner[11, 17] = 1
    assert is_foreground(corner)


def test_large_ids_of_a_label_map_are_numbered(tmp_path):
    write(tmp_path, "a", np.where(SIX > 0, 10**6 * SIX, 0).astype(np.int32))
    (sample,) = read_cell_folder(tmp_path, "dsb2018").values()
    assert np.array_equal(sample.labels, SIX)
    write(tmp_path, "a", np.where(SIX == 2, -1, SIX).astype(np.int32))
    with pytest.raises(ValueError, match=r"a.*at least 0.*-1, 16 negative"):
        read_cell_folder(tmp_path, "dsb2018")
