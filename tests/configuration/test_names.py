"""Names of parameters: any beside any other, and a wrong one is known as such."""

from collections.abc import Mapping
from itertools import permutations
from typing import Annotated

import pytest
from pydantic import Field

from atelier.configuration.names import Names, arrange_parameters, merge_trees
from atelier.params import Params


@pytest.mark.parametrize(
    "items",
    list(permutations([("picture", "a.png"), ("picture.otsu.block", 2), ("picture.otsu.x", 3)])),
)
def test_a_short_name_and_the_group_of_its_name_are_both_heard_in_any_order(items):
    assert arrange_parameters(dict(items)) == {
        "short": {"picture": "a.png"},
        "picture": {"otsu": {"block": 2, "x": 3}},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"seed": None}, {"short": {"seed": None}}),
        ({"seed": [1]}, {"short": {"seed": [1]}}),
        ({"short.seed": 1, "fold": 2}, {"short": {"seed": 1, "fold": 2}}),
        ({"short": {"seed": 1}, "seed": 2}, {"short": {"seed": 2}}),
        ({"a": {"b": {"c": 1}}, "a.b.d": 2}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a.b.c": 1, "a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": {"b": {3: 0.1}}}, {"a": {"b": {3: 0.1}}}),
        ({"a": {}}, {"a": {}}),
    ],
)
def test_names_are_nested_by_their_dots(given, expected):
    assert arrange_parameters(given) == expected
    assert arrange_parameters(arrange_parameters(given)) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"a.b": 1, "a.b.c": 2},
        {"a.b.c": 2, "a.b": 1},
        {"a": {"b": 1}, "a.b.c": 2},
        {"a": {"b": {"c": 1}}, "a.b": None},
    ],
)
def test_a_value_and_a_group_at_once_are_refused(given):
    with pytest.raises(ValueError, match="Expected 'a.b' to be a value or a group"):
        arrange_parameters(given)


def test_joining_keeps_every_name():
    assert merge_trees({"a": {"b": 1}, "c": None}, {"a": {"d": None, "b": None}, "c": 2}) == {
        "a": {"b": 1, "d": None},
        "c": 2,
    }


class Step(Params):
    rate: float
    blur: float = 0


class Training(Params):
    epochs: Annotated[int, Field(gt=0)]
    step: Step | None = None
    presets: dict[str, Step]
    levels: Mapping[str, tuple[float, ...]]
    changes: dict


DECLARED = {
    "digits": {
        "training": {"epochs": 3, "presets": {}}, "free": {"a": 1}, "unset": None, "runs": "best",
    },
    "style": {"style": {"weight": 1}},
}  # fmt: skip
NAMES = Names(DECLARED, {"digits.training": Training}, {"short.seed", "short.style", "model.kind"})


def unknown(text: str) -> list[str]:
    return [".".join(path) for path in NAMES.unknown_paths(arrange_parameters({text: 1}))]


@pytest.mark.parametrize(
    "name",
    [
        "seed", "style", "style.style.weight", "digits.training.epochs",
        "digits.training.step.rate",
        "digits.training.presets.mine.rate", "digits.training.levels.mine", "model.kind",
        "digits.training.changes.mine.deep", "digits.free.b", "digits.free.b.c", "digits.unset",
        "digits.unset.a", "digits.runs",
    ],
)  # fmt: skip
def test_known_names_and_new_keys_of_dictionaries_pass(name):
    assert unknown(name) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sead", "Did you mean 'seed'?"),
        ("epochs", "Did you mean 'digits.training.epochs'?"),
        ("digits", "such as digits.training.epochs=…"),
        ("digitz.training.epochs", "Did you mean 'digits'? Known groups: digits, model, style"),
        ("digits.trainign.epochs", "Did you mean 'digits.training'?"),
        ("digits.training.epohcs", "Did you mean 'digits.training.epochs'?"),
        ("digits.training.step.rte", "Did you mean 'digits.training.step.rate'? Known in"),
        ("digits.training.presets.mine.bulr", "Did you mean 'digits.training.presets.mine.blur'?"),
        ("digits.runs.x", "Received: 'digits.runs.x'."),
        ("model.knid", "Did you mean 'model.kind'?"),
        ("zzz", "Short names: seed, style"),
    ],
)
def test_an_unknown_name_is_told_with_what_it_resembles(name, expected):
    (path,) = NAMES.unknown_paths(arrange_parameters({name: "secret7"}))
    complaint = NAMES.describe_unknown(path)
    assert expected in complaint
    assert "secret7" not in complaint
