import json
import os
import sys
from dataclasses import replace

import pytest
from kedro.io import MemoryDataset
from kedro.pipeline import Node, Pipeline
from support.small_project import ORDER, PACKAGE, STORED

from atelier.incremental import (
    IncrementalRunner,
    configuration,
    configure,
    libraries,
    with_effects,
)

EVERYTHING = set(ORDER)


def test_an_unchanged_project_runs_nothing_and_says_so(project, lines):
    assert set(project.run().ran) == EVERYTHING
    lines()
    calls = project.run()
    assert calls.ran == []
    assert set(calls.skipped) == EVERYTHING
    assert lines() == ["Nothing to do: 7 nodes unchanged."]


def test_a_node_that_never_ran_is_named_without_a_reason(project, lines):
    project.run()
    assert "total …" in lines()


def test_a_comment_a_docstring_and_unused_code_wake_nobody(project):
    project.run()
    project.change(comment=1, docstring=1, unused=1, unused_neighbour=1)
    assert project.run().ran == []


def test_code_two_imports_away_wakes_the_nodes_that_reach_it(project, lines):
    project.run()
    lines()
    project.change(factor=3)
    calls = project.run()
    assert calls.ran == ["scale", "total"]
    assert "scale: code of small_project_code.constants changed" in lines()
    assert json.loads(project.outputs()["scaled"]) == [9, 3, 6]


def test_code_that_a_function_imports_itself_is_reached(project):
    project.run()
    counting = project.folder / PACKAGE / "counting.py"
    counting.write_text(counting.read_text() + "\nUNUSED = 1\n")
    assert project.run().ran == []
    counting.write_text(counting.read_text().replace("Counter(words)", "Counter(list(words))"))
    assert project.run().ran == ["count"]


def test_equal_outputs_of_changed_code_do_not_wake_successors(project, lines):
    project.run()
    project.change(product="FACTOR * number")
    calls = project.run()
    assert calls.ran == ["scale"]
    assert lines()[-1] == "1 nodes run, 6 unchanged."


def test_a_parameter_is_named_with_both_values(project, lines):
    project.run()
    lines()
    project.change(rate=0.25)
    assert project.run().ran == ["total"]
    assert "total: parameter rate 0.5 → 0.25" in lines()


def test_a_nested_parameter_has_a_dotted_name(project):
    project.run()
    project.change(separator="a")
    assert project.run().reasons == {"count": ['parameter text.separator " " → a']}


def test_data_wakes_the_nodes_that_read_it(project):
    project.run()
    project.change(words="a b c")
    assert project.run().reasons == {"count": ["input words changed"]}


def test_a_file_that_a_parameter_names_is_read(project):
    project.run()
    project.change(notes=("first", "other"))
    folder = project.folder / "notes"
    assert project.run().reasons == {"read_notes": [f"file {folder} changed"]}
    project.change(notes=("first", "other", "third"))
    assert project.run().ran == ["read_notes"]


def test_a_touched_file_wakes_nobody_and_is_not_read_again(project, monkeypatch):
    project.run()
    os.utime(project.data / "numbers.json", (1, 1))
    os.utime(project.data / "cleaned.json", (1, 1))
    assert project.run().ran == []


@pytest.mark.parametrize("name", ["cleaned", "halves_list"])
def test_a_missing_output_is_made_again(project, name):
    project.run()
    (project.data / f"{name}.json").unlink()
    makers = {"cleaned": ["clean"], "halves_list": ["halve", "list_halves"]}
    calls = project.run()
    assert calls.ran == makers[name]
    assert f"output {name} missing" in calls.reasons[makers[name][-1]]


def test_an_output_that_was_changed_by_hand_is_made_again(project):
    project.run()
    before = project.outputs()
    (project.data / "scaled.json").write_text("[0, 0, 0]")
    assert project.run().reasons == {"scale": ["output scaled was changed by something else"]}
    assert project.outputs() == before


def test_nodes_joined_by_data_in_memory_run_together(project):
    project.run()
    project.change(numbers=(3, 1, 2, 4))
    calls = project.run()
    assert calls.reasons["halve"] == ["input cleaned changed"]
    assert calls.reasons["list_halves"] == ["its data is in memory only, with halve"]


