"""The MLflow store of a session: created once, found wherever it is, asked as MLflow asks."""

import base64
import datetime as dt
import http.server
import ipaddress
import json
import os
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import mlflow
import pytest
from kedro.config import OmegaConfigLoader

from atelier.hooks.relocation import follow_folder, move_store, relocated
from atelier.hooks.sqlite_store import create_store, sqlite_file, sqlite_uri, store_lock
from atelier.hooks.store import check_server, create_experiment, with_absolute_paths
from atelier.settings import CONFIG_LOADER_ARGS
from tests.conftest import ROOT

CREATE = """
import sys, time
from pathlib import Path
from atelier.hooks.sqlite_store import create_store, sqlite_uri, store_lock
from atelier.hooks.store import create_experiment
file, ready, go = map(Path, sys.argv[1:])
ready.touch()
while not go.exists():
    time.sleep(0.01)
with store_lock(file):
    create_store(file, str(file.parent / "mlruns"))
create_experiment(sqlite_uri(file), name="lab", create_experiment_kwargs={})
"""


def wait_until(happened, *processes):
    """Wait while every process lives; they may take long on a busy machine."""
    while not happened():
        assert all(process.poll() is None for process in processes)
        time.sleep(0.01)


def start_creating(folder: Path, number: int) -> subprocess.Popen:
    source = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    files = (folder / "mlflow.db", folder / f"ready{number}", folder / "go")
    return subprocess.Popen([sys.executable, "-c", CREATE, *map(str, files)], env=source)


