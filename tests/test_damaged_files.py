"""Damaged files of every format are refused by a message that says what was expected.

Each case is the smallest form of an input that `make fuzz` found.
"""

import io
import json
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

import h5py
import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from atelier.calibration import (
    TemperatureScaling,
    calibrator_record,
    load_calibrator,
    read_logits,
)
from atelier.cells.labelled_folders import read_labelled_folder
from atelier.cells.run_lengths import decode_segmentation
from atelier.configuration.arguments import format_parameters, parse_parameters
from atelier.data.decoding import decode_picture, decode_volume, list_pages
from atelier.data.file_tree import open_tree
from atelier.data.idx import parse_idx
from atelier.data.npz_arrays import read_npz_arrays
from atelier.data.reading import read_zipped_idx
from atelier.data.user_data.assembly import assemble
from atelier.data.user_data.idx_files import IdxFile, read_idx_files, read_values
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.parquet_files import read_parquet_files
from atelier.data.user_data.reading import read_user_data
from atelier.data.user_data.records import ImageRecords, records_table
from atelier.data.user_data.tables import split_columns
from atelier.data.vgg_weights import read_vgg_weights
from atelier.datasets.npz import read_npz
from atelier.datasets.sinks import FileCheckpoint
from atelier.prediction.sources import open_pictures
from atelier.report.claims.ledger import read_ledgers
from atelier.sweep.chunk_store import ChunkStore
from atelier.training import read_model


