import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pipelines import run
from support.predictions import MemoryFolder, brightness_model, png

from atelier.pipelines import predict
from atelier.prediction.params import LabellingParams
from atelier.prediction.sources import PictureSource

PARAMS = {
    "part": 4, "unreadable": 0.3, "resize": None, "background": None, "address": None, "threads": 2
}  # fmt: skip


def label(shades, damaged=0, **params):
    entries = [(f"{shade}.png", png(np.full((8, 8), shade, np.uint8))) for shade in shades]
    entries += [(f"bad{number}.png", b"words") for number in range(damaged)]
    store = MemoryFolder()
    inputs = {
        "predict.pictures": PictureSource(None, len(entries), lambda: iter(entries)),
        "predict.served": brightness_model(),
        "predict.results": store,
        "params:predict.labelling": LabellingParams(**PARAMS | params),
    }
    return run(predict.create_pipeline(), **inputs), store


def test_the_pipeline_labels_counts_and_shows_the_surest_the_least_sure_and_the_rejected():
    outputs, store = label([1, 2, *range(20, 250, 10)])
    assert len(store.rows) == 25
    metrics = outputs["predict.predictions_metrics"]
    assert (metrics["n"], metrics["unreadable"]) == (25, 0)
    assert metrics["rejected_share"] == 2 / 25
    selected = outputs["predict.selected_table"]
    assert selected["kind"].value_counts().to_dict() == {
        "surest": 12, "least sure": 12, "rejected": 2,
    }  # fmt: skip
    shades = selected["file"].str.removesuffix(".png").astype(int)
    images = outputs["predict.selected_arrays"]["images"]
    np.testing.assert_array_equal(images[:, 3, 3, 0], shades)
    least = selected[selected["kind"] == "least sure"]["probability"]
    surest = selected[selected["kind"] == "surest"]["probability"]
    assert least.is_monotonic_increasing
    assert least.iloc[0] < surest.iloc[-1] <= surest.iloc[0]
    figure = outputs["predict.contact_sheet_figure"]
    assert isinstance(figure, Figure)
    assert "25 pictures by made, version 3 (newest)" in figure.get_suptitle()
    assert [block.get_suptitle() for block in figure.subfigs] == [
        "surest",
        "least sure",
        "rejected",
    ]
    assert sum(len(axes.images) for axes in figure.axes) == 26


def test_unreadable_pictures_are_named_and_too_many_stop_the_run_after_the_labels_are_written():
    outputs, store = label([1, 100, 200], damaged=1)
    assert outputs["predict.unreadable_table"]["file"].tolist() == ["bad0.png"]
    assert [row["file"] for row in store.rows if row["problem"]] == ["bad0.png"]
    with pytest.raises(ValueError, match=r"at most 10.00% of 4 pictures .* Received: 1"):
        label([1, 100, 200], damaged=1, unreadable=0.1)


def test_nothing_readable_still_draws_a_sheet():
    outputs, _ = label([], damaged=2, unreadable=1.0)
    assert outputs["predict.predictions_metrics"]["n"] == 0
