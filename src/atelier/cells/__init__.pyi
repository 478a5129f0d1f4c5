from . import figures as figures
from . import scores as scores
from .comparison import (
    MeanInterval,
    method_metrics,
    paired_gain,
    pictures_by_score,
    score_examples,
    score_segmentations,
    summarize_scores,
)
from .grayscale import normalise, stored_grey, to_grey
from .instance_labels import number_cells
from .params import CellSourceParams, CellSplitParams, SplittingParams
from .reading import CELL_SPLITS, CellSource, read_cell_folder, read_cells, split_cells
from .rendering import colour_errors, colour_labels
from .samples import (
    DrawnCells,
    Sample,
    cell_table,
    draw_cells,
    pack,
    repeated_pictures,
    touching_pairs,
    unpack,
)
from .warping import homotopic_warp, warping_error
from .watershed import cells_from_mask, cells_from_probability, shrink_touching, split_touching

__all__ = [
    "CELL_SPLITS",
    "CellSource",
    "CellSourceParams",
    "CellSplitParams",
    "DrawnCells",
    "MeanInterval",
    "Sample",
    "SplittingParams",
    "cell_table",
    "cells_from_mask",
    "cells_from_probability",
    "colour_errors",
    "colour_labels",
    "draw_cells",
    "figures",
    "homotopic_warp",
    "method_metrics",
    "normalise",
    "number_cells",
    "pack",
    "paired_gain",
    "pictures_by_score",
    "read_cell_folder",
    "read_cells",
    "repeated_pictures",
    "score_examples",
    "score_segmentations",
    "scores",
    "shrink_touching",
    "split_cells",
    "split_touching",
    "stored_grey",
    "summarize_scores",
    "to_grey",
    "touching_pairs",
    "unpack",
    "warping_error",
]
