import zipfile

import numpy as np
import pandas as pd
import pytest
import tifffile
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from PIL import Image
from skimage import io

from atelier.cells.image_files import list_images
from atelier.cells.labelled_folders import read_labelled_folder
from atelier.cells.measurements import measure_cells
from atelier.cells.samples import Sample, draw_cells, pack
from atelier.datasets.lazy import LazyDataset
from atelier.datasets.npz import write_npz
from atelier.datasets.segmentations import (
    ImageFilesDataset,
    SegmentationFolder,
    SegmentationFolderDataset,
    write_label_map,
)
from atelier.segmentation.application import SegmentedImage

DRAWN = draw_cells(3, (40, 56), seed=2)
IMAGE, LABELS = DRAWN.images[0, ..., 0], DRAWN.labels[0].astype(np.int32)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def test_label_maps_are_tiffs_that_other_libraries_read(tmp_path):
    many = np.zeros((300, 300), np.int32)
    many.flat[:70_000] = np.arange(70_000)
    for labels, kind in ((LABELS, np.uint16), (many, np.int32)):
        write_label_map(tmp_path / "a.tif", labels)
        stored = Image.open(tmp_path / "a.tif")
        assert np.array_equal(np.asarray(stored), labels)
        assert stored.mode == {np.uint16: "I;16", np.int32: "I"}[kind]
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            assert file.pages[0].dtype == kind
            assert file.pages[0].shape == labels.shape
    write_label_map(tmp_path / "a.tif", LABELS)
    assert np.array_equal(io.imread(tmp_path / "a.tif"), LABELS)


def test_a_folder_of_results_has_the_files_and_finds_them_again(tmp_path):
    folder = SegmentationFolder(tmp_path / "out")
    assert folder.find("plate/a", "x") is None
    cells = measure_cells(LABELS, IMAGE, LABELS / 100)
    folder.save("plate/a", "x", SegmentedImage(IMAGE, LABELS, cells))
    found = folder.find("plate/a", "x")
    assert found.shape == LABELS.shape
    pd.testing.assert_frame_equal(found.cells, cells)
    assert folder.find("plate/a", "y") is None
    files = sorted(str(file.relative_to(folder.folder)) for file in folder.folder.rglob("*.*g"))
    assert files == ["outlines/plate/a.png", "overlays/plate/a.png"]
    outlines = np.asarray(Image.open(folder.folder / files[0]))
    assert set(np.unique(outlines)) == {0, 255}
    assert not outlines[LABELS == 0].any()
    assert folder.overlay("plate/a").shape == (40, 56, 3)
    (folder.folder / files[1]).unlink()
    assert folder.find("plate/a", "x") is None


def test_what_was_segmented_is_read_as_truth_again(tmp_path):
    folder = SegmentationFolder(tmp_path)
    folder.save("a", "x", SegmentedImage(IMAGE, LABELS, measure_cells(LABELS, IMAGE)))
    save(tmp_path / "images" / "a.png", IMAGE)
    for other in ("outlines", "overlays"):
        (tmp_path / other / "a.png").unlink()
    (sample,) = read_labelled_folder(tmp_path).samples.values()
    assert np.array_equal(sample.labels, LABELS)


def test_a_kill_between_the_files_leaves_no_record(tmp_path, monkeypatch):
    folder = SegmentationFolder(tmp_path)
    image = SegmentedImage(IMAGE, LABELS, measure_cells(LABELS, IMAGE))
    folder.save("a", "x", image)
    with monkeypatch.context() as patch:
        patch.setattr("atelier.cells.rendering.draw_outlines", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            folder.save("a", "x", image)
    assert folder.find("a", "x") is None


def test_images_are_found_and_labels_and_results_left_out(tmp_path):
    for name in (
        "a.png", "b.tif", "b.png", "deep/er/c.jpg", "images/d.png", "masks/d.png", "a_masks.png",
        "labels/x.tif", "overlays/a.png", "outlines/sub/a.png", "a_flows.tif",
    ):  # fmt: skip
        save(tmp_path / name, IMAGE)
    (tmp_path / "notes.txt").write_text("x")
    files = list_images(tmp_path)
    assert [file.name for file in files] == ["a", "b.png", "b.tif", "deep/er/c", "images/d"]
    assert np.array_equal(files[0].read(0), IMAGE)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "plate/a.png")
        archive.write(tmp_path / "b.png", "__MACOSX/._a.png")
    (file,) = list_images(tmp_path / "all.zip")
    assert file.name == "plate/a"
    assert file.digest() == files[0].digest()
    assert np.array_equal(file.read(0), IMAGE)


