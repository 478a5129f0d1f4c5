"""Errors that readers of files raise on damaged content."""

import lzma
import struct
import tokenize
import zipfile
import zlib

DAMAGE: tuple[type[Exception], ...] = (
    OSError,  # also: not known as a picture, truncated
    SyntaxError,  # also: a broken PNG chunk, the header of an npy file
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # also: a compression that is not known, a broken HDF5 group
    AssertionError,
    EOFError,
    MemoryError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Errors of zipfile, NumPy, h5py, pyarrow, Pillow and tifffile, which have no common type.

Only around the call of such a library may they be caught.
"""
