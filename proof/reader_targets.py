"""Targets that read files: valid ones with random changes, in every format that the project reads.

Libraries are imported where a target is prepared, since each target has a process of its own.
"""

import gzip
import io
import json
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mutations import ODD_VALUES, TEXTS, mutate_bytes, mutate_json, mutate_text, mutate_tree
from targets import Check, Target

from atelier.types import Array

ROOT = Path(__file__).parents[1]
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of members of archives, so that a seed always gives the same bytes."""


def idx_bytes(array: Array, code: int = 8) -> bytes:
    """Returns an array as an IDX file.

    Args:
        array: Of any shape.
        code: IDX's type; 8 stands for unsigned bytes.
    """
    types = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(types[code]).tobytes()


def zip_bytes(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Returns a zip archive of members by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = compression
            archive.writestr(info, content)
    return stream.getvalue()


def tar_bytes(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    """Returns a tar archive of members by name; mode ``w:gz`` compresses."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def npy_bytes(array: Any) -> bytes:
    """Returns an array as an npy file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
    return stream.getvalue()


def npz_members(arrays: Mapping[str, Any]) -> dict[str, bytes]:
    """Returns the members of an npz file by name."""
    return {f"{name}.npy": npy_bytes(array) for name, array in arrays.items()}


def mutate_archive(members: Mapping[str, bytes], rng: random.Random) -> bytes:
    """Returns a zip with a changed member and right checksums, or a zip with changed bytes."""
    compression = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.5:
        return mutate_bytes(zip_bytes(members, compression), rng)
    name = rng.choice(list(members))
    return zip_bytes({**members, name: mutate_bytes(members[name], rng)}, compression)


def prepare_idx(_: Path) -> Check:
    """Decompresses and parses IDX files, plain and gzip, of every type."""
    from atelier.data.idx import decompress, parse_idx

    values = np.arange(24).reshape(2, 3, 4)
    seeds = [idx_bytes(values, code) for code in (8, 9, 11, 12, 13, 14)]
    seeds += [idx_bytes(np.arange(5)), gzip.compress(seeds[0], mtime=0)]

    def check(rng: random.Random) -> None:
        parse_idx(decompress(mutate_bytes(rng.choice(seeds), rng)))

    return check


def prepare_idx_zip(folder: Path) -> Check:
    """Reads an IDX file out of a zip of gz files, as EMNIST is published."""
    from atelier.data.reading import read_zipped_idx

    names = ("gzip/a-images-idx3-ubyte.gz", "gzip/a-labels-idx1-ubyte.gz")
    images, labels = idx_bytes(np.arange(24).reshape(2, 3, 4)), idx_bytes(np.arange(2))
    contents = (gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0))
    members = dict(zip(names, contents, strict=True))
    path = folder / "gzip.zip"

    def check(rng: random.Random) -> None:
        path.write_bytes(mutate_archive(members, rng))
        read_zipped_idx(path, "a-images-idx3-ubyte.gz")

    return check


def prepare_archive(folder: Path) -> Check:
    """Lists and reads every member of zip and tar archives."""
    from atelier.data.file_tree import open_tree

    members = {"a/0.png": b"first" * 9, "b/1.png": b"second", "../c.png": b"", "b/": b""}
    inside = {name: content for name, content in members.items() if ".." not in name}
    tars = [tar_bytes(inside), tar_bytes(inside, "w:gz"), tar_bytes(inside, "w:xz")]

    def check(rng: random.Random) -> None:
        if rng.random() < 0.5:
            path, content = folder / "a.zip", mutate_archive(rng.choice((members, inside)), rng)
        else:
            path, content = folder / "a.tar.gz", mutate_bytes(rng.choice(tars), rng)
        path.write_bytes(content)
        tree = open_tree(path)
        for _, member in tree.read(tree.names):
            if isinstance(member, ValueError) and "Expected" not in str(member):
                raise member

    return check


def prepare_npz(folder: Path) -> Check:
    """Reads arrays of npz files, by the reader of the project's data and by that of a user's."""
    from atelier.data.npz_arrays import read_npz_arrays
    from atelier.datasets.npz import read_npz

    arrays = {"images": np.arange(32, dtype=np.uint8).reshape(2, 4, 4), "labels": np.arange(2)}
    members = npz_members(arrays | {"names": np.array(["a", "ö"]), "weights": np.eye(3, order="F")})
    path = folder / "a.npz"

    def check(rng: random.Random) -> None:
        content = mutate_archive(members, rng)
        if rng.random() < 0.5:
            read_npz_arrays(io.BytesIO(content), "a.npz")
        else:
            path.write_bytes(content)
            read_npz(path)

    return check


def _logit_table() -> Any:
    import pandas as pd

    rng = np.random.default_rng(0)
    logits = rng.normal(size=(12, 3)).round(3)
    table = pd.DataFrame(logits, columns=["logit_cat", "logit_dog", "logit_ö"])
    return table.assign(label=["cat", "dog", "ö"] * 4, split=["calibration", "test"] * 6)


def prepare_logits(folder: Path) -> Check:
    """Reads files of logits: npz, CSV and parquet."""
    from atelier.calibration import read_logits

    table = _logit_table()
    logits, labels = table.iloc[:, :3].to_numpy(), np.arange(12) % 3
    members = npz_members({"logits": logits, "labels": labels, "classes": np.array(list("abc"))})
    csv, parquet = table.to_csv(index=False), table.to_parquet(index=False)

    def check(rng: random.Random) -> None:
        ending = rng.choice((".npz", ".csv", ".parquet"))
        if ending == ".npz":
            content = mutate_archive(members, rng)
        elif ending == ".csv":
            content = mutate_text(csv, rng).encode()
        else:
            content = mutate_bytes(parquet, rng)
        path = folder / f"a{ending}"
        path.write_bytes(content)
        read_logits(path)

    return check


def picture_files() -> list[bytes]:
    """Returns a small picture of every mode in each format that stores it."""
    from PIL import Image

    grey = Image.fromarray((np.arange(63).reshape(7, 9) * 4).astype(np.uint8))
    modes = {mode: grey.convert(mode) for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK")}
    modes |= {mode: grey.convert(mode) for mode in ("YCbCr", "HSV", "I", "F")}
    modes["I;16"] = Image.fromarray(np.arange(63, dtype=np.uint16).reshape(7, 9) * 1000)
    formats = {
        "PNG": ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"),
        "TIFF": ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "F", "I;16"),
        "JPEG": ("L", "RGB", "CMYK"),
        "GIF": ("1", "L", "P"),
        "BMP": ("1", "L", "P", "RGB"),
        "WEBP": ("RGB", "RGBA"),
        "PPM": ("1", "L", "RGB", "I;16"),
        "TGA": ("L", "P", "RGB", "RGBA"),
        "ICO": ("RGBA",),
        "DDS": ("RGB", "RGBA"),
        "JPEG2000": ("L", "RGB"),
    }
    files = []
    for name, names in formats.items():
        for mode in names:
            stream = io.BytesIO()
            modes[mode].save(stream, name)
            files.append(stream.getvalue())
    for name in ("GIF", "PNG", "TIFF"):  # several frames or pages
        stream = io.BytesIO()
        modes["L"].save(stream, name, save_all=True, append_images=[grey.rotate(90)])
        files.append(stream.getvalue())
    exif = Image.Exif()
    exif[274] = 6  # turned by a quarter
    stream = io.BytesIO()
    modes["RGB"].save(stream, "JPEG", exif=exif)
    return [*files, stream.getvalue()]


def mutate_picture(data: bytes, rng: random.Random) -> bytes:
    """Returns a changed picture; of a PNG half of the time a changed chunk with its checksum."""
    if not data.startswith(b"\x89PNG") or rng.random() < 0.5:
        return mutate_bytes(data, rng)
    start, chunks = 8, []
    while start < len(data):
        (length,) = struct.unpack_from(">I", data, start)
        chunks.append((data[start + 4 : start + 8], data[start + 8 : start + 8 + length]))
        start += 12 + length
    number = rng.randrange(len(chunks))
    kind, content = chunks[number]
    is_data = kind == b"IDAT" and rng.random() < 0.5
    content = zlib.compress(mutate_bytes(zlib.decompress(content), rng)) if is_data else (
        mutate_bytes(content, rng)
    )  # fmt: skip
    chunks[number] = (kind, content)
    return data[:8] + b"".join(
        struct.pack(">I", len(text)) + name + text + struct.pack(">I", zlib.crc32(name + text))
        for name, text in chunks
    )


def prepare_pictures(_: Path) -> Check:
    """Decodes pictures of every mode as pictures, label maps and masks, and lists their pages."""
    from atelier.data.decoding import decode_labels, decode_mask, decode_picture, list_pages
    from atelier.data.user_data.image_stack import decode_content

    files = picture_files()
    readers: Sequence[Callable[[bytes], object]] = (
        lambda data: decode_picture(io.BytesIO(data), "a", background="black"),
        lambda data: decode_labels(io.BytesIO(data), "a"),
        lambda data: decode_mask(io.BytesIO(data), "a"),
        lambda data: decode_content(data, "a", "white"),
        lambda data: [
            decode_picture(io.BytesIO(data), "a", page)
            for page in list_pages(io.BytesIO(data), "a")[:4]
        ],
    )

    def check(rng: random.Random) -> None:
        data = mutate_picture(rng.choice(files), rng)
        rng.choice(readers)(data)

    return check


def prepare_volume(folder: Path) -> Check:
    """Decodes TIFF stacks."""
    from PIL import Image

    from atelier.data.decoding import decode_volume

    sections = [Image.fromarray(np.full((5, 6), value, np.uint8)) for value in (1, 2, 3)]
    stacks = []
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits"):
        stream = io.BytesIO()
        sections[0].save(
            stream, "TIFF", save_all=True, append_images=sections[1:], compression=compression
        )
        stacks.append(stream.getvalue())
    path = folder / "a.tif"

    def check(rng: random.Random) -> None:
        path.write_bytes(mutate_bytes(rng.choice(stacks), rng))
        decode_volume(path)

    return check


def prepare_coco(folder: Path) -> Check:
    """Reads cells in COCO's JSON."""
    from PIL import Image

    from atelier.cells.labelled_folders import read_labelled_folder

    Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5)).save(folder / "a.png")
    runs = {"size": [4, 5], "counts": [2, 3, 15]}
    compressed = {"size": [4, 5], "counts": "23?"}
    polygons = [[0, 0, 2, 0, 2, 2], [3.5, 1, 5, 1, 5, 3]]
    text = json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.png", "width": 5, "height": 4}],
            "annotations": [
                {"id": i, "image_id": 1, "category_id": 1, "segmentation": value}
                for i, value in enumerate((runs, compressed, polygons))
            ],
        }
    )
    path = folder / "cells.json"

    def check(rng: random.Random) -> None:
        path.write_bytes(mutate_json(text, rng))
        read_labelled_folder(path)

    return check


