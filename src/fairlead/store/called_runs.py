"""Runs of actions that somebody waits for: many opened and ended by one statement each.

Such a run is running from its first moment, and who called it has looked its connection up already,
maybe a moment ago: the statement that opens it says whether the connection is still as it was then.
Written for the drivers themselves: https://docs.python.org/3/library/sqlite3.html,
https://magicstack.github.io/asyncpg/current/usage.html
"""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from fairlead.model.clock import epoch_us
from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.store.columns import json_text
from fairlead.store.database import Tx

#: the first of them in the order of `_Opening`
_COLUMNS = (
    'id, "function", lease_owner, lease_until, input, created_at, started_at,'
    ' environment_id, connection_pk, kind, variant, "trigger", state, fencing_token,'
    " is_cancel_requested, is_reset, counts, batches, requests"
)
_SQLITE_OPEN = (
    f"INSERT INTO runs ({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, environment_id, id,"  # noqa: S608
    " 'action', 'base', 'call', 'running', 1, 0, 0, '{}', 0, 0"
    " FROM connections WHERE id = ? AND updated_at = ?"
)
_POSTGRES_OPEN = (
    f"INSERT INTO runs ({_COLUMNS}) SELECT one.id, one.function, one.owner,"  # noqa: S608
    " one.lease_until, one.input, one.created, one.started,"
    " connections.environment_id, connections.id,"
    " 'action', 'base', 'call', 'running', 1, false, false, '{}', 0, 0"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[],"
    " $7::bigint[], $8::bigint[], $9::bigint[])"
    " AS one (id, function, owner, lease_until, input, created, started, pk, seen)"
    " JOIN connections ON connections.id = one.pk AND connections.updated_at = one.seen"
    # a deletion is waited for; what it took, or somebody changed, is not there then
    " FOR KEY SHARE OF connections RETURNING runs.id"
)
_SQLITE_END = (
    "UPDATE runs SET state = ?, output = ?, requests = requests + ?, finished_at = ?,"
    " lease_owner = NULL, lease_until = NULL, progress = NULL"
    " WHERE id = ? AND fencing_token = ? AND state = 'running'"
)
_POSTGRES_END = (
    "UPDATE runs SET state = one.state, output = one.output,"
    " requests = runs.requests + one.requests, finished_at = one.now,"
    " lease_owner = NULL, lease_until = NULL, progress = NULL"
    " FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::bigint[])"
    " AS one (state, output, requests, now, id, token)"
    " WHERE runs.id = one.id AND runs.fencing_token = one.token AND runs.state = 'running'"
)


class _Opening(NamedTuple):
    """The values of a new row, and of its connection, in the order of the statements."""

    id: str
    function: str
    lease_owner: str
    lease_until_us: int
    input: str | None
    created_us: int
    started_us: int
    connection_pk: int
    connection_updated_us: int


class _Ending(NamedTuple):
    """What changes in the row of a run that is over, likewise."""

    state: str
    output: str | None
    requests: int
    now_us: int
    id: str
    fencing_token: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that is to be opened, and its row."""

    run: Run
    row: _Opening


def opened(
    connection: Connection,
    *,
    id: str,
    function: str,
    owner: str,
    lease_until: datetime,
    input: Any,
    now: datetime,
) -> Opened:
    """Return what `write` opens; Unstorable (InvalidInput) if no column can hold the input."""
    began_us = epoch_us(now)
    row = _Opening(
        id,
        function,
        owner,
        epoch_us(lease_until),
        json_text(input),
        began_us,
        began_us,
        connection.id,
        epoch_us(connection.updated_at),
    )
    run = Run(
        id=id,
        environment_id=connection.environment_id,
        connection_pk=connection.id,
        kind=RunKind.ACTION,
        function=function,
        trigger=RunTrigger.CALL,
        state=RunState.RUNNING,
        fencing_token=1,
        lease_owner=owner,
        lease_until=lease_until,
        input=input,
        created_at=now,
        started_at=now,
    )
    return Opened(run, row)


def ended(run: Run, state: RunState, *, output: Any, requests: int, now: datetime) -> _Ending:
    """Return what `write` ends; Unstorable (InvalidInput) if no column can hold the output."""
    token = run.fencing_token
    return _Ending(state.value, json_text(output), requests, epoch_us(now), run.id, token)


Change = Opened | _Ending


async def write(tx: Tx, changes: Sequence[Change]) -> Collection[str]:
    """Open and end runs; return the ids of those that were opened.

    Not opened is one whose connection was changed or deleted since it was looked up. To end one
    that somebody else has, or that is over, changes nothing.
    """
    opening = [change.row for change in changes if isinstance(change, Opened)]
    ending = [change for change in changes if not isinstance(change, Opened)]
    driver = await tx.driver()
    if tx.dialect == "sqlite":
        made = {row.id for row in opening if driver.execute(_SQLITE_OPEN, row).rowcount}
        driver.executemany(_SQLITE_END, ending)
        return made
    # These first: whoever deletes a connection is waited for while nothing is held yet that a
    # deletion would wait for.
    made = set()
    if opening:
        rows = await driver.fetch(_POSTGRES_OPEN, *zip(*opening, strict=True))
        made = {row[0] for row in rows}
    if ending:
        await driver.execute(_POSTGRES_END, *zip(*ending, strict=True))
    return made
