import json

import numpy as np
import pytest
from PIL import Image

from atelier.cells.labelled_folders import read_labelled_folder
from atelier.cells.run_lengths import (
    decode_run_lengths,
    decode_segmentation,
    decompress_counts,
    fill_polygon,
)

# The mask, the text and its meaning by hand: 6 is the row of the lone pixel of column 0; then
# 2 + 4 * 9 + 2 = 40 pixels to the block of columns 5 to 7, rows 2 to 5, each 4 high and 5 apart.
SHAPE = (9, 10)
MASK = np.zeros(SHAPE, bool)
MASK[6, 0] = True
MASK[2:6, 5:8] = True
COUNTS = [6, 1, 40, 4, 5, 4, 5, 4, 21]
TEXT = "61X13mN000`0"


def test_run_lengths_go_down_the_columns():
    assert np.array_equal(decode_run_lengths(COUNTS, SHAPE), MASK)
    assert np.array_equal(decode_run_lengths([0, 6], (2, 3)), np.ones((2, 3), bool))


def test_compressed_run_lengths_mean_the_same():
    assert decompress_counts(TEXT) == decompress_counts(TEXT.encode()) == COUNTS
    for counts in (COUNTS, TEXT):
        mask = decode_segmentation({"size": list(SHAPE), "counts": counts}, SHAPE)
        assert np.array_equal(mask, MASK)


def compress(counts):
    """COCO's code, written from its description: 5 bits a character, differences from the 4th."""
    text = ""
    for index, count in enumerate(counts):
        number = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            low, number = number & 31, number >> 5
            more = number != (-1 if low & 16 else 0)
            text += chr(48 + low + 32 * more)
    return text


def test_any_mask_is_read_back_from_its_compressed_run_lengths(rng):
    assert compress(COUNTS) == TEXT
    for density in (0.01, 0.5, 0.99):
        mask = rng.random((70, 90)) < density
        flat = np.concatenate([[False], mask.ravel(order="F")])
        edges = np.flatnonzero(np.diff(flat))
        counts = np.diff(np.concatenate([[0], edges + 0, [mask.size]])).tolist()
        decoded = decode_run_lengths(decompress_counts(compress(counts)), mask.shape)
        assert np.array_equal(decoded, mask)


def test_a_polygon_has_the_pixels_whose_centres_it_contains():
    square = fill_polygon([5, 2, 8, 2, 8, 6, 5, 6], SHAPE)
    assert np.array_equal(square, MASK & (np.arange(10) > 0))
    triangle = fill_polygon([0, 0, 4, 0, 0, 4], (4, 4))  # x + y < 4 at centres: 3 + 2 + 1, diagonal
    inside = np.add.outer(np.arange(4) + 0.5, np.arange(4) + 0.5) < 4
    assert (triangle & ~inside).sum() <= 4  # centres on the edge itself
    assert triangle[inside].all()
    outside = fill_polygon([-3, -3, 2, -3, 2, 2, -3, 2], (4, 4))
    assert outside.sum() == 4


def test_the_polygons_of_an_annotation_are_united():
    squares = [[0, 6, 1, 6, 1, 7, 0, 7], [5, 2, 8, 2, 8, 6, 5, 6]]
    assert np.array_equal(decode_segmentation(squares, SHAPE), MASK)


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"size": [9, 10], "counts": [1, 2]}, "sum to 9 x 10 = 90 pixels. Received: 3 in 2 runs"),
        ({"size": [9, 10], "counts": [-1, 91]}, "sum to 9 x 10"),
        ({"size": [10, 9], "counts": COUNTS}, r"size \[9, 10\], height and width"),
        ({"size": [9, 10], "counts": "61X\n"}, "compressed run lengths"),
        ({"size": [9, 10], "counts": "61X"}, "compressed run lengths"),
        ([[1, 2, 3, 4]], "at least three corners"),
        ([[1, 2, 3, 4, 5, 6, 7]], "7 coordinates"),
        ([], "run lengths or polygons"),
    ],
)
def test_a_wrong_segmentation_is_refused(segmentation, words):
    with pytest.raises(ValueError, match=words):
        decode_segmentation(segmentation, SHAPE)


