"""The parts from which facts are made."""

import datetime as dt
import functools
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from kedro.io import AbstractDataset, CachedDataset, MemoryDataset
from kedro.io.core import Version
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset
from pydantic import BaseModel

from atelier.incremental import with_effects, with_reads
from atelier.incremental.canonical import CanonicalTextError, canonical_text
from atelier.incremental.contents import Content, Contents
from atelier.incremental.dataset_files import is_stored, path_of
from atelier.incremental.dataset_settings import settings_digest
from atelier.incremental.declarations import declared_reads, declares_effects
from atelier.incremental.facts import Facts
from atelier.incremental.file_states import stamp_of
from atelier.incremental.functions import function_content
from atelier.incremental.libraries import UNKNOWN, library_versions
from atelier.incremental.links import CodePart
from atelier.incremental.parameters import parameter_texts
from atelier.incremental.reasons import differences, join_reasons
from atelier.incremental.records import Record, Records
from atelier.incremental.steps import steps_of


class Model(BaseModel):
    rate: float
    sizes: list[int]


@dataclass
class Options:
    rate: float


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (1, True),
        (1, 1.0),
        (1, "1"),
        ({1: 2}, {"1": 2}),
        ([1, 2], [2, 1]),
        (dt.date(2020, 1, 1), dt.date(2020, 1, 2)),
        (np.arange(10_000), np.arange(10_000)[::-1].copy()),
        (np.zeros(4, np.float32), np.zeros(4)),
        (Model(rate=1, sizes=[1]), Model(rate=2, sizes=[1])),
        (Path("a"), Path("b")),
        (int, float),
        (None, "null"),
    ],
)
def test_different_values_have_different_texts(value, other):
    assert canonical_text(value) == canonical_text(value)
    assert canonical_text(value) != canonical_text(other)


def test_the_order_of_keys_and_of_sets_does_not_count():
    assert canonical_text({"a": 1, "b": {"x", "y"}}) == canonical_text({"b": {"y", "x"}, "a": 1})


def test_values_of_unknown_types_have_no_text():
    with pytest.raises(CanonicalTextError, match="Received: builtins.object"):
        canonical_text([object()])


def test_parameters_are_named_leaf_by_leaf():
    nothing = lambda name, value: False  # noqa: E731
    value = {"model": Model(rate=0.5, sizes=[1]), "empty": {}, "options": Options(2.0)}
    assert parameter_texts("params:fit", value, nothing) == {
        "fit.model.rate": "0.5",
        "fit.model.sizes": "[1]",
        "fit.empty": "{}",
        "fit.options.rate": "2.0",
    }
    assert parameter_texts("parameters", {"a": {"b": 1}}, nothing) == {"a.b": "1"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ({"code": {"a": "1"}}, {"code": {"a": "2"}}, "code of a changed"),
        ({}, {"code": {"a": "1"}}, "code of a is used now"),
        ({"code": {"a": "1"}}, {}, "code of a is no longer used"),
        ({"parameters": {"a": "1"}}, {"parameters": {"a": '"x"'}}, "parameter a 1 → x"),
        ({"parameters": {"a": "1"}}, {}, "parameter a removed"),
        ({}, {"parameters": {"a": "1"}}, "parameter a added: 1"),
        ({"arguments": {"f.x": "1"}}, {"arguments": {"f.x": "2"}}, "argument f.x 1 → 2"),
        ({"inputs": {"a": "1"}}, {"inputs": {"a": "2"}}, "input a changed"),
        ({"inputs": {"a": "1"}}, {"inputs": {"a": ""}}, "input a missing"),
        ({"files": {"a": "1"}}, {"files": {"a": "2"}}, "file a changed"),
        ({"settings": {"a": "1"}}, {"settings": {"a": "2"}}, "settings of dataset a changed"),
        ({"libraries": {"a": "1.0"}}, {"libraries": {"a": "1.1"}}, "library a 1.0 → 1.1"),
        ({"environment": {"threads": "2"}}, {"environment": {"threads": "4"}}, "threads 2 → 4"),
        ({"names": {"inputs": "1"}}, {"names": {"inputs": "2"}}, "inputs of the node changed"),
    ],
)
def test_each_difference_is_a_sentence(old, new, sentence):
    assert differences(Facts(**old), Facts(**new)) == [sentence]


