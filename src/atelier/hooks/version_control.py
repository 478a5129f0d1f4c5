"""The state of the project's source code as tags of a run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from atelier.configuration.redaction import redact

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
"""Where git is not installed, MLflow's import of GitPython would fail with 51 lines of warnings."""

SECONDS = 30
"""Time limit of a git command; a repository may lie on a slow disk."""


def git_tags(project: Path) -> dict[str, str]:
    """Returns MLflow's tags of commit, branch, remote address and uncommitted changes.

    Args:
        project: The project's folder.

    Returns:
        No tags where git is not installed, where the folder is in no repository or ignored by it,
        and where nothing is committed yet.
    """
    commit = _git(project, "rev-parse", "HEAD")
    if not commit or _git(project, "check-ignore", ".") is not None:
        return {}
    changes = _git(project, "status", "--porcelain", "--", ".")
    remote = _git(project, "remote", "get-url", "origin")
    tags = {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": _git(project, "symbolic-ref", "--short", "HEAD"),
        "mlflow.source.git.repoURL": remote and without_credentials(remote),
        "mlflow.source.git.dirty": None if changes is None else str(bool(changes)).lower(),
    }
    return {name: value for name, value in tags.items() if value}


def without_credentials(address: str) -> str:
    """Removes user, password, query and fragment from a repository's address.

    Args:
        address: A URL, a path, or ``user@host:path``, whose user is no secret and stays.
    """
    parts = urlsplit(address)
    if not parts.netloc:
        return str(redact(address))
    host = parts.netloc.rpartition("@")[2]
    return str(redact(urlunsplit((parts.scheme, host, parts.path, "", ""))))


def _git(folder: Path, *arguments: str) -> str | None:
    """Returns git's output; None where git is not installed or fails."""
    program = shutil.which("git")
    if program is None:
        return None
    command = [program, "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        result = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
