import io
import shutil
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from atelier.cells.labelled_folders import read_labelled_folder
from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.cells.reading import read_cells, split_source
from atelier.cells.samples import draw_cells
from atelier.cells.splits import split_given

DRAWN = draw_cells(4, (40, 56), seed=1)
IMAGES = dict(zip("abcd", DRAWN.images[..., 0], strict=True))
LABELS = dict(zip("abcd", DRAWN.labels, strict=True))


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def pairs(folder, *, images="images", masks="masks", ending="tif", suffix=""):
    for name, image in IMAGES.items():
        save(folder / images / f"{name}.png", image)
        save(folder / masks / f"{name}{suffix}.{ending}", LABELS[name])
    return folder


def cellpose(folder):
    pairs(folder, images=".", masks=".", ending="png", suffix="_cp_masks")
    save(folder / "a_flows.tif", IMAGES["a"])
    return folder


def cellpose_images(folder):
    for name, image in IMAGES.items():
        save(folder / f"{name}_img.png", image)
        save(folder / f"{name}_masks.png", LABELS[name])
    return folder


def mask_folders(folder):
    for name, image in IMAGES.items():
        save(folder / name / "images" / f"{name}.png", image)
        for label in range(1, LABELS[name].max() + 1):
            mask = (LABELS[name] == label) * np.uint8(255)
            save(folder / name / "masks" / f"{label:03d}.png", mask)
    return folder


def floats(folder):
    pairs(folder, masks="labels")
    for name, labels in LABELS.items():
        save(folder / "labels" / f"{name}.tif", labels.astype(np.float32))
    return folder


def zipped(folder):
    pairs(folder / "inside" / "nuclei")
    return shutil.make_archive(str(folder / "nuclei"), "zip", folder / "inside")


