"""Tables of what vendors are asked to tell, whom it wakes, and what became of notices."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, UniqueConstraint

from fairlead.store.columns import Instant, Words
from fairlead.store.table_parts import metadata, number, owner, partial

# What a vendor tells us about; one for all syncs of a connection that follow the place.
subscriptions = Table(
    "subscriptions",
    metadata,
    number(),
    owner("connection_pk", "connections.id"),
    # the place, as the pack addresses it
    Column("address", Words, nullable=False),
    Column("vendor_id", Words, index=True),
    # SHA-256 of what only the vendor knows beside us
    Column("secret_hash", Words),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("expires_at", Instant),
    Column("renewed_at", Instant),
    Column("last_notice_at", Instant),
    Column("notices", BigInteger, nullable=False),
    Column("silences", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("connection_pk", "address"),
    sqlite_autoincrement=True,
)

# Which syncs a subscription wakes. More notices than served: a run is owed.
follows = Table(
    "follows",
    metadata,
    owner("subscription_id", "subscriptions.id", primary_key=True, autoincrement=False),
    Column("sync_name", Words, primary_key=True),
    Column("variant", Words, primary_key=True),
    Column("notices", BigInteger, nullable=False),
    Column("served", BigInteger, nullable=False),
    partial("ix_follows_owed", "subscription_id", where="notices > served"),
)

# What became of notices, counted by integration.
notice_counts = Table(
    "notice_counts",
    metadata,
    owner("integration_id", "integrations.id", primary_key=True, autoincrement=False),
    Column("verdict", Words, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
)

# How far the changes of a stream were told. What lies before `silent_until` was there already.
tellings = Table(
    "tellings",
    metadata,
    owner("stream_id", "streams.id", primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("silent_until", BigInteger, nullable=False),
)

# What was told of a record last: where it was, and a hash of how it was called.
told = Table(
    "told",
    metadata,
    owner("stream_id", "streams.id", primary_key=True, autoincrement=False),
    Column("id", Words, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("parent", Words),
    Column("name", LargeBinary, nullable=False),
)
