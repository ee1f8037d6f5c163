"""Approval: a write that a person has to approve says where; a tool tells what came of it."""

from typing import Any

import mcp_types as types

from fairlead.api.approvals import approval_out
from fairlead.api.mcp.agent import Agent
from fairlead.api.mcp.bounds import CONTINUED, FROM
from fairlead.errors import CallerError, InvalidInput, NotFound
from fairlead.model.function import Action
from fairlead.model.proposal import Proposal
from fairlead.store import proposals, runs

#: the tool by which an agent asks what came of a call
STATUS = "approval-status"
_TOOL = types.Tool(
    name=STATUS,
    title="Status of an approval",
    description=(
        "Tell what became of a call that needed a person's approval: `waiting`, `denied`, "
        "`expired`, or `approved`, then with how its run stands and what it returned."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "What `approval.id` said."},
            FROM: CONTINUED,
        },
        "required": ["id"],
        "additionalProperties": False,
    },
    annotations=types.ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    ),
)
#: what the description of a tool says besides
ASKED_FIRST = (
    "A person approves each call first: the answer is `approval`, with its id and where it is "
    f"approved. Tell them, and ask `{STATUS}` what came of it."
)


def status_tool() -> types.Tool:
    """Describe the tool."""
    return _TOOL


async def propose(agent: Agent, action: Action, arguments: dict[str, Any]) -> dict[str, Any]:
    """Keep a call for a person to decide, and answer where they do.

    InvalidInput, MissingScope: it would fail anyway. Conflict: too many wait.
    """
    await agent.demand_grant(action)
    engine = agent.services.engine
    proposal = await engine.propose(agent.connection, action.name, arguments, agent.caller.key)
    return {"approval": _asked(agent, proposal)}


def _asked(agent: Agent, proposal: Proposal) -> dict[str, Any]:
    base = agent.services.settings.server_url
    return {
        "id": proposal.id,
        "state": proposal.state.value,
        "expiresAt": proposal.expires_at.isoformat(timespec="seconds"),
        "approveBy": [
            f"fairlead approvals approve {proposal.id}",
            f"POST {base}/approvals/{proposal.id}/approve",
        ],
        "message": (
            "Nothing was done yet. A person has to approve this call; they are asked in fairlead."
        ),
    }


async def status(agent: Agent, arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer what became of a call that this key asked for on this connection."""
    wanted = arguments.get("id")
    if not isinstance(wanted, str) or set(arguments) != {"id"}:
        raise InvalidInput("Give `id`: what `approval.id` said.")
    async with agent.services.db.read() as tx:
        proposal = await proposals.find(tx, agent.connection.environment_id, wanted)
        if (
            proposal is None
            or proposal.connection_pk != agent.connection.id
            or proposal.key_id != agent.caller.key.id
        ):
            raise NotFound(f"There is no approval '{wanted}'.", code="unknown_approval")
        told = await approval_out(tx, agent.services, proposal)
        run = await runs.find(tx, proposal.id) if told["run"] else None
    said = {name: told[name] for name in ("id", "state", "action", "reason", "run")}
    said["error"] = told["failure"]
    if run is not None and told["run"] == "succeeded":
        said["result"] = run.output
    return {name: value for name, value in said.items() if value is not None}


def refusal(name: str) -> CallerError:
    """Return why a key that only reads may not call a tool that writes."""
    return InvalidInput(
        f"'{name}' writes, and this key only reads; it needs the scope "
        "environment:actions:execute, or environment:actions:propose to ask a person each time.",
        code="read_only_key",
    )
