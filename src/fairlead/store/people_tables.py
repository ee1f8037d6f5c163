"""Tables of who signs in to the dashboard, and of who changed what."""

from sqlalchemy import BigInteger, Column, Index, Table

from fairlead.store.columns import Instant, Json, Words
from fairlead.store.table_parts import metadata, number, owner

# who signs in to the dashboard, in all environments
people = Table(
    "people",
    metadata,
    number(),
    Column("email", Words, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("password_hash", Words),
    Column("subject", Words, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("signed_in_at", Instant),
    sqlite_autoincrement=True,
)

person_sessions = Table(
    "person_sessions",
    metadata,
    Column("token_hash", Words, primary_key=True),
    owner("person_id", "people.id", index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

# environment_id is no foreign key, and NULL for the whole server: what was done outlives it
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Words, primary_key=True),
    Column("environment_id", BigInteger),
    Column("at", Instant, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("detail", Json),
    Index("ix_audit_log_newest", "environment_id", "at"),
)