def npy(array, **replaced):
    """An npy file; ``replaced`` texts of its header become others of the same length."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array))
    content = stream.getvalue()
    for old, new in replaced.items():
        assert len(old) == len(new)
        content = content.replace(old.encode(), new.encode())
    return content


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_no_value_but_sizes_beyond_any_array_are_an_idx_error():
    sizes = struct.pack(">4I", 0, 2**31, 2**31, 2**31)
    with pytest.raises(ValueError, match="Expected the shape of an array"):
        parse_idx(bytes([0, 0, 8, 4]) + sizes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", npy([1, 2], shape="shap(")),  # the tokenizer's error
        ("a.npy", npy([1, 2], descr="des\x00r")),
        ("a.txt", b"no array"),
        ("a.npy", npy(["ab"]).replace("a".encode("utf-32-le"), b"\xff" * 4)),
        ("a.npy", npy([1, 2]).replace(b"(2,)", b"(9,)")),
    ],
    ids=["header", "key", "no array", "no character", "fewer values"],
)
def test_damaged_arrays_of_an_npz_are_refused_with_the_files_name(name, content, tmp_path):
    path = zipped(tmp_path / "a.npz", {name: content})
    for read in (read_npz, read_logits):
        with pytest.raises(ValueError, match=r"a\.npz: Expected a whole npz file without pickles"):
            read(path)


def test_a_compression_that_does_not_exist_is_refused(tmp_path):
    content = bytearray(zipped(tmp_path / "a.npz", {"a.npy": npy([1])}).read_bytes())
    for start in (content.index(b"PK\x03\x04") + 8, content.index(b"PK\x01\x02") + 10):
        content[start : start + 2] = b"\x63\x00"
    with pytest.raises(ValueError, match="Expected a whole npz file"):
        read_npz_arrays(io.BytesIO(content), "a.npz")


def test_an_npz_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("atelier.data.npz_arrays.FILE_LIMIT", 1000)
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((1000, 1000), np.uint8))
    with pytest.raises(ValueError, match=r"bytes of arrays in a file of"):
        read_npz(tmp_path / "a.npz")


def test_a_zip_of_idx_files_with_a_damaged_member_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"x.gz": b"\x1f\x8b"})
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"a\.zip: Expected a whole zip of IDX files"):
        read_zipped_idx(path, "x.gz")


@pytest.mark.parametrize(
    "segmentation",
    [
        5, True, {"a": 1}, [7], [None], [["a"] * 6], [[1, 2, 3, 4, 5, float("nan")]], ["abcdef"],
        {"size": 5, "counts": [4]}, {"size": [2, 2], "counts": 4},
        {"size": [2, 2], "counts": [10**30]}, {"size": [2, 2], "counts": ["x"]},
        {"size": [2, 2], "counts": [[4]]}, {"size": [2, 2], "counts": [float("inf")]},
    ],
)  # fmt: skip
def test_what_is_neither_run_lengths_nor_polygons_is_refused(segmentation):
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        decode_segmentation(segmentation, (2, 2))


@pytest.mark.parametrize("images", [5, ["a"], [None], [{"id": [], "file_name": "a"}]])
def test_entries_of_coco_that_are_no_entries_are_refused_with_the_files_name(images, tmp_path):
    (tmp_path / "cells.json").write_text(json.dumps({"images": images, "annotations": []}))
    with pytest.raises(ValueError, match=r"cells\.json: Expected images with id and file_name"):
        read_labelled_folder(tmp_path / "cells.json")


def test_a_text_that_begins_an_interpolation_stays_a_text_and_in_brackets_is_refused():
    assert parse_parameters("a=${x") == {"a": "${x"}
    with pytest.raises(ValueError, match="Expected the closing"):
        parse_parameters("a=[${x]")
    assert parse_parameters(format_parameters({"a": "x${"})) == {"a": "x${"}


def test_a_model_with_damaged_json_is_refused(tmp_path):
    path = zipped(tmp_path / "m.keras", {"config.json": b"{,", "metadata.json": b"{}"})
    with pytest.raises(ValueError, match=r"m\.keras: Expected a whole model"):
        read_model(path)


def test_weights_whose_groups_lie_beyond_the_end_are_refused(tmp_path):
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file["layer/kernel"] = np.ones((3, 3))
    whole = path.read_bytes()
    for start in range(0, len(whole), 8):
        path.write_bytes(whole[:start] + b"\xfe" * 8 + whole[start + 8 :])
        with pytest.raises(ValueError, match=r"w\.h5: Expected (a whole HDF5 file|VGG16)"):
            read_vgg_weights(str(path))


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b"5", b"{}"])
def test_a_file_that_is_no_calibrators_is_refused(content, tmp_path):
    (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"c\.json: Expected (the JSON|a record) of a calibrator"):
        load_calibrator(tmp_path / "c.json")


@pytest.mark.parametrize("state", [{}, {"temperature_": []}, {"temperature_": {}}])
def test_a_state_of_another_kind_is_refused(state, tmp_path):
    fitted = TemperatureScaling().fit(np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0]))
    record = calibrator_record(fitted) | {"state": state}
    (tmp_path / "c.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="Expected the state of temperature"):
        load_calibrator(tmp_path / "c.json")


def test_claims_that_are_no_yaml_are_refused_with_the_files_name(tmp_path):
    (tmp_path / "train.yml").write_text("claims: [\n")
    with pytest.raises(ValueError, match=r"Expected claims in train\.yml"):
        read_ledgers(tmp_path)


def test_a_damaged_chunk_of_the_sweep_is_refused_with_the_files_name(tmp_path):
    store = ChunkStore(tmp_path)
    store.write(0, pd.DataFrame({"a": [1.0]}))
    path = tmp_path / "chunk-00000.parquet"
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(ValueError, match=r"chunk-00000\.parquet: Expected a whole chunk"):
        store.read(0)


def test_arrays_that_are_no_checkpoint_are_refused_with_the_files_name(tmp_path):
    np.savez(tmp_path / "c.npz", weights=np.ones(2))
    with pytest.raises(ValueError, match=r"c\.npz: Expected a checkpoint.*weights"):
        FileCheckpoint(tmp_path / "c.npz").restore("f")


def test_a_damaged_column_of_pictures_is_refused_with_the_files_name(tmp_path):
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame({"image": [b"a" * 50, b"b" * 50]})
    frame.to_parquet(path, index=False, compression=None)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 40 + whole[44:])
    with pytest.raises(ValueError, match=r"a\.parquet: Expected a whole parquet file"):
        list(open_pictures(path).read())


@pytest.mark.parametrize(
    ("stated", "instead"),
    [
        (b'"units": 2', b'"units": 1000000000'),
        (b'"units": 2', b'"units": 2147483648'),
        (b"16]", b"2147483648]"),
    ],
)
def test_layers_far_larger_than_the_file_are_refused_before_they_take_memory(
    stated, instead, tmp_path
):
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members["config.json"].replace(stated, instead)
    assert text != members["config.json"]
    path = zipped(tmp_path / "m.keras", members | {"config.json": text})
    with pytest.raises(ValueError, match=r"m\.keras: Expected (layers whose|a model that)"):
        read_model(path)
    # Keras draws the values of all weights without any when it next infers a shape.
    keras.layers.Lambda(lambda x: keras.ops.sum(x, axis=1))(keras.Input((3,)))


@pytest.mark.parametrize("row", ["0,1,2,3,4,5", "0,1,2,3,4,"])
def test_a_row_of_a_csv_that_is_longer_than_the_header_shifts_no_column(row, tmp_path):
    text = "label,p0,p1,p2,p3\n" + f"{row}\n" * 2
    (tmp_path / "a.csv").write_text(text)
    params = UserDataParams(
        data=str(tmp_path / "a.csv"), side=None, resize="pad", channels=None, background="white",
        order="name", unreadable=0, label_column="label", file_column="file", group_column="group",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"a\.csv: Expected 5 values in each row.*Received: 6"):
        read_user_data(params)
    (tmp_path / "a.csv").write_text(text.replace("label,", "p,"))
    with pytest.raises(ValueError, match=r"a\.csv: Expected 5 values in each row.*Received: 6"):
        list(open_pictures(tmp_path / "a.csv").read())


def test_a_list_that_names_a_file_with_a_null_byte_has_an_unreadable_picture(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\0b.png\n")
    ((_, content),) = open_pictures(tmp_path / "a.txt").read()
    assert "Expected a readable file" in str(content)


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_an_image_of_coco_without_a_files_name_is_refused(name, tmp_path):
    images = [{"id": 1, "file_name": name}]
    (tmp_path / "cells.json").write_text(json.dumps({"images": images, "annotations": []}))
    with pytest.raises(ValueError, match=r"cells\.json: Expected (the name|one picture)"):
        read_labelled_folder(tmp_path / "cells.json")


def sections(path, count):
    pages = [Image.fromarray(np.full((5, 6), 10 * value, np.uint8)) for value in range(count)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_stack_of_any_number_of_sections_has_as_many(count, tmp_path):
    """Three or four sections are no colours."""
    volume = decode_volume(sections(tmp_path / "a.tif", count))
    assert volume.shape == (count, 5, 6)
    assert volume[:, 0, 0].tolist() == [10 * value for value in range(count)]


def test_pages_of_a_stack_that_lead_back_to_an_earlier_one_end(tmp_path):
    path = sections(tmp_path / "a.tif", 2)
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (tags,) = struct.unpack_from("<H", content, first)
    (second,) = struct.unpack_from("<I", content, first + 2 + 12 * tags)
    (more,) = struct.unpack_from("<H", content, second)
    struct.pack_into("<I", content, second + 2 + 12 * more, second)  # the next page is itself
    path.write_bytes(content)
    assert decode_volume(path).shape == (2, 5, 6)


def test_a_calibrator_of_billions_of_classes_is_refused_before_it_takes_memory(tmp_path):
    fitted = TemperatureScaling().fit(np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0]))
    record = calibrator_record(fitted) | {"classes": 2**31}
    (tmp_path / "c.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="a wrong or missing classes"):
        load_calibrator(tmp_path / "c.json")


def with_height(tiff: bytes, height: int) -> bytes:
    """A little-endian TIFF whose first page states another height."""
    content = bytearray(tiff)
    (first,) = struct.unpack_from("<I", content, 4)
    (tags,) = struct.unpack_from("<H", content, first)
    for start in range(first + 2, first + 2 + 12 * tags, 12):
        if struct.unpack_from("<H", content, start) == (257,):
            struct.pack_into("<HII", content, start + 2, 4, 1, height)
    return bytes(content)


def test_a_page_that_states_millions_of_strips_is_refused(tmp_path):
    path = sections(tmp_path / "a.tif", 2)
    path.write_bytes(with_height(path.read_bytes(), 2**24))
    with pytest.raises(ValueError, match=r"a\.tif: Expected a whole TIFF stack.*addresses"):
        decode_volume(path)


def test_two_columns_of_one_name_are_refused():
    table = pd.DataFrame([[0, 1, 2]], columns=["label", "p0", "p0"])
    with pytest.raises(ValueError, match="Expected columns of different names"):
        split_columns(table, "label", UserDataParams.model_construct(group_column="group"), "a")


def parquet_records(folder):
    """The records of a.parquet in a folder."""
    params = UserDataParams.model_construct(
        label_column="label", group_column="group", file_column="file"
    )
    return read_parquet_files(open_tree(folder), [PurePosixPath("a.parquet")], params)


def test_a_parquet_file_of_pictures_without_rows_is_refused(tmp_path):
    columns = {"image": pa.array([], pa.binary()), "label": pa.array([], pa.int64())}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: Expected rows with pictures"):
        parquet_records(tmp_path)


def test_text_of_a_parquet_file_that_is_no_utf_8_is_refused(tmp_path):
    labels = pa.array(["aXb", "cXd"])
    buffers = [part and part.to_pybytes().replace(b"X", b"\xff") for part in labels.buffers()]
    broken = pa.Array.from_buffers(
        labels.type, 2, [part and pa.py_buffer(part) for part in buffers]
    )
    columns = {"label": broken, "logit_aXb": [0.0, 1.0], "logit_cXd": [1.0, 0.0]}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: Expected a whole parquet file"):
        read_logits(tmp_path / "a.parquet")


def test_fewer_pictures_than_rows_are_refused(tmp_path):
    rows = records_table("train", ["a", "b"], ["0", "1"])
    records = ImageRecords(rows, iter([(0, np.zeros((4, 4), np.uint8))]))
    params = UserDataParams.model_construct(
        side=None, channels=1, resize="stretch", background="white", invert=False
    )
    with pytest.raises(ValueError, match=r"a\.parquet: Expected 2 pictures.*Received: 1"):
        assemble(tmp_path / "a.parquet", records, params)


def test_a_header_of_more_values_than_memory_holds_is_refused(tmp_path):
    """The bytes are read as they come; 2³¹ rows of 2¹⁶ times 2¹⁵ pixels are never reserved."""
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31 - 1, 2**16, 2**15)
    (tmp_path / "images").write_bytes(header + bytes(100))
    file = IdxFile(PurePosixPath("images"), (2**31 - 1, 2**16, 2**15), 16 + (2**31 - 1) * 2**31)
    with pytest.raises(ValueError, match="Expected .* bytes for shape"):
        read_values(open_tree(tmp_path), file)


@pytest.mark.parametrize(("width", "height", "is_whole"), [(9, 2**23, False), (4096, 4096, True)])
def test_a_png_of_more_pixels_than_its_bytes_can_hold_is_refused(width, height, is_whole):
    """Deflate shortens data to 1/1032 at most; a page of white is nearly that short."""
    stream = io.BytesIO()
    Image.new("1", (width, 4096), 1).save(stream, "PNG")
    content = bytearray(stream.getvalue())
    struct.pack_into(">II", content, 16, width, height)
    struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    if is_whole:
        assert decode_picture(io.BytesIO(content), "a").shape == (height, width)
    else:
        with pytest.raises(ValueError, match=r"a: Expected a whole picture.*pixels in .* bytes"):
            decode_picture(io.BytesIO(content), "a")


def test_an_uncompressed_tiff_of_more_pixels_than_bytes_is_refused():
    stream = io.BytesIO()
    Image.new("L", (9, 7)).save(stream, "TIFF")
    content = with_height(stream.getvalue(), 2**23)
    with pytest.raises(ValueError, match=r"a: Expected a whole picture.*pixels in .* bytes"):
        decode_picture(io.BytesIO(content), "a")


def test_more_frames_than_bytes_are_refused():
    stream = io.BytesIO()
    frames = [Image.new("L", (9, 7), grey) for grey in (0, 255)]
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    content = bytearray(stream.getvalue())
    start = content.index(b"acTL")
    struct.pack_into(">I", content, start + 4, 2**28)
    struct.pack_into(">I", content, start + 12, zlib.crc32(content[start : start + 12]))
    with pytest.raises(ValueError, match=r"a: Expected a whole picture.*frames in .* bytes"):
        list_pages(io.BytesIO(content), "a")


def test_idx_files_without_images_are_refused(tmp_path):
    labels = IdxFile(PurePosixPath("labels"), (5,), 13)
    with pytest.raises(ValueError, match=r"Expected an IDX file of images.*labels of \(5,\)"):
        read_idx_files(open_tree(tmp_path), [labels])


@pytest.mark.parametrize("index", ["label", "id", None])
def test_the_index_of_pandas_is_no_pixel_and_labels_in_it_are_labels(index, tmp_path):
    frame = pd.DataFrame({f"p{i}": [i, 255 - i] * 8 for i in range(16)})
    frame = frame.assign(label=[0, 1] * 8, id=np.arange(16) + 5)
    if index == "label":
        frame = frame.drop(columns="id").set_index("label")
    else:
        frame = frame.set_index("id").rename_axis(index)
    frame.to_parquet(tmp_path / "a.parquet")
    records = parquet_records(tmp_path)
    assert records.table["label"].tolist() == ["0", "1"] * 8
    assert next(iter(records.contents))[1].shape[:2] == (4, 4)


def test_a_damaged_name_in_what_pandas_adds_to_a_parquet_file_does_no_harm(tmp_path):
    frame = pd.DataFrame({f"p{i}": [i, 255 - i] * 8 for i in range(16)}).assign(label=[0, 1] * 8)
    table = pa.Table.from_pandas(frame)
    metadata = table.schema.metadata[b"pandas"].replace(b'"label"', b'"labIl"')
    parquet.write_table(
        table.replace_schema_metadata({b"pandas": metadata}), tmp_path / "a.parquet"
    )
    records = parquet_records(tmp_path)
    assert records.table["label"].tolist() == ["0", "1"] * 8
