"""Tools: the actions of a connection's provider, with schemas and what they do to the world.

https://modelcontextprotocol.io/specification/2025-06-18/server/tools
"""

from functools import cache
from typing import Any

import mcp_types as types
import orjson
from mcp.shared.exceptions import MCPError

from fairlead.api.errors import translated
from fairlead.api.mcp import approval
from fairlead.api.mcp.agent import Agent
from fairlead.api.mcp.bounds import CONTINUED, FROM, piece_of
from fairlead.errors import FairleadError, InvalidInput
from fairlead.model.function import Action
from fairlead.sdk.schemas import input_schema, output_schema


async def tools_of(agent: Agent) -> list[types.Tool]:
    """Return what the agent may call."""
    must_ask = agent.must_ask
    found = [
        tool_of(action, is_asked_first=must_ask and action.effect != "read")
        for action in await agent.actions()
    ]
    return [*found, approval.status_tool()] if must_ask and agent.may_propose else found


# making its schemas takes milliseconds, and every list of tools asks for all of them
@cache
def tool_of(action: Action, *, is_asked_first: bool = False) -> types.Tool:
    """Describe an action as a tool; one that is asked first answers that, not its output."""
    return types.Tool(
        name=action.name,
        title=action.name.replace("-", " ").capitalize(),
        description="\n\n".join(
            [action.description, *([approval.ASKED_FIRST] if is_asked_first else []), action.source]
        ),
        input_schema=_input(action),
        output_schema=None if is_asked_first else _output(action),
        annotations=types.ToolAnnotations(
            read_only_hint=action.effect == "read",
            destructive_hint=action.effect == "destructive",
            idempotent_hint=action.effect == "read",
            open_world_hint=True,
        ),
    )


def _input(action: Action) -> dict[str, Any]:
    schema = input_schema(action)
    schema.setdefault("properties", {})
    if action.effect == "read":
        schema["properties"] = {**schema["properties"], FROM: CONTINUED}
    return schema


def _output(action: Action) -> dict[str, Any]:
    schema = output_schema(action)
    if schema.get("type") != "object":
        defs = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
        schema = {"type": "object", "properties": {"result": schema}, **defs}
    # what is cut says how to go on
    return {**schema, "additionalProperties": True}


async def call(agent: Agent, name: str, arguments: dict[str, Any] | None) -> types.CallToolResult:
    """Call an action; an error of its own is an answer that says so, as the protocol wants it.

    MCPError: there is no such tool.
    """
    arguments = dict(arguments or {})
    if name == approval.STATUS:
        return await _status(agent, arguments)
    try:
        action = agent.services.registry.action(agent.connection.provider, name)
    except FairleadError as error:
        raise MCPError(types.INVALID_PARAMS, f"There is no tool '{name}'.") from error
    try:
        skip = _skip(action, arguments)
        if not agent.allowed(action):
            raise approval.refusal(name)
        if action.effect != "read" and agent.must_ask:
            asked = await approval.propose(agent, action, arguments)
            agent.note("tool", name, effect=action.effect, code="approval_requested")
            return _answer(asked)
        output = await agent.services.engine.run_action(agent.connection, name, arguments)
        piece = piece_of(output, skip)
    except FairleadError as error:
        agent.note("tool", name, effect=action.effect, code=error.code)
        return _failed(error)
    agent.note("tool", name, effect=action.effect, code="ok")
    return _answer(piece.shown())


async def _status(agent: Agent, arguments: dict[str, Any]) -> types.CallToolResult:
    try:
        skip = _skipped(arguments)
        told = await approval.status(agent, arguments)
        piece = piece_of(told.pop("result", {}), skip)
    except FairleadError as error:
        agent.note("tool", approval.STATUS, effect="read", code=error.code)
        return _failed(error)
    agent.note("tool", approval.STATUS, effect="read", code="ok")
    given = {"result": piece.values} if told.get("run") == "succeeded" else {}
    return _answer(told | given | ({"continue": piece.onward} if piece.onward else {}))


def _skip(action: Action, arguments: dict[str, Any]) -> int:
    if action.effect != "read":
        return 0
    return _skipped(arguments)


def _skipped(arguments: dict[str, Any]) -> int:
    skip = arguments.pop(FROM, 0)
    if not isinstance(skip, int) or isinstance(skip, bool) or skip < 0:
        raise InvalidInput(f"{FROM} must be a whole number from 0 on.", code="invalid_input")
    return skip


def _answer(values: dict[str, Any], *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=orjson.dumps(values).decode())],
        structured_content=None if is_error else values,
        is_error=is_error,
    )


def _failed(error: FairleadError) -> types.CallToolResult:
    told: dict[str, Any] = {"code": error.code, "message": error.message, "who": error.who}
    if isinstance(error, InvalidInput) and error.issues:
        told["errors"] = [translated(each) for each in error.issues]
    return _answer({"error": told}, is_error=True)
