"""Pictures of every kind become uint8 of one shape; bad input is named or refused."""

import io
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from atelier.data.checks import check_source
from atelier.data.params import SplitParams
from atelier.data.splits import split_source

from .conftest import png

SHARES = SplitParams(validation=0.2, calibration=0.2, test=0.2, seed=0)


def put(folder, label, name, image, **options):
    path = folder / label / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    ends = struct.pack(">I", len(content)), struct.pack(">I", zlib.crc32(kind + content))
    return ends[0] + kind + content + ends[1]


def test_16_bits_are_scaled_and_alpha_is_composed_on_the_stated_colour(read, tmp_path):
    deep = np.array([[0, 257, 65_535]] * 3, np.uint16)
    put(tmp_path, "a", "1.png", Image.fromarray(deep))
    put(tmp_path, "b", "1.png", Image.new("RGBA", (3, 3), (255, 0, 0, 0)))
    source = read(tmp_path, background="#0a141e")
    images = source.parts["train"].images
    assert images.shape == (2, 3, 3, 3)
    assert images[0, 0, :, 0].tolist() == [0, 1, 255]
    assert images[1, 0, 0].tolist() == [10, 20, 30]


def test_orientation_palette_cmyk_and_animation_are_read_by_the_rules(read, tmp_path):
    upright = np.zeros((4, 4), np.uint8)
    upright[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned by 90° counterclockwise
    put(tmp_path, "a", "turned.png", Image.fromarray(np.rot90(upright).copy()), exif=exif)
    frames = [Image.fromarray(upright), Image.fromarray(255 - upright)]
    put(tmp_path, "a", "moving.gif", frames[0], save_all=True, append_images=frames[1:])
    put(tmp_path, "b", "palette.png", Image.fromarray(upright).convert("P"))
    put(tmp_path, "b", "print.tif", Image.new("CMYK", (4, 4), (0, 0, 0, 255)))
    source = read(tmp_path)
    assert source.record["unreadable"] == {}
    names = {"moving.gif": 0, "palette.png": 1, "print.tif": 2, "turned.png": 3}
    images = source.parts["train"].images[..., 0]
    for name in ("moving.gif", "palette.png", "turned.png"):
        np.testing.assert_array_equal(images[names[name]], upright)
    assert images[names["print.tif"]].max() == 0


@pytest.mark.parametrize(
    ("rule", "corner", "centre"), [("pad", 255, 0), ("crop", 0, 0), ("stretch", 0, 0)]
)
def test_images_are_resized_to_the_side_by_the_rule(read, tmp_path, rule, corner, centre):
    for label in "ab":
        put(tmp_path, label, "1.png", Image.new("L", (40, 20), 0))
        put(tmp_path, label, "2.png", Image.new("L", (16, 16), 255))
    images = read(tmp_path, side=16, resize=rule).parts["train"].images
    assert images.shape == (4, 16, 16, 1)
    assert images[0, 0, 0, 0] == corner
    assert images[0, 8, 8, 0] == centre


def test_two_sizes_without_a_side_are_an_error_that_names_both(read, folder):
    put(folder, "1", "99.png", Image.new("L", (9, 7)))
    with pytest.raises(ValueError, match=r"99\.png: Expected 8×8 pixels .* side=N.*7×9"):
        read(folder)


def test_damaged_files_are_counted_and_named_and_the_rest_is_read(read, folder):
    whole = (folder / "0" / "0.png").read_bytes()
    (folder / "0" / "20.png").write_bytes(whole[: len(whole) // 2])
    (folder / "1" / "21.jpg").write_text("not a picture", "utf-8")
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(9))), chunk(b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    (folder / "2" / "22.png").write_bytes(bomb)
    (folder / "2" / "empty.png").touch()
    with pytest.raises(ValueError, match=r"at most 1\.00% of 16 pictures.*Received: 4\. 0/20\.png"):
        read(folder)
    source = read(folder, unreadable=0.3)
    assert len(source.parts["train"].labels) == 12
    assert set(source.record["unreadable"]) == {"0/20.png", "1/21.jpg", "2/22.png", "2/empty.png"}
    assert "pixels" in source.record["unreadable"]["2/22.png"]


def test_a_misnamed_picture_is_read_by_its_content(read, folder):
    (folder / "0" / "30.txt").write_bytes((folder / "0" / "0.png").read_bytes())
    source = read(folder)
    assert len(source.parts["train"].labels) == 13
    assert source.record["duplicates"]["images"] == 1
    assert source.record["duplicates"]["examples"] == [["0/0.png", "0/30.txt"]]


def test_nothing_there_an_empty_folder_and_a_single_class_are_told_apart(read, tmp_path):
    with pytest.raises(FileNotFoundError, match="Received: nothing there"):
        read(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="Received: no files"):
        read(tmp_path / "empty")
    put(tmp_path / "single", "cat", "1.png", Image.new("L", (8, 8), 9))
    with pytest.raises(ValueError, match="Expected two classes or more. Received: one, 'cat'"):
        read(tmp_path / "single")


def test_one_image_in_a_class_and_a_class_missing_from_a_part_are_named(read, folder, tmp_path):
    put(folder, "rare", "1.png", Image.new("L", (8, 8), 9))
    with pytest.raises(ValueError, match=r"at least 4 images of each class.*rare has 1"):
        split_source(read(folder), SHARES, limit=None)
    put(tmp_path / "parts" / "train", "cat", "1.png", Image.new("L", (8, 8), 9))
    put(tmp_path / "parts" / "train", "dog", "1.png", Image.new("L", (8, 8), 8))
    put(tmp_path / "parts" / "test", "cat", "1.png", Image.new("L", (8, 8), 7))
    with pytest.raises(ValueError, match="test part: .* Received: none of dog"):
        check_source(read(tmp_path / "parts"))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.5] * 12, "Expected whole numbers or names as labels. Received: 0.5"),
        ([0, 1, np.nan] * 4, "Expected a label in each row. Received: none in 4 rows"),
    ],
)
def test_labels_that_are_no_classes_are_refused(read, images, tmp_path, labels, message):
    np.savez(tmp_path / "a.npz", images=images, labels=np.array(labels))
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.npz")


