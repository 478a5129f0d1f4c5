"""Which run wrote a file: told by a record beside it, and never guessed."""

import os
import shutil

import pytest

from atelier.storage.origins import (
    Origin,
    Writer,
    derive_origin,
    read_origin,
    record_path,
    write_origin,
)

TRAIN = Writer(
    run_id="a" * 32, began="2026-01-02T03:04:05+00:00", command="kedro run", pipelines=()
)
JUDGE = Writer(
    run_id="b" * 32,
    began="2026-01-03T03:04:05+00:00",
    command="kedro run --pipeline train --from-nodes digits.evaluate",
    pipelines=("train",),
)


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "test_metrics.json"
    path.write_text('{"accuracy": 0.9}')
    write_origin(path, Origin(writer=TRAIN, parameters={"epochs": ("2",)}))
    return path


def test_a_file_tells_who_wrote_it(written):
    assert read_origin(written) == Origin(writer=TRAIN, parameters={"epochs": ("2",)})


def test_a_copy_tells_it_too_and_so_does_a_touched_file(written, tmp_path):
    copy = tmp_path / "copy" / written.name
    copy.parent.mkdir()
    shutil.copyfile(written, copy)
    shutil.copyfile(record_path(written), record_path(copy))
    os.utime(written, (0, 0))
    assert (
        read_origin(copy)
        == read_origin(written)
        == Origin(writer=TRAIN, parameters={"epochs": ("2",)})
    )


@pytest.mark.parametrize("content", ['{"accuracy": 0.8}', '{"accuracy": 0.95}', ""])
def test_another_file_of_that_name_is_of_an_unknown_run(written, content):
    written.write_text(content)
    assert read_origin(written) is None


def test_nothing_is_told_of_files_without_a_record_and_of_records_without_a_file(written):
    assert read_origin(written.with_name("other.json")) is None
    written.unlink()
    assert read_origin(written) is None


def test_a_record_of_another_version_tells_nothing(written):
    record_path(written).write_text('{"who": "somebody"}')
    assert read_origin(written) is None


def test_a_folder_gets_no_record(tmp_path):
    folder = tmp_path / "paintings"
    folder.mkdir()
    write_origin(folder, Origin(writer=TRAIN))
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_later_run_makes_of_an_earlier_ones_model_names_both_and_all_parameters():
    model = derive_origin(TRAIN, {"epochs": "2", "seed": "0"}, [])
    metrics = derive_origin(JUDGE, {"resamples": "20", "seed": "1"}, [model])
    assert metrics.writer == JUDGE
    assert metrics.inputs == (TRAIN,)
    assert metrics.parameters == {"epochs": ("2",), "resamples": ("20",), "seed": ("0", "1")}
    drawn = derive_origin(JUDGE, {"seed": "1"}, [metrics, model])
    assert drawn.inputs == (TRAIN,)
    assert drawn.parameters == metrics.parameters


def test_what_one_run_makes_all_by_itself_names_no_other():
    model = derive_origin(TRAIN, {"epochs": "2"}, [])
    assert derive_origin(TRAIN, {}, [model]) == Origin(writer=TRAIN, parameters={"epochs": ("2",)})


def test_a_record_from_before_experiments_had_runs_is_read(written):
    path = record_path(written)
    text = path.read_text()
    assert '"command_run_id"' in text
    older = text.replace('"command_run_id": ""', '"other": ""')
    path.write_text(older)
    assert read_origin(written).writer == TRAIN


def test_the_runs_of_one_command_are_told_apart_and_name_their_command():
    left, right = (
        TRAIN.model_copy(update={"run_id": name * 32, "command_run_id": "c" * 32}) for name in "lr"
    )
    made = derive_origin(right, {}, [derive_origin(left, {}, [])])
    assert (made.writer, made.inputs) == (right, (left,))
