import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atelier.cells.mask_folders import read_mask_archive
from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.cells.reading import read_cell_folder, read_cells
from atelier.cells.samples import Sample, cell_table, draw_cells, pack, repeated_pictures, unpack
from atelier.cells.splits import split_cells
from atelier.data.pictures import EMBEDDED, read_picture


def test_drawn_cells_are_the_same_for_the_same_seed_whatever_their_number():
    few, many = draw_cells(2, (40, 64), seed=5), draw_cells(4, (40, 64), seed=5)
    assert few.images.shape == (2, 40, 64, 1)
    assert few.images.dtype == np.uint8
    assert np.array_equal(few.images, many.images[:2])
    assert np.array_equal(few.labels, many.labels[:2])
    assert not np.array_equal(few.labels, draw_cells(2, (40, 64), seed=6).labels)


def test_drawn_cells_touch_and_are_brighter_than_what_surrounds_them():
    drawn = draw_cells(6, (128, 128), seed=0)
    table = cell_table({"all": unpack(pack([*map(Sample, drawn.images[..., 0], drawn.labels)]))})
    assert (table["cells"] >= 5).all()
    assert table["touching_pairs"].sum() > 20
    for image, labels in zip(drawn.images[..., 0], drawn.labels, strict=True):
        assert image[labels > 0].mean() > 1.5 * image[labels == 0].mean()
        assert sorted(np.unique(labels)) == list(range(labels.max() + 1))


@pytest.mark.parametrize(("count", "shape"), [(-1, (32, 32)), (1, (8, 32))])
def test_impossible_drawings_are_refused(count, shape):
    with pytest.raises(ValueError, match="count >= 0"):
        draw_cells(count, shape, seed=0)


def test_pictures_of_any_size_are_packed_and_unpacked():
    samples = {
        "b": Sample(np.ones((2, 3)), np.ones((2, 3), int)),
        "a": Sample(np.zeros(1), np.zeros(1)),
    }
    again = unpack(pack(samples))
    assert list(again) == ["b", "a"]
    assert np.array_equal(again["b"].image, samples["b"].image)
    assert list(unpack(pack([*samples.values()]))) == ["0000", "0001"]


def png(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "png")
    return stream.getvalue()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
LABELS = np.zeros((6, 8), np.uint16)
LABELS[1:3, 1:3] = 300
LABELS[4:, 5:] = 2


COLOURS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def nan_tiff():
    values = GREY.astype(np.float32)
    values[2, 3] = np.nan
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "tiff")
    return stream.getvalue()


def test_a_folder_of_pictures_and_label_maps(tmp_path):
    write(tmp_path / "images" / "a.png", png(GREY))
    write(tmp_path / "labels" / "a.png", png(LABELS))
    (sample,) = read_cell_folder(tmp_path, "dsb2018").values()
    assert np.array_equal(sample.image, GREY)
    assert np.array_equal(sample.labels, LABELS)


