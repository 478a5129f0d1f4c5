"""Starts Python programs without their imports: forks a process that has imported the libraries.

Most of the time of a short `kedro run` passes with the imports of MLflow, pandas and TensorFlow.
The server imports them once. It starts no thread, so that each program may begin as a fork of it,
with its own working directory, environment, session and output. Kedro reads its configuration of
logging where it is imported, and the code of the project is that of the working directory: the
server imports neither, apart from what Kedro itself imports.

A program has a process number of its own, which can be stopped or killed. What a forked program
does not show is what happens at the start of a process: which modules a command imports, and the
variables that libraries read while they are imported. Tests of these start real processes.
"""

import atexit
import functools
import gc
import importlib
import inspect
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import types
from typing import TextIO

LIBRARIES = (
    "kedro.framework.cli.cli", "kedro.framework.session", "kedro.runner", "kedro_datasets.json",
    "kedro_mlflow.framework.hooks", "kedro_telemetry.plugin", "kedro_viz.launchers.cli.main",
    "mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store", "mlflow.tensorflow", "alembic.command",
    "pandas", "matplotlib.pyplot", "pyarrow.dataset", "scipy.stats", "sklearn.mixture",
    "skimage.measure", "tensorflow", "keras", "jax", "ipykernel.kernelapp", "mlxtend.data",
    "pathspec", "pooch", "hypothesis", "pytest",
)  # fmt: skip
KEDRO = {"kedro", "kedro_datasets", "kedro_mlflow", "kedro_telemetry", "kedro_viz"}
SIZE = struct.Struct("!I")
REPORT = struct.Struct("!i")


class ForkedProcess:
    """A program that a fork server started; has what tests use of ``subprocess.Popen``."""

    stdin = stderr = None

    def __init__(self, report: int, stdout: TextIO | None) -> None:
        self._report, self.stdout = report, stdout
        self.returncode: int | None = None
        self.pid = self._receive()

    def _receive(self) -> int:
        received = os.read(self._report, REPORT.size)
        if not received:
            raise ChildProcessError("Expected a report of the fork server. Received: its end")
        return REPORT.unpack(received)[0]

    def poll(self) -> int | None:
        """Returns how the program ended as ``subprocess`` says it; None while it runs."""
        if self.returncode is None and select.select([self._report], [], [], 0)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._receive())
            os.close(self._report)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        if self.returncode is None and not select.select([self._report], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return self.poll()

    def communicate(self, timeout: float | None = None) -> tuple[str | None, None]:
        output = None
        if self.stdout:
            with self.stdout:
                output = self.stdout.read()
        self.wait(timeout)
        return output, None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkServer:
    """Is one process, which ends with the process that started it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            environment |= {"TF_CPP_MIN_LOG_LEVEL": "3"}
            options = {"env": environment, "pass_fds": [theirs.fileno()]}
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
        atexit.register(self.close)

    def close(self) -> None:
        self._control.close()
        self._process.wait()

    def start(
        self, *arguments: str, cwd, env, new_session=False, output=None, errors=None
    ) -> ForkedProcess:
        """Starts ``python …``.

        Args:
            arguments: What stands behind ``python``: ``-m`` and a module, ``-c`` and code, or the
                path of a file; then the program's arguments.
            cwd: Working directory.
            env: All environment variables.
            new_session: Whether the program leads a session of its own.
            output: An open file, or ``subprocess.PIPE``; by default the output of this process.
            errors: An open file for the error output; by default where the output goes.
        """
        request = {"arguments": arguments, "cwd": str(cwd), "env": env, "session": new_session}
        text = json.dumps(request).encode()
        report, to_report = os.pipe()
        ours, theirs = os.pipe() if output == subprocess.PIPE else (None, None)
        out = theirs or (output.fileno() if output else 1)
        err = errors.fileno() if errors else out
        socket.send_fds(self._control, [SIZE.pack(len(text))], [to_report, out, err])
        self._control.sendall(text)
        close_all(to_report, *filter(None, [theirs]))
        return ForkedProcess(report, open(ours, encoding="utf-8") if ours else None)


@functools.cache
def fork_server() -> ForkServer:
    """Returns the fork server of this process."""
    return ForkServer()


def run_python(*arguments: str, cwd, env) -> subprocess.CompletedProcess[str]:
    """Runs ``python …`` in a fork, like ``subprocess.run`` with captured text."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        files = {"output": output, "errors": errors}
        process = fork_server().start(*arguments, cwd=cwd, env=env, **files)
        status = process.wait()
        for file in files.values():
            file.seek(0)
        return subprocess.CompletedProcess(arguments, status, output.read(), errors.read())


def import_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] in KEDRO]:
        del sys.modules[name]
    inspect.getmodule(import_libraries.__code__, "<no file>")  # remembers the files of all modules
    gc.collect()
    gc.freeze()  # or a collection in a fork would copy all memory


def receive(control: socket.socket) -> tuple[dict, list[int]]:
    """Returns the next request with its descriptors; ends the server where nobody asks any more."""
    head, descriptors, *_ = socket.recv_fds(control, SIZE.size, 3)
    if not head:
        os._exit(0)
    text = control.recv(SIZE.unpack(head)[0], socket.MSG_WAITALL)
    return json.loads(text), descriptors


def serve(control: socket.socket) -> dict:
    """Forks for each request; returns in the forks only, with the request.

    Between server and program is a process that waits for the program and reports how it ended.
    The program itself reports its number, once it leads its session.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that report
    while True:
        request, (report, *outputs) = receive(control)
        if os.fork() == 0:
            control.close()
            break
        close_all(report, *outputs)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if program := os.fork():
        close_all(*outputs)
        os.write(report, REPORT.pack(os.waitpid(program, 0)[1]))
        os._exit(0)
    if request["session"]:
        os.setsid()
    os.write(report, REPORT.pack(os.getpid()))
    for number, output in enumerate(outputs, start=1):
        os.dup2(output, number)
    close_all(report, *outputs)
    return request


def close_all(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def become(request: dict) -> None:
    """Makes this process what a new one would be."""
    import jax
    import matplotlib as mpl
    import numpy as np
    from sqlite import write_without_waiting  # beside this file

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    np.random.seed()  # noqa: NPY002
    write_without_waiting()
    # Dynaconf asks for the file of its caller: the lines around it take a search of all modules.
    inspect.stack = functools.partial(inspect.stack, 0)
    jax.config.update("jax_platforms", os.environ.get("JAX_PLATFORMS"))
    mpl.rcParams["backend"] = os.environ.get("MPLBACKEND", mpl.rcParams["backend"])
    paths = request["env"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [request["cwd"], *filter(None, paths)]


def run_program(kind: str, *arguments: str) -> None:
    """Runs what stands behind ``python``: ``-m module …``, ``-c code …`` or ``file …``."""
    sys.argv = [kind, *arguments[1:]]
    if kind == "-m":
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.modules["__main__"] = module = types.ModuleType("__main__")
        exec(compile(arguments[0], "<string>", "exec"), vars(module))
    else:
        sys.argv = [kind, *arguments]
        sys.path[0] = os.path.dirname(kind)
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    import_libraries()
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    become(wanted)
    run_program(*wanted["arguments"])
