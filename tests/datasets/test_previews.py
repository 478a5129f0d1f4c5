"""What Kedro-Viz shows of datasets."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from atelier.datasets.animation import AnimationDataset
from atelier.datasets.atomic import RecordDataset, TextDataset
from atelier.datasets.npz import NpzDataset
from atelier.datasets.picture import GalleryDataset, PictureDataset
from atelier.types import Animation


def picture(preview: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(preview)))


def test_arrays_are_listed_by_name_shape_and_type(tmp_path):
    dataset = NpzDataset(filepath=str(tmp_path / "a.npz"))
    dataset.save({"images": np.zeros((5, 4, 3), np.uint8), "n": np.array(7.0)})
    assert dataset.preview()["columns"] == ["array", "shape", "type"]
    assert dataset.preview()["data"] == [
        ["images", "5 × 4 × 3", "uint8"], ["n", "one number", "float64"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "columns", "data"),
    [
        ({"accuracy": 0.5}, ["name", "value"], [["accuracy", 0.5]]),
        ([{"loss": 2.0}, {"loss": 1.0}], ["loss"], [[2.0], [1.0]]),
        (7, ["value"], [[7]]),
    ],
)
def test_records_are_tables(tmp_path, record, columns, data):
    dataset = RecordDataset(filepath=str(tmp_path / "a.json"))
    dataset.save(record)
    assert dataset.preview() == {"index": list(range(len(data))), "columns": columns, "data": data}


def test_markdown_is_a_page_in_which_html_has_no_effect(tmp_path):
    dataset = TextDataset(filepath=str(tmp_path / "a.md"))
    dataset.save("- one\n- <script>alert(1)</script>\n\n| a |\n|---|\n| 1 |\n")
    page = dataset.preview()
    assert "<li>one</li>" in page
    assert "<td>1</td>" in page
    assert "<script" not in page


def test_pictures_are_scaled_down_and_galleries_side_by_side(tmp_path):
    Image.fromarray(np.full((900, 1200, 3), 90, np.uint8)).save(tmp_path / "a.png")
    assert picture(PictureDataset(source=str(tmp_path / "a.png")).preview()).size == (600, 450)
    gallery = GalleryDataset(filepath=str(tmp_path / "gallery"))
    gallery.save({"a": np.zeros((10, 10, 3), np.uint8), "b": np.full((20, 40, 3), 255, np.uint8)})
    both = np.asarray(picture(gallery.preview()))
    assert both.shape == (10, 30, 3)
    assert (both[:, :10].max(), both[:, 10:].min()) == (0, 255)


def test_an_animation_stays_one(tmp_path):
    dataset = AnimationDataset(filepath=str(tmp_path / "a.gif"))
    frames = np.stack([np.full((8, 8, 3), grey, np.uint8) for grey in (0, 255)])
    dataset.save(Animation(frames, 0.5))
    assert picture(dataset.preview()).n_frames == 2
