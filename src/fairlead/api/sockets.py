"""The websocket at `/`: tells a page how the popup that it opened ended (contract 0.10, 5.2).

Who connects is told its id at once; the browser library puts it into the OAuth trip's first URL.
A process knows its own sockets only: behind a balancer, keep a browser on one process.
"""

from contextlib import suppress

import orjson
from starlette.types import Receive, Scope, Send

from fairlead.model.clock import NewId

#: sockets kept at once; beyond, new ones are refused
_ROOM = 10_000


class Sockets:
    """The open websockets of this process."""

    def __init__(self, new_id: NewId) -> None:
        self._new_id = new_id
        self._open: dict[str, Send] = {}

    async def serve(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Greet one websocket and keep it until its page goes."""
        if (await receive())["type"] != "websocket.connect":
            return
        if len(self._open) >= _ROOM:
            await send({"type": "websocket.close", "code": 1013})
            return
        client_id = self._new_id()
        self._open[client_id] = send
        try:
            await send({"type": "websocket.accept"})
            await self._tell(send, {"message_type": "connection_ack", "ws_client_id": client_id})
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            del self._open[client_id]

    async def succeeded(self, client_id: str | None, key: str, connection_id: str) -> None:
        """Tell a page that its connection is made."""
        await self._to(
            client_id,
            {
                "message_type": "success",
                "provider_config_key": key,
                "connection_id": connection_id,
                "is_pending": False,
            },
        )

    async def failed(
        self, client_id: str | None, key: str, connection_id: str, error_type: str, sentence: str
    ) -> None:
        """Tell a page why there is no connection."""
        await self._to(
            client_id,
            {
                "message_type": "error",
                "provider_config_key": key,
                "connection_id": connection_id,
                "error_type": error_type,
                "error_desc": sentence,
            },
        )

    async def _to(self, client_id: str | None, message: dict[str, object]) -> None:
        send = self._open.get(client_id or "")
        if send is not None:
            # the page may be gone by now; the connection exists all the same
            with suppress(OSError):
                await self._tell(send, message)

    @staticmethod
    async def _tell(send: Send, message: dict[str, object]) -> None:
        await send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
