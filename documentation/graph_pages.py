"""The graph as pages: ``kedro viz build`` beside the build of the site."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
OF_SERVERS = ("404.html", "autoreload.html", "telemetry.html")


class GraphBuild:
    """``kedro viz build`` in a process of its own, since it loads the project."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts the build, unless it is under way."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kedro", "viz", "build"],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def write(self, folder: Path) -> None:
        """Waits for the build, and copies its pages but those for Kedro-Viz' own servers.

        Args:
            folder: Where the pages are written.

        Raises:
            RuntimeError: If the build failed.
        """
        if self._process is None:
            raise RuntimeError("Expected a build that was started. Received: none")
        output, _ = self._process.communicate()
        code, self._process = self._process.returncode, None
        if code:
            raise RuntimeError(f"Expected kedro viz build to succeed. Received: {output}")
        left_out = shutil.ignore_patterns(*OF_SERVERS)
        shutil.copytree(ROOT / "build", folder, ignore=left_out, dirs_exist_ok=True)

    def stop(self) -> None:
        """Ends the build, if it is under way."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None
