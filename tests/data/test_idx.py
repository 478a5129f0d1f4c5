import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.idx import packed
from support.memory import peak_memory

from atelier.data.idx import TYPES, parse_idx, read_idx

HAND = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])


def test_a_file_written_by_hand_gives_its_rows():
    assert parse_idx(HAND).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        (0x09, b"\xff", -1),
        (0x0B, b"\x01\x00", 256),
        (0x0C, b"\x00\x01\x00\x00", 65536),
        (0x0D, b"\x3f\xc0\x00\x00", 1.5),
        (0x0E, b"\xc0\x04\x00\x00\x00\x00\x00\x00", -2.5),
    ],
)
def test_every_type_is_read_big_endian_and_returned_native(code, value, expected):
    (number,) = parse_idx(bytes([0, 0, code, 1, 0, 0, 0, 1]) + value)
    assert number == expected
    assert number.dtype.isnative


@given(
    hnp.arrays(
        st.sampled_from([dtype.newbyteorder("=") for dtype in TYPES.values()]),
        hnp.array_shapes(max_dims=4, max_side=4),
    )
)
def test_what_is_packed_comes_back(array):
    np.testing.assert_array_equal(parse_idx(packed(array)), array)


@pytest.mark.parametrize(
    ("data", "expected", "received"),
    [
        (b"", "4 bytes or more", "0 bytes"),
        (b"\0\0\x08", "4 bytes or more", "3 bytes"),
        (b"\1" + HAND[1:], "begin with 00 00", "01 00"),
        (b"\0\0\7" + HAND[3:], "type among 0x08", "0x07"),
        (b"\0\0\x08\0", "1 to 255 dimensions", "0"),
        (HAND[:7], "12 bytes of IDX header", "7 bytes"),
        (HAND[:-1], "18 bytes for shape (2, 3)", "truncated"),
        (HAND + b"\0", "18 bytes for shape (2, 3)", "trailing"),
        (b"\0\0\x08\4\0\0\0\0" + b"\xff" * 12, "the shape of an array", ""),
    ],
)
def test_a_wrong_file_is_refused_with_what_was_expected_and_what_came(data, expected, received):
    with pytest.raises(ValueError, match="Expected") as error:
        parse_idx(data)
    assert expected in str(error.value).split("Received")[0]
    assert received in str(error.value).split("Received")[1]


def test_nothing_is_allocated_on_the_word_of_a_header():
    liar = b"\0\0\x08\4" + b"\xff" * 16

    def read():
        with pytest.raises(ValueError, match="truncated"):
            parse_idx(liar)

    assert peak_memory(read) < 100_000


def test_gzip_is_unpacked_and_errors_name_the_file(tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(HAND))
    assert read_idx(path).shape == (2, 3)
    path.write_bytes(gzip.compress(HAND)[:-6])
    with pytest.raises(ValueError, match=r"labels\.gz: Expected a whole gzip stream"):
        read_idx(path)


def test_a_flipped_byte_in_a_gzip_is_found(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)
    data = bytearray(gzip.compress(packed(noise)))
    data[len(data) // 2] ^= 1
    path = tmp_path / "images.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="whole gzip stream"):
        read_idx(path)


def test_real_mnist_has_its_known_first_labels(mirror):
    labels = read_idx(mirror / "mnist" / "train-labels-idx1-ubyte.gz")
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip


def test_a_file_that_is_not_compressed_is_read_as_it_is(tmp_path):
    path = tmp_path / "labels-idx1-ubyte"
    path.write_bytes(b"\0\0\x08\x01\0\0\0\x03abc")
    assert read_idx(path).tolist() == [97, 98, 99]


def test_a_file_without_values_is_an_empty_array():
    assert parse_idx(b"\0\0\x0d\2\0\0\0\0\0\0\0\x1c").shape == (0, 28)
