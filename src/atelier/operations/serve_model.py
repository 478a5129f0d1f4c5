"""``python -m atelier.operations.serve_model MODEL [PORT]``: MLflow's server with limits.

MLflow's own command answers requests without a content type, with deep JSON or with very long
numbers by status 500, takes bodies of any size, and waits for bytes that never come. A small
parquet file may unpack to many gigabytes. This server refuses all of these with a status 4xx.
"""

import asyncio
import gc
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import mlflow
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from mlflow.pyfunc import scoring_server
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
LARGEST_BODY = 2**24
"""Bytes of a request, 3,000 pictures of 28 × 28 as JSON; in memory they may be 20 times larger."""
JSON_TYPE = "application/json"
LINGER_SECONDS = 10
"""How long the rest of a refused request is read, so that its sender comes to read the answer."""
UNREADABLE = (RecursionError, ValueError)
"""Errors of Python's JSON reader that MLflow does not expect: deep lists, very long numbers."""


def refusal_of(headers: Mapping[str, str]) -> Response | None:
    """Returns the answer to a request that is refused by its headers; None if it is to be read.

    Args:
        headers: By their names in lower case.

    Examples:
        >>> refusal_of({"content-type": "application/json", "content-length": "9"})
        >>> refusal_of({"content-type": "text/csv", "content-length": "9"}).status_code
        415
    """
    kind, length = headers.get("content-type", ""), headers.get("content-length")
    if kind.partition(";")[0].strip().lower() != JSON_TYPE:
        return _refuse(415, f"the content type {JSON_TYPE}", repr(kind) if kind else "none")
    if length is None:
        return _refuse(411, "the header Content-Length", "none")
    if int(length) > LARGEST_BODY:
        return _refuse(413, f"at most {LARGEST_BODY:,} bytes in a request", f"{int(length):,}")
    return None


def _refuse(status: int, expected: str, received: str) -> Response:
    # The body was not read, and so the connection cannot be used again.
    text = f"Expected {expected}. Received: {received}\n"
    return PlainTextResponse(text, status, {"Connection": "close"})


def limited_server(model: Any) -> FastAPI:
    """Returns MLflow's server of a model, which refuses what MLflow's reader cannot bear.

    Args:
        model: As :func:`mlflow.pyfunc.load_model` returns it.
    """
    server: FastAPI = scoring_server.init(model)
    server.add_middleware(_HeaderLimits)
    for kind in UNREADABLE:
        server.add_exception_handler(kind, _refuse_json)
    return server


class _HeaderLimits:
    """Answers what is refused by its headers before the body is read.

    A connection that is closed while its client still sends is reset, and the answer is lost:
    the answer goes out whole, and what still arrives is discarded before the connection closes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "POST"
        refusal = refusal_of(Headers(scope=scope)) if asked else None
        if refusal is None:
            await self.app(scope, receive, send)
            return
        start = {"status": refusal.status_code, "headers": refusal.raw_headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await receive()).get("more_body", False):
                    pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _refuse_json(request: Request, error: Exception) -> Response:
    del request
    return _refuse(400, "JSON of few levels and of short numbers", str(error))


def main(model: str = "", port: str = "5000") -> None:
    """Serves a registered model on this machine until Ctrl-C.

    Args:
        model: Address of the model, such as ``models:/atelier-digits-calibrated@champion``.
        port: The port to listen on.
    """
    if not model:
        sys.exit(
            "Expected a model, such as models:/atelier-digits-calibrated@champion. Received: none"
        )
    try:
        loaded = mlflow.pyfunc.load_model(model)
    except mlflow.MlflowException as error:
        sys.exit(f"Expected a registered model. Received: {model}: {error}")
    gc.collect()
    gc.freeze()  # or each request of many lists searches all objects of TensorFlow for garbage
    uvicorn.run(limited_server(loaded), host=HOST, port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
