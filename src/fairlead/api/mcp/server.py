"""The protocol's server, by its own SDK: each request by itself, so that any process may answer.

Sessions are not kept. What a request may do follows from its key and connection, which come with
every request; the transport is streamable HTTP with plain JSON answers.
"""

import asyncio
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from fairlead.api.mcp import resources, tools
from fairlead.api.mcp.agent import Agent

#: where a request's agent travels through the SDK
AGENT = "fairlead.agent"
_WORDS = (
    "Tools act on one connected account. Answers are JSON; one that has `continue` was cut: call "
    "again with `continueFrom`. An error says its code, what is wrong and who must do what."
)
_Context = ServerRequestContext[Any, Any]


class AgentServer:
    """Serves agents until it is closed."""

    def __init__(self) -> None:
        self._manager = StreamableHTTPSessionManager(_server(), json_response=True, stateless=True)
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._host: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Get ready; to be called once, before the first request."""
        self._host = asyncio.create_task(self._run(), name="agents' server")
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({self._host, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._host.done():
            self._host.result()

    async def _run(self) -> None:
        # the SDK's task group is entered and left by one and the same task
        async with self._manager.run():
            self._ready.set()
            await self._over.wait()

    async def handle(self, agent: Agent, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._manager.handle_request({**scope, AGENT: agent}, receive, send)

    async def close(self) -> None:
        """End what is under way."""
        self._over.set()
        if self._host is not None:
            await self._host


def _server() -> Server[Any]:
    return Server(
        "fairlead",
        instructions=_WORDS,
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read_resource,
    )


def _agent(context: _Context) -> Agent:
    request = context.request
    assert request is not None, "it came by HTTP"
    agent = request.scope[AGENT]
    assert isinstance(agent, Agent)
    return agent


async def _list_tools(context: _Context, _params: object) -> types.ListToolsResult:
    return types.ListToolsResult(
        tools=await tools.tools_of(_agent(context)), ttl_ms=0, cache_scope="private"
    )


async def _call_tool(
    context: _Context, params: types.CallToolRequestParams
) -> types.CallToolResult:
    return await tools.call(_agent(context), params.name, params.arguments)


async def _list_resources(context: _Context, _params: object) -> types.ListResourcesResult:
    return types.ListResourcesResult(
        resources=await resources.resources_of(_agent(context)), ttl_ms=0, cache_scope="private"
    )


async def _list_templates(context: _Context, _params: object) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(
        resource_templates=await resources.templates_of(_agent(context)),
        ttl_ms=0,
        cache_scope="private",
    )


async def _read_resource(
    context: _Context, params: types.ReadResourceRequestParams
) -> types.ReadResourceResult:
    return await resources.read(_agent(context), str(params.uri))
