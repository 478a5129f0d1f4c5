import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from skimage.data import chelsea, immunohistochemistry
from support.pipelines import run

from atelier.data.vgg_weights import read_vgg_weights
from atelier.pipelines import style_transfer
from atelier.style_transfer.params import (
    GridParams,
    PaintingParams,
    ScaleParams,
    StyleParams,
    TransferParams,
)


class Nowhere(list):
    """A curve, an album and a checkpoint that keep nothing but what is appended."""

    def restore(self, fingerprint):
        return None

    def save(self, fingerprint, state):
        pass


class Desk:
    """A studio in memory."""

    def __init__(self):
        self.curves, self.albums, self.cleared = {}, {}, 0

    def metric_log(self, name):
        return self.curves.setdefault(name, Nowhere())

    def image_log(self, name):
        return self.albums.setdefault(name, Nowhere())

    def checkpoint(self, name):
        return Nowhere()

    def clear(self):
        self.cleared += 1


TRANSFER = TransferParams(
    content_layer="conv2_1", style_layers=("conv1_1", "conv2_1"), content_weight=1e-5,
    style_weight=0.1, variation_weight=1e-8, pooling="average", padding="replicate",
    tile="auto", normalised=False, start="content", colours="style", optimizer="lbfgs",
    learning_rate=1.0,
    scales=(ScaleParams(side=32, iterations=8), ScaleParams(side=40, iterations=8)),
    every=4, seed=0, threads=2,
)  # fmt: skip
PARAMS = StyleParams(
    transfer=TRANSFER,
    paintings=(
        PaintingParams(name="plain", styles={"tissue": 1.0}),
        PaintingParams(name="blend", styles={"tissue": 1.0, "cat": 3.0}),
    ),
)
GRID = GridParams(
    style_weights=(0.1, 10.0), starts=("content", "style", "noise"),
    scale=ScaleParams(side=32, iterations=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def desk():
    return Desk()


def given(desk, params=PARAMS):
    cat = chelsea()[::4, ::4]
    return {
        "style.content": cat,
        "style.styles": {"tissue": immunohistochemistry()[::8, ::8], "cat": cat[..., 0]},
        "style.photographs": {"cat": cat},
        "style.vgg_weights": read_vgg_weights("hed"),
        "style.run_sinks": desk,
        "params:style.style": params,
        "params:style.grid": GRID,
    }


@pytest.fixture(scope="module")
def painted(desk):
    return run(style_transfer.create_pipeline(), **given(desk))


def test_every_painting_is_there_with_its_pictures_on_the_way(painted, desk):
    paintings = painted["style.paintings_arrays"]
    assert paintings.keys() == {"plain", "blend"} == desk.albums.keys()
    for name, picture in paintings.items():
        assert picture.shape == (27, 40, 3)
        assert picture.dtype == np.uint8
        assert len(desk.albums[name]) == len(desk.curves[name]) == 5
        assert painted["style.frames_arrays"][name].shape == (5, 27, 40, 3)
    assert (paintings["plain"] != paintings["blend"]).any()
    assert desk.cleared == 1


def test_losses_have_a_row_for_every_picture(painted):
    table = painted["style.losses_table"]
    assert list(table.groupby("painting", sort=False).size()) == [5, 5]
    assert list(table["iteration"]) == [0, 4, 8, 12, 16] * 2
    assert list(table["side"]) == [32, 32, 32, 40, 40] * 2


def test_a_painting_is_nearer_to_its_style_than_the_content_was(painted):
    metrics = painted["style.paintings_metrics"]
    for name in ("plain", "blend"):
        assert metrics[f"{name}.style_error"] < metrics[f"{name}.style_error_of_content"]
        assert 0 < metrics[f"{name}.content_error"] < 1


def test_the_grid_has_a_picture_for_every_start_and_weight(painted):
    grid = painted["style.grid_arrays"]
    assert set(grid) == {f"{s}.{w}" for s in ("content", "style", "noise") for w in ("0.1", "10")}
    assert len({picture.tobytes() for picture in grid.values()}) == 6


def test_all_is_drawn(painted):
    for name in ("paintings", "losses", "grid"):
        assert isinstance(painted[f"style.{name}_figure"], Figure)
    assert painted["style.painting_animation"].frames.shape == (5, 27, 40, 3)
    assert painted["style.paintings_gallery"].keys() == {"plain", "blend"}
    plt.close("all")


def test_a_normalised_network_paints_otherwise(painted):
    transfer = TRANSFER.model_copy(update={"normalised": True, "scales": TRANSFER.scales[:1]})
    params = StyleParams(transfer=transfer, paintings=PARAMS.paintings[:1])
    otherwise = run(style_transfer.create_pipeline(), **given(Desk(), params))
    losses = [made["style.losses_table"]["conv1_1"].iloc[0] for made in (painted, otherwise)]
    assert losses[1] < 0.1 * losses[0]  # activations of mean 1, not of tens
    plt.close("all")


def test_a_style_that_is_not_in_the_catalog_is_refused(desk):
    params = PARAMS.model_copy(
        update={"paintings": (PaintingParams(name="x", styles={"cubism": 1.0}),)}
    )
    with pytest.raises(ValueError, match=r"out of \['cat', 'tissue'\].*cubism"):
        run(style_transfer.create_pipeline(), **given(desk, params))