def prepare_run_lengths(_: Path) -> Check:
    """Decodes run lengths, compressed and not, and polygons."""
    from atelier.cells.run_lengths import decode_segmentation

    def check(rng: random.Random) -> None:
        shape = (rng.randint(1, 6), rng.randint(1, 6))
        size = shape[0] * shape[1]
        count, corners = rng.randint(0, 6), rng.randint(0, 9)
        kind = rng.randrange(3)
        segmentation: Any
        if kind == 0:
            counts = [rng.choice((0, 1, 2, size, -1, 2**31, 2**62)) for _ in range(count)]
            segmentation = {"size": list(shape), "counts": [*counts, size - sum(counts)]}
        elif kind == 1:
            text = "".join(chr(rng.randint(44, 115)) for _ in range(count))
            segmentation = {"size": list(shape), "counts": text}
        else:
            limits = (-1e6, 1e6) if rng.random() < 0.1 else (-2, 8)
            segmentation = [[rng.uniform(*limits) for _ in range(corners)]]
        if rng.random() < 0.2:
            segmentation = mutate_tree(segmentation, rng)
        decode_segmentation(segmentation, shape)

    return check


def _user_params(path: Path) -> Any:
    from atelier.data.user_data.params import UserDataParams

    return UserDataParams(
        data=str(path), side=8, resize="pad", channels=None, background="white", order="name",
        unreadable=0.5, label_column="label", file_column="file", group_column="group",
    )  # fmt: skip


