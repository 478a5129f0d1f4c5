"""The annotation pipeline on drawn cells, with trainings of a few steps."""

import numpy as np
from matplotlib.figure import Figure
from support.pipelines import run
from support.unet import STILL, unet_params

from atelier.cells.samples import Sample, draw_cells, pack
from atelier.pipelines import annotation
from atelier.segmentation.params import (
    AnnotationParams,
    PredictionParams,
)
from atelier.sweep.chunk_store import StudyFolder

RECIPE = unet_params(
    deformation=STILL.model_copy(update={"flips": True}), steps=100, report_every=50
)
RULE = {"threshold": 0.5, "smoothing": 1.0, "depth": 1.5, "least": 10}


def samples(count, seed):
    drawn = draw_cells(count, (48, 48), seed=seed)
    return pack([Sample(image[..., 0], labels) for image, labels in zip(*drawn, strict=True)])


def outputs(folder):
    test = samples(3, seed=9)
    otsu = {
        name.removeprefix("labels."): v for name, v in test.items() if name.startswith("labels")
    }
    return run(
        annotation.create_pipeline(),
        **{
            "cells.train_arrays": samples(3, seed=1),
            "cells.test_arrays": test,
            "cells.otsu_cells_arrays": otsu,  # finds everything
            "cells.provenance": {"name": "drawn-cells"},
            "params:cells.annotation": AnnotationParams(pictures=(1, 2, 40), draws=2, steps=3),
            "params:cells.unet": RECIPE,
            "params:cells.prediction": PredictionParams(tile=64, turns=1, cells=RULE),
            "cells.annotation_trainings": StudyFolder(folder),
        },
    )


def test_each_size_is_trained_scored_and_kept(tmp_path):
    made = outputs(tmp_path)
    matches = made["cells.annotation_matches_table"]
    assert matches.groupby(["annotated", "draw"]).size().to_dict() == {
        (size, draw): 30 for size in (1, 2) for draw in (0, 1)
    }
    assert (matches["seconds"] > 0).all()
    truth = matches["true_positives"] + matches["false_negatives"]
    assert truth.groupby(matches["image"]).nunique().tolist() == [1, 1, 1]
    metrics = made["cells.annotation_metrics"]
    assert metrics["otsu_f1"] == 1
    assert (metrics["largest"], metrics["n"], metrics["draws"]) == (2, 3, 2)
    assert np.isclose(metrics["f1_2_gain"], metrics["f1_2"] - 1)
    assert isinstance(made["cells.annotation_figure"], Figure)
    assert made["cells.annotation_text"].count("\n| ") == 4
    again = outputs(tmp_path)["cells.annotation_matches_table"]
    assert again.equals(matches)  # with the seconds of the first run
