"""What the server of a model refuses before MLflow reads it."""

import http.client
import json
import socket
import threading
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pytest
import uvicorn
from support.patience import PATIENCE, wait_until

from atelier.operations import serve_model
from atelier.operations.serve_model import LARGEST_BODY, limited_server, refusal_of

JSON = {"Content-Type": "application/json"}


class Doubler:
    """A model of any numbers, as MLflow's server calls it."""

    metadata = SimpleNamespace(get_input_schema=lambda: None)

    def predict(self, data, params=None):
        return 2 * np.asarray(data)


@pytest.fixture(scope="module")
def port():
    """The port of a server that waits for slow machines."""
    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setattr(serve_model, "LINGER_SECONDS", PATIENCE)
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(limited_server(Doubler()), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        wait_until(lambda: server.started)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def ask(port, body, headers=JSON):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/invocations", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_good_request_is_answered(port):
    status, content = ask(
        port, b'{"inputs": [1, 2]}', {"Content-Type": "application/json; charset=utf-8"}
    )
    assert (status, json.loads(content)) == (200, {"predictions": [2, 4]})


REFUSED = {
    "deep lists": (b'{"inputs": ' + b"[" * 100_000, JSON, 400, "JSON of few levels"),
    "a long number": (b'{"inputs": ' + b"9" * 5000 + b"}", JSON, 400, "short numbers"),
    "no content type": (b"{}", {}, 415, "application/json. Received: none"),
    "parquet": (b"PAR1", {"Content-Type": "application/vnd.apache.parquet"}, 415, "parquet"),
    "a claim of 1 TB": (b"{}", JSON | {"Content-Length": "1" + 12 * "0"}, 413, "1,000,000,000,000"),
    "chunks": (iter([b"{}"]), JSON, 411, "Content-Length"),
    "a body that is too large": (bytes(LARGEST_BODY + 1), JSON, 413, "16,777,217"),
    "a thousand chunks": (iter([bytes(2**12)] * 1000), JSON, 411, "Content-Length"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_mlflow_cannot_bear_is_refused_in_words_and_the_server_goes_on(port, name):
    body, headers, expected, words = REFUSED[name]
    status, content = ask(port, body, headers)
    assert status == expected
    assert content.startswith("Expected ")
    assert words in content
    assert ask(port, b'{"inputs": [1]}')[0] == 200


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_not():
    headers = {"content-type": "application/json", "content-length": str(LARGEST_BODY)}
    assert refusal_of(headers) is None
    assert refusal_of(headers | {"content-length": str(LARGEST_BODY + 1)}).status_code == 413


def test_a_model_that_is_not_there_is_said_in_words(run):
    with pytest.raises(SystemExit, match="Expected a model, such as models:/"):
        serve_model.main()
    with pytest.raises(SystemExit, match="Expected a registered model. Received: models:/none/1"):
        serve_model.main("models:/none/1")