def test_a_change_before_data_in_memory_is_seen_when_only_a_part_ran_since(project):
    project.run()
    nodes = project.folder / PACKAGE / "nodes.py"
    nodes.write_text(nodes.read_text().replace("number / 2", "number / 4"))
    project.run(project.pipeline().filter(node_names=["halve"]))
    calls = project.run()
    assert calls.ran == ["halve", "list_halves"]
    assert json.loads(project.outputs()["halves_list"]) == [0.75, 0.25, 0.5]


def test_force_runs_everything(project):
    project.run()
    calls = project.run(force=True)
    assert set(calls.ran) == EVERYTHING
    assert {reason for listed in calls.reasons.values() for reason in listed} == {"forced"}
    assert project.run().ran == []


def test_explain_runs_nothing_and_follows_what_would_change(project, lines):
    project.run()
    before = project.outputs()
    project.change(factor=5)
    lines()
    calls = project.run(explain=True)
    assert calls.ran == calls.skipped == []
    assert lines() == [
        "scale: code of small_project_code.constants changed",
        "total: input scaled will be made anew",
        "2 of 7 nodes would run; none has run.",
    ]
    assert project.outputs() == before
    assert project.run().ran == ["scale", "total"]


def test_explain_works_where_nothing_ran_yet(project, lines):
    project.run(explain=True)
    assert lines()[-1] == "7 of 7 nodes would run; none has run."
    assert not project.outputs()
    assert not project.configuration.records.exists()


@pytest.mark.parametrize("damage", ["", "{", '{"version": 2}', "[]"])
def test_a_damaged_record_is_none(project, damage):
    project.run()
    record = next(project.configuration.records.glob("scale-*.json"))
    record.write_text(damage)
    assert project.run().reasons == {"scale": ["not recorded"]}


def test_a_record_of_another_format_is_none(project):
    project.run()
    record = next(project.configuration.records.glob("scale-*.json"))
    record.write_text(json.dumps(json.loads(record.read_text()) | {"version": 99}))
    assert project.run().ran == ["scale"]


def test_a_renamed_node_runs(project):
    project.run()
    project.change(names={"scale": "multiply"})
    assert project.run().ran == ["multiply"]


def test_an_added_node_runs_alone(project):
    project.run()
    project.change(extra=True)
    assert project.run().ran == ["extra"]
    project.change(extra=False)
    assert project.run().ran == []


def test_a_part_of_the_pipeline_runs_by_itself(project):
    project.run()
    project.change(numbers=(1, 2, 3))
    part = project.pipeline().from_nodes("scale")
    assert project.run(part).ran == []  # its input has not changed yet
    assert project.run(project.pipeline().to_nodes("clean")).ran == ["clean"]
    assert project.run(part).ran == ["scale", "total"]
    assert project.run().ran == ["halve", "list_halves"]


def test_a_failed_node_leaves_no_record(project):
    project.run()
    nodes = project.folder / PACKAGE / "nodes.py"
    whole = nodes.read_text()
    nodes.write_text(whole.replace("return [arithmetic", "1 / 0\n    return [arithmetic"))
    with pytest.raises(ZeroDivisionError):
        project.run()
    nodes.write_text(whole)
    assert project.run().reasons == {"scale": ["not recorded"]}


def test_a_changed_library_wakes_the_nodes_that_import_it(project, monkeypatch):
    nodes = project.folder / PACKAGE / "nodes.py"
    whole = nodes.read_text()
    with_library = whole.replace("from pathlib", "import numpy as np\nfrom pathlib").replace(
        "round(sum(scaled) * rate)", "round(float(np.sum(scaled)) * rate)"
    )
    nodes.write_text(with_library)
    project.run()
    true_version = libraries.version

    def planted(name):
        return "99.1" if name == "numpy" else true_version(name)

    known = true_version("numpy")
    monkeypatch.setattr(libraries, "version", planted)
    assert project.run().reasons == {"total": [f"library numpy {known} → 99.1"]}