def test_long_values_are_cut():
    long = f'"{"y" * 99}"'
    (line,) = differences(Facts(parameters={"a": '"x"'}), Facts(parameters={"a": long}))
    assert len(line) < 90
    assert line.endswith("y…")


def test_few_reasons_are_all_said():
    assert join_reasons(["a", "b", "c"]) == "a; b; c"


def factory(name, function=len):
    def run(data):
        return name, function(data)

    return run


def helper(data):
    return data


def test_a_function_is_known_by_its_code_and_what_is_bound_to_it():
    content = function_content(functools.partial(factory("a", helper), data=3))
    here = factory.__module__
    assert {CodePart(here, "factory"), CodePart(here, "helper")} <= content.parts
    assert content.values == {"run.name": "a", "factory.<locals>.run.data": 3}


def test_wrapped_functions_and_their_wrappers_are_both_known():
    parts = function_content(with_reads(helper, list)).parts
    wrapper = CodePart("atelier.incremental.declarations", "_declare")
    assert {CodePart(helper.__module__, "helper"), wrapper} <= parts


class Counter:
    def __init__(self, start):
        self.start = start

    def __call__(self, data):
        return self.start + len(data)

    def count(self, data):
        return self(data)


@pytest.mark.parametrize("function", [Counter(2), Counter(2).count])
def test_objects_are_known_by_their_class_and_their_fields(function):
    content = function_content(function)
    assert CodePart(Counter.__module__, "Counter") in content.parts
    assert content.values == {"Counter.start": 2}


def test_a_method_of_a_builtin_is_known_by_its_object():
    assert function_content({"a": 1}.get).values == {"dict.get.self": {"a": 1}}


def test_versions_of_libraries_with_other_names_are_found():
    found = library_versions(["sklearn", "yaml", "numpy", "nowhere"])
    assert {name: text.lower() for name, text in found.items()} == {
        "sklearn": f"scikit-learn {version('scikit-learn')}",
        "yaml": f"pyyaml {version('pyyaml')}",
        "numpy": version("numpy"),
        "nowhere": UNKNOWN,
    }


def test_declared_files_come_from_parameters_by_the_names_of_arguments():
    def read(data, options, further):
        return options, further

    function = with_reads(read, lambda further, options: [options["a"], *further])
    node = Node(function, ["data", "params:x", "params:y"], "out")
    parameters = {"params:x": {"a": "one"}, "params:y": ["two"]}
    assert declared_reads(node, parameters) == [Path("one"), Path("two")]
    by_name = Node(function, {"data": "data", "options": "params:x", "further": "params:y"}, "out")
    assert declared_reads(by_name, parameters) == [Path("one"), Path("two")]
    assert declared_reads(Node(read, ["data", "params:x", "params:y"], "out"), parameters) == []


def test_declarations_survive_each_other():
    node = Node(with_effects(with_reads(len, lambda: ["a"])), "x", "y")
    assert declares_effects(node)
    assert declared_reads(node, {}) == [Path("a")]


def test_settings_do_not_depend_on_the_folder_of_the_project_or_on_metadata():
    def digest(folder, **options):
        dataset = JSONDataset(filepath=f"{folder}/data/x.json", **options)
        return settings_digest(dataset, Path(folder))

    assert digest("/one") == digest("/other", metadata={"a": 1})
    assert digest("/one") != digest("/one", save_args={"indent": 2})


def test_a_setting_without_a_text_is_told():
    with pytest.raises(CanonicalTextError):
        settings_digest(JSONDataset(filepath="x.json", save_args={"default": object()}), Path())


