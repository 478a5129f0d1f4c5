"""What `make load` counts: of a planted server, and of a served model."""

import http.server
import itertools
import json
import re
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from clients import Question, fault_of, measure
from hostile_requests import HostileRequest, hostile_requests, inputs
from load import ask_the_model, print_hostile, print_load, print_pages, served
from support.chromium import skip_without_chromium

GOOD = {"label": [3], "probability": [0.5]}
QUESTION = Question(b'{"inputs": [[[[7]]]]}', {name: np.array(v) for name, v in GOOD.items()})
WRONG = {
    "another label": {"predictions": GOOD | {"label": [4]}},
    "another output": {"predictions": {"label": [3]}},
    "a text": {"predictions": "three"},
    "no predictions": {},
}


@contextmanager
def planted(answers):
    """A server that gives these answers, status and content, in turn and again; its port."""
    turns = itertools.cycle(answers)

    class Planted(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            status, content = next(turns)
            body = json.dumps(content).encode() if content is not None else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Planted) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


RIGHT = (200, {"predictions": GOOD})


@pytest.mark.parametrize("clients", [1, 2])
def test_answers_that_are_errors_or_wrong_are_counted(clients):
    wrong = [(200, content) for content in WRONG.values()]
    with planted([RIGHT, (500, {}), *wrong, (503, None)]) as port:
        row = measure(port, [QUESTION], clients, 1)
    rounds = len(row.latencies) / 7
    assert abs(row.refused - 2 * rounds) <= 2
    assert abs(row.wrong - 4 * rounds) <= 4
    assert row.seconds >= 1


REFUSED = (400, {"message": "Expected pictures. Received: none"})
JUDGED = {
    "refused": ([REFUSED, RIGHT], ""),
    "answered": ([RIGHT, RIGHT], "status 200"),
    "an error": ([(500, {}), RIGHT], "status 500"),
    "no words": ([(400, None), RIGHT], "status 400, no words"),
    "an error afterwards": ([REFUSED, (500, {})], "a picture after it: status 500"),
    "wrong afterwards": (
        [REFUSED, (200, WRONG["another label"])],
        "a picture after it: status 200",
    ),
}


@pytest.mark.parametrize("name", JUDGED)
def test_a_hostile_request_must_be_refused_in_words_and_the_server_must_go_on(name):
    answers, fault = JUDGED[name]
    with planted(answers) as port:
        found = fault_of(port, HostileRequest("nothing", b""), QUESTION)
    assert found.startswith(fault)
    assert bool(found) == bool(fault)


def test_a_server_that_is_not_there_is_a_fault():
    with planted([RIGHT]) as port:
        pass
    assert "status 0" in fault_of(port, HostileRequest("nothing", b""), QUESTION)


def test_every_hostile_request_has_a_name_of_its_own():
    names = [request.name for request in hostile_requests(np.full((2, 2, 1), 200, np.uint8))]
    assert len(names) == len(set(names)) > 60


def test_a_served_model_answers_as_in_this_process_and_refuses_hostile_requests(finished, capsys):
    picture, questions = ask_the_model(finished)
    with served(finished) as server:
        assert print_load(server, questions, [2], seconds=0.5) == 0
        assert print_hostile(server.port, picture, questions[1][0]) == 0
    printed = capsys.readouterr().out
    assert "hostile requests, 0 faults" in printed
    assert inputs([1]) == b'{"inputs": [1]}'


def test_the_pages_of_mlflow_and_kedro_viz_are_timed(finished, capsys):
    skip_without_chromium()
    print_pages(finished, runs=3, repeats=1)
    printed = capsys.readouterr().out
    assert re.search(r"table of 3 runs: [\d.]+ s, [\d.]+ s again", printed)
    assert re.search(r"first page: [\d.]+ s", printed)