def test_the_environment_wakes_everybody(project):
    project.run()
    project.configuration = replace(project.configuration, environment={"threads": "4"})
    calls = project.run()
    assert set(calls.ran) == EVERYTHING
    assert calls.reasons["scale"] == ["threads added: 4"]


def test_a_secret_is_not_written(project):
    project.configuration = replace(
        project.configuration, is_secret=lambda name, value: name == "text.separator"
    )
    project.change(separator="hidden")
    project.run()
    written = "".join(path.read_text() for path in project.configuration.records.glob("*.json"))
    assert "hidden" not in written
    project.change(separator="a")
    assert project.run().reasons == {"count": ["parameter text.separator changed"]}


def test_many_reasons_are_cut(project, lines):
    project.run()
    lines()
    project.change(separator="b", words="c b d")
    counting = project.folder / PACKAGE / "counting.py"
    counting.write_text(counting.read_text().replace("Counter(words)", "Counter(list(words))"))
    texts = project.folder / PACKAGE / "texts.py"
    texts.write_text(texts.read_text().replace("text", "sentence"))
    project.run()
    line = next(line for line in lines() if line.startswith("count: "))
    assert line.endswith("; and 1 more")


def test_a_node_without_outputs_always_runs_unless_it_declares_effects(project):
    project.run()
    for declare, again in ((lambda function: function, ["tell"]), (with_effects, [])):

        def pipeline(declare=declare):
            whole = project.pipeline()  # which loads the code again
            function = declare(sys.modules[f"{PACKAGE}.nodes"].tell)
            return whole + Pipeline([Node(function, "counts", None, name="tell")])

        assert project.run(pipeline()).ran == ["tell"]
        assert project.run(pipeline()).ran == again
        records = list(project.configuration.records.glob("tell-*.json"))
        [record.unlink() for record in records]
    project.change(words="a")
    assert project.run(pipeline()).ran == ["count", "tell"]


def test_an_output_that_is_not_stored_is_made_each_time(project):
    whole = project.pipeline()
    halves = whole.only_nodes("halve")
    project.run(whole)
    calls = [project.run(halves) for _ in range(2)]
    assert [item.ran for item in calls] == [["halve"], ["halve"]]
    assert "always runs: output halves is not stored" in calls[-1].reasons["halve"]


@pytest.mark.parametrize("name", ["force", "explain"])
def test_other_values_than_true_and_false_are_refused(name):
    with pytest.raises(ValueError, match=f"Expected {name}=true or {name}=false. Received: {name}"):
        IncrementalRunner(**{name: "yes"})


def test_records_are_one_file_for_each_node(project):
    project.run()
    records = sorted(
        path.name.rsplit("-", 1)[0] for path in project.configuration.records.glob("*.json")
    )
    assert records == sorted(ORDER)
    assert sorted(STORED) == sorted(project.outputs())


def test_a_project_can_name_nodes_that_always_run(project):
    project.configuration = replace(
        project.configuration, always_runs=lambda node: node.name == "total"
    )
    project.run()
    assert project.run().reasons == {"total": ["always runs: the project says so"]}


def test_a_dataset_that_is_read_without_being_an_input_counts(project):
    project.configuration = replace(
        project.configuration, hidden_inputs=lambda node: ["words"] * (node.name == "total")
    )
    project.run()
    project.change(words="a")
    assert project.run().ran == ["count", "total"]


def test_it_runs_without_hooks_too(project):
    for _ in range(2):
        runner = IncrementalRunner(configuration=project.configuration)
        runner.run(project.pipeline(), project.catalog())
    assert project.run().ran == []


def test_the_configuration_can_be_set_for_all_runners(project, monkeypatch):
    monkeypatch.setattr(configuration, "_configured", [None])
    configure(project.configuration)
    IncrementalRunner().run(project.pipeline(), project.catalog())
    assert project.run().ran == []


def test_data_in_memory_that_no_node_makes_cannot_be_compared(project):
    pipeline = Pipeline([Node(len, "given", "total", name="measure")])
    for _ in range(2):
        catalog = project.catalog()
        catalog["given"] = MemoryDataset([1, 2])
        calls = project.run(pipeline, catalog)
    assert calls.reasons["measure"] == [
        "always runs: input given has neither a local file nor a content digest"
    ]
