import numpy as np
import pytest
from matplotlib.figure import Figure
from support.cells import MemoryStore, image_file
from support.pipelines import run
from support.unet import unet_params

from atelier.cells.params import SplittingParams
from atelier.cells.samples import Sample, draw_cells, pack
from atelier.pipelines import segment
from atelier.segmentation.params import (
    ApplicationParams,
    CellParams,
    PredictionParams,
)
from atelier.segmentation.prediction import pixel_log_odds
from atelier.segmentation.training import build_unet

UNET = unet_params()
RULE = CellParams(threshold=0.5, smoothing=1.0, depth=1.5, least=10)
DRAWN = draw_cells(4, (48, 64), seed=0)
FILES = [image_file(f"w{i}", image) for i, image in enumerate(DRAWN.images[..., 0])]


def trained():
    model = build_unet(UNET)
    image, labels = DRAWN.images[0, ..., 0], DRAWN.labels[0]
    return {
        "model": model,
        "params": UNET.model_dump(),
        "validation": pack({"v": Sample(image, labels)}),
        "logits": {"v": pixel_log_odds(model, image, UNET, tile=64)},
    }


def never():
    pytest.fail("Otsu and EM need no network")


@pytest.mark.parametrize("method", ["unet", "otsu", "em"])
def test_each_method_writes_results_tables_counts_and_a_contact_sheet(method):
    store = MemoryStore()
    inputs = {
        "segment.images": FILES,
        "segment.trained": trained if method == "unet" else never,
        "segment.results": store,
        "params:segment.application": ApplicationParams(method=method, unreadable=0.1),
        "params:cells.prediction": PredictionParams(tile=32, turns=1, cells=RULE),
        "params:cells.watershed": SplittingParams(smoothing=1.0, depth=1.5, least=10),
    }
    outputs = run(segment.create_pipeline(), **inputs)
    table, images = outputs["segment.cells_table"], outputs["segment.images_table"]
    assert list(store.images) == images["result"].tolist() == ["w0", "w1", "w2", "w3"]
    counted = [int(image.labels.max()) for image in store.images.values()]
    assert images["cells"].tolist() == counted
    assert len(table) == sum(counted)
    if method == "unet":
        assert table["match_probability"].between(0, 1).all()
    else:
        assert table["match_probability"].isna().all()
    metrics = outputs["segment.application_metrics"]
    assert (metrics["images"], metrics["cells"], metrics["unreadable"]) == (4, sum(counted), 0)
    figure = outputs["segment.contact_sheet_figure"]
    assert isinstance(figure, Figure)
    assert f"{sum(counted)} cells in 4 images" in figure.get_suptitle()
    assert len(store.tables[0]) == len(table)
    if method != "unet":
        truth = [len(np.unique(labels)) - 1 for labels in DRAWN.labels]
        assert sum(counted) == pytest.approx(sum(truth), rel=0.35)
