"""Headless Chromium for the tests that look at pages."""

import pytest
from support.patience import PATIENCE
from support.servers import free_port, serve


@pytest.fixture
def page(browser):
    one = browser.new_page(viewport={"width": 1400, "height": 1000})
    one.set_default_timeout(1000 * PATIENCE)
    yield one
    one.close()


@pytest.fixture(scope="module")
def mlflow_address(finished):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    yield from (
        address
        for _ in serve(finished, "atelier.operations.ui", str(port), health=f"{address}/health")
    )


@pytest.fixture(scope="module")
def viz_address(copied):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ("kedro", "viz", "run", "--no-browser", "--host", "127.0.0.1", "--port", str(port))
    yield from (address for _ in serve(copied, *command, health=f"{address}/api/main"))
