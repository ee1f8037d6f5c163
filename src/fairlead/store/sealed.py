"""Every column that holds an envelope of the vault: count them by key, and seal them anew.

An envelope is exchanged only for itself (compare and swap), so whoever writes meanwhile wins: what
they wrote is looked at in the next round. Nothing else of a row changes, `updated_at` neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Column, Row, Select, func, select, tuple_, update

from fairlead.errors import VaultError
from fairlead.store.database import Database, Tx
from fairlead.store.operation_tables import operation_messages
from fairlead.store.tables import (
    app_keys,
    connect_sessions,
    connection_tokens,
    connections,
    data_keys,
    integrations,
    oauth_states,
    pending_approvals,
    run_recordings,
)
from fairlead.vault import (
    Vault,
    app_key_row,
    audience_row,
    config_row,
    credentials_row,
    data_key_row,
    integration_row,
    message_row,
    pending_config_row,
    pending_row,
    recording_row,
    session_config_row,
    state_config_row,
    state_row,
)
from fairlead.vault.vault import HEADER_BYTES, key_id_of

log = structlog.get_logger(__name__)

BATCH = 200
#: a whole look at everything; a writer with an older key could go on for ever
_MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column with envelopes."""

    envelope: Column[Any]
    #: primary key of its table
    key: tuple[Column[Any], ...]
    #: row, as `query` selects it -> the name that its envelope is bound to
    name: Callable[[Row[Any]], str]
    #: the columns that the name needs; default: all of the table
    query: Select[Any]

    @property
    def label(self) -> str:
        return f"{self.envelope.table.name}.{self.envelope.name}"


def _integration_secret(column: Column[Any]) -> SealedColumn:
    return SealedColumn(
        column,
        (integrations.c.id,),
        lambda row: integration_row(row.environment_id, row.unique_key, column.name),
        select(integrations.c.environment_id, integrations.c.unique_key),
    )


SEALED: tuple[SealedColumn, ...] = (
    _integration_secret(integrations.c.client_secret),
    _integration_secret(integrations.c.webhook_secret),
    SealedColumn(
        connections.c.envelope,
        (connections.c.id,),
        lambda row: credentials_row(row.environment_id, row.integration_id, row.connection_id),
        select(
            connections.c.environment_id, connections.c.integration_id, connections.c.connection_id
        ),
    ),
    SealedColumn(
        connections.c.config_envelope,
        (connections.c.id,),
        lambda row: config_row(row.environment_id, row.integration_id, row.connection_id),
        select(
            connections.c.environment_id, connections.c.integration_id, connections.c.connection_id
        ),
    ),
    SealedColumn(
        connection_tokens.c.envelope,
        (connection_tokens.c.connection_pk, connection_tokens.c.audience),
        lambda row: audience_row(
            row.environment_id, row.integration_id, row.audience, row.connection_id
        ),
        select(
            connections.c.environment_id, connections.c.integration_id, connections.c.connection_id
        ).join(connection_tokens, connection_tokens.c.connection_pk == connections.c.id),
    ),
    SealedColumn(
        app_keys.c.envelope,
        (app_keys.c.id,),
        lambda row: app_key_row(row.integration_id, row.id),
        select(app_keys.c.integration_id),
    ),
    SealedColumn(
        pending_approvals.c.envelope,
        (pending_approvals.c.id,),
        lambda row: pending_row(row.id),
        select(),
    ),
    SealedColumn(
        pending_approvals.c.config_envelope,
        (pending_approvals.c.id,),
        lambda row: pending_config_row(row.id),
        select(),
    ),
    SealedColumn(
        connect_sessions.c.config_envelope,
        (connect_sessions.c.id,),
        lambda row: session_config_row(row.id),
        select(),
    ),
    SealedColumn(
        oauth_states.c.code_verifier,
        (oauth_states.c.id,),
        lambda row: state_row(row.id),
        select(),
    ),
    SealedColumn(
        data_keys.c.envelope,
        (data_keys.c.environment_id,),
        lambda row: data_key_row(row.environment_id),
        select(),
    ),
    SealedColumn(
        oauth_states.c.config_envelope,
        (oauth_states.c.id,),
        lambda row: state_config_row(row.id),
        select(),
    ),
    SealedColumn(
        run_recordings.c.envelope,
        (run_recordings.c.run_id,),
        lambda row: recording_row(row.run_id),
        select(),
    ),
    SealedColumn(
        operation_messages.c.envelope,
        (operation_messages.c.id,),
        lambda row: message_row(row.operation_id),
        select(operation_messages.c.operation_id),
    ),
)


