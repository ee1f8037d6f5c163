"""Queries about operations and their messages: written in batches, searched, purged by age."""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.exc import DBAPIError

from fairlead.errors import InvalidInput, NotFound
from fairlead.model.clock import epoch_us, from_epoch_us
from fairlead.model.operation import Level, Message, Operation, OperationState, OperationType
from fairlead.model.run import RunState
from fairlead.store import dialect
from fairlead.store.database import Database, DatabaseDown, Tx, columns_of
from fairlead.store.operation_tables import operation_messages as messages
from fairlead.store.operation_tables import operations
from fairlead.store.tables import runs

_OPEN = (OperationState.WAITING.value, OperationState.RUNNING.value)
#: what a run's end is called here
_ENDS = {
    RunState.SUCCEEDED: OperationState.SUCCESS,
    RunState.FAILED: OperationState.FAILED,
    RunState.CANCELLED: OperationState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which operations; whatever is None or empty does not narrow."""

    types: Collection[OperationType] = ()
    actions: Collection[str] = ()
    states: Collection[OperationState] = ()
    integration: str | None = None
    connection_id: str | None = None
    #: name of a sync or action
    function: str | None = None
    #: from this instant on
    since: datetime | None = None
    #: before this instant
    until: datetime | None = None
    #: part of title, error, ids or names, without regard to case
    search: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message, with the envelope of its detail."""

    message: Message
    envelope: bytes | None = field(repr=False)


async def keep(db: Database, found: Sequence[Operation], steps: Sequence[Sealed]) -> bool:
    """Write operations and messages; False if the database would not have them now."""

    async def write_all(tx: Tx) -> None:
        await write(tx, found, steps)

    try:
        await db.transact(write_all)
    # the environment is gone, or the database away: what was done is done all the same
    except (DatabaseDown, DBAPIError, NotFound):
        return False
    return True


async def write(tx: Tx, found: Sequence[Operation], steps: Sequence[Sealed] = ()) -> None:
    """Write operations, each over an earlier one of its id, and further messages."""
    if found:
        fresh = dialect.insert(tx, operations)
        changed = {
            name: fresh.excluded[name]
            for name in ("state", "title", "meta", "error", "left_out", "search_text", "ended_at")
        }
        changed["started_at"] = func.coalesce(operations.c.started_at, fresh.excluded.started_at)
        statement = fresh.on_conflict_do_update(
            index_elements=[operations.c.id],
            set_=changed,
            # an id is only ever its environment's
            where=operations.c.environment_id == fresh.excluded.environment_id,
        )
        # of one id the last: within one statement a row can be written once
        latest = {each.id: each for each in found}
        await tx.execute(statement, [_values(each) for each in latest.values()])
    if steps:
        await tx.execute(messages.insert(), [_message_values(each) for each in steps])


def _values(operation: Operation) -> dict[str, Any]:
    error = operation.error or {}
    parts = (
        operation.id,
        operation.title,
        operation.integration,
        operation.connection_id,
        operation.function,
        error.get("code"),
        error.get("message"),
    )
    return {
        "id": operation.id,
        "environment_id": operation.environment_id,
        "type": operation.type.value,
        "action": operation.action,
        "state": operation.state.value,
        "title": _storable(operation.title),
        "integration": operation.integration,
        "provider": operation.provider,
        "connection_id": operation.connection_id,
        "function": operation.function,
        "variant": operation.variant,
        "meta": dict(operation.meta),
        "error": None if operation.error is None else dict(operation.error),
        "left_out": operation.left_out,
        "search_text": _storable("\n".join(part for part in parts if part).lower()),
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "ended_at": operation.ended_at,
    }


def _message_values(sealed: Sealed) -> dict[str, Any]:
    message = sealed.message
    return {
        "operation_id": message.operation_id,
        "environment_id": message.environment_id,
        "level": message.level.value,
        "type": message.type,
        "source": message.source,
        "context": message.context,
        "text": _storable(message.text),
        "envelope": sealed.envelope,
        "created_at": message.created_at,
    }


def _storable(text: str) -> str:
    # a vendor's or an author's words may hold what no column can
    return text.replace("\0", "").encode(errors="replace").decode()


async def search(
    tx: Tx,
    environment_id: int,
    wanted: Wanted,
    *,
    before: tuple[datetime, str] | None = None,
    limit: int,
) -> list[Operation]:
    """Return operations, newest first; `before` is where a page ended (`place_of`)."""
    query = select(operations).where(
        operations.c.environment_id == environment_id, *_conditions(tx, wanted)
    )
    if before is not None:
        at, last_id = before
        query = query.where(
            or_(
                operations.c.created_at < at,
                and_(operations.c.created_at == at, operations.c.id < last_id),
            )
        )
    rows = await tx.all(
        query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(limit)
    )
    return [_operation(row) for row in rows]


def _conditions(tx: Tx, wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = operations.c
    found: list[ColumnElement[bool]] = []
    if wanted.types:
        found.append(columns.type.in_([each.value for each in wanted.types]))
    if wanted.actions:
        found.append(columns.action.in_(list(wanted.actions)))
    if wanted.states:
        found.append(columns.state.in_([each.value for each in wanted.states]))
    for column, value in (
        (columns.integration, wanted.integration),
        (columns.connection_id, wanted.connection_id),
        (columns.function, wanted.function),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.since is not None:
        found.append(columns.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.created_at < wanted.until)
    if wanted.search:
        found.append(dialect.contains(tx, columns.search_text, wanted.search.lower()))
    return found


async def find(tx: Tx, environment_id: int, operation_id: str) -> Operation | None:
    """Return the operation of this id, None if the environment has none."""
    row = await tx.first(
        select(operations).where(
            operations.c.id == operation_id, operations.c.environment_id == environment_id
        )
    )
    return row and _operation(row)


def _operation(row: Row[Any]) -> Operation:
    columns = columns_of(row)
    del columns["search_text"]
    columns["type"] = OperationType(row.type)
    columns["state"] = OperationState(row.state)
    return Operation(**columns)


async def messages_of(
    tx: Tx,
    operation_id: str,
    *,
    levels: Collection[Level] = (),
    search_for: str = "",
    after: int = 0,
    limit: int,
) -> list[Sealed]:
    """Return the messages of an operation, in the order in which they were written."""
    query = select(messages).where(messages.c.operation_id == operation_id, messages.c.id > after)
    if levels:
        query = query.where(messages.c.level.in_([each.value for each in levels]))
    if search_for:
        lower = func.lower(messages.c.text)
        query = query.where(dialect.contains(tx, lower, search_for.lower()))
    rows = await tx.all(query.order_by(messages.c.id).limit(limit))
    return [_sealed(row) for row in rows]


def _sealed(row: Row[Any]) -> Sealed:
    message = Message(
        operation_id=row.operation_id,
        environment_id=row.environment_id,
        created_at=row.created_at,
        level=Level(row.level),
        type=row.type,
        source=row.source,
        context=row.context,
        text=row.text,
        id=row.id,
    )
    return Sealed(message, row.envelope and bytes(row.envelope))


def place_of(operation: Operation) -> str:
    """Return the cursor of the page that follows an operation."""
    plain = f"o:{epoch_us(operation.created_at)}:{operation.id}"
    return base64.urlsafe_b64encode(plain.encode()).decode()


def place_in(cursor: str) -> tuple[datetime, str]:
    """Return what a cursor stands for; InvalidInput if it is none of ours."""
    try:
        form, instant, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(":", 2)
        if form == "o":
            return from_epoch_us(int(instant)), last_id
    except (binascii.Error, ValueError, OverflowError):
        pass
    raise InvalidInput(
        "The cursor is not one of ours; send it as a list of operations returned it, or leave it "
        "out",
        code="invalid_query_params",
    )


async def settle(tx: Tx, before: datetime, limit: int) -> int:
    """End operations of runs that ended where nobody could say so; return how many.

    Those that began before that instant and have no run any more count as timed out.
    """
    is_left = and_(operations.c.state == OperationState.RUNNING.value)
    of_runs = operations.c.type.in_([OperationType.SYNC.value, OperationType.ACTION.value])
    rows = await tx.all(
        select(operations.c.id, runs.c.id.label("run_id"), runs.c.state, runs.c.finished_at)
        .join(runs, runs.c.id == operations.c.id, isouter=True)
        .where(
            is_left,
            of_runs,
            or_(
                runs.c.state.in_([state.value for state in _ENDS]),
                and_(runs.c.id.is_(None), operations.c.started_at < before),
            ),
        )
        .limit(limit)
    )
    for row in rows:
        end = OperationState.TIMEOUT if row.run_id is None else _ENDS[RunState(row.state)]
        await tx.execute(
            update(operations)
            .where(operations.c.id == row.id, is_left)
            .values(state=end.value, ended_at=row.finished_at or before)
        )
    return len(rows)


async def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Delete operations and messages from before that instant; return how many.

    At most `limit` of each.
    """
    gone = 0
    for table in (operations, messages):
        old: Select[Any] = select(table.c.id).where(table.c.created_at < before).limit(limit)
        gone += await tx.count(delete(table).where(table.c.id.in_(old.scalar_subquery())))
    return gone


@dataclass(frozen=True, slots=True)
class Tally:
    """How operations of one kind ended."""

    integration: str
    type: OperationType
    succeeded: int
    failed: int


async def tally(tx: Tx, environment_id: int, since: datetime) -> list[Tally]:
    """Count how the operations since that instant ended, by integration and type."""
    good = case((operations.c.state == OperationState.SUCCESS.value, 1), else_=0)
    bad = case((operations.c.state.in_(["failed", "timeout"]), 1), else_=0)
    rows = await tx.all(
        select(
            operations.c.integration,
            operations.c.type,
            func.sum(good).label("good"),
            func.sum(bad).label("bad"),
        )
        .where(
            operations.c.environment_id == environment_id,
            operations.c.created_at >= since,
            operations.c.integration.is_not(None),
            operations.c.state.not_in(_OPEN),
        )
        .group_by(operations.c.integration, operations.c.type)
    )
    return [
        Tally(row.integration, OperationType(row.type), int(row.good), int(row.bad)) for row in rows
    ]