def rows(file: Path, asked: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as database, database:
        return database.execute(asked).fetchall()


# Creation.


@pytest.mark.timeout(1200)
def test_six_processes_at_once_create_one_whole_store(tmp_path):
    started = [start_creating(tmp_path, number) for number in range(6)]
    wait_until(lambda: len(list(tmp_path.glob("ready*"))) == 6, *started)
    (tmp_path / "go").touch()
    assert [process.wait(1200) for process in started] == [0] * 6
    file = tmp_path / "mlflow.db"
    assert rows(file, "pragma integrity_check") == [("ok",)]
    assert rows(file, "select name from experiments") == [("Default",), ("lab",)]
    assert sorted(path.name for path in tmp_path.glob("mlflow*")) == ["mlflow.db", "mlflow.db.lock"]


@pytest.mark.timeout(1200)
def test_who_is_killed_while_creating_leaves_no_store_and_the_next_creates_it(tmp_path):
    (tmp_path / "go").touch()
    process = start_creating(tmp_path, 0)
    part, file = tmp_path / "mlflow.db.part", tmp_path / "mlflow.db"
    wait_until(lambda: part.exists() and part.stat().st_size, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not file.exists()
    assert part.exists()
    with store_lock(file):  # free again
        create_store(file, str(tmp_path / "mlruns"))
    assert not part.exists()
    artifacts = f"{tmp_path}/mlruns/0"
    assert rows(file, "select name, artifact_location from experiments") == [("Default", artifacts)]


@pytest.mark.parametrize("made", ["nothing", "half of the migrations"])
def test_a_half_made_store_without_any_run_is_set_aside(tmp_path, made):
    """What a process leaves that MLflow itself began to create a store for, and that was killed."""
    file = tmp_path / "mlflow.db"
    half_made(file, made)
    create_store(file, str(tmp_path / "mlruns"))
    client = mlflow.MlflowClient(sqlite_uri(file))
    assert client.create_experiment("lab") == "1"
    assert (tmp_path / "mlflow.db.half-made").exists() == (made != "nothing")


def half_made(file: Path, made: str) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config, create_sqlalchemy_engine
    from mlflow.store.tracking.dbmodels.initial_models import Base

    if made == "nothing":
        file.touch()
        return
    engine = create_sqlalchemy_engine(sqlite_uri(file))
    Base.metadata.create_all(engine)
    config = _get_alembic_config(sqlite_uri(file))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "+3")
    engine.dispose()


@pytest.fixture
def store(tmp_path) -> Path:
    """A store with an experiment `lab` whose artifacts lie beside it, in a folder of its own."""
    file = tmp_path / "old ü" / "mlflow.db"
    artifacts = str(file.parent / "mlruns")
    create_store(file, artifacts)
    options = {"artifact_location": artifacts}
    create_experiment(sqlite_uri(file), name="lab", create_experiment_kwargs=options)
    return file


def test_a_store_with_runs_of_another_version_stays_and_the_command_is_named(store):
    mlflow.MlflowClient(sqlite_uri(store)).create_run("1")
    rows(store, "update alembic_version set version_num = 'an old one'")
    before = store.read_bytes()
    with pytest.raises(ValueError, match="Received: revision an old one.*mlflow db upgrade"):
        create_store(store, "anywhere")
    assert store.read_bytes() == before


def test_a_file_that_is_no_database_stays(tmp_path):
    file = tmp_path / "mlflow.db"
    file.write_text("a letter" * 100)
    with pytest.raises(ValueError, match="Expected MLflow's SQLite database"):
        create_store(file, "anywhere")
    assert file.read_text() == "a letter" * 100


@pytest.mark.parametrize("name", ["plain", "with space", "50%20", "what?", "ü#1"])
def test_the_address_of_a_file_is_that_file_whatever_its_folder_is_called(tmp_path, name):
    import sqlalchemy

    file = tmp_path / name / "mlflow.db"
    file.parent.mkdir()
    assert sqlite_file(sqlite_uri(file)) == file
    with sqlalchemy.create_engine(sqlite_uri(file)).begin() as connection:
        connection.exec_driver_sql("create table t (x)")
    assert rows(file, "select name from sqlite_master") == [("t",)]


# Moved and copied projects.


@contextmanager
def tracking(file: Path):
    """MLflow, told of a store for a while."""
    mlflow.set_tracking_uri(sqlite_uri(file))
    try:
        yield mlflow.MlflowClient()
    finally:
        mlflow.set_tracking_uri(None)


MODEL = """
import mlflow


class Doubling(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[float], params=None) -> list[float]:
        return [2 * value for value in model_input]


mlflow.models.set_model(Doubling())
"""


def record(file: Path, folder: Path) -> str:
    """A run with an artifact and a registered model; its id."""
    (folder / "model.py").write_text(MODEL)
    with tracking(file), mlflow.start_run(experiment_id="1") as run:
        mlflow.log_text("what was said", "said.txt")
        mlflow.pyfunc.log_model(
            name="doubling",
            python_model=str(folder / "model.py"),
            pip_requirements=["mlflow"],
            registered_model_name="doubling",
        )
    return run.info.run_id


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def follow(file: Path) -> None:
    with store_lock(file):
        follow_folder(file, "lab", str(file.parent / "mlruns"))


def assert_whole(file: Path, run_id: str) -> None:
    """What was recorded is read from beside the store, and what is new is written there."""
    ours = str(file.parent / "mlruns")
    with tracking(file) as client:
        assert client.get_run(run_id).info.artifact_uri.startswith(ours)
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/said.txt") == "what was said"
        model = mlflow.pyfunc.load_model("models:/doubling/1")
        assert model.predict([1.0, 2.5]) == [2.0, 5.0]
        assert client.get_model_version_download_uri("doubling", "1").startswith((ours, "models:/"))
        with mlflow.start_run(experiment_id="1") as run:
            mlflow.log_text("new", "new.txt")
    assert (file.parent / "mlruns" / run.info.run_id / "artifacts" / "new.txt").exists()
    for (location,) in rows(file, "select artifact_location from experiments"):
        assert location.startswith(ours)


@pytest.mark.filterwarnings("ignore")  # MLflow's, about models of code
def test_a_store_follows_its_moved_folder_and_a_copy_never_touches_the_original(store, tmp_path):
    run_id = record(store, tmp_path)
    copied = tmp_path / "copy" / "mlflow.db"
    shutil.copytree(store.parent, copied.parent)
    original = contents(store.parent)
    follow(copied)
    assert_whole(copied, run_id)
    assert contents(store.parent) == original

    moved = tmp_path / "new" / "deep" / "mlflow.db"
    shutil.move(store.parent, moved.parent)
    follow(moved)
    assert_whole(moved, run_id)
    assert not store.parent.exists()
    assert (moved.parent / "mlflow.db.before-move").exists()

    before = contents(moved.parent)
    follow(moved)  # nothing to do
    assert contents(moved.parent) == before


@pytest.mark.filterwarnings("ignore")
def test_a_store_copied_without_artifacts_reads_the_old_ones_and_says_how_to_have_them(
    store, tmp_path, caplog
):
    run_id = record(store, tmp_path)
    copied = tmp_path / "copy" / "mlflow.db"
    copied.parent.mkdir()
    shutil.copy(store, copied)
    follow(copied)
    old, new = store.parent / "mlruns", copied.parent / "mlruns"
    assert f"cp -R '{old}/.' '{new}' && python -m atelier.operations.move_store" in caplog.text
    with tracking(copied) as client:
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/said.txt") == "what was said"
        assert client.get_experiment("1").artifact_location == str(new)
    shutil.copytree(old, new)
    assert move_store(copied, old, new).left == 0
    shutil.rmtree(old)
    assert_whole(copied, run_id)


def test_addresses_of_other_places_stay():
    old, new = Path("/a/mlruns"), Path("/b/ü/mlruns")
    assert relocated("/a/mlruns/1", old, new) == "/b/ü/mlruns/1"
    assert relocated("file:///a/mlruns", old, new) == "file:///b/%C3%BC/mlruns"
    for other in ("/a/mlruns2/1", "/c", "s3://a/mlruns/1", "mlflow-artifacts:/a/mlruns", None):
        assert relocated(other, old, new) is None


# Where the store is.


def configured(environment: str, project: Path) -> dict:
    loader = OmegaConfigLoader(str(ROOT / "conf"), env=environment, **CONFIG_LOADER_ARGS)
    return with_absolute_paths(loader["mlflow"], project)


def location(config: dict) -> str | None:
    return config["tracking"]["experiment"]["create_experiment_kwargs"].get("artifact_location")


ENVIRONMENTS = ("base", "full", "post", "test", "cluster")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_mlflows_own_variables_are_heard_in_every_environment(environment, monkeypatch, tmp_path):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, "")  # as good as not set
    ordinary = configured(environment, tmp_path)
    if environment == "cluster":
        assert ordinary["server"]["mlflow_tracking_uri"] == "http://127.0.0.1:5000"
        assert location(ordinary) is None
    else:
        assert ordinary["server"]["mlflow_tracking_uri"] == f"sqlite:///{tmp_path}/mlflow.db"
        assert location(ordinary) == f"{tmp_path}/mlruns"
    assert ordinary["server"]["mlflow_registry_uri"] is None

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://lab.example:8000")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "sqlite:///models/registry.db")
    told = configured(environment, tmp_path)
    assert told["server"]["mlflow_tracking_uri"] == "https://lab.example:8000"
    assert told["server"]["mlflow_registry_uri"] == f"sqlite:///{tmp_path}/models/registry.db"
    assert location(told) is None

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////srv/lab/all.db")
    assert location(configured(environment, tmp_path)) == "/srv/lab/mlruns"