def test_the_official_layouts_folder_and_zip_say_the_same(tmp_path):
    masks = [np.where(cell == LABELS, 255, 0).astype(np.uint8) for cell in (2, 300)]
    rgba = np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])
    files = {"id/images/id.png": png(rgba)}
    files |= {f"id/masks/{i}.png": png(mask) for i, mask in enumerate(masks)}
    for name, content in files.items():
        write(tmp_path / "stage1_train" / name, content)
    archive = tmp_path / "stage1_train.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for name, content in files.items():
            members.writestr(name, content)
    read = [read_cell_folder(tmp_path, "dsb2018"), read_mask_archive(archive)]
    for samples in read:
        assert list(samples) == ["id"]
        assert np.array_equal(samples["id"].image, GREY)
        assert np.array_equal(samples["id"].labels, np.where(LABELS == 2, 1, LABELS // 150))


def test_membranes_are_numbered_cell_by_cell(tmp_path):
    cells = np.full((6, 9), 255, np.uint8)
    cells[:, 4] = 0
    write(tmp_path / "isbi2012" / "train" / "image" / "0.png", png(np.zeros((6, 9), np.uint8)))
    write(tmp_path / "isbi2012" / "train" / "label" / "0.png", png(cells))
    (sample,) = read_cell_folder(tmp_path, "isbi2012").values()
    assert sample.labels[0].tolist() == [1, 1, 1, 1, 0, 2, 2, 2, 2]


def test_official_volumes_are_read_section_by_section(tmp_path):
    from skimage.io import imsave

    imsave(tmp_path / "train-volume.tif", np.stack([GREY, GREY + 1]), check_contrast=False)
    labels = np.where(np.stack([LABELS, LABELS]) > 0, 255, 0).astype(np.uint8)
    imsave(tmp_path / "train-labels.tif", labels, check_contrast=False)
    samples = read_cell_folder(tmp_path, "isbi2012")
    assert list(samples) == ["00", "01"]
    assert samples["01"].labels.max() == 2


def stack(path, sections):
    """A TIFF stack, page by page."""
    pages = [Image.fromarray(section) for section in sections]
    pages[0].save(path, save_all=True, append_images=pages[1:])


def test_volumes_of_unequal_length_are_refused_with_both_counts(tmp_path):
    stack(tmp_path / "train-volume.tif", [GREY] * 5)
    stack(tmp_path / "train-labels.tif", [GREY] * 6)
    with pytest.raises(
        ValueError, match=r"in .*train-volume\.tif as in .*train-labels\.tif\. Received: 5 and 6"
    ):
        read_cell_folder(tmp_path, "isbi2012")
    (tmp_path / "train-labels.tif").unlink()
    with pytest.raises(FileNotFoundError, match=r"train-labels\.tif"):
        read_cell_folder(tmp_path, "isbi2012")
    stack(tmp_path / "train-labels.tif", [GREY[1:]] * 5)
    with pytest.raises(ValueError, match=r"train-labels\.tif, section 0: .*\(6, 8\).*\(5, 8\)"):
        read_cell_folder(tmp_path, "isbi2012")
    values = np.stack([GREY.astype(np.float32)] * 5)
    values[3, 1, 1] = np.nan
    stack(tmp_path / "train-volume.tif", values)
    stack(tmp_path / "train-labels.tif", [GREY] * 5)
    with pytest.raises(ValueError, match=r"train-volume\.tif, section 3: .*1 NaN"):
        read_cell_folder(tmp_path, "isbi2012")


def test_a_membrane_map_means_its_colours_whatever_its_palette(tmp_path):
    cells = np.ones((6, 9), np.uint8)
    cells[:, 4] = 0
    membranes = Image.fromarray(1 - cells).convert("P")
    membranes.putpalette([255, 255, 255, 0, 0, 0])  # entry 0 is white, a cell
    write(tmp_path / "image" / "0.png", png(np.zeros((6, 9), np.uint8)))
    (tmp_path / "label").mkdir()
    membranes.save(tmp_path / "label" / "0.png")
    (sample,) = read_cell_folder(tmp_path, "isbi2012").values()
    assert sample.labels[0].tolist() == [1, 1, 1, 1, 0, 2, 2, 2, 2]


SYSTEM_NAMES = [
    ".DS_Store", "Thumbs.db", "desktop.ini", "{0}/.DS_Store", "{0}/._a.png", "{0}/Thumbs.db",
    "{1}/.DS_Store", "{1}/._a.png", "{1}/desktop.ini", "__MACOSX/{0}/._a.png",
    "__MACOSX/{1}/._a.png",
]  # fmt: skip
LAYOUTS = {
    "label maps": ("images", "labels"),
    "membranes": ("image", "label"),
    "masks": ("a/images", "a/masks"),
    "stage1_train": ("stage1_train/a/images", "stage1_train/a/masks"),
}


@pytest.mark.parametrize("folders", LAYOUTS.values(), ids=LAYOUTS)
def test_files_of_an_operating_system_are_skipped_and_counted(folders, tmp_path, caplog):
    files = {f"{folders[0]}/a.png": png(GREY)}
    files[f"{folders[1]}/a.png"] = png(np.where(LABELS == 2, 255, 0).astype(np.uint8))
    for name, content in files.items():
        write(tmp_path / "clean" / name, content)
        write(tmp_path / ".hidden" / name, content)  # the folder itself may be hidden
    for name in SYSTEM_NAMES:
        write(tmp_path / ".hidden" / name.format(*folders), b"Mac OS X")
    (clean,) = read_cell_folder(tmp_path / "clean", "dsb2018").values()
    assert "skipped" not in caplog.text
    with caplog.at_level("INFO", "atelier"):
        (sample,) = read_cell_folder(tmp_path / ".hidden", "dsb2018").values()
    for part, expected in zip(sample, clean, strict=True):
        np.testing.assert_array_equal(part, expected)
    assert "entries are no data and are skipped: " in caplog.text
    assert "._a.png" in caplog.text


def test_files_of_an_operating_system_in_an_archive_are_skipped_and_counted(tmp_path, caplog):
    mask = np.where(LABELS == 2, 255, 0).astype(np.uint8)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as members:
        members.writestr("a/images/a.png", png(GREY))
        members.writestr("a/masks/m.png", png(mask))
        for name in SYSTEM_NAMES:
            members.writestr(name.format("a/images", "a/masks"), b"Mac OS X")
    with caplog.at_level("INFO", "atelier"):
        (sample,) = read_mask_archive(tmp_path / "a.zip").values()
    np.testing.assert_array_equal(sample.labels, LABELS == 2)
    assert f"a.zip: {len(SYSTEM_NAMES)} entries are no data and are skipped" in caplog.text


def test_a_picture_without_any_cell_has_an_empty_folder_of_masks(tmp_path):
    write(tmp_path / "a" / "images" / "a.png", png(GREY))
    (tmp_path / "a" / "masks").mkdir()
    (sample,) = read_cell_folder(tmp_path, "dsb2018").values()
    assert sample.labels.max() == 0


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ({}, FileNotFoundError, "Expected folders"),
        ({"images/a.png": png(GREY), "labels/b.png": png(LABELS)}, ValueError, "one label map"),
        ({"images/a.png": png(GREY), "labels/a.png": png(LABELS[1:])}, ValueError, "label map of"),
        ({"images/a.png": b"none", "labels/a.png": png(LABELS)}, ValueError, "whole picture"),
        ({"a/masks/m.png": png(GREY)}, ValueError, "one picture in images"),
        (
            {"images/a.png": png(GREY), "labels/a.png": png(LABELS), "labels/b.png": png(LABELS)},
            ValueError,
            r"1 pictures, 2 label maps; only pictures \[\], only label maps \['b'\]",
        ),
        (
            {"images/a.png": png(GREY), "images/a.tif": b"", "labels/a.png": png(LABELS)},
            ValueError,
            r"one file of each name. Received: a\.png, a\.tif",
        ),
        ({"images/a.png": png(GREY), "labels/a.png": png(COLOURS)}, ValueError, "a.png: .*label"),
        ({"images/a.png": nan_tiff(), "labels/a.png": png(LABELS)}, ValueError, "a.png: .*1 NaN"),
        (
            {"a/images/a.png": png(GREY), "a/masks/m.png": png(GREY[1:])},
            ValueError,
            "m.png: .*mask",
        ),
        (
            {
                "a/images/a.png": png(GREY),
                "a/masks/m.png": png(GREY),
                "b/images/b.png": png(GREY),
            },
            ValueError,
            "b: Expected a folder masks",
        ),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_with_what_came(tmp_path, files, error, message):
    for name, content in files.items():
        write(tmp_path / name, content)
    with pytest.raises(error, match=message):
        read_cell_folder(tmp_path, "dsb2018")


def test_a_damaged_or_empty_archive_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"none")
    with pytest.raises(ValueError, match="zip"):
        read_mask_archive(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as members:
        members.writestr("readme.txt", "x")
    with pytest.raises(ValueError, match="NAME/images"):
        read_mask_archive(tmp_path / "b.zip")


def source(**change):
    settings = {
        "dataset": "dsb2018", "source": "embedded", "mirror": None, "count": 4, "side": 32,
        "limit": None, "seed": 0,
    }  # fmt: skip
    return CellSourceParams(**settings | change)


def test_a_download_takes_the_archive_that_was_fetched(tmp_path):
    archive = tmp_path / "stage1_train.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for name in "abcd":
            members.writestr(f"{name}/images/{name}.png", png(GREY))
            members.writestr(f"{name}/masks/0.png", png((LABELS > 0).astype(np.uint8)))
    asked = []

    def fetch(name, data_set):
        asked.append((name, [file.name for file in data_set.files]))
        return {"stage1_train.zip": archive}

    found = read_cells(source(source="download", limit=3), fetch)
    assert asked == [("dsb2018", ["stage1_train.zip"])]
    assert list(found.samples) == ["a", "b", "c"]


def test_parameters_that_cannot_be_met_are_refused():
    with pytest.raises(ValueError, match="Expected a folder"):
        source(source="mirror")
    with pytest.raises(ValueError, match="register"):
        source(dataset="isbi2012", source="download")


def test_folds_are_disjoint_and_together_everything():
    samples = read_cells(source(count=9), lambda *_: {}).samples
    splits = [
        split_cells(samples, CellSplitParams(validation=2, test=3, fold=fold, seed=1))
        for fold in range(3)
    ]
    tests = [set(split["test"]) for split in splits]
    assert set.union(*tests) == set(samples)
    assert sum(map(len, tests)) == 9
    for split in splits:
        parts = [set(part) for part in split.values()]
        assert [len(part) for part in parts] == [4, 2, 3]
        assert len(set.union(*parts)) == 9
        assert repeated_pictures(split["test"], split["train"]) == 0
    for fold, test in ((3, 3), (0, 8)):
        with pytest.raises(ValueError, match="Expected more than"):
            split_cells(samples, CellSplitParams(validation=2, test=test, fold=fold, seed=1))


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_pictures_need_no_network(name):
    assert read_picture(name).dtype == np.uint8


def test_a_picture_is_turned_as_its_exif_says_and_palettes_are_looked_up(tmp_path):
    path = tmp_path / "turned.png"
    picture = Image.fromarray(GREY)
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    picture.save(path, exif=exif)
    assert np.array_equal(read_picture(str(path)), np.rot90(GREY, -1))
    Image.fromarray(GREY).convert("P").save(tmp_path / "palette.png")
    assert np.array_equal(read_picture(str(tmp_path / "palette.png")), GREY)


def test_a_picture_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="camera, coins"):
        read_picture("no_such_picture")
    (tmp_path / "a.png").write_bytes(b"none")
    with pytest.raises(ValueError, match="whole picture"):
        read_picture(str(tmp_path / "a.png"))


def test_the_real_cells_are_read_where_they_are(mirror):
    samples = read_cell_folder(Path(mirror), "dsb2018")
    assert len(samples) == 300
    assert max(sample.labels.max() for sample in samples.values()) == 375
    assert len(read_cell_folder(Path(mirror), "isbi2012")) == 30
