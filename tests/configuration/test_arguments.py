"""What stands after ``--params``: Kedro's own parser says what plain values are."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kedro.framework.cli.utils import _split_params

from atelier.configuration.arguments import format_parameters, parse_parameters

NAMES = st.from_regex(r"[a-z]\w{0,8}(\.[a-z]\w{0,8}){0,3}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(
    lambda text: "$" not in text  # an interpolation, which OmegaConf resolves later
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "text",
    [
        "", "seed=3", "a=1e-3,b=0x10,c=012,d=1_000", "a=true,b=yes,c=Off,d=null,e=~,f=",
        " a = b ,, c=3,", "picture=my file's.png,style=/a/b=c.jpg", "day=2020-01-01,v=1.2.3",
        "style=https://host/x.png?width=3,seed=0", "a='b c',d=\"e\"", "mirror=~/data,n=.5,o=-.inf",
    ],
)  # fmt: skip
def test_what_kedro_can_read_is_read_as_kedro_does(text):
    assert parse_parameters(text) == _split_params(None, SimpleNamespace(name="params"), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("picture=my #1.png,seed=3", {"picture": "my #1.png", "seed": 3}),
        ("picture=#1.png", {"picture": "#1.png"}),
        ("picture='a, b.png',seed=3", {"picture": "a, b.png", "seed": 3}),
        ("picture='it''s, so.png'", {"picture": "it's, so.png"}),
        (r'picture="C:\\a, b.png"', {"picture": r"C:\a, b.png"}),
        ("a.b=[1, 2,3],c=[]", {"a.b": [1, 2, 3], "c": []}),
        ("a={b: [1, 'x,]}'], c: {d: ~}},e=1", {"a": {"b": [1, "x,]}"], "c": {"d": None}}, "e": 1}),
        ("a=[it's, \"b'\"]", {"a": ["it's", "b'"]}),
        ("a=*x,b=@x,c=!x,d=%x,e=a: b", {"a": "*x", "b": "@x", "c": "!x", "d": "%x", "e": "a: b"}),
        ("picture=a[1.png,b=c}d", {"picture": "a[1.png", "b": "c}d"}),
        ("seed=1,seed=2", {"seed": 2}),
        ("picture=\udcff.png", {"picture": "\udcff.png"}),  # a file name that is not UTF-8
    ],
)  # fmt: skip
def test_quotes_brackets_and_signs_are_read(text, expected):
    assert parse_parameters(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "secret7", "a=1,secret7", "=secret7", "a='secret7", "a='x'secret7", "a=[secret7",
        "a=[1]secret7", "a={b: [secret7}", "a=secret7,,secret7",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_without_showing_it(text):
    with pytest.raises(ValueError, match="Expected") as caught:
        parse_parameters(text)
    assert "secret7" not in str(caught.value)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
@example({"a": "x, y"})
@example({"a": " x"})
@example({"a": "x #y", "b": "#", "c": "'", "d": '"', "e": "=", "f": "a=b,c=d"})
@example({"a": "null", "b": "3", "c": "1e3", "d": "true", "e": "", "f": "012", "g": "~"})
@example({"a": "\n", "b": "\\n", "c": "\x7f\x85\u2028\ufeff😀"})
@example({"a": [1e16, 1e-7, math.inf, None, True, "no"], "b": {"x y": {"a,b": "c: d"}}})
def test_what_is_written_is_read_again(values):
    again = parse_parameters(format_parameters(values))
    assert again == values
    assert list(map(type, again.values())) == list(map(type, values.values()))


def test_tuples_are_written_as_lists_and_paths_as_texts(tmp_path):
    again = parse_parameters(format_parameters({"a": (1, (2, "x")), "b": tmp_path}))
    assert again == {"a": [1, [2, "x"]], "b": str(tmp_path)}


def test_not_a_number_is_written_and_read():
    assert math.isnan(parse_parameters(format_parameters({"a": math.nan}))["a"])