@dataclass(slots=True)
class Progress:
    """How far sealing anew has come."""

    resealed: int = 0
    #: what somebody else changed meanwhile
    overtaken: int = 0
    #: what no key at hand opens: label -> how many
    unopened: dict[str, int] | None = None

    def note_unopened(self, label: str) -> None:
        self.unopened = self.unopened or {}
        self.unopened[label] = self.unopened.get(label, 0) + 1


async def counts(tx: Tx) -> dict[str, dict[str, int]]:
    """Return how many envelopes there are: key id -> column -> number."""
    found: dict[str, dict[str, int]] = {}
    for sealed in SEALED:
        header = func.substr(sealed.envelope, 1, HEADER_BYTES)
        rows = await tx.all(
            select(header.label("header"), func.count().label("number"))
            .where(sealed.envelope.is_not(None))
            .group_by(header)
        )
        for row in rows:
            key_id = key_id_of(bytes(row.header))
            found.setdefault(key_id, {})[sealed.label] = row.number
    return found


async def reseal(
    db: Database,
    vault: Vault,
    *,
    batch: int = BATCH,
    on_progress: Callable[[SealedColumn, Progress], None] = lambda _column, _progress: None,
) -> Progress:
    """Seal everything anew that is not under the vault's current key, in batches.

    It may be stopped at any time, and begun again. What no key at hand opens is left as it is.
    """
    whole = Progress()
    for _ in range(_MOST_ROUNDS):
        turn = Progress()
        for sealed in SEALED:
            await _reseal_column(db, vault, sealed, batch, turn, on_progress)
        whole.resealed += turn.resealed
        whole.overtaken += turn.overtaken
        whole.unopened = turn.unopened
        if not turn.resealed and not turn.overtaken:
            break
    return whole


async def _reseal_column(  # noqa: PLR0917  # the parts of one loop
    db: Database,
    vault: Vault,
    sealed: SealedColumn,
    batch: int,
    progress: Progress,
    on_progress: Callable[[SealedColumn, Progress], None],
) -> None:
    after: tuple[Any, ...] | None = None
    while True:
        async with db.read() as tx:
            rows = await _outdated(tx, vault, sealed, after, batch)
        if not rows:
            return
        after = tuple(rows[-1][: len(sealed.key)])
        fresh = [
            (row, renewed) for row in rows if (renewed := _renewed(vault, sealed, row, progress))
        ]
        async with db.write() as tx:
            for row, envelope in fresh:
                if await _swap(tx, sealed, row, envelope):
                    progress.resealed += 1
                else:
                    progress.overtaken += 1
        on_progress(sealed, progress)


def _renewed(vault: Vault, sealed: SealedColumn, row: Row[Any], progress: Progress) -> bytes | None:
    name = sealed.name(row)
    try:
        return vault.seal(vault.open(bytes(row.envelope_), row=name), row=name)
    except VaultError as error:
        progress.note_unopened(sealed.label)
        log.warning(
            "sealed value left as it is",
            column=sealed.label,
            key=[str(part) for part in row[: len(sealed.key)]],
            reason=error.detail or error.message,
        )
        return None


async def _outdated(
    tx: Tx, vault: Vault, sealed: SealedColumn, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Row[Any]]:
    named = [
        column
        for column in sealed.query.selected_columns
        if column.name not in {each.name for each in sealed.key}
    ]
    query = sealed.query.with_only_columns(
        *sealed.key, *named, sealed.envelope.label("envelope_")
    ).where(
        sealed.envelope.is_not(None),
        func.substr(sealed.envelope, 1, HEADER_BYTES) != vault.current_header,
    )
    if after is not None:
        query = query.where(tuple_(*sealed.key) > tuple_(*after))
    return await tx.all(query.order_by(*sealed.key).limit(limit))


async def _swap(tx: Tx, sealed: SealedColumn, row: Row[Any], envelope: bytes) -> bool:
    same = [column == value for column, value in zip(sealed.key, row, strict=False)]
    return bool(
        await tx.count(
            update(sealed.envelope.table)
            .where(*same, sealed.envelope == row.envelope_)
            .values({sealed.envelope: envelope})
        )
    )
