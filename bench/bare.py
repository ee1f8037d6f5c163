"""What the platform is held against: the least that an ASGI process could do for the same call.

`forward`: raw ASGI and aiohttp, one connection pool, nothing else. `read`: a Starlette route with
one read of a SQLite row by its primary key. Run as `python -m bench.bare KIND PORT ARGUMENT`.
"""

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
_ONE_HOP = {b"host", b"connection", b"keep-alive", b"transfer-encoding", b"content-length"}


def forwarder(upstream: str) -> Asgi:
    """Return an application that sends each request to `upstream` and streams the answer back."""
    session: aiohttp.ClientSession | None = None

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - a GET has none
        nonlocal session  # opened in the loop that it serves
        if session is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=100), auto_decompress=False
            )
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name not in _ONE_HOP
        }
        url = upstream + scope["raw_path"].decode()
        async with session.request(scope["method"], url, headers=headers) as answer:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": [
                        (name.lower(), value)
                        for name, value in answer.raw_headers
                        if name.lower() not in {b"connection", b"transfer-encoding"}
                    ],
                }
            )
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


def reader(path: str) -> Asgi:
    """Return an application with one route that reads a row of the SQLite file at `path`."""
    database = sqlite3.connect(path)

    async def read(request: Request) -> Response:
        row = database.execute(
            "SELECT body FROM things WHERE id = ?", (request.path_params["id"],)
        ).fetchone()
        return Response(row[0], media_type="application/json")

    return Starlette(routes=[Route("/things/{id}", read)])


def main() -> None:
    kind, port, argument = sys.argv[1:]
    app = forwarder(argument) if kind == "forward" else reader(argument)
    config = uvicorn.Config(
        app,
        port=int(port),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
