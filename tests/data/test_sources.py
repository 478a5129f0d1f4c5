import gzip
import hashlib
import zipfile

import numpy as np
import pytest
from pydantic import ValidationError
from support.emnist import write_emnist
from support.idx import packed

from atelier.data.params import SourceParams
from atelier.data.reading import read_source, read_zipped_idx
from atelier.data.sources import (
    DATA_SETS,
    EMNIST_SPLITS,
    UNVERIFIED,
    DataSet,
    RemoteFile,
    class_names,
)
from atelier.datasets.download import ArchiveDataset

DEFAULTS = {
    "dataset": "mnist",
    "split": None,
    "parts": "both",
    "source": "embedded",
    "mirror": None,
    "glyphs_per_class": 3,
    "limit": None,
    "seed": 0,
}


def params(**changes) -> SourceParams:
    return SourceParams(**(DEFAULTS | changes))


def never(name, data_set):
    raise AssertionError("only a download fetches")


def fake_emnist(folder, *, split="balanced", transpose=True, labels=None):
    """A mirror folder in EMNIST's layout, with one image per class."""
    classes = len(class_names("emnist", split))
    images = np.random.default_rng(0).integers(0, 256, (classes, 28, 28), dtype=np.uint8)
    labels = np.arange(classes, dtype=np.uint8) if labels is None else labels
    write_emnist(folder, split, images, labels)
    return images


def test_every_source_names_sizes_hashes_and_their_witness():
    for data_set in DATA_SETS.values():
        assert data_set.citation
        assert data_set.licence
        for file in data_set.files:
            algorithm, _, digest = file.digest.partition(":")
            assert (
                file.digest == UNVERIFIED or len(digest) == hashlib.new(algorithm).digest_size * 2
            )
            assert file.size > 0
            assert file.witness
    assert set(DATA_SETS["emnist"].classes) == set(EMNIST_SPLITS)


@pytest.mark.parametrize(
    ("split", "count"),
    [("balanced", 47), ("bymerge", 47), ("byclass", 62), ("letters", 26), ("digits", 10)],
)
def test_each_emnist_split_has_its_published_number_of_classes(split, count):
    assert len(set(class_names("emnist", split))) == count


def test_the_embedded_digits_are_mlxtends_500_of_each_and_say_so():
    source = read_source(params(), never)
    assert source.name == "mnist-5000"
    assert np.bincount(source.parts["train"].labels).tolist() == [500] * 10


def test_the_embedded_digits_are_real_ones_from_mnists_training_part(mirror):
    embedded = read_source(params(), never).parts["train"].images
    real = read_source(params(source="mirror", mirror=str(mirror), parts="train"), never)
    hashed = {image.tobytes() for image in real.parts["train"].images}
    assert all(image.tobytes() in hashed for image in embedded)


def test_glyphs_are_never_called_emnist():
    source = read_source(params(dataset="emnist", split="balanced"), never)
    assert source.name == "glyphs"
    assert "emnist" not in source.citation.lower()
    assert len(source.parts["train"].labels) == 47 * 3


def test_a_mirror_is_read_upright_plain_or_gzip(tmp_path, caplog):
    images = fake_emnist(tmp_path)
    wanted = params(dataset="emnist", split="balanced", source="mirror", mirror=str(tmp_path))
    source = read_source(wanted, never)
    assert source.name == "emnist-balanced"
    np.testing.assert_array_equal(source.parts["test"].images[3, ..., 0], images[3].T)
    assert "unverified" in caplog.text


def test_letters_count_from_zero_though_published_from_one(tmp_path):
    fake_emnist(tmp_path, split="letters", labels=np.arange(1, 27, dtype=np.uint8))
    wanted = params(dataset="emnist", split="letters", source="mirror", mirror=str(tmp_path))
    source = read_source(wanted, never)
    assert source.parts["train"].labels.tolist() == list(range(26))
    assert source.classes[0] == "A"


def test_real_emnist_digits_stand_upright_as_mnists_do(mirror):
    wanted = params(
        dataset="emnist", split="bymerge", source="mirror", mirror=str(mirror), parts="test"
    )
    emnist = read_source(wanted, never).parts["test"]
    mnist = read_source(params(source="mirror", mirror=str(mirror), parts="test"), never).parts[
        "test"
    ]
    for digit in (2, 3, 4, 5, 6, 7, 9):
        ours = emnist.images[emnist.labels == digit].mean(axis=0)[..., 0]
        theirs = mnist.images[mnist.labels == digit].mean(axis=0)[..., 0]
        upright = np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]
        lying = np.corrcoef(ours.T.ravel(), theirs.ravel())[0, 1]
        assert upright > lying + 0.1


def test_a_missing_file_is_named_with_what_is_there(tmp_path, mirror):
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte") as error:
        read_source(params(source="mirror", mirror=str(tmp_path)), never)
    assert "t10k-labels-idx1-ubyte" in str(error.value)
    wanted = params(dataset="emnist", split="bymerge", source="mirror", mirror=str(mirror))
    with pytest.raises(FileNotFoundError, match="emnist-bymerge-test-images"):
        read_source(wanted, never)


