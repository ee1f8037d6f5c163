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

    async def refuse(self, receive: Receive, send: Send) -> None:
        """Tell a page that it is none of the product's, and hang up."""
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        # said in the contract's words, so that its browser library rejects with this sentence
        await self._tell(
            send,
            {
                "message_type": "error",
                "provider_config_key": "",
                "connection_id": "",
                "error_type": "origin_not_allowed",
                "error_desc": "This page's origin is none of the product's; whoever runs this "
                "server can add it to FAIRLEAD_CONNECT_ORIGINS.",
            },
        )
        await send({"type": "websocket.close", "code": 1008})

    async def succeeded(
        self, client_id: str | None, key: str, connection_id: str, *, is_pending: bool = False
    ) -> None:
        """Tell a page that its connection is made, or waits for somebody else (`is_pending`)."""
        await self._to(
            client_id,
            {
                "message_type": "success",
                "provider_config_key": key,
                "connection_id": connection_id,
                "is_pending": is_pending,
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
