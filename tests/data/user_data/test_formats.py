"""Every form of the same pictures gives the same arrays."""

import gzip
import json
import shutil
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from support.idx import packed

from atelier.data.idx import read_idx
from atelier.data.params import SplitParams
from atelier.data.splits import split_source
from atelier.data.user_data.examples import write_digits, write_shapes

from .conftest import png


def as_folder(folder, images, labels):
    return folder


def as_zip(folder, images, labels):
    return shutil.make_archive(str(folder.parent / "packed"), "zip", folder.parent, folder.name)


def as_tar(folder, images, labels):
    return shutil.make_archive(str(folder.parent / "packed"), "gztar", folder)


def as_idx(folder, images, labels):
    place = folder.parent / "idx"
    place.mkdir()
    (place / "my.pictures").write_bytes(packed(images))
    (place / "my.truth.gz").write_bytes(gzip.compress(packed(labels.astype(np.uint8))))
    return place


def as_npz(folder, images, labels):
    np.savez(folder.parent / "own.npz", images=images, labels=labels)
    return folder.parent / "own.npz"


def as_pixels(folder, images, labels):
    table = pd.DataFrame(images.reshape(len(images), -1)).add_prefix("pixel")
    table.insert(0, "label", labels)
    table.to_csv(folder.parent / "train.csv", index=False)
    return folder.parent / "train.csv"


def as_headerless_pixels(folder, images, labels):
    table = np.column_stack([labels, images.reshape(len(images), -1)])
    np.savetxt(folder.parent / "plain.csv", table, fmt="%d", delimiter=",")
    return folder.parent / "plain.csv"


def as_pixel_parquet(folder, images, labels):
    table = pd.DataFrame(images.reshape(len(images), -1)).add_prefix("pixel")
    table.assign(label=labels).to_parquet(folder.parent / "pixels.parquet")
    return folder.parent / "pixels.parquet"


def as_file_names(folder, images, labels):
    files = [f"pictures/{label}/{number}.png" for number, label in enumerate(labels)]
    table = pd.DataFrame({"file_name": files, "label": labels})
    table.to_csv(folder.parent / "labels.csv", index=False)
    return folder.parent / "labels.csv"


def as_hugging_face(folder, images, labels):
    names = {"label": {"names": ["0", "1", "2"], "_type": "ClassLabel"}}
    pictures = [{"bytes": png(image), "path": None} for image in images]
    table = pa.table({"image": pictures, "label": labels})
    table = table.replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": names}})}
    )
    place = folder.parent / "hub"
    place.mkdir()
    parquet.write_table(table.slice(0, 7), place / "train-00000-of-00002.parquet")
    parquet.write_table(table.slice(7), place / "train-00001-of-00002.parquet")
    return place


FORMS = [
    as_folder, as_zip, as_tar, as_idx, as_npz, as_pixels, as_headerless_pixels, as_pixel_parquet,
    as_file_names, as_hugging_face,
]  # fmt: skip


@pytest.mark.parametrize("write", FORMS)
def test_every_form_gives_the_same_images_in_the_same_order(write, read, folder, images, labels):
    source = read(write(folder, images, labels))
    part = source.parts["train"]
    np.testing.assert_array_equal(part.images, images[..., None])
    np.testing.assert_array_equal(part.labels, labels)
    assert source.classes == ("0", "1", "2")
    assert source.record["unreadable"] == {}
    assert source.record["content_digest"] == read(folder).record["content_digest"]


def test_a_folder_of_png_of_mnist_gives_the_arrays_and_splits_of_the_idx_files(
    read, mirror, tmp_path
):
    stored = mirror / "mnist" / "t10k-images-idx3-ubyte.gz"
    images = read_idx(stored)[:600]
    labels = read_idx(stored.with_name("t10k-labels-idx1-ubyte.gz"))[:600]
    (tmp_path / "idx").mkdir()
    (tmp_path / "idx" / "a-images").write_bytes(packed(images))
    (tmp_path / "idx" / "a-labels").write_bytes(packed(labels))
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = tmp_path / "png" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    shares = SplitParams(validation=0.1, calibration=0.1, test=0.2, seed=3)
    first, second = (
        split_source(read(tmp_path / name), shares, limit=None) for name in ("idx", "png")
    )
    for split, arrays in first.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, second[split][name])


