from .comparison import paired_gain
from .grayscale import normalise, to_grey
from .params import CellSourceParams, CellSplitParams, SplittingParams
from .reading import CellSource, read_cells, read_folder, split_cells
from .samples import Drawn, Sample, draw_cells, pack, unpack
from .watershed import split_touching, to_cells

__all__ = [
    "CellSource",
    "CellSourceParams",
    "CellSplitParams",
    "Drawn",
    "Sample",
    "SplittingParams",
    "draw_cells",
    "normalise",
    "pack",
    "paired_gain",
    "read_cells",
    "read_folder",
    "split_cells",
    "split_touching",
    "to_cells",
    "to_grey",
    "unpack",
]