def test_stacks_and_animations_have_pages_but_no_thumbnails(tmp_path):
    pictures = [Image.fromarray(image) for image in DRAWN.images[..., 0]]
    for name in ("z.tif", "z.gif"):
        pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:])
        (file,) = list_images(tmp_path / name)
        assert list(file.pages()) == [0, 1, 2]
    (stack,) = list_images(tmp_path / "z.tif")
    assert np.array_equal(stack.read(2), DRAWN.images[2, ..., 0])
    with tifffile.TiffWriter(tmp_path / "t.tif") as file:
        file.write(IMAGE)
        file.write(IMAGE[::4, ::4], subfiletype=1)
        file.write(IMAGE[::-1])
    (pyramid,) = list_images(tmp_path / "t.tif")
    assert pyramid.pages() == [0, 2]
    assert np.array_equal(pyramid.read(2), IMAGE[::-1])


def test_an_npz_has_images_or_packed_samples(tmp_path):
    write_npz(tmp_path / "a.npz", {"images": DRAWN.images})
    assert [file.name for file in list_images(tmp_path / "a.npz")] == ["000000", "000001", "000002"]
    write_npz(tmp_path / "b.npz", pack({"x/y": Sample(IMAGE, LABELS)}))
    (file,) = list_images(tmp_path / "b.npz")
    assert file.name == "x/y"
    assert list(file.pages()) == [0]
    assert np.array_equal(file.read(0), IMAGE)
    write_npz(tmp_path / "c.npz", {"pixels": DRAWN.images})
    with pytest.raises(ValueError, match="an array images. Received: pixels"):
        list_images(tmp_path / "c.npz")
    (tmp_path / "d.npz").write_bytes(b"PK no npz")
    with pytest.raises(ValueError, match="Expected a whole npz"):
        list_images(tmp_path / "d.npz")


def test_a_page_that_claims_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    with tifffile.TiffWriter(tmp_path / "z.tif") as file:
        file.write(IMAGE[:2, :2])
        file.write(IMAGE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    (stack,) = list_images(tmp_path / "z.tif")
    assert stack.read(0).shape == (2, 2)
    with pytest.raises(ValueError, match=r"z\.tif: Expected fewer pixels"):
        stack.read(1)


def test_nothing_to_segment_is_said(tmp_path):
    with pytest.raises(ValueError, match="Received: no files"):
        list_images(tmp_path)
    with pytest.raises(FileNotFoundError, match="nothing there"):
        list_images(tmp_path / "missing")
    missing = ImageFilesDataset(source=None, default=str(tmp_path / "test.npz"))
    with pytest.raises(DatasetError, match="--params images=PATH"):
        missing.load()
    write_npz(tmp_path / "test.npz", pack({"a": Sample(IMAGE, LABELS)}))
    assert [file.name for file in missing.load()] == ["a"]


def test_each_source_has_a_folder_of_its_own_unless_one_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def folder(source, output=None):
        dataset = SegmentationFolderDataset(filepath="base", source=source, output=output)
        return dataset.load().folder

    assert folder(None) == tmp_path / "base" / "cells_test"
    assert folder("plate").parent == tmp_path / "base"
    assert folder("plate").name.startswith("plate-")
    assert folder("plate") == folder(str(tmp_path / "plate")) != folder("other/plate")
    assert folder("plate", "here") == tmp_path / "here"


def test_lazy_data_is_loaded_when_it_is_asked_for():
    dataset = LazyDataset(names={"model": "cells.unet_model"}, advice="Run first: this")
    dataset.catalog = DataCatalog({"cells.unet_model": MemoryDataset()})
    load = dataset.load()
    with pytest.raises(DatasetError, match=r"Expected cells\.unet_model .*Run first: this"):
        load()
    dataset.catalog = DataCatalog({"cells.unet_model": MemoryDataset("network")})
    assert dataset.load()() == {"model": "network"}
