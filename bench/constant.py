"""The least that the emulator could do: its own server with an app that answers a constant.

`python -m bench.constant` prints its port; `GET /N` is answered with N bytes, which are made once.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import uvloop

from m365sim.server import bind, serving


def constant() -> Callable[[Any, Any, Any], Any]:
    """Return the app."""
    bodies: dict[str, bytes] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        body = bodies.get(scope["path"])
        if body is None:
            body = bodies[scope["path"]] = b"x" * int(scope["path"][1:])
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def main() -> None:
    sockets = bind("127.0.0.1", 0, 1)
    async with serving([constant()], sockets):
        sys.stdout.write(f"{sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