ELSEWHERE = """
import json, logging, os, sys
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
told = []
for project, env in zip(sys.argv[1::2], sys.argv[2::2]):
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        context = session.load_context()
    logging.getLogger("atelier").warning("one session \\u2026 of \\xe9t\\xe9")
    import mlflow
    champions = context.catalog.get("digits.champions")
    exported = os.environ.get("MLFLOW_TRACKING_URI")
    told.append([mlflow.get_tracking_uri(), str(champions._lock), exported])
print(json.dumps(told))
"""


@pytest.mark.timeout(1200)
def test_sessions_of_two_projects_from_another_folder_write_into_their_projects(fresh, tmp_path):
    """On a terminal that knows ASCII only, too."""
    second = tmp_path / "second"
    shutil.copytree(fresh.folder, second)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ascii_only = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    variables = fresh.environment | ascii_only | {"PYTHONIOENCODING": "ascii"}
    variables.pop("MLFLOW_TRACKING_URI", None)
    asked = [str(fresh.folder), "test", str(second), "base", str(fresh.folder), "full"]
    ended = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *asked],
        cwd=elsewhere, env=variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(ended.stdout.splitlines()[-1])
    for (uri, lock, exported), project, environment in zip(
        told, (fresh.folder, second, fresh.folder), ("test", "base", "full"), strict=True
    ):
        assert uri == f"sqlite:///{project}/mlflow.db"
        assert Path(lock).is_relative_to(project / "data" / "06_models" / environment)
        assert exported is None
    assert list(elsewhere.iterdir()) == []
    asked = "select name from experiments order by name"
    names = [rows(one / "mlflow.db", asked) for one in (fresh.folder, second)]
    assert names == [[("Default",), ("atelier",), ("atelier-test",)], [("Default",), ("atelier",)]]
    printed = ended.stdout + ended.stderr
    assert "one session ... of ete" in printed
    assert "Logging error" not in printed


# Servers.


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
    assert "docs/cluster.md" in str(raised.value)
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
    ended = subprocess.run(
        [sys.executable, "-m", "atelier.ui"],
        cwd=fresh.folder, env=variables, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        "atelier.ui: Expected an MLflow server at http://127.0.0.1:1"
    )
    assert "Traceback" not in ended.stdout + ended.stderr
