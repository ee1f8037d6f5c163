"""`/approvals`: calls that agents want to make, and that a person has to approve first."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import NoQuery, Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.api.sync_status import FailureOut
from fairlead.api.wire import zulu
from fairlead.errors import NotFound
from fairlead.model.connection import Connection
from fairlead.model.proposal import Proposal, ProposalState
from fairlead.model.run import Run
from fairlead.store import connections, proposals, runs
from fairlead.store.database import Tx

router = APIRouter(tags=["agents"])

READ = "environment:approvals:read"
DECIDE = "environment:approvals:update"
State = Literal["waiting", "approved", "denied", "expired"]


class ApprovalOut(BaseModel):
    """A call that needs approval."""

    id: str
    state: State
    action: str
    input: Any
    connection_id: str
    provider_config_key: str
    key: str
    """Name of the key that asked."""
    created_at: str
    expires_at: str
    decided_at: str | None
    decided_by: str | None
    reason: str | None
    """Why it was denied."""
    run: Literal["queued", "running", "succeeded", "failed", "cancelled"] | None
    """How the call stands, once approved; `GET /action/{id}` answers what it returned."""
    failure: FailureOut | None


class ApprovalsReply(BaseModel):
    """Calls that need approval, newest first."""

    approvals: list[ApprovalOut]


class ApprovalsQuery(Strict):
    """Which, and how many."""

    state: State | None = None
    limit: int = Field(default=100, ge=1, le=1000)


class Denial(Strict):
    """Why not."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    """The agent is told."""


@router.get(
    "/approvals",
    response_model=ApprovalsReply,
    openapi_extra={"parameters": parameters(ApprovalsQuery)},
)
async def list_all(
    services: Given,
    query: Annotated[ApprovalsQuery, Depends(query_of(ApprovalsQuery))],
    caller: Annotated[Caller, needs(READ)],
) -> dict[str, Any]:
    """List calls of agents that need approval; decided ones are kept as long as runs."""
    state = query.state and ProposalState(query.state)
    async with services.db.read() as tx:
        found = await proposals.listed(tx, caller.environment.id, state=state, limit=query.limit)
        return {"approvals": [await approval_out(tx, services, one) for one in found]}


@router.get(
    "/approvals/{approval_id}",
    response_model=ApprovalOut,
    dependencies=[Depends(query_of(NoQuery))],
)
async def get(
    approval_id: str, services: Given, caller: Annotated[Caller, needs(READ)]
) -> dict[str, Any]:
    """Show one call that needs approval, with its input."""
    async with services.db.read() as tx:
        proposal = await proposals.find(tx, caller.environment.id, approval_id)
        if proposal is None:
            raise NotFound(f"There is no approval '{approval_id}'.", code="unknown_approval")
        return await approval_out(tx, services, proposal)


@router.post(
    "/approvals/{approval_id}/approve",
    response_model=ApprovalOut,
    dependencies=[Depends(query_of(NoQuery))],
)
async def approve(
    approval_id: str, services: Given, caller: Annotated[Caller, needs(DECIDE)]
) -> dict[str, Any]:
    """Let the call be made: once, in the background. Not with the key that asked for it."""
    proposal = await services.engine.approve_call(
        caller.environment, approval_id, by=caller.key.name, key=caller.key
    )
    async with services.db.read() as tx:
        return await approval_out(tx, services, proposal)


@router.post(
    "/approvals/{approval_id}/deny",
    response_model=ApprovalOut,
    dependencies=[Depends(query_of(NoQuery))],
)
async def deny(
    approval_id: str, services: Given, body: Denial, caller: Annotated[Caller, needs(DECIDE)]
) -> dict[str, Any]:
    """Let the call never be made. Not with the key that asked for it."""
    proposal = await services.engine.deny_call(
        caller.environment, approval_id, by=caller.key.name, key=caller.key, reason=body.reason
    )
    async with services.db.read() as tx:
        return await approval_out(tx, services, proposal)


async def approval_out(tx: Tx, services: Services, proposal: Proposal) -> dict[str, Any]:
    """Write one, with how the call stands."""
    connection = await connections.by_pk(tx, proposal.connection_pk)
    run = None
    if proposal.state is ProposalState.APPROVED:
        run = await runs.find(tx, proposal.id)
    late = proposal.expires_at <= services.clock.now()
    return written(proposal, connection, run, is_late=late)


def written(
    proposal: Proposal, connection: Connection | None, run: Run | None, *, is_late: bool
) -> dict[str, Any]:
    """Write one; what waits too long is `expired`, also before that was noted."""
    state = proposal.state.value
    if is_late and proposal.state is ProposalState.WAITING:
        state = ProposalState.EXPIRED.value
    why = run and run.failure
    return {
        "id": proposal.id,
        "state": state,
        "action": proposal.function,
        "input": proposal.input,
        "connection_id": connection.connection_id if connection else "",
        "provider_config_key": connection.integration_key if connection else "",
        "key": proposal.key_name,
        "created_at": zulu(proposal.created_at),
        "expires_at": zulu(proposal.expires_at),
        "decided_at": proposal.decided_at and zulu(proposal.decided_at),
        "decided_by": proposal.decided_by,
        "reason": proposal.reason,
        "run": run and run.state.value,
        "failure": why and {"code": why.code, "message": why.message, "who": why.who},
    }
