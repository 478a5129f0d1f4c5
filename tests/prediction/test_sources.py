import shutil
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.memory import peak_memory
from support.predictions import png

from atelier.prediction.picture_index import PictureIndex
from atelier.prediction.sources import open_pictures

SHADES = np.arange(6, dtype=np.uint8) * 40
IMAGES = np.broadcast_to(SHADES[:, None, None], (6, 8, 8)).copy()
FILES = [f"{number // 3}/{number}.png" for number in range(6)]


@pytest.fixture
def folder(tmp_path):
    for file, image in zip(FILES, IMAGES, strict=True):
        path = tmp_path / "pictures" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (tmp_path / "pictures" / "notes.md").write_text("words")
    (tmp_path / "pictures" / ".DS_Store").touch()
    return tmp_path / "pictures"


def entries(path):
    source = open_pictures(path)
    found = list(source.read())
    assert source.count in {len(found), None}
    return found


def test_a_folder_gives_its_pictures_in_order_and_nothing_else(folder):
    expected = [(file, (folder / file).read_bytes()) for file in FILES]
    assert entries(folder) == expected
    assert entries(folder) == expected


@pytest.mark.parametrize("form", ["zip", "gztar"])
def test_an_archive_gives_what_its_folder_gives(folder, tmp_path, form):
    archive = shutil.make_archive(str(tmp_path / "packed"), form, folder)
    assert sorted(entries(type(folder)(archive))) == entries(folder)


def test_a_list_names_files_beside_it_and_one_that_is_missing_is_an_error_of_its_own(folder):
    path = folder.parent / "list.txt"
    path.write_text(f"pictures/0/1.png\n\n{folder / '1' / '5.png'}\npictures/nowhere.png\n")
    first, second, missing = entries(path)
    assert first == ("pictures/0/1.png", (folder / "0/1.png").read_bytes())
    assert second[1] == (folder / "1/5.png").read_bytes()
    assert missing[0] == "pictures/nowhere.png"
    assert "No such file" in str(missing[1])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("names", [("images", "labels"), ("x_test", "y_test"), ("anything",)])
def test_the_images_of_an_npz_come_row_by_row(tmp_path, save, names):
    arrays = dict(zip(names, (IMAGES, np.arange(6)), strict=False))
    save(tmp_path / "a.npz", **arrays)
    found = entries(tmp_path / "a.npz")
    assert [name for name, _ in found] == [f"{names[0]}[{row}]" for row in range(6)]
    np.testing.assert_array_equal([image for _, image in found], IMAGES)
    order = np.asfortranarray(IMAGES)
    save(tmp_path / "f.npz", images=order)
    np.testing.assert_array_equal([image for _, image in entries(tmp_path / "f.npz")], IMAGES)


@pytest.mark.parametrize("kind", ["struct", "bytes"])
def test_hugging_faces_column_of_pictures_is_read(tmp_path, kind):
    files = [png(image) for image in IMAGES]
    column = [{"bytes": f, "path": None} for f in files] if kind == "struct" else files
    pd.DataFrame({"label": range(6), "image": column}).to_parquet(tmp_path / "a.parquet")
    assert entries(tmp_path / "a.parquet") == [(f"row {i + 1}", f) for i, f in enumerate(files)]


@pytest.mark.parametrize("form", ["a.parquet", "a.csv", "headless.csv", "unlabelled.csv"])
def test_pixels_of_a_table_are_images_whatever_other_columns_are_there(tmp_path, form):
    table = pd.DataFrame(IMAGES.reshape(6, 64), columns=[f"pixel{i}" for i in range(64)])
    if form != "unlabelled.csv":
        table.insert(0, "label", range(6))
    if form.endswith("csv"):
        table.to_csv(tmp_path / form, index=False, header=form != "headless.csv")
    else:
        table.to_parquet(tmp_path / form)
    found = entries(tmp_path / form)
    assert [name for name, _ in found] == [f"row {row + 1}" for row in range(6)]
    np.testing.assert_array_equal([image for _, image in found], IMAGES)


def test_a_table_of_files_reads_them(folder):
    table = pd.DataFrame({"file": [f"pictures/{file}" for file in FILES], "label": 0})
    table.to_csv(folder.parent / "t.csv", index=False)
    assert [content for _, content in entries(folder.parent / "t.csv")] == [
        (folder / file).read_bytes() for file in FILES
    ]


def test_a_single_picture_is_read_whatever_it_is_called(folder, tmp_path):
    shutil.copy(folder / "0/0.png", tmp_path / "picture.bin")
    assert entries(tmp_path / "picture.bin") == [("picture.bin", (folder / "0/0.png").read_bytes())]


def write_bad(folder):
    (folder / "empty").mkdir()
    (folder / "words.txt").write_text("")
    np.savez(folder / "flat.npz", images=np.zeros(3))
    np.savez(folder / "names.npz", a=np.zeros((1, 8, 8)), b=np.zeros((1, 8, 8)))
    np.savez(folder / "object.npz", images=np.array([None], object))
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 and nothing")
    (folder / "broken.parquet").write_bytes(b"PAR1")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and nothing")
    (folder / "few.csv").write_text("a,b\n1,2\n")
    (folder / "ragged.csv").write_text("1,2\n1,2,3\n")
    with zipfile.ZipFile(folder / "outside.zip", "w") as archive:
        archive.writestr("../a.png", b"")
    with tarfile.open(folder / "link.tar", "w") as archive:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere", "nothing there; a relative path begins at"),
        ("empty", "Received: no pictures"),
        ("words.txt", "Received: no pictures"),
        ("flat.npz", r"images of \(n, height, width\)"),
        ("names.npz", "Expected an array images. Received: a, b"),
        ("object.npz", "Python objects"),
        ("broken.npz", "Expected a whole npz file"),
        ("broken.parquet", "Expected a whole parquet file"),
        ("broken.zip", "Expected a whole zip or tar archive"),
        ("few.csv", "columns of pixels"),
        ("ragged.csv", "as many columns in each row"),
        ("outside.zip", "paths inside the archive"),
        ("link.tar", "files and folders only"),
    ],
)
def test_what_holds_no_pictures_is_refused_by_its_name(tmp_path, name, words):
    write_bad(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=words) as refusal:
        entries(tmp_path / name)
    assert name in str(refusal.value)


def test_a_folder_of_many_names_is_listed_without_holding_them(tmp_path):
    """The list of 20 times as many names, 200 letters each, would be 20 times as large."""
    peaks = []
    for count in (250, 5000):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:0>196}.png").touch()

        def read(folder=folder, count=count):
            index = PictureIndex(folder)
            assert sum(1 for _ in index) == len(index) == count

        peaks.append(peak_memory(read))
    assert peaks[1] < 3 * peaks[0] + 100_000