def test_what_is_stored():
    file = JSONDataset(filepath="x.json")
    assert is_stored(file)
    assert is_stored(CachedDataset(file))
    assert not is_stored(MemoryDataset())
    assert not is_stored(CachedDataset(MemoryDataset()))


def test_datasets_without_a_local_file_have_no_path():
    assert path_of(Nowhere()) is None
    assert path_of(JSONDataset(filepath="memory://x.json")) is None


def test_of_several_versions_the_newest_counts(tmp_path):
    path = (tmp_path / "x.json").as_posix()
    contents = Contents()
    assert contents.of_dataset(JSONDataset(filepath=path, version=Version(None, None))) is None
    digests = []
    for number in (1, 2):
        saved = Version(None, f"2026-01-0{number}T00.00.00.000Z")
        JSONDataset(filepath=path, version=saved).save(number)
        reader = JSONDataset(filepath=path, version=Version(None, None))
        digests.append(contents.of_dataset(reader).digest)
    assert digests[0] != digests[1]


def test_a_folder_is_known_by_names_and_contents(tmp_path):
    contents = Contents()
    (tmp_path / "a").write_text("1")
    first = contents.of_path(tmp_path)
    (tmp_path / ".hidden").write_text("1")
    assert Contents().of_path(tmp_path).digest == first.digest
    (tmp_path / "a").rename(tmp_path / "b")
    assert Contents().of_path(tmp_path).digest != first.digest


def test_a_file_with_a_known_stamp_is_not_read(tmp_path):
    path = tmp_path / "a"
    path.write_text("1")
    planted = Content(digest="planted", stamp=stamp_of(path))
    assert Contents().of_path(path, planted) == planted
    os.utime(path, (1, 1))
    assert Contents().of_path(path, planted).digest != "planted"


def test_a_file_that_was_only_just_written_is_read_again(tmp_path):
    """A second change within a tick of the clock would have the same stamp."""
    path = tmp_path / "a"
    path.write_text("1")
    assert Contents().of_path(path).stamp is None
    assert stamp_of(path) is not None


class Nowhere(AbstractDataset):
    def load(self): ...

    def save(self, data): ...

    def _describe(self):
        return {}


class Remote(Nowhere):
    def content_digest(self):
        return "of the registry"


def test_a_dataset_can_tell_its_content_itself():
    assert Contents().of_dataset(Remote()) == Content(digest="of the registry")


def test_the_record_of_another_node_under_the_same_name_of_a_file_is_none(tmp_path):
    records = Records(tmp_path)
    records.write(Record(node="a b", facts=Facts()))
    assert records.read("a b").node == "a b"
    assert records.read("a-b") is None
    (path,) = tmp_path.glob("*.json")
    records.write(Record(node="a-b", facts=Facts()))
    (other,) = set(tmp_path.glob("*.json")) - {path}
    other.write_bytes(path.read_bytes())
    assert records.read("a-b") is None


def names(steps):
    return [[node.name for node in step] for step in steps]


def node(name, inputs, outputs):
    return Node(lambda *data: data, inputs, outputs, name=name)


def test_nodes_with_stored_data_are_steps_of_their_own():
    pipeline = Pipeline([node("a", "x", "y"), node("b", "y", "z")])
    assert names(steps_of(pipeline, lambda name: True)) == [["a"], ["b"]]


def test_nodes_joined_by_memory_are_one_step_with_those_between_them():
    pipeline = Pipeline(
        [
            node("a", "x", ["memory", "file"]),
            node("b", "file", "other"),
            node("c", ["memory", "other"], "end"),
            node("d", "end", "last"),
        ]
    )
    steps = names(steps_of(pipeline, lambda name: name != "memory"))
    assert steps == [["a", "b", "c"], ["d"]]


def test_steps_keep_the_order_of_the_pipeline():
    pipeline = Pipeline([node(name, "x", name) for name in "cab"] + [node("d", ["a", "b"], "e")])
    assert names(steps_of(pipeline, lambda name: True)) == names(
        [(item,) for item in pipeline.nodes]
    )
