from . import figures as figures
from .checks import (
    check_source,
    class_imbalance,
    count_duplicates,
    split_metrics,
    splits_digest,
    warn_of_duplicates,
)
from .class_statistics import class_moments, class_table, deviation_metrics, most_variable_classes
from .corruptions import CORRUPTIONS, corrupt
from .embedded import embedded_source
from .glyphs import draw_glyphs
from .idx import parse_idx, read_idx
from .params import SPLITS, SourceParams, SplitParams
from .pictures import (
    EMBEDDED,
    average_areas,
    longer_side_shape,
    read_picture,
    resize_longer_side,
    resize_to,
    to_rgb,
)
from .provenance import input_rule, provenance_record
from .reading import Part, Source, read_source
from .shapes import match_images
from .splits import random_subset, split_source, stratified_split
from .user_data.params import UserDataParams
from .user_data.reading import read_user_data
from .vgg_weights import VggWeights, read_vgg_weights

__all__ = [
    "CORRUPTIONS",
    "EMBEDDED",
    "SPLITS",
    "Part",
    "Source",
    "SourceParams",
    "SplitParams",
    "UserDataParams",
    "VggWeights",
    "average_areas",
    "check_source",
    "class_imbalance",
    "class_moments",
    "class_table",
    "corrupt",
    "count_duplicates",
    "deviation_metrics",
    "draw_glyphs",
    "embedded_source",
    "figures",
    "input_rule",
    "longer_side_shape",
    "match_images",
    "most_variable_classes",
    "parse_idx",
    "provenance_record",
    "random_subset",
    "read_idx",
    "read_picture",
    "read_source",
    "read_user_data",
    "read_vgg_weights",
    "resize_longer_side",
    "resize_to",
    "split_metrics",
    "split_source",
    "splits_digest",
    "stratified_split",
    "to_rgb",
    "warn_of_duplicates",
]
