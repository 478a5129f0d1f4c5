"""A file of the user selects the pipeline that takes it."""

import pytest

from atelier.configuration.file_pipelines import select_file_pipelines
from atelier.pipeline_registry import register_pipelines

REGISTERED = ["a", "a.logits", "b", "b.model", "c"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"pipelines": ["a", "c"], "params": {"logits": "f"}}, {"pipelines": ["a.logits", "c"]}),
        ({"pipelines": ["a"], "params": {"short.logits": "f"}}, {"pipelines": ["a.logits"]}),
        ({"pipelines": ["a"], "params": {"short": {"logits": "f"}}}, {"pipelines": ["a.logits"]}),
        ({"pipelines": ["a"], "params": {"logits.seed": 1}}, {"pipelines": ["a"]}),
        ({"pipelines": ["a"], "params": {"logits": None}}, {"pipelines": ["a"]}),
        ({"pipelines": ["a.logits"], "params": {"logits": "f"}}, {"pipelines": ["a.logits"]}),
        ({"pipeline": "b", "params": {"model": "f"}}, {"pipeline": "b.model"}),
        ({"pipeline": "c", "params": {"model": "f"}}, {"pipeline": "c"}),
        ({"pipelines": [], "params": {}}, {"pipelines": []}),
        ({"pipelines": None, "params": {"seed": 1}}, {"pipelines": None}),
    ],
)
def test_a_pipeline_is_replaced_by_that_on_the_file(options, expected):
    selected = select_file_pipelines(options, REGISTERED)
    assert {name: selected[name] for name in expected} == expected


def test_a_file_without_a_pipeline_is_told():
    with pytest.raises(ValueError, match="Expected --pipeline a beside logits="):
        select_file_pipelines({"pipelines": [], "params": {"logits": "f"}}, REGISTERED)


def test_no_run_of_everything_needs_a_file_and_no_pipeline_on_files_needs_data():
    pipelines = register_pipelines()
    needed = {
        name: {item for item in pipelines[name].inputs() if not item.startswith("params:")}
        for name in pipelines
    }
    assert not {"logits.source", "model.source"} & needed["__default__"]
    assert needed["calibration.logits"] == {"logits.source"}
    assert needed["activation_maximization.model"] == {"model.source", "model.photographs"}
    assert needed["gradients.model"] == {"model.source"}
    namespaces = {node.namespace for node in pipelines["calibration.logits"].nodes}
    assert namespaces == {"calibration.logits"}