def test_texts_as_labels_are_names_of_classes(read, images, tmp_path):
    np.savez(tmp_path / "a.npz", images=images, labels=np.array(["dog", "cat"] * 6))
    source = read(tmp_path / "a.npz")
    assert source.classes == ("cat", "dog")
    assert source.parts["train"].labels[:2].tolist() == [1, 0]


def test_a_csv_file_with_a_wrong_number_of_columns_is_refused(read, images, labels, tmp_path):
    table = pd.DataFrame(images.reshape(12, -1)).assign(label=labels)
    table.drop(columns=[5]).to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(ValueError, match=r"short\.csv: Expected columns of a square.*Received: 63"):
        read(tmp_path / "short.csv")
    lines = table.to_csv(index=False).splitlines()
    lines[3] += ",7"
    (tmp_path / "ragged.csv").write_text("\n".join(lines), "utf-8")
    with pytest.raises(ValueError, match=r"ragged\.csv: .*as many columns in each row.*line 4"):
        read(tmp_path / "ragged.csv")


def test_an_npz_file_that_states_more_than_it_has_is_refused(read, tmp_path):
    import zipfile

    stream = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (50_000, 50_000, 50_000)}
    np.lib.format.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", stream.getvalue())
    with pytest.raises(ValueError, match=r"a\.npz: .*has fewer bytes"):
        read(tmp_path / "a.npz")


def test_masks_are_refused(read, tmp_path, labels):
    masks = np.ones((12, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", images=masks, labels=labels)
    with pytest.raises(ValueError, match="nothing above 1"):
        read(tmp_path / "a.npz")


def test_a_picture_that_a_table_names_and_nobody_has_is_named(read, folder):
    table = pd.DataFrame({"file": ["0/0.png", "gone.png", "1/1.png"], "label": ["a", "a", "b"]})
    table.to_csv(folder / "table.csv", index=False)
    source = read(folder / "table.csv", unreadable=0.5)
    assert list(source.record["unreadable"]) == ["gone.png"]


def test_bytes_of_a_png_are_what_the_forms_share(images):
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(images[0])))), images[0])
