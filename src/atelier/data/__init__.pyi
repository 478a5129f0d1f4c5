from .corruptions import corrupt
from .glyphs import draw_glyphs
from .idx import parse_idx, read_idx
from .pictures import read_picture
from .reading import Source, SourceParams, read_source
from .splits import SplitParams, random_subset, split_source, stratified_split

__all__ = [
    "Source",
    "SourceParams",
    "SplitParams",
    "corrupt",
    "draw_glyphs",
    "parse_idx",
    "random_subset",
    "read_idx",
    "read_picture",
    "read_source",
    "split_source",
    "stratified_split",
]