LAYOUTS = {
    "pairs": pairs,
    "labels": lambda folder: pairs(folder, masks="labels", ending="png"),
    "cellpose": cellpose,
    "cellpose with _img": cellpose_images,
    "a mask for each cell": mask_folders,
    "floats": floats,
    "zip": zipped,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_label_maps_come_back_equal_from_every_layout(tmp_path, layout):
    path = tmp_path / "set"
    path.mkdir()
    (path / ".DS_Store").touch()
    (path / "readme.txt").write_text("cells")
    folder = read_labelled_folder(type(path)(LAYOUTS[layout](path)))
    names = {name.rpartition("/")[2]: sample for name, sample in folder.samples.items()}
    assert sorted(names) == list("abcd")
    assert folder.given == {}
    for name, sample in names.items():
        assert np.array_equal(sample.image, IMAGES[name])
        assert np.array_equal(sample.labels, LABELS[name])
        assert sample.labels.dtype == np.uint16


@pytest.mark.parametrize("place", ["{part}/images", "images/{part}"])
@pytest.mark.parametrize("words", [("train", "test"), ("training", "stage1_test")])
def test_splits_that_folders_name_are_kept(tmp_path, place, words):
    train, test = words
    for part, names in ((train, "abc"), (test, "d"), ("val", "b")):
        for name in names:
            images = place.format(part=part)
            save(tmp_path / images / f"{name}.png", IMAGES[name])
            save(tmp_path / images.replace("images", "masks") / f"{name}.png", LABELS[name])
    save(tmp_path / "preview.png", IMAGES["a"])
    params = source_params(path=str(tmp_path))
    source = read_cells(params, None)
    splits = split_source(source, SPLITS)
    assert {name: sorted(part) for name, part in splits.items()} == {
        "train": ["a", "b", "c"], "validation": ["b"], "test": ["d"],
    }  # fmt: skip
    assert source.name == tmp_path.stem


def stardist_zip(folder):
    """The files of StarDist's dsb2018.zip: train and test of image and 16-bit label map."""
    drawn = draw_cells(12, (40, 56), seed=4)
    for index, (image, labels) in enumerate(zip(drawn.images[..., 0], drawn.labels, strict=True)):
        part = folder / "dsb2018" / ("test" if index > 9 else "train")
        save(part / "images" / f"{index:02d}.tif", image)
        save(part / "masks" / f"{index:02d}.tif", labels.astype(np.uint16) * 300)
    (folder / "dsb2018" / ".DS_Store").touch()
    return shutil.make_archive(str(folder / "dsb2018"), "zip", folder, "dsb2018"), drawn


def test_the_test_folder_of_stardists_zip_is_the_test_whatever_the_seed(tmp_path):
    path, drawn = stardist_zip(tmp_path)
    of_zip, of_folder = (
        read_cells(source_params(path=str(one)), None) for one in (path, tmp_path / "dsb2018")
    )
    validations = set()
    for seed in range(8):
        params = SPLITS.model_copy(update={"seed": seed})
        splits, again = (split_source(source, params) for source in (of_zip, of_folder))
        names = {part: [key[-2:] for key in samples] for part, samples in splits.items()}
        assert names["test"] == ["10", "11"]
        assert sorted(names["train"] + names["validation"]) == [f"{i:02d}" for i in range(10)]
        assert names == {part: [key[-2:] for key in keys] for part, keys in again.items()}
        validations |= set(names["validation"])
    assert len(validations) > 1
    for name, sample in splits["test"].items():
        assert sample.labels.dtype == np.uint16
        assert np.array_equal(sample.labels, drawn.labels[int(name[-2:])] * 300)
    with pytest.raises(ValueError, match="say which are the test. Received: fold=1"):
        split_source(of_zip, SPLITS.model_copy(update={"fold": 1}))


def test_a_split_of_stardists_zip_that_lacks_its_masks_is_named(tmp_path):
    stardist_zip(tmp_path)
    for file in (tmp_path / "dsb2018" / "test" / "masks").iterdir():
        file.unlink()
    with pytest.raises(ValueError, match=r"(?s)dsb2018.test.*2 images without masks"):
        read_labelled_folder(tmp_path / "dsb2018")


SPLITS = CellSplitParams(validation=6, test=18, fold=0, seed=0)


def source_params(**values):
    plain = {
        "path": None, "dataset": "dsb2018", "source": "embedded", "mirror": None, "count": 3,
        "side": 32, "limit": None, "seed": 0,
    }  # fmt: skip
    return CellSourceParams(**plain | values)


def test_few_images_are_split_in_the_same_shares_and_folds_do_not_overlap():
    names = dict.fromkeys(f"{i:02d}" for i in range(10))
    tests = []
    for fold in range(3):
        splits = split_given(names, {}, SPLITS.model_copy(update={"fold": fold}))
        assert [len(splits[part]) for part in ("train", "validation", "test")] == [6, 1, 3]
        assert {name for part in splits.values() for name in part} == set(names)
        tests += list(splits["test"])
    assert len(set(tests)) == 9
    with pytest.raises(ValueError, match="fold below 3"):
        split_given(names, {}, SPLITS.model_copy(update={"fold": 3}))
    with pytest.raises(ValueError, match="fold=0"):
        split_given(names, {"test": names}, SPLITS.model_copy(update={"fold": 1}))
    with pytest.raises(ValueError, match="at least 3 images to draw validation and test from"):
        split_given(dict.fromkeys("ab"), {}, SPLITS)


def test_many_images_are_split_as_the_parameters_say():
    names = dict.fromkeys(map(str, range(200)))
    splits = split_given(names, {}, SPLITS)
    assert [len(splits[part]) for part in ("train", "validation", "test")] == [176, 6, 18]


def test_numbers_with_holes_stay_and_large_ones_are_renumbered(tmp_path):
    for value in (300, 70_000):
        labels = np.where(LABELS["a"] == 1, value, LABELS["a"].astype(np.int32))
        save(tmp_path / "images" / f"{value}.png", IMAGES["a"])
        save(tmp_path / "masks" / f"{value}.tif", labels)
    samples = read_labelled_folder(tmp_path).samples
    assert np.array_equal(samples["300"].labels == 300, LABELS["a"] == 1)
    assert samples["300"].labels.max() == 300
    assert np.array_equal(samples["70000"].labels > 0, LABELS["a"] > 0)
    assert samples["70000"].labels.max() == LABELS["a"].max()


def test_a_mask_of_one_value_becomes_its_connected_parts(tmp_path):
    mask = np.zeros((40, 56), np.uint8)
    mask[2:6, 2:6] = mask[20:30, 20:30] = 255
    save(tmp_path / "images" / "a.png", IMAGES["a"])
    save(tmp_path / "masks" / "a.png", mask)
    folder = read_labelled_folder(tmp_path)
    assert np.bincount(folder.samples["a"].labels.ravel()).tolist()[1:] == [16, 100]
    assert folder.masks == 1


def test_images_of_any_kind_and_a_picture_without_cells_are_read(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    kinds = {
        "rgb.png": Image.fromarray(rgb),
        "cmyk.tif": Image.fromarray(rgb).convert("CMYK"),
        "palette.png": Image.fromarray(rgb).quantize(16),
        "deep.tif": Image.fromarray(IMAGES["a"].astype(np.uint16) * 200),
    }
    (tmp_path / "images").mkdir()
    for name, kind in kinds.items():
        kind.save(tmp_path / "images" / name)
        labels = np.zeros((40, 56), np.uint16) if name == "rgb.png" else LABELS["a"]
        save(tmp_path / "masks" / name.replace(".tif", ".png"), labels)
    samples = read_labelled_folder(tmp_path).samples
    assert samples["rgb"].labels.max() == 0
    assert {name: sample.image.ndim for name, sample in samples.items()} == {
        "cmyk": 3, "deep": 2, "palette": 3, "rgb": 3,
    }  # fmt: skip
    assert samples["deep"].image.dtype == np.uint16


def test_a_stack_with_a_stack_of_labels_is_read_page_by_page(tmp_path):
    for folder, arrays in (("images", IMAGES), ("masks", LABELS)):
        first, *others = (Image.fromarray(array) for array in arrays.values())
        (tmp_path / folder).mkdir()
        first.save(tmp_path / folder / "z.tif", save_all=True, append_images=others)
    samples = read_labelled_folder(tmp_path).samples
    assert list(samples) == ["z/0001", "z/0002", "z/0003", "z/0004"]
    assert np.array_equal(samples["z/0003"].labels, LABELS["c"])


def png_header(width, height):
    """A PNG that only says how large it is."""

    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def animation():
    stream = io.BytesIO()
    frames = [Image.fromarray(image) for image in IMAGES.values()]
    frames[0].save(stream, "gif", save_all=True, append_images=frames[1:])
    return stream.getvalue()


def encoded(array, kind="png", mode=None):
    stream = io.BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(stream, kind)
    return stream.getvalue()


COLOURED = np.random.default_rng(1).integers(0, 256, (40, 56, 3), dtype=np.uint8)
GOOD = {"images/a.png": encoded(IMAGES["a"]), "masks/a.png": encoded(LABELS["a"])}
BAD = {
    "an empty folder": ({}, "images/NAME.png with masks/NAME.png.*Received: no files"),
    "no pictures": ({"notes.txt": b"x"}, "Received: notes.txt"),
    "no masks": ({"images/a.png": GOOD["images/a.png"]}, "1 images without masks.*--pipeline segm"),
    "an image too many": (GOOD | {"images/b.png": b""}, r"without labels images/b\.png"),
    "a label map too many": (
        GOOD | {"images/c.png": GOOD["images/a.png"], "masks/b.png": b""},
        r"without labels images/c\.png; without image masks/b\.png",
    ),
    "another size": (
        GOOD | {"masks/a.png": encoded(LABELS["a"][:-1])},
        r"masks/a\.png: Expected a label map of \(40, 56\). Received: \(39, 56\)",
    ),
    "colours": (GOOD | {"masks/a.png": encoded(COLOURED)}, r"masks/a\.png: .*unequal channels"),
    "ink": (
        {"images/a.png": GOOD["images/a.png"], "masks/a.tif": encoded(COLOURED, "tiff", "CMYK")},
        r"masks/a\.tif: .*CMYK",
    ),
    "fractions": (
        {
            "images/a.png": GOOD["images/a.png"],
            "masks/a.tif": encoded(np.float32(LABELS["a"] / 3), "tiff"),
        },
        r"masks/a\.tif: Expected whole numbers.*save labels, not probabilities",
    ),
    "not a number": (
        {
            "images/a.png": GOOD["images/a.png"],
            "masks/a.tif": encoded(np.full((40, 56), np.nan, np.float32), "tiff"),
        },
        "whole numbers",
    ),
    "a JPEG of labels": (
        {"images/a.png": GOOD["images/a.png"], "masks/a.jpg": encoded(IMAGES["a"], "jpeg")},
        r"masks/a\.jpg: .*PNG or TIFF",
    ),
    "no cell": (
        GOOD | {"masks/a.png": encoded(np.zeros_like(LABELS["a"]))},
        "at least one cell. Received: 1 label maps of background only",
    ),
    "a truncated image": (
        GOOD | {"images/a.png": GOOD["images/a.png"][:300]},
        r"images/a\.png: Expected a whole picture",
    ),
    "a misnamed image": (GOOD | {"images/a.png": b"%PDF-1.4 text"}, "begins with b'%PDF-1.4"),
    "a huge image": (GOOD | {"images/a.png": png_header(50_000, 50_000)}, r"a\.png: .*fewer pixel"),
    "a huge label map": (GOOD | {"masks/a.png": png_header(50_000, 50_000)}, "fewer pixels"),
    "an animation": (
        {"images/a.gif": animation(), "masks/a.png": GOOD["masks/a.png"]},
        r"masks/a\.png: Expected as many pages as in images/a\.gif. Received: 1 and 4",
    ),
    "two files of one name": (
        GOOD | {"images/a.bmp": b""},
        r"one file of each name. Received: images/a\.bmp, images/a\.png",
    ),
    "a mask of another size": (
        {"x/images/a.png": GOOD["images/a.png"], "x/masks/1.png": encoded(IMAGES["a"][:9]),
         "x/masks/2.png": encoded(IMAGES["a"])},
        r"masks/1\.png: Expected a mask of \(40, 56\)",
    ),
    "validation and test only": (
        {f"{part}/{name}": content for part in ("val", "test") for name, content in GOOD.items()},
        "Expected images in train and further splits.*Received: images in test, validation",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_bad_input_is_refused_by_the_name_of_its_file(tmp_path, case, kind):
    files, words = BAD[case]
    path = tmp_path / "set"
    path.mkdir()
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    if kind == "zip":
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    with pytest.raises(ValueError, match=f"(?s){words}") as caught:
        read_labelled_folder(path)
    assert str(path) in str(caught.value)


def test_a_damaged_or_missing_path_is_named(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(ValueError, match=r"a\.zip: Expected a whole zip"):
        read_labelled_folder(tmp_path / "a.zip")
    with pytest.raises(FileNotFoundError, match="nothing there; a relative path begins at"):
        read_labelled_folder(tmp_path / "missing")


def test_an_image_with_an_empty_folder_of_masks_has_no_cells(tmp_path):
    mask_folders(tmp_path)
    save(tmp_path / "empty" / "images" / "e.png", IMAGES["a"])
    (tmp_path / "empty" / "masks").mkdir()
    samples = read_labelled_folder(tmp_path).samples
    assert samples["empty"].labels.max() == 0
    assert len(samples) == 5
