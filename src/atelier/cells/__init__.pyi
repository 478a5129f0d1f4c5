from . import figures as figures
from .comparison import method_metrics, paired_gain, pictures_by_score, score_segmentations
from .grayscale import normalise, stored_grey, to_grey
from .params import CellSourceParams, CellSplitParams, SplittingParams
from .reading import PARTS, CellSource, read_cell_folder, read_cells, split_cells
from .samples import (
    DrawnCells,
    Sample,
    cell_table,
    draw_cells,
    pack,
    repeated_pictures,
    unpack,
)
from .watershed import cells_from_probability, split_touching

__all__ = [
    "PARTS",
    "CellSource",
    "CellSourceParams",
    "CellSplitParams",
    "DrawnCells",
    "Sample",
    "SplittingParams",
    "cell_table",
    "cells_from_probability",
    "draw_cells",
    "figures",
    "method_metrics",
    "normalise",
    "pack",
    "paired_gain",
    "pictures_by_score",
    "read_cell_folder",
    "read_cells",
    "repeated_pictures",
    "score_segmentations",
    "split_cells",
    "split_touching",
    "stored_grey",
    "to_grey",
    "unpack",
]
