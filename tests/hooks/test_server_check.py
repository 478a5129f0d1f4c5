"""Servers that MLflow reaches pass, and others are said in words before a run."""

import base64
import datetime as dt
import http.server
import ipaddress
import json
import os
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.fork_server import run_python

from atelier.hooks.store import check_server


class Answering(http.server.BaseHTTPRequestHandler):
    """A server that answers like MLflow's where nothing was recorded; set on its class below."""

    login: str | None = None
    page: tuple[int, str, str] | None = None
    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        granted = self.login is None or self.headers.get("Authorization") == self.login
        missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such experiment"}
        code, kind, text = self.page or (404, "application/json", json.dumps(missing))
        if not granted:
            code, kind, text = 401, "text/plain", "You are not authenticated"
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@contextmanager
def answering(certificate: Path | None = None, **settings):
    """Its port, and the paths that it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (Answering,), {"asked": asked, **settings})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """None of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("MLFLOW_TRACKING_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def test_a_server_is_asked_for_the_experiment_which_need_not_exist():
    with answering() as (port, asked):
        check_server(f"http://127.0.0.1:{port}", "my lab")
        check_server(f"http://127.0.0.1:{port}/prefix/", "my lab")
    path = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=my+lab"
    assert asked == [path, f"/prefix{path}"]


def test_logins_and_tokens_are_mlflows(monkeypatch):
    basic = "Basic " + base64.b64encode(b"me:planted-secret").decode()
    with answering(login=basic) as (port, _):
        address = f"http://127.0.0.1:{port}"
        with pytest.raises(ConnectionError, match="401.*MLFLOW_TRACKING_USERNAME"):
            check_server(address, "lab")
        check_server(f"http://me:planted-secret@127.0.0.1:{port}", "lab")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "planted-secret")
        check_server(address, "lab")
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "planted-token")
    with answering(login="Bearer planted-token") as (port, _):
        check_server(f"http://127.0.0.1:{port}", "lab")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A self-signed certificate of this machine, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(key.private_bytes(pem, *private) + signed.public_bytes(pem))
    return path


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_certificate_of_ones_own_is_refused_until_mlflow_is_told_of_it(certificate, monkeypatch):
    with answering(certificate) as (port, asked):
        address = f"https://127.0.0.1:{port}"
        with pytest.raises(ConnectionError, match="MLFLOW_TRACKING_SERVER_CERT_PATH"):
            check_server(address, "lab")
        with monkeypatch.context() as told:
            told.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
            check_server(address, "lab")
        with monkeypatch.context() as told:
            told.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
            check_server(address, "lab")
    assert len(asked) == 2


def test_a_proxy_is_asked_where_the_environment_names_one(monkeypatch):
    with answering() as (port, asked):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        check_server("http://mlflow.invalid", "lab")
    assert asked[0].startswith("http://mlflow.invalid/api/2.0/mlflow/")


def test_nobody_there_is_said_at_once_and_without_the_password():
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        port = server.server_port  # of nobody, from here on
    with pytest.raises(ConnectionError, match="Expected an MLflow server at http") as raised:
        check_server(f"http://me:planted-secret@127.0.0.1:{port}", "lab")
    assert "refused" in str(raised.value)
    assert "docs/guides/many_machines.md" in str(raised.value)
    assert "planted-secret" not in str(raised.value)


@pytest.mark.parametrize(
    "page",
    [
        (200, "text/html", "<h1>Welcome</h1>"),
        (404, "text/html", "<h1>Not found</h1>"),
        (200, "application/json", "[]"),
        (200, "application/json", "3"),
    ],
)
def test_another_kind_of_server_is_not_taken_for_mlflow(page):
    with (
        answering(page=page) as (port, _),
        pytest.raises(ConnectionError, match=f"{page[0]} .*another kind of server"),
    ):
        check_server(f"http://127.0.0.1:{port}", "lab")


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_mlflow_tries_again_for_is_left_to_it(code):
    with answering(page=(code, "text/html", "busy")) as (port, asked):
        check_server(f"http://127.0.0.1:{port}", "lab")
    assert len(asked) == 1


def test_the_page_of_a_server_that_is_not_there_ends_in_words(fresh):
    variables = fresh.environment | {
        "KEDRO_ENV": "cluster",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
    }
    ended = run_python("-m", "atelier.operations.ui", cwd=fresh.folder, env=variables)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        "atelier.operations.ui: Expected an MLflow server at http://127.0.0.1:1"
    )
    assert "Traceback" not in ended.stdout + ended.stderr
