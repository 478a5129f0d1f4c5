from .comparison import paired_gain
from .grayscale import normalise, to_grey
from .params import CellSourceParams, CellSplitParams, SplittingParams
from .reading import CellSource, read_cell_folder, read_cells, split_cells
from .samples import DrawnCells, Sample, draw_cells, pack, unpack
from .watershed import cells_from_probability, split_touching

__all__ = [
    "CellSource",
    "CellSourceParams",
    "CellSplitParams",
    "DrawnCells",
    "Sample",
    "SplittingParams",
    "cells_from_probability",
    "draw_cells",
    "normalise",
    "pack",
    "paired_gain",
    "read_cell_folder",
    "read_cells",
    "split_cells",
    "split_touching",
    "to_grey",
    "unpack",
]