def annotate(folder, name="annotations.json", image="a.png", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "images": [{"id": 7, "file_name": image, "height": 9, "width": 10}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "segmentation": [[0, 6, 1, 6, 1, 7, 0, 7]]},
            {
                "image_id": 7,
                "iscrowd": 1,
                "segmentation": {"size": [9, 10], "counts": [47, 4, 5, 4, 5, 4, 21]},
            },
        ],
    } | changes
    (folder / name).write_text(json.dumps(content))


def picture(path, value=9):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(SHAPE, value, np.uint8)).save(path)


EXPECTED = np.where(MASK, 2, 0)
EXPECTED[6, 0] = 1


@pytest.mark.parametrize("named", ["", "annotations.json"])
@pytest.mark.parametrize("place", ["a.png", "images/a.png"])
def test_a_folder_with_coco_annotations_is_read(tmp_path, named, place):
    picture(tmp_path / place)
    annotate(tmp_path)
    (sample,) = read_labelled_folder(tmp_path / named).samples.values()
    assert np.array_equal(sample.labels, EXPECTED)


def test_coco_splits_lie_in_folders_or_in_the_names_of_the_files(tmp_path):
    for part in ("train", "valid"):  # Roboflow's layout
        picture(tmp_path / "one" / part / "a.png")
        annotate(tmp_path / "one" / part, "_annotations.coco.json")
    for part in ("train2017", "val2017"):  # COCO's own
        picture(tmp_path / "two" / part / "a.png", value=len(part))
        annotate(tmp_path / "two" / "annotations", f"instances_{part}.json")
    for name in ("one", "two"):
        folder = read_labelled_folder(tmp_path / name)
        assert list(folder.samples) == ["a"]
        assert list(folder.given) == ["validation"]
    assert folder.samples["a"].image[0, 0] == 9
    assert folder.given["validation"]["a"].image[0, 0] == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": "b.png"}, "one picture b.png beside it. Received: no such file"),
        ({"annotations": [{"image_id": 8, "segmentation": []}]}, "1 annotations of none"),
        ({"annotations": [{"image_id": 7}]}, "an entry without 'segmentation'"),
        ({"annotations": [{"image_id": 7, "segmentation": [[1, 2]]}]}, "a.png, annotation 1: "),
        ({"annotations": []}, "at least one cell"),
    ],
)
def test_a_wrong_annotation_file_is_named(tmp_path, changes, words):
    picture(tmp_path / "a.png")
    annotate(tmp_path, **changes)
    with pytest.raises(ValueError, match=words) as caught:
        read_labelled_folder(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_damaged_json_is_named_and_json_of_another_kind_is_left_alone(tmp_path):
    (tmp_path / "a.json").write_text('{"images": [')
    with pytest.raises(ValueError, match=r"a\.json: Expected whole JSON"):
        read_labelled_folder(tmp_path)
    (tmp_path / "a.json").write_text("[1]")
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "masks" / "a.png")
    assert list(read_labelled_folder(tmp_path).samples) == ["a"]
    with pytest.raises(ValueError, match="images and annotations"):
        read_labelled_folder(tmp_path / "a.json")


def test_cells_that_others_cover_are_counted_in_the_log(tmp_path, caplog):
    picture(tmp_path / "a.png")
    square = [[0, 0, 2, 0, 2, 2, 0, 2]]
    annotate(tmp_path, annotations=[{"image_id": 7, "segmentation": square}] * 3)
    (sample,) = read_labelled_folder(tmp_path).samples.values()
    assert np.unique(sample.labels).tolist() == [0, 3]
    assert "2 of 3 cells have no pixel" in caplog.text