def _clear(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _read_user_file(folder: Path, name: str, content: bytes) -> None:
    from atelier.data.user_data.reading import read_user_data

    path = folder / name
    path.write_bytes(content)
    read_user_data(_user_params(path))


def prepare_csv(folder: Path) -> Check:
    """Reads labelled pictures from CSV files of pixels and of file names."""
    pixels = "\n".join(",".join(map(str, [row % 2, *range(row, row + 64)])) for row in range(4))
    header = ",".join(["label", *(f"pixel{column}" for column in range(64))])
    files = "file,label,group\n" + "".join(f"{row}.png,{'ab'[row % 2]},{row}\n" for row in range(4))
    seeds = (f"{header}\n{pixels}\n", files)

    def check(rng: random.Random) -> None:
        text = rng.choice(seeds)
        data = mutate_text(text, rng).encode()
        _read_user_file(folder, "a.csv", data if rng.random() < 0.7 else mutate_bytes(data, rng))

    return check


def _png(value: int) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.full((6, 7), value, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def prepare_parquet(folder: Path) -> Check:
    """Reads labelled pictures from parquet files: encoded ones and columns of pixels."""
    import pandas as pd

    labels = [0, 1, 0, 1]
    encoded = [{"bytes": _png(40 * row), "path": f"{row}.png"} for row in range(4)]
    pixels = pd.DataFrame(np.arange(256).reshape(4, 64), columns=[f"p{i}" for i in range(64)])
    frames = (pd.DataFrame({"image": encoded, "label": labels}), pixels.assign(label=labels))
    seeds = [frame.to_parquet(index=False, compression=None) for frame in frames]

    def check(rng: random.Random) -> None:
        _read_user_file(folder, "a.parquet", mutate_bytes(rng.choice(seeds), rng))

    return check


def prepare_user_files(folder: Path) -> Check:
    """Reads labelled pictures from IDX, npz and zip files of a user."""
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    labels = np.array([0, 1, 0, 1])
    npz = npz_members({"images": images, "labels": labels, "classes": np.array(["a", "b"])})
    folders = {f"{name}/{row}.png": _png(50 * row) for row in range(2) for name in "ab"}
    kept = folder / "labels-idx1-ubyte"

    def check(rng: random.Random) -> None:
        kind = rng.randrange(3)
        if kind == 0:
            kept.write_bytes(mutate_bytes(idx_bytes(labels), rng))
            _read_user_file(folder, "images-idx3-ubyte", mutate_bytes(idx_bytes(images), rng))
            return
        kept.unlink(missing_ok=True)
        members, name = (npz, "a.npz") if kind == 1 else (folders, "a.zip")
        _read_user_file(folder, name, mutate_archive(members, rng))

    return check


def prepare_predict(folder: Path) -> Check:
    """Reads pictures to label from parquet, CSV, npz, zip and lists of files."""
    import pandas as pd

    from atelier.data.user_data.image_stack import decode_content
    from atelier.prediction.sources import open_pictures

    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    (folder / "0.png").write_bytes(_png(9))
    encoded = pd.DataFrame({"image": [{"bytes": _png(40 * row), "path": "a"} for row in range(4)]})
    pixels = pd.DataFrame(images.reshape(4, 64), columns=[f"p{i}" for i in range(64)])
    texts = {"a.csv": pixels.to_csv(index=False), "b.csv": "file\n0.png\n", "a.txt": "0.png\n"}
    tables = [frame.to_parquet(index=False, compression=None) for frame in (encoded, pixels)]
    archives = {"a.npz": npz_members({"images": images}), "a.zip": {"0.png": _png(3)}}

    def check(rng: random.Random) -> None:
        name = rng.choice([*texts, *archives, "a.parquet"])
        if name in texts:
            content = mutate_text(texts[name], rng).encode()
        elif name in archives:
            content = mutate_archive(archives[name], rng)
        else:
            content = mutate_bytes(rng.choice(tables), rng)
        path = folder / name
        path.write_bytes(content)
        for title, picture in open_pictures(path).read():
            try:
                decode_content(picture, title, "white")
            except ValueError as error:
                if "Expected" not in str(error):
                    raise

    return check


def _small_model(path: Path) -> None:
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((4, 4, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()]
    keras.Sequential([*layers, keras.layers.Dense(2)]).save(path)


def _members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def prepare_keras(folder: Path) -> Check:
    """Loads ``.keras`` files with changed bytes, members, and descriptions of layers."""
    from atelier.training.model_files import read_model

    path = folder / "a.keras"
    _small_model(path)
    members = _members_of(path)
    config = members["config.json"].decode()

    def check(rng: random.Random) -> None:
        if rng.random() < 0.5:
            changed = mutate_json(config, rng)
            path.write_bytes(zip_bytes({**members, "config.json": changed}))
        else:
            path.write_bytes(mutate_archive(members, rng))
        read_model(path)

    return check


def prepare_h5(folder: Path) -> Check:
    """Loads ``.h5`` files, as models and as weights of VGG16."""
    from atelier.data.vgg_weights import read_vgg_weights
    from atelier.training.model_files import read_model

    path = folder / "a.h5"
    _small_model(path)
    seed = path.read_bytes()

    def check(rng: random.Random) -> None:
        path.write_bytes(mutate_bytes(seed, rng))
        if rng.random() < 0.5:
            read_model(path)
        else:
            read_vgg_weights(str(path))

    return check


def prepare_checkpoint(folder: Path) -> Check:
    """Restores checkpoints of trainings, and reads the chunks of the sweep."""
    from atelier.datasets.sinks import FileCheckpoint
    from atelier.sweep.chunk_store import ChunkStore

    path = folder / "a.npz"
    checkpoint = FileCheckpoint(path)
    state = {"step": np.array(3), "weights": np.ones((2, 3)), "fingerprint": np.array("f")}
    members = npz_members(state | {"run_id": np.array("")})
    parquet = _logit_table().to_parquet(index=False)
    chunk, store = folder / "chunk-00000.parquet", ChunkStore(folder)

    def check(rng: random.Random) -> None:
        if rng.random() < 0.7:
            path.write_bytes(mutate_archive(members, rng))
            checkpoint.restore("f")
        else:
            chunk.write_bytes(mutate_bytes(parquet, rng))
            store.read(0)

    return check


def prepare_calibrator(folder: Path) -> Check:
    """Reads the records of fitted calibrators and of conformal sets."""
    from atelier.calibration import CALIBRATORS, calibrator_record, load_calibrator

    rng = np.random.default_rng(0)
    logits, labels = 2 * rng.normal(size=(30, 3)), np.arange(30) % 3
    fitted = [kind().fit(logits, labels) for kind in CALIBRATORS.values()]
    seeds = [json.dumps(calibrator_record(calibrator)) for calibrator in fitted]
    path = folder / "a.json"

    def check(rng: random.Random) -> None:
        path.write_bytes(mutate_json(rng.choice(seeds), rng))
        load_calibrator(path)

    return check


def prepare_provenance(folder: Path) -> Check:
    """Reads the record beside a file of which run wrote it."""
    from atelier.storage.origins import Origin, Writer, read_origin, record_path, write_origin

    path = folder / "a.txt"
    path.write_text("content")
    writer = Writer(run_id="1", began="2026-01-01", command="kedro run", pipelines=("train",))
    write_origin(path, Origin(writer=writer, inputs=(writer,), parameters={"a.b": ("1", "2")}))
    record = record_path(path)
    text = record.read_text()

    def check(rng: random.Random) -> None:
        record.write_bytes(mutate_json(text, rng))
        read_origin(path)

    return check


def prepare_claims(folder: Path) -> Check:
    """Reads the files of claims."""
    import yaml

    from atelier.report.claims.ledger import read_ledgers

    ledger = yaml.safe_load((ROOT / "results/claims/thresholding.yml").read_text("utf-8"))
    ledger["claims"] = ledger["claims"][:2]
    ledger["headline"] = ledger["claims"][0]["id"]
    path = folder / "thresholding.yml"

    def check(rng: random.Random) -> None:
        text = yaml.safe_dump(mutate_tree(ledger, rng), allow_unicode=True)
        content = text if rng.random() < 0.7 else mutate_text(text, rng)
        path.write_text(content, "utf-8")
        read_ledgers(folder)

    return check


def prepare_schedules(_: Path) -> Check:
    """Validates the content of schedules.yml."""
    import yaml

    from atelier.operations.schedules import read_schedules

    content = yaml.safe_load((ROOT / "conf/base/schedules.yml").read_text("utf-8"))
    pipelines = dict.fromkeys(("__default__", "drift", "train", "calibration", "promote"))

    def check(rng: random.Random) -> None:
        read_schedules(mutate_tree(content, rng), pipelines, {"base", "test"})

    return check


def _random_value(rng: random.Random, depth: int = 2) -> Any:
    kind = rng.randrange(6 if depth else 4)
    if kind == 0:
        return rng.choice([value for value in ODD_VALUES if not isinstance(value, list | dict)])
    if kind == 1:
        return rng.choice((rng.randint(-(10**6), 10**6), rng.uniform(-1e6, 1e6)))
    if kind < 4:
        return "".join(rng.choice(TEXTS) for _ in range(rng.randint(0, 4)))
    values = [_random_value(rng, depth - 1) for _ in range(rng.randint(1, 3))]
    return values if kind == 4 else {f"k{i}": value for i, value in enumerate(values)}


def prepare_parameters(_: Path) -> Check:
    """Parses the text of ``--params``, and what the project itself formats comes back the same."""
    from atelier.configuration.arguments import format_parameters, parse_parameters

    seeds = ("picture='a, b.png',classes=[2, 3],seed=1", "a.b={x: 1, y: [2]},c=null", "data=my #1")

    def check(rng: random.Random) -> None:
        if rng.random() < 0.5:
            parse_parameters(mutate_text(rng.choice(seeds), rng))
            return
        values = {f"name{i}": _random_value(rng) for i in range(rng.randint(1, 3))}
        back = parse_parameters(format_parameters(values))
        assert repr(back) == repr(values), f"{values} came back as {back}"

    return check


READER_TARGETS = (
    Target("idx", 12, prepare_idx),
    Target("idx_zip", 3, prepare_idx_zip),
    Target("archive", 4, prepare_archive),
    Target("npz", 4, prepare_npz),
    Target("logits", 4, prepare_logits),
    Target("pictures", 8, prepare_pictures),
    Target("volume", 3, prepare_volume),
    Target("coco", 3, prepare_coco),
    Target("run_lengths", 9, prepare_run_lengths),
    Target("csv", 3, prepare_csv),
    Target("parquet", 3, prepare_parquet),
    Target("user_files", 3, prepare_user_files),
    Target("predict", 3, prepare_predict),
    Target("keras", 4, prepare_keras),
    Target("h5", 3, prepare_h5),
    Target("checkpoint", 3, prepare_checkpoint),
    Target("calibrator_file", 3, prepare_calibrator),
    Target("provenance", 4, prepare_provenance),
    Target("claims", 2, prepare_claims),
    Target("schedules", 5, prepare_schedules),
    Target("parameters", 4, prepare_parameters),
)
