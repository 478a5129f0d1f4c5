"""Where Chromium is, and whether tests that need it may be skipped without it."""

import os
import shutil

import pytest

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
REQUIRED = os.environ.get("ATELIER_BROWSER_REQUIRED")


def skip_without_chromium() -> None:
    """Skips a test where there is no Chromium, unless ATELIER_BROWSER_REQUIRED is set."""
    if CHROMIUM is None and not REQUIRED:
        pytest.skip("no Chromium here: the browser tests need one")
