"""Clients of a model's server, which compare its answers with the right ones."""

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from hostile_requests import JSON, HostileRequest

from atelier.types import Array

PATIENCE = 600.0
"""Seconds in which a server must answer."""
RELATIVE, ABSOLUTE = 1e-4, 1e-5
"""Tolerances of an answer: the size of a batch changes the last digits."""
Answers = dict[str, Array]
"""The outputs of the model by name, each (n, …)."""


class Question(NamedTuple):
    """A request with pictures, and the right answers."""

    body: bytes
    answers: Answers


@dataclass
class Row:
    """What clients saw."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    wrong: int = 0
    seconds: float = 0.0

    def add(self, status: int, content: bytes, expected: Answers, seconds: float) -> None:
        """Counts an answer."""
        self.latencies.append(seconds)
        if status != 200:
            self.refused += 1
        elif not equal_answers(content, expected):
            self.wrong += 1


def equal_answers(content: bytes, expected: Answers) -> bool:
    """Returns whether the content of an answer has the expected outputs."""
    try:
        answers = json.loads(content)["predictions"]
        return answers.keys() == expected.keys() and all(
            np.allclose(answers[name], values, RELATIVE, ABSOLUTE)
            for name, values in expected.items()
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


class Client:
    """A connection to the server, which is opened again where the server has closed it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def ask(
        self, body: bytes, headers: dict[str, str] = JSON, method: str = "POST"
    ) -> tuple[int, bytes]:
        """Returns status and content of an answer; status 0 and the reason where there is none."""
        try:
            self._send(body, headers, method)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return 0, repr(error).encode()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _send(self, body: bytes, headers: dict[str, str], method: str) -> None:
        # A server may answer before it has read everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.request(method, "/invocations", body, headers)


def ask_once(port: int, request: HostileRequest) -> tuple[int, bytes]:
    """Returns what :meth:`Client.ask` does, of a connection for this request alone."""
    with contextlib.closing(Client(port)) as client:
        return client.ask(request.body, request.headers, request.method)


def measure(port: int, questions: Sequence[Question], clients: int, seconds: float) -> Row:
    """Lets clients ask at once, each one question after another, until the time is over."""
    row, lock = Row(), threading.Lock()
    until = time.monotonic() + seconds

    def ask_in_turn(first: int) -> None:
        with contextlib.closing(Client(port)) as client:
            for question in itertools.islice(itertools.cycle(questions), first, None):
                began = time.monotonic()
                status, content = client.ask(question.body)
                ended = time.monotonic()
                with lock:
                    row.add(status, content, question.answers, ended - began)
                if ended > until:
                    return

    threads = [threading.Thread(target=ask_in_turn, args=(number,)) for number in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row.seconds = time.monotonic() - began
    return row


def fault_of(port: int, request: HostileRequest, question: Question) -> str:
    """Returns what goes wrong with a request that must be refused and a good one after it."""
    status, content = ask_once(port, request)
    words = content.decode(errors="replace").strip()
    if not 400 <= status < 500 or not words:
        return f"status {status}, {words[:200] or 'no words'}"
    status, content = ask_once(port, HostileRequest("", question.body))
    if status != 200 or not equal_answers(content, question.answers):
        return f"a picture after it: status {status}, {content[:200]!r}"
    return ""