def test_a_mirrored_mnist_file_with_other_bytes_is_refused(tmp_path):
    ones = np.ones((2, 28, 28), np.uint8)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(packed(ones))
    with pytest.raises(ValueError, match="Expected unpacked SHA-256 ba891046"):
        read_source(params(source="mirror", mirror=str(tmp_path)), never)


def publish(monkeypatch, folder, dataset, *, seed, packed_hash=False):
    """A tiny data set in a mirror folder, whose hashes are those of the table from now on."""
    rng = np.random.default_rng(seed)
    hashed = []
    for file in DATA_SETS[dataset].files:
        images = rng.integers(0, 256, (10, 28, 28), dtype=np.uint8)
        values = images if "images" in file.name else rng.permutation(10).astype(np.uint8)
        plain = packed(values)
        stored = gzip.compress(plain, mtime=seed)
        (folder / dataset).mkdir(parents=True, exist_ok=True)
        (folder / dataset / file.name).write_bytes(stored)
        if packed_hash:
            digest = f"sha256:{hashlib.sha256(stored).hexdigest()}"
            hashed.append(file._replace(digest=digest, plain=UNVERIFIED))
        else:
            hashed.append(file._replace(plain=hashlib.sha256(plain).hexdigest()))
    changed = DATA_SETS[dataset]._replace(files=tuple(hashed))
    monkeypatch.setitem(DATA_SETS, dataset, changed)


@pytest.mark.parametrize("packed_hash", [False, True])
@pytest.mark.parametrize(
    ("wanted", "received"), [("fashion-mnist", "mnist"), ("mnist", "fashion-mnist")]
)
def test_a_mirror_of_another_known_data_set_is_refused(
    tmp_path, monkeypatch, caplog, wanted, received, packed_hash
):
    for seed, name in enumerate((wanted, received)):
        publish(monkeypatch, tmp_path, name, seed=seed, packed_hash=packed_hash)
    source = read_source(params(dataset=wanted, source="mirror", mirror=str(tmp_path)), never)
    assert source.classes == class_names(wanted, None)
    assert "unverified" not in caplog.text
    titles = [DATA_SETS[name].title for name in (wanted, received)]
    with pytest.raises(ValueError, match=r"(?s)Expected .*{}.*Received: .*{}".format(*titles)):
        read_source(params(dataset=wanted, source="mirror", mirror=str(tmp_path / received)), never)


def test_a_file_under_the_name_of_another_part_is_refused(tmp_path, monkeypatch):
    publish(monkeypatch, tmp_path, "fashion-mnist", seed=0)
    folder = tmp_path / "fashion-mnist"
    train, test = (folder / f"{part}-images-idx3-ubyte.gz" for part in ("train", "t10k"))
    train.write_bytes(test.read_bytes())
    with pytest.raises(ValueError, match=r"Expected train-images.*Received: t10k-images"):
        read_source(params(dataset="fashion-mnist", source="mirror", mirror=str(tmp_path)), never)


def test_real_mnist_is_never_read_as_fashion(mirror):
    wanted = params(dataset="fashion-mnist", source="mirror", mirror=str(mirror / "mnist"))
    with pytest.raises(ValueError, match=r"Fashion-MNIST.*Received: .* of MNIST handwritten"):
        read_source(wanted, never)


def test_the_first_class_of_fashion_has_its_published_name():
    assert class_names("fashion-mnist", None)[0] == "T-shirt/top"


def test_clutter_in_a_mirror_is_not_named_as_data(tmp_path):
    for name in ("._train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"Received: t10k-labels-idx1-ubyte$"):
        read_source(params(source="mirror", mirror=str(tmp_path)), never)


CLASSES = np.arange(47, dtype=np.uint8)


@pytest.mark.parametrize(
    "labels",
    [
        CLASSES[:, None],
        # QMNIST: class, series, writer, digit of the writer, NIST's code, index, duplicate, unused
        np.stack([CLASSES.astype(np.int32)] + [CLASSES.astype(np.int32) + 400] * 7, axis=1),
    ],
)
def test_labels_of_two_dimensions_give_their_class(tmp_path, labels):
    fake_emnist(tmp_path, labels=labels)
    wanted = params(dataset="emnist", split="balanced", source="mirror", mirror=str(tmp_path))
    source = read_source(wanted, never)
    assert source.parts["test"].labels.tolist() == list(range(47))
    assert source.parts["test"].labels.dtype == np.int64


@pytest.mark.parametrize(
    "labels",
    [
        np.eye(47, dtype=np.uint8),  # one column a class
        np.zeros((47, 2), np.int32),
        np.zeros((47, 8), np.float32),
        np.zeros((47, 8, 1), np.int32),
        np.linspace(0, 46, 47, dtype=np.float32),
    ],
)
def test_labels_of_another_layout_are_refused_by_their_file(tmp_path, labels):
    fake_emnist(tmp_path, labels=labels)
    wanted = params(dataset="emnist", split="balanced", source="mirror", mirror=str(tmp_path))
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte: Expected .*\(n, 8\)"):
        read_source(wanted, never)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "emnist", "split": "upside-down"}, "balanced"),
        ({"dataset": "emnist"}, "Expected a split with emnist"),
        ({"split": "letters"}, "none with other data sets"),
        ({"source": "mirror"}, "--params mirror="),
        ({"dataset": "fashion-mnist"}, "mirror or download"),
        ({"glyps": 1}, "Extra inputs"),
    ],
)
def test_impossible_parameters_are_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        params(**changes)


