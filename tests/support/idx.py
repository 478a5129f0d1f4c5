"""Files in the IDX format, written by its description."""

import struct

import numpy as np

from atelier.data.idx import TYPES


def packed(array: np.ndarray) -> bytes:
    codes = {np.dtype(known).newbyteorder("="): code for code, known in TYPES.items()}
    header = struct.pack(">BBBB", 0, 0, codes[array.dtype], array.ndim)
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()
