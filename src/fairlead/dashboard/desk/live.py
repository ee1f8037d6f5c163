"""Live updates: the living part of a page, drawn anew when it changed, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Without scripts, pages say what was
true when they were asked for.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from fairlead.dashboard.desk.desk import Desk, Handler
from fairlead.dashboard.desk.drawing import HEADERS
from fairlead.dashboard.desk.visit import ROOT, Visit

#: seconds between two looks
EVERY_SECONDS = 2.0
#: looks until the browser is told to come back, so that nothing goes on for ever
_LOOKS = 300
#: streams at once, of one process
_MOST = 200


class Live:
    """Streams pages that change."""

    def __init__(self, desk: Desk, pages: Mapping[str, Handler]) -> None:
        self._desk = desk
        self._pages = pages
        self._open = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all streams: the server stops."""
        self._stopping.set()

    async def stream(self, request: Request) -> Response:
        """Stream the page that `of` names."""
        address = request.query_params.get("of", "")
        visit = await self._desk.visit(request, address or ROOT)
        if not isinstance(visit, Visit):
            # to a stream, a page that asks to sign in says nothing
            return PlainTextResponse("Sign in.\n", 401)
        start = f"{ROOT}/in/{visit.environment.name}"
        name = address.partition("?")[0].removeprefix(start).strip("/")
        handler = self._pages.get(name) if address.startswith(start) else None
        if handler is None:
            return PlainTextResponse("There is no such page.\n", 404)
        if self._open >= _MOST or self._stopping.is_set():
            return PlainTextResponse("Too many pages are open.\n", 503)
        headers = HEADERS | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._events(request, address, handler), media_type="text/event-stream", headers=headers
        )

    async def _events(
        self, request: Request, address: str, handler: Handler
    ) -> AsyncIterator[bytes]:
        self._open += 1
        seen = ""
        try:
            for _ in range(_LOOKS):
                visit = await self._desk.visit(request, address)
                if not isinstance(visit, Visit):
                    yield b"event: over\ndata:\n\n"
                    return
                answer = await self._desk.answer(handler, visit)
                drawn = bytes(answer.body)
                digest = hashlib.sha256(drawn).hexdigest()
                if digest != seen and answer.status_code == 200:
                    seen = digest
                    yield _event(drawn)
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_SECONDS):
                        await self._stopping.wait()
                        return
        finally:
            self._open -= 1


def _event(drawn: bytes) -> bytes:
    lines = drawn.decode().splitlines()
    return "".join(["event: page\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()