def test_by_content_the_order_depends_on_no_name(read, folder, images, labels, tmp_path):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = tmp_path / "renamed" / str(label) / f"{(number * 7) % 12:x}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    one, other = (
        read(place, order="content").parts["train"] for place in (folder, tmp_path / "renamed")
    )
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize("wrapped", [False, True])
def test_folders_of_parts_are_parts(read, folder, tmp_path, wrapped):
    root = tmp_path / "set" / ("inner" if wrapped else "")
    for part in ("Training", "val", "test"):
        shutil.copytree(folder, root / part)
    (root / "README.md").write_text("about", "utf-8")
    source = read(tmp_path / "set")
    assert set(source.parts) == {"train", "validation", "test"}
    assert source.record["duplicates"]["across_parts"] == 12
    splits = split_source(
        source, SplitParams(validation=0.1, calibration=0.3, test=0.1, seed=0), limit=None
    )
    assert {name: len(split["labels"]) for name, split in splits.items()} == {
        "train": 9, "calibration": 3, "validation": 12, "test": 12,
    }  # fmt: skip


def test_keras_layout_has_two_parts(read, images, labels, tmp_path):
    arrays = {"x_train": images, "y_train": labels, "x_test": images[:6], "y_test": labels[:6]}
    np.savez(tmp_path / "mnist.npz", **arrays)
    parts = read(tmp_path / "mnist.npz").parts
    assert {name: len(part.labels) for name, part in parts.items()} == {"train": 12, "test": 6}


def test_names_of_classes_come_from_the_npz_file(read, images, labels, tmp_path):
    classes = ["cat", "dog", "wild cat"]
    np.savez(tmp_path / "a.npz", images=images, labels=labels, classes=classes)
    assert read(tmp_path / "a.npz").classes == tuple(classes)


def test_kaggles_test_file_without_labels_is_left_out(read, folder, images, labels):
    path = as_pixels(folder, images, labels)
    place = path.parent / "kaggle"
    place.mkdir()
    shutil.move(path, place / "train.csv")
    pd.DataFrame(images.reshape(12, -1)).add_prefix("pixel").to_csv(place / "test.csv", index=False)
    assert set(read(place).parts) == {"train"}


def test_a_column_of_groups_is_kept_together(read, folder, images, labels, tmp_path):
    groups = [f"patient {number // 6}" for number in range(48)]
    files = [f"pictures/{number % 12 % 3}/{number % 12}.png" for number in range(48)]
    table = pd.DataFrame({"file": files, "label": np.arange(48) % 12 % 3, "group": groups})
    table.to_csv(tmp_path / "table.csv", index=False)
    source = read(tmp_path / "table.csv")
    shares = SplitParams(validation=0.2, calibration=0.2, test=0.2, seed=0)
    assert source.parts["train"].groups.tolist() == groups
    assert sum(len(s["labels"]) for s in split_source(source, shares, limit=None).values()) == 48


def test_the_examples_are_scikit_learns_digits_and_shapes_in_colour(read, tmp_path):
    from sklearn.datasets import load_digits

    write_digits(tmp_path / "digits")
    write_shapes(tmp_path / "shapes", each=2)
    source = read(tmp_path / "digits")
    pixels, labels = load_digits(return_X_y=True)
    grey = np.rint(pixels * 255 / 16).reshape(-1, 8, 8, 1)
    np.testing.assert_array_equal(source.parts["train"].images, grey)
    np.testing.assert_array_equal(source.parts["train"].labels, labels)
    shapes = read(tmp_path / "shapes")
    assert shapes.parts["train"].images.shape == (12, 32, 32, 3)
    assert shapes.classes[0] == "blue disc"


def test_an_archive_without_safe_paths_is_refused(read, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../outside/cat/1.png", b"x")
    with pytest.raises(ValueError, match=r"a\.zip: Expected paths inside the archive"):
        read(tmp_path / "a.zip")


def test_a_link_in_a_tar_archive_is_refused(read, tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("cat/1.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(ValueError, match="Expected files and folders only"):
        read(tmp_path / "a.tar.gz")


def test_a_bomb_is_refused_by_the_sizes_it_states(read, tmp_path, monkeypatch):
    monkeypatch.setattr("atelier.data.file_tree.FILE_LIMIT", 1000)
    for name, mode in (("a.zip", None), ("a.tar.gz", "w:gz")):
        path = tmp_path / name
        (tmp_path / "big").write_bytes(bytes(2000))
        if mode:
            with tarfile.open(path, mode) as archive:
                archive.add(tmp_path / "big", "cat/1.png")
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(tmp_path / "big", "cat/1.png")
        with pytest.raises(ValueError, match="Expected files of at most 1,000 bytes"):
            read(path)
