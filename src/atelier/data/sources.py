"""Published data sets: addresses, files with their hashes and the source of each hash, classes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

EMNIST_SPLITS = ("balanced", "bymerge", "byclass", "letters", "digits", "mnist")
DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MERGED = DIGITS + UPPER + "abdefghnqrt"
UNVERIFIED = "unverified"

TFDS = "tensorflow/datasets, url_checksums"


class RemoteFile(NamedTuple):
    """A published file with its hashes."""

    name: str
    size: int
    """Bytes."""
    digest: str
    """Hash as ``algorithm:digest``."""
    witness: str
    """Publication that states the hash."""
    plain: str = UNVERIFIED
    """SHA-256 of the decompressed bytes, which does not depend on the compression."""


class DataSet(NamedTuple):
    """A published data set; its files are IDX files, or a zip that contains them."""

    title: str
    addresses: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    classes: Mapping[str, str]
    citation: str
    licence: str
    transposed: bool = False
    """Whether images are stored column by column."""


Downloader = Callable[[str, DataSet], Mapping[str, Path]]
"""Downloads the files of the data set of this name; returns their paths by file name."""


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
            "": "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
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


def class_names(dataset: str, split: str | None) -> tuple[str, ...]:
    """Returns the name of each class, in the order of the labels."""
    names = DATA_SETS[dataset].classes[split or ""]
    return tuple(names.split(",")) if "," in names else tuple(names)


def idx_file_names(dataset: str, split: str | None, part: str) -> tuple[str, str]:
    """Returns the published names of a part's image and label file, without ``.gz``.

    Args:
        dataset: Name of the data set.
        split: EMNIST's split; None for other data sets.
        part: ``train`` or ``test``.

    Returns:
        Names of the image file and of the label file.
    """
    stem = f"emnist-{split}-{part}" if dataset == "emnist" else {"test": "t10k"}.get(part, part)
    return f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"
