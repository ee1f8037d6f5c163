"""The tables of what was done, beside those of `tables.py`."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, text

from fairlead.store.columns import Instant, Json, RowId, Words
from fairlead.store.tables import metadata

_FAILED = text("state IN ('failed', 'timeout')")
_OPEN = text("state = 'running'")

# connection_id is the public one, and no foreign key: what was done outlives its connection.
operations = Table(
    "operations",
    metadata,
    Column("id", Words, primary_key=True),
    Column(
        "environment_id",
        RowId,
        ForeignKey("environments.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("type", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("integration", Words),
    Column("provider", Words),
    Column("connection_id", Words),
    Column("function", Words),
    Column("variant", Words),
    Column("meta", Json, nullable=False),
    Column("error", Json),
    Column("left_out", Integer, nullable=False),
    # lower case, to be found by
    Column("search_text", Words, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Index("ix_operations_newest", "environment_id", "created_at", "id"),
    Index("ix_operations_connection", "environment_id", "connection_id", "created_at"),
    Index(
        "ix_operations_failed",
        "environment_id",
        "created_at",
        sqlite_where=_FAILED,
        postgresql_where=_FAILED,
    ),
    Index("ix_operations_open", "started_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

# operation_id is no foreign key: what a run says is there before it, and both go with their age.
operation_messages = Table(
    "operation_messages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column(
        "environment_id",
        RowId,
        ForeignKey("environments.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("operation_id", Words, nullable=False),
    Column("level", Words, nullable=False),
    Column("type", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("context", Words, nullable=False),
    Column("text", Words, nullable=False),
    # of the vault: request, response, facts
    Column("envelope", LargeBinary),
    Column("created_at", Instant, nullable=False, index=True),
    Index("ix_operation_messages_of", "operation_id", "id"),
    sqlite_autoincrement=True,
)

# What was told of what goes wrong; resolved, it goes.
alerts = Table(
    "alerts",
    metadata,
    Column(
        "environment_id",
        RowId,
        ForeignKey("environments.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("key", Words, primary_key=True),
    Column("integration", Words, nullable=False),
    Column("type", Words, nullable=False),
    Column("function", Words, nullable=False),
    Column("told", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
)
