"""Which messages of a run the console shows, and how."""

import logging

import pytest

from atelier.hooks.console import ConsoleFilter, ConsoleHandler
from atelier.hooks.session_log import SessionLog

MESSAGES = {
    "a message of the project": ("atelier.hooks.progress", logging.INFO),
    "a warning of the project": ("atelier.data.checks", logging.WARNING),
    "a warning of a library": ("mlflow", logging.WARNING),
    "an error of Kedro": ("kedro.pipeline.node", logging.ERROR),
}
DETAILS = {
    "a node": ("atelier.incremental.runner", logging.INFO),
    "what Kedro loads": ("kedro.io.data_catalog", logging.INFO),
    "a remark of a library about another": ("py.warnings", logging.WARNING),
    "the progress of a training": ("atelier.training.fitting", logging.DEBUG),
}


def record(name: str, level: int, text: str = "text") -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 0, text, (), None)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_messages_are_shown(message):
    assert ConsoleFilter(verbose=False, is_terminal=True).filter(record(*message))


@pytest.mark.parametrize("detail", DETAILS.values(), ids=DETAILS)
@pytest.mark.parametrize("is_terminal", [False, True])
def test_details_are_not_shown(detail, is_terminal):
    assert not ConsoleFilter(verbose=False, is_terminal=is_terminal).filter(record(*detail))


def test_a_verbose_console_shows_all_but_the_progress_within_nodes():
    console = ConsoleFilter(verbose=True, is_terminal=True)
    shown = {
        name for name, detail in (MESSAGES | DETAILS).items() if console.filter(record(*detail))
    }
    assert shown == {*MESSAGES, *DETAILS} - {"the progress of a training"}


@pytest.mark.parametrize(("is_terminal", "times"), [(False, [60, 121]), (True, [])])
def test_out_of_a_terminal_progress_is_shown_after_a_silent_minute(is_terminal, times):
    clock = Clock()
    console = ConsoleFilter(verbose=False, is_terminal=is_terminal, clock=clock)
    progress = record(*DETAILS["the progress of a training"])
    shown = []
    for seconds in (30, 59, 60, 61, 119, 121):
        clock.seconds = seconds
        if console.filter(progress):
            shown.append(seconds)
    assert shown == times


def test_a_message_begins_a_new_silence():
    clock = Clock()
    console = ConsoleFilter(verbose=False, is_terminal=False, clock=clock)
    clock.seconds = 59
    assert console.filter(record(*MESSAGES["a message of the project"]))
    clock.seconds = 100
    assert not console.filter(record(*DETAILS["the progress of a training"]))


def test_warnings_have_their_level_before_them_and_messages_nothing(capsys):
    handler = ConsoleHandler()
    handler.emit(record("atelier", logging.INFO, "train · digits [97.1 … 98.9]"))
    handler.emit(record("atelier", logging.WARNING, "no hash is known"))
    assert capsys.readouterr().out == "train · digits [97.1 … 98.9]\nWARNING: no hash is known\n"


@pytest.fixture
def session(monkeypatch):
    monkeypatch.delenv("KEDRO_LOGGING_CONFIG", raising=False)
    session = SessionLog()
    yield session
    session.end()


def test_a_session_has_a_console_and_a_file_and_restores_what_was_before(session, tmp_path, capsys):
    root = logging.getLogger()
    own = logging.StreamHandler()  # writes to standard error
    root.addHandler(own)
    before, level = list(root.handlers), logging.getLogger("atelier").level
    session.begin(tmp_path, verbose=False)
    path = session.path
    assert own not in root.handlers
    logging.getLogger("atelier.training").debug("epoch 1")
    logging.getLogger("atelier.hooks").info("train · digits")
    session.end()
    assert capsys.readouterr().out == "train · digits\n"
    assert "DEBUG   atelier.training: epoch 1" in path.read_text()
    assert "INFO    atelier.hooks: train · digits" in path.read_text()
    assert (set(root.handlers), logging.getLogger("atelier").level) == (set(before), level)
    root.removeHandler(own)


def test_a_configuration_of_the_users_own_keeps_its_console(session, tmp_path, monkeypatch):
    monkeypatch.setenv("KEDRO_LOGGING_CONFIG", "mine.yml")
    before = list(logging.getLogger().handlers)
    session.begin(tmp_path, verbose=False)
    assert logging.getLogger().handlers[: len(before)] == before
    assert session.path.is_file()


def test_a_folder_that_cannot_be_written_to_stops_nothing(session, tmp_path, caplog):
    (tmp_path / "logs").write_text("a file where the folder would be")
    session.begin(tmp_path, verbose=False)
    assert session.path is None
    assert "There is no log file" in caplog.text
