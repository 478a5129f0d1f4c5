import pytest

from atelier.configuration.command_line import command_line
from atelier.configuration.rerun import RUNNER, choose_runner


def test_a_command_without_a_runner_leaves_out_unchanged_nodes():
    assert choose_runner({"params": {"seed": 1}})["runner"] == RUNNER


def test_switches_go_from_the_parameters_to_the_runner():
    options = {"params": {"explain": True, "seed": 1}, "runner_params": {"is_async": False}}
    chosen = choose_runner(options)
    assert chosen["params"] == {"seed": 1}
    assert chosen["runner_params"] == {"is_async": False, "explain": True}
    assert options["params"] == {"explain": True, "seed": 1}


@pytest.mark.parametrize("given", [{"runner": "SequentialRunner"}, {"only_missing_outputs": True}])
def test_other_ways_to_run_are_left_as_they_are(given):
    assert choose_runner(given) == given
    with pytest.raises(ValueError, match="Received: force=True with one of these"):
        choose_runner(given | {"params": {"force": True}})


@pytest.mark.parametrize("given", [{}, {"runner": "SequentialRunner"}])
def test_the_switch_of_the_console_is_no_parameter_with_any_runner(given):
    chosen = choose_runner(given | {"params": {"verbose": True, "seed": 1}})
    assert chosen["params"] == {"seed": 1}
    assert not chosen.get("runner_params")


@pytest.mark.parametrize("value", ["maybe", 1, None])
def test_the_switch_of_the_console_is_true_or_false(value):
    with pytest.raises(ValueError, match=f"Received: verbose={value}"):
        choose_runner({"params": {"verbose": value}})


def test_the_default_runner_is_not_named_in_commands():
    name = "<atelier.incremental.runner.IncrementalRunner object at 0x7f>"
    assert command_line({"runner": name}, {}) == "kedro run"
    assert command_line({"runner": RUNNER}, {}) == "kedro run"


def test_a_runner_that_was_asked_for_is_named():
    assert command_line({"runner": "SequentialRunner"}, {}) == "kedro run --runner SequentialRunner"