# Downloads, from a real server on this machine.


CLOSED = "http://127.0.0.1:9/"


def emnist_zip(folder):
    """A zip such as NIST's, its digest, and the one image set in it."""
    images = np.random.default_rng(1).integers(0, 256, (47, 28, 28), dtype=np.uint8)
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for part in ("train", "test"):
            stem = f"gzip/emnist-balanced-{part}"
            labels = np.arange(47, dtype=np.uint8)
            archive.writestr(f"{stem}-images-idx3-ubyte.gz", gzip.compress(packed(images)))
            archive.writestr(f"{stem}-labels-idx1-ubyte.gz", gzip.compress(packed(labels)))
    return hashlib.sha256((folder / "gzip.zip").read_bytes()).hexdigest(), images


def published(digest, *addresses):
    file = RemoteFile("gzip.zip", 1, digest, "this test")
    return DataSet("test", addresses, (file,), {}, "", "")


def test_a_download_falls_back_to_the_next_mirror_and_is_kept(tmp_path, server):
    folder, address = server
    digest, images = emnist_zip(folder)
    fetch = ArchiveDataset(filepath=str(tmp_path / "kept")).load()
    data_set = published(f"sha256:{digest}", CLOSED, address)
    path = fetch("emnist", data_set)["gzip.zip"]
    np.testing.assert_array_equal(
        read_zipped_idx(path, "emnist-balanced-test-images-idx3-ubyte.gz"), images
    )
    (folder / "gzip.zip").unlink()
    assert fetch("emnist", data_set)["gzip.zip"] == path


def test_own_addresses_come_first(tmp_path, server):
    folder, address = server
    digest, _ = emnist_zip(folder)
    archives = ArchiveDataset(filepath=str(tmp_path), addresses={"emnist": [address]})
    assert archives.load()("emnist", published(f"sha256:{digest}", CLOSED))["gzip.zip"].is_file()


def test_a_flipped_byte_is_refused_and_leaves_no_file(tmp_path, server):
    folder, address = server
    digest, _ = emnist_zip(folder)
    data = bytearray((folder / "gzip.zip").read_bytes())
    data[100] ^= 1
    (folder / "gzip.zip").write_bytes(data)
    cache = tmp_path / "kept"
    with pytest.raises(ConnectionError, match="hash"):
        ArchiveDataset(filepath=str(cache)).load()("emnist", published(f"sha256:{digest}", address))
    assert not list(cache.rglob("*.zip"))


def test_without_a_network_the_error_names_each_address_and_the_ways_around(tmp_path):
    data_set = published("sha256:" + "0" * 64, CLOSED)
    with pytest.raises(ConnectionError, match="127.0.0.1:9") as error:
        ArchiveDataset(filepath=str(tmp_path)).load()("emnist", data_set)
    assert "source=embedded" in str(error.value)


def test_a_file_without_a_published_hash_is_taken_with_a_warning(tmp_path, server, caplog):
    folder, address = server
    emnist_zip(folder)
    fetch = ArchiveDataset(filepath=str(tmp_path)).load()
    assert fetch("emnist", published(UNVERIFIED, address))["gzip.zip"].is_file()
    assert "unverified" in caplog.text


@pytest.mark.parametrize("member", ["../evil.gz", "/evil.gz", "a/../../evil.gz", "..\\evil.gz"])
def test_a_zip_that_reaches_outside_is_refused(tmp_path, member):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fine.gz", b"")
        archive.writestr(member, b"")
    with pytest.raises(ValueError, match="inside the archive"):
        read_zipped_idx(path, "fine.gz")


def test_a_zip_without_the_file_or_no_zip_at_all_is_refused(tmp_path):
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.gz", b"")
    with pytest.raises(ValueError, match=r"Expected wanted\.gz once"):
        read_zipped_idx(path, "wanted.gz")
    path.write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"some\.zip"):
        read_zipped_idx(path, "wanted.gz")


def test_our_names_of_the_classes_are_those_of_emnists_own_mapping(mirror):
    lines = (mirror / "emnist" / "emnist-bymerge-mapping.txt").read_text().split("\n")
    pairs = [line.split() for line in lines if line.strip()]
    assert [int(label) for label, _ in pairs] == list(range(47))
    assert tuple(chr(int(code)) for _, code in pairs) == class_names("emnist", "bymerge")
