import mlflow
import numpy as np
import pytest
from kedro.io import DatasetError
from PIL import Image

from atelier.data import pictures
from atelier.datasets.picture import GalleryDataset, PictureDataset, PicturesDataset
from atelier.datasets.sinks import RunSinksDataset
from atelier.datasets.tracked import ProvenanceDataset
from atelier.datasets.vgg_weights import VggWeightsDataset


@pytest.fixture
def red(tmp_path):
    """A red picture of 4 by 6 pixels in a file."""
    path = tmp_path / "red.png"
    Image.new("RGB", (6, 4), (255, 0, 0)).save(path)
    return path


def test_a_picture_comes_from_a_file_or_along_with_a_dependency(red):
    np.testing.assert_array_equal(PictureDataset(source=str(red)).load()[0, 0], (255, 0, 0))
    assert PictureDataset(source="coins").load().shape == (303, 384)


def test_a_picture_by_address_is_downloaded_once(red, server, tmp_path):
    folder, address = server
    served = folder / "red.png"
    served.write_bytes(red.read_bytes())
    dataset = PictureDataset(source=address + "red.png", downloads=str(tmp_path / "kept"))
    first = dataset.load()
    served.unlink()
    np.testing.assert_array_equal(dataset.load(), first)


def test_an_address_without_a_picture_says_what_to_do(server, tmp_path):
    dataset = PictureDataset(source=server[1] + "none.png", downloads=str(tmp_path))
    with pytest.raises(DatasetError, match=r"none\.png.*Offline, name a file"):
        dataset.load()


def test_a_painting_comes_from_the_mirror_where_there_is_one(tmp_path, red, server, monkeypatch):
    (tmp_path / "paintings").mkdir()
    Image.open(red).save(tmp_path / "paintings" / "klimt.jpg")
    dataset = PicturesDataset(sources={"gustav": "klimt", "money": "coins"}, mirror=str(tmp_path))
    loaded = dataset.load()
    assert loaded["gustav"].shape == (4, 6, 3)
    assert loaded["money"].shape == (303, 384)
    (server[0] / "kiss.png").write_bytes(red.read_bytes())
    monkeypatch.setitem(pictures.PAINTINGS, "klimt", server[1] + "kiss.png")
    far = PicturesDataset(sources={"gustav": "klimt"}, downloads=str(tmp_path / "kept")).load()
    np.testing.assert_array_equal(far["gustav"][0, 0], (255, 0, 0))


@pytest.mark.parametrize(
    "dataset",
    [
        PictureDataset(source="coins"),
        PicturesDataset(sources={"a": "coins"}),
        VggWeightsDataset(source="hed"),
        RunSinksDataset(filepath="x"),
    ],
)
def test_what_comes_from_outside_cannot_be_saved(dataset):
    with pytest.raises(DatasetError):
        dataset.save({"a": 1})
    assert dataset.exists()


def test_a_gallery_keeps_its_pictures_and_drops_those_of_before(tmp_path, rng):
    gallery = GalleryDataset(filepath=str(tmp_path / "gallery"))
    assert not gallery.exists()
    shown = {name: rng.integers(0, 256, (5, 4, 3), dtype=np.uint8) for name in ("a", "b")}
    gallery.save({"old": shown["a"]})
    gallery.save(shown)
    loaded = gallery.load()
    assert loaded.keys() == shown.keys()
    for name, picture in shown.items():
        np.testing.assert_array_equal(loaded[name], picture)


def test_a_studio_shows_pictures_and_numbers_as_they_come(tmp_path, run, rng):
    studio = RunSinksDataset(filepath=str(tmp_path / "desk")).load()
    album, curve = studio.image_log("scream"), studio.metric_log("scream")
    client = mlflow.MlflowClient()
    for step in range(2):
        album.append(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        curve.append({"loss": 2.0 - step})
        names = [one.path for one in client.list_artifacts(run.info.run_id, "images")]
        assert sum(f"/scream+step+{step}+" in name and name.endswith(".png") for name in names) == 1
    history = client.get_metric_history(run.info.run_id, "scream/loss")
    assert [one.value for one in history] == [2.0, 1.0]


def test_every_work_of_a_studio_keeps_its_own_state_until_it_is_cleared(tmp_path):
    studio = RunSinksDataset(filepath=str(tmp_path / "desk")).load()
    for name in ("a", "b"):
        studio.checkpoint(name).save("same", {"x": np.array(name)})
    assert str(studio.checkpoint("a").restore("same")["x"]) == "a"
    studio.clear()
    assert studio.checkpoint("a").restore("same") is None


def test_the_tag_says_which_weights_were_used(tmp_path, run):
    path = str(tmp_path / "trunk.json")
    dataset = ProvenanceDataset(filepath=path, prefix="style", tag="weights")
    dataset.save({"name": "VGG16", "digest": "ab" * 32})
    assert mlflow.MlflowClient().get_run(run.info.run_id).data.tags["weights"] == "VGG16"
