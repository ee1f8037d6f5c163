"""The route: who asks, may they, and off to the protocol's server, which is loaded when needed."""

import asyncio
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from fairlead.api.auth import KeyRing
from fairlead.api.mcp.agent import Agent
from fairlead.api.routing import headers_of
from fairlead.api.services import Services
from fairlead.errors import Forbidden

if TYPE_CHECKING:
    from fairlead.api.mcp.server import AgentServer


class Endpoint:
    """Answers `/mcp`."""

    def __init__(self, services: Services, keys: KeyRing) -> None:
        self._services = services
        self._keys = keys
        self._server: AgentServer | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; Unauthorized, Forbidden, or CallerError for an unknown connection."""
        headers = headers_of(scope["headers"])
        origin = headers.get("origin")
        # a page that somebody lured a browser to must not speak to a server on its machine
        if origin is not None and not self._services.embedders.allows(origin):
            raise Forbidden("Pages of this origin may not speak to agents' servers.")
        caller = await self._keys.identify(headers.get("authorization"))
        agent = await Agent.of(self._services, caller, headers)
        server = self._server or await self._load()
        await server.handle(agent, scope, receive, send)

    async def _load(self) -> "AgentServer":
        async with self._loading:
            if self._server is None:
                server = (await asyncio.to_thread(_imported))()
                await server.start()
                self._services.closing.push_async_callback(server.close)
                self._server = server
        return self._server


def _imported() -> "type[AgentServer]":
    from fairlead.api.mcp.server import AgentServer  # noqa: PLC0415  # a second, and 40 MB

    return AgentServer
