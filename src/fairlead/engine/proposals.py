"""Calls of agents that a person has to approve: kept, decided once, and then run once.

An approved call is a run of the same id, put in the queue in the transaction that approved it, so
there is no moment at which it could be lost, or made twice. Each step is announced as an event of
type `approval`; what the call came to is announced and kept as of any action that nobody waits for.
"""

# ruff: noqa: A002  # named as the fields are, and nothing here needs the builtins

from datetime import timedelta

import structlog

from fairlead.engine.setup import Setup
from fairlead.errors import Conflict, NotFound
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.proposal import Proposal, ProposalState
from fairlead.model.run import Run, RunKind, RunTrigger
from fairlead.sdk import validate_input
from fairlead.store import connections, outbox, proposals, runs
from fairlead.store.database import Tx

log = structlog.get_logger(__name__)

#: calls of one key for one connection that may wait at a time
MOST_WAITING = 50
#: proposals whose time is over that are noted in one transaction
_LIMIT = 500


async def propose(
    setup: Setup, connection: Connection, name: str, raw: object, *, key_id: int, key_name: str
) -> Proposal:
    """Keep a call until somebody decides; the same one that waits already is not kept twice.

    NotFound (`unknown_action`), InvalidInput with its issues; Conflict
    (`too_many_waiting_approvals`).
    """
    action = setup.registry.action(connection.provider, name)
    validate_input(action, raw)
    now = setup.clock.now()
    proposal = Proposal(
        id=setup.new_id(),
        environment_id=connection.environment_id,
        connection_pk=connection.id,
        function=action.name,
        input=raw,
        key_id=key_id,
        key_name=key_name,
        state=ProposalState.WAITING,
        created_at=now,
        expires_at=now + timedelta(hours=setup.settings.agent_approval_hours),
    )
    async with setup.db.write() as tx:
        waiting = await proposals.waiting_for(tx, connection.id, key_id, now)
        for one in waiting:
            if one.function == proposal.function and one.input == proposal.input:
                return one
        if len(waiting) >= MOST_WAITING:
            raise Conflict(
                f"{len(waiting)} calls wait for approval already; somebody has to decide them "
                "first: fairlead approvals list.",
                code="too_many_waiting_approvals",
            )
        await proposals.insert(tx, proposal)
        await _announce(tx, setup, proposal, connection, "requested")
    log.info("approval requested", **_facts(proposal))
    return proposal


async def approve(
    setup: Setup, environment_id: int, id: str, *, by: str, key_id: int | None = None
) -> tuple[Proposal, Run]:
    """Approve a call and put it in the queue; return both. Errors as in `_decided`."""
    async with setup.db.write() as tx:
        proposal = await _decided(
            tx, setup, environment_id, id, ProposalState.APPROVED, by=by, key_id=key_id
        )
        run = await runs.enqueue(
            tx,
            id=proposal.id,
            environment_id=environment_id,
            connection_pk=proposal.connection_pk,
            kind=RunKind.ACTION,
            function=proposal.function,
            trigger=RunTrigger.CALL,
            input=proposal.input,
            retries=0,
            now=setup.clock.now(),
        )
    if run is None:
        raise Conflict("This call was made already.", code="approval_decided")
    log.info("approval given", by=by, **_facts(proposal))
    return proposal, run


async def deny(
    setup: Setup,
    environment_id: int,
    id: str,
    *,
    by: str,
    key_id: int | None = None,
    reason: str | None = None,
) -> Proposal:
    """Deny a call, for a reason that the agent is told. Errors as in `_decided`."""
    async with setup.db.write() as tx:
        proposal = await _decided(
            tx, setup, environment_id, id, ProposalState.DENIED, by=by, key_id=key_id, reason=reason
        )
    log.info("approval denied", by=by, **_facts(proposal))
    return proposal


async def expire(setup: Setup) -> None:
    """Note whose time is over, and forget what was decided long ago."""
    now = setup.clock.now()
    async with setup.db.read() as tx:
        overdue = await proposals.overdue(tx, now)
    while overdue > 0:
        async with setup.db.write() as tx:
            for proposal in await proposals.expire(tx, now, _LIMIT):
                connection = await connections.by_pk(tx, proposal.connection_pk)
                await _announce(tx, setup, proposal, connection, "expired")
                log.info("approval expired", **_facts(proposal))
        overdue -= _LIMIT
    async with setup.db.write() as tx:
        await proposals.purge(tx, now - timedelta(days=setup.settings.run_days))


async def _decided(
    tx: Tx,
    setup: Setup,
    environment_id: int,
    id: str,
    state: ProposalState,
    *,
    by: str,
    key_id: int | None,
    reason: str | None = None,
) -> Proposal:
    """Decide; NotFound (`unknown_approval`), Conflict (`own_approval`, `approval_decided`)."""
    now = setup.clock.now()
    known = await proposals.find(tx, environment_id, id)
    if known is None:
        raise NotFound(f"There is no approval '{id}'.", code="unknown_approval")
    if key_id is not None and key_id == known.key_id:
        raise Conflict(
            "The key that asked for this call cannot decide it; use another key, or `fairlead "
            "approvals`.",
            code="own_approval",
        )
    proposal = await proposals.decide(tx, id, state, by=by, reason=reason, now=now)
    if proposal is None:
        over = known.state is ProposalState.WAITING
        raise Conflict(
            "It is too late: nobody decided in time; let the agent ask again."
            if over
            else f"This call is {known.state.value} already.",
            code="approval_decided",
        )
    connection = await connections.by_pk(tx, proposal.connection_pk)
    await _announce(tx, setup, proposal, connection, state.value)
    return proposal


def _facts(proposal: Proposal) -> dict[str, object]:
    return {
        "approval_id": proposal.id,
        "action": proposal.function,
        "key": proposal.key_name,
        "connection_pk": proposal.connection_pk,
    }


async def _announce(
    tx: Tx, setup: Setup, proposal: Proposal, connection: Connection | None, operation: str
) -> None:
    if connection is None:
        return
    await outbox.put(
        tx,
        Event(
            id=setup.new_id(),
            environment_id=proposal.environment_id,
            type="approval",
            connection_pk=proposal.connection_pk,
            payload={
                "from": "nango",
                "type": "approval",
                "operation": operation,
                "connectionId": connection.connection_id,
                "providerConfigKey": connection.integration_key,
                # without the input: what a call writes may be confidential
                "payload": {
                    "id": proposal.id,
                    "action": proposal.function,
                    "key": proposal.key_name,
                    "expiresAt": proposal.expires_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    "approvalUrl": f"/approvals/{proposal.id}",
                },
            },
            created_at=setup.clock.now(),
        ),
    )
