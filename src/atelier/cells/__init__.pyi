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
from .image_files import ImageFile, list_images
from .instance_labels import number_cells
from .labelled_folders import LabelledFolder, read_labelled_folder
from .matching import match_segmentations, matching_metrics, summarize_matches
from .measurements import measure_cells
from .params import CellSourceParams, CellSplitParams, SplittingParams
from .reading import CellSource, read_cell_folder, read_cells, split_source
from .rendering import colour_errors, colour_labels, draw_outlines
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
from .splits import CELL_SPLITS, split_cells, split_given
from .warping import homotopic_warp, warping_error
from .watershed import cells_from_mask, cells_from_probability, shrink_touching, split_touching

__all__ = [
    "CELL_SPLITS",
    "CellSource",
    "CellSourceParams",
    "CellSplitParams",
    "DrawnCells",
    "ImageFile",
    "LabelledFolder",
    "MeanInterval",
    "Sample",
    "SplittingParams",
    "cell_table",
    "cells_from_mask",
    "cells_from_probability",
    "colour_errors",
    "colour_labels",
    "draw_cells",
    "draw_outlines",
    "figures",
    "homotopic_warp",
    "list_images",
    "match_segmentations",
    "matching_metrics",
    "measure_cells",
    "method_metrics",
    "normalise",
    "number_cells",
    "pack",
    "paired_gain",
    "pictures_by_score",
    "read_cell_folder",
    "read_cells",
    "read_labelled_folder",
    "repeated_pictures",
    "score_examples",
    "score_segmentations",
    "scores",
    "shrink_touching",
    "split_cells",
    "split_given",
    "split_source",
    "split_touching",
    "stored_grey",
    "summarize_matches",
    "summarize_scores",
    "to_grey",
    "touching_pairs",
    "unpack",
    "warping_error",
]
