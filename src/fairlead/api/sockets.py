"""The websocket at `/`: tells a page how the popup that it opened ended (contract 0.10, 5.2).

Who connects is told its id at once; the browser library puts it into the OAuth trip's first URL.
The trip may end at another process than the one that holds the socket: what a process has no socket
for, it posts to all.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from fairlead.model.clock import NewId
from fairlead.store.bulletin import Bulletin
from fairlead.store.database import Database

CHANNEL = "fairlead_sockets"
#: sockets kept at once; beyond, new ones are refused
_ROOM = 10_000


class Sockets:
    """The open websockets of this process, and a way to those of the others."""

    def __init__(self, db: Database, new_id: NewId) -> None:
        self._new_id = new_id
        self._open: dict[str, Send] = {}
        self._bulletin = Bulletin(db, CHANNEL, self._heard)
        #: messages of other processes, on their way
        self._passing_on: set[asyncio.Task[None]] = set()

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
            # first all ears, then greeted: a trip begins after the greeting
            async with self._bulletin.listening():
                await send({"type": "websocket.accept"})
                greeting = {"message_type": "connection_ack", "ws_client_id": client_id}
                await self._tell(send, greeting)
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
        if not client_id:
            return
        if client_id in self._open:
            await self._pass_on(client_id, message)
        else:
            text = orjson.dumps({"to": client_id, "message": message}).decode()
            await self._bulletin.post(text)

    async def _pass_on(self, client_id: str, message: dict[str, Any]) -> None:
        send = self._open.get(client_id)
        if send is not None:
            # the page may be gone by now; the connection exists all the same
            with suppress(OSError):
                await self._tell(send, message)

    def _heard(self, text: str) -> None:
        posted = orjson.loads(text)
        if posted["to"] not in self._open:
            return
        task = asyncio.create_task(self._pass_on(posted["to"], posted["message"]))
        self._passing_on.add(task)
        task.add_done_callback(self._passing_on.discard)

    @staticmethod
    async def _tell(send: Send, message: Mapping[str, object]) -> None:
        await send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
