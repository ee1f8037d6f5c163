"""Every table. Whatever belongs to a connection goes with it, by foreign keys that cascade."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from fairlead.store import (
    people_tables,  # noqa: F401 - they belong to the schema, too
    subscription_tables,  # noqa: F401 - they belong to the schema, too
)
from fairlead.store.columns import Instant, Json, RowId, Words
from fairlead.store.table_parts import metadata as _metadata
from fairlead.store.table_parts import number as _number
from fairlead.store.table_parts import owner as _owner
from fairlead.store.table_parts import partial as _partial

metadata = _metadata

# sqlite_autoincrement: a number is never given twice, or caches and events would meet a stranger.
environments = Table(
    "environments",
    metadata,
    _number(),
    Column("name", Words, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    _number(),
    _owner("environment_id", "environments.id"),
    Column("name", Words, nullable=False),
    Column("key_hash", Words, nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("environment_id", "name"),
    sqlite_autoincrement=True,
)

# envelope: of the key that seals the environment's records
data_keys = Table(
    "data_keys",
    metadata,
    _owner("environment_id", "environments.id", primary_key=True, autoincrement=False),
    Column("envelope", LargeBinary, nullable=False),
)

integrations = Table(
    "integrations",
    metadata,
    _number(),
    _owner("environment_id", "environments.id"),
    Column("unique_key", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("display_name", Words, nullable=False),
    Column("client_id", Words),
    # envelopes of the vault
    Column("client_secret", LargeBinary),
    Column("webhook_secret", LargeBinary),
    Column("scopes", Json),
    Column("forward_webhooks", Boolean, nullable=False),
    Column("config", Json, nullable=False),
    Column("custom", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # as the operator told
    Column("client_secret_expires_at", Instant),
    Column("warnings", Json),
    UniqueConstraint("environment_id", "unique_key"),
    sqlite_autoincrement=True,
)

connect_sessions = Table(
    "connect_sessions",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    Column("token_hash", Words, nullable=False, unique=True),
    Column("end_user", Json),
    Column("allowed_integrations", Json, nullable=False),
    Column("defaults", Json, nullable=False),
    Column("overrides", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("webhook_url_override", Words),
    Column("connection_id", Words),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    # of the configs that `defaults` leave blank
    Column("config_envelope", LargeBinary),
)

# connect_session_id is no foreign key: one session may open several trips, and a trip that is
# already on its way comes home after the session was used up by another.
oauth_states = Table(
    "oauth_states",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    Column("integration_key", Words, nullable=False),
    Column("connect_session_id", Words),
    Column("connection_id", Words, nullable=False),
    # envelope of the vault
    Column("code_verifier", LargeBinary, nullable=False),
    Column("redirect_uri", Words, nullable=False),
    Column("connection_config", Json, nullable=False),
    Column("authorization_params", Json, nullable=False),
    Column("ws_client_id", Words),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    # of the config, which the column beside it leaves blank
    Column("config_envelope", LargeBinary),
)

pending_approvals = Table(
    "pending_approvals",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    Column("integration_key", Words, nullable=False),
    Column("connection_id", Words, nullable=False),
    Column("token_hash", Words, nullable=False, unique=True),
    Column("admin_url", Words, nullable=False),
    Column("session", Json, nullable=False),
    Column("connection_config", Json, nullable=False),
    Column("approved_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # an app's own credentials, to be tried again
    Column("envelope", LargeBinary),
    Column("tried_at", Instant),
    Column("done_at", Instant),
    # why it may wait in vain, or did
    Column("problem", Json),
    # of the configs, its own and the session's, which the columns beside it leave blank
    Column("config_envelope", LargeBinary),
)

connections = Table(
    "connections",
    metadata,
    _number(),
    _owner("environment_id", "environments.id", index=True),
    _owner("integration_id", "integrations.id"),
    Column("connection_id", Words, nullable=False, index=True),
    Column("end_user", Json),
    # copied out of end_user, to be found by
    Column("end_user_id", Words),
    Column("organization_id", Words),
    Column("search_text", Words, nullable=False),
    Column("tags", Json, nullable=False),
    Column("metadata", Json),
    Column("connection_config", Json, nullable=False),
    Column("webhook_url_override", Words),
    Column("envelope", LargeBinary, nullable=False),
    Column("credentials_expire_at", Instant),
    Column("refreshable", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("last_fetched_at", Instant),
    # end of what was filled in to renew with: a certificate, a secret
    Column("proof_expires_at", Instant),
    Column("warnings", Json),
    # of what is secret in the config; `connection_config` holds the rest
    Column("config_envelope", LargeBinary),
    UniqueConstraint("integration_id", "connection_id"),
    sqlite_autoincrement=True,
)

# the connection's own token, for its main API, lies in `connections.envelope`
connection_tokens = Table(
    "connection_tokens",
    metadata,
    _owner("connection_pk", "connections.id", primary_key=True),
    # origin of the API that the token is for
    Column("audience", Words, primary_key=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("expires_at", Instant),
    Column("updated_at", Instant, nullable=False),
)

# connection_pk NULL = for all connections of the integration; envelope NULL = destroyed
app_keys = Table(
    "app_keys",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    _owner("integration_id", "integrations.id", index=True),
    Column("connection_pk", RowId, ForeignKey("connections.id", ondelete="CASCADE"), index=True),
    Column("state", Words, nullable=False),
    Column("certificate", Words, nullable=False),
    # of the private key
    Column("envelope", LargeBinary),
    Column("thumbprint", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("activated_at", Instant),
    Column("superseded_at", Instant),
    Column("retired_at", Instant),
    Column("used_at", Instant),
    Column("tried_at", Instant),
    Column("refusal", Words),
)

# sync_name "" = not about one sync (a key cannot hold NULL)
faults = Table(
    "faults",
    metadata,
    _owner("connection_pk", "connections.id", primary_key=True),
    Column("type", Words, primary_key=True),
    Column("sync_name", Words, primary_key=True),
    Column("code", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("log_id", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    _owner("connection_pk", "connections.id"),
    Column("integration_key", Words, nullable=False),
    Column("sync_name", Words, nullable=False),
    Column("variant", Words, nullable=False),
    Column("frequency", Words, nullable=False),
    Column("frequency_override", Words),
    Column("state", Words, nullable=False),
    Column("next_run_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("connection_pk", "sync_name", "variant"),
    _partial("ix_schedules_due", "next_run_at", where="state = 'STARTED'"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    _owner("connection_pk", "connections.id"),
    Column("kind", Words, nullable=False),
    Column("function", Words, nullable=False),
    Column("variant", Words, nullable=False),
    Column("trigger", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("fencing_token", BigInteger, nullable=False),
    Column("lease_owner", Words),
    Column("lease_until", Instant),
    Column("is_cancel_requested", Boolean, nullable=False),
    Column("is_reset", Boolean, nullable=False),
    Column("input", Json),
    Column("output", Json),
    # of an action that nobody waits for: how often a failed attempt is repeated
    Column("retries", Integer),
    Column("counts", Json, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("failure", Json),
    Column("warnings", Json),
    # where a run that is under way stands
    Column("progress", Json),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Index("ix_runs_latest", "connection_pk", "function", "variant", "created_at"),
    _partial(
        "uq_runs_active_sync",
        "connection_pk",
        "function",
        "variant",
        where="kind = 'sync' AND state IN ('queued', 'running')",
        unique=True,
    ),
    _partial("ix_runs_lease", "lease_until", where="state = 'running'"),
    _partial("ix_runs_line", "connection_pk", "kind", where="state IN ('queued', 'running')"),
)

# envelope: of the vault
run_recordings = Table(
    "run_recordings",
    metadata,
    Column("run_id", Words, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _owner("connection_pk", "connections.id", primary_key=True),
    Column("sync_name", Words, primary_key=True),
    Column("variant", Words, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # how many patches follow, and what tells one state from every other
    Column("patches", Integer, nullable=False, server_default=text("0")),
    Column("version", BigInteger),
)

# of a large checkpoint: content stands in the place of the bytes from start to stop
checkpoint_patches = Table(
    "checkpoint_patches",
    metadata,
    _owner("connection_pk", "connections.id", primary_key=True),
    Column("sync_name", Words, primary_key=True),
    Column("variant", Words, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# What agents want to do, until a person has decided; then there is a run of the same id.
proposals = Table(
    "proposals",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id"),
    _owner("connection_pk", "connections.id", index=True),
    Column("function", Words, nullable=False),
    Column("input", Json, nullable=False),
    Column("key_id", RowId, nullable=False),
    Column("key_name", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("decided_by", Words),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Index("ix_proposals_newest", "environment_id", "created_at"),
    _partial("ix_proposals_waiting", "expires_at", where="state = 'waiting'"),
)

# One row a (connection, model, variant); whoever changes records holds its lock.
streams = Table(
    "streams",
    metadata,
    _number(),
    _owner("connection_pk", "connections.id"),
    Column("model", Words, nullable=False),
    Column("variant", Words, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("last_modified_us", BigInteger, nullable=False),
    Column("live", BigInteger, nullable=False),
    # the run that last held deletions back: another one, that says the same, confirms them
    Column("held_run", Words),
    # when an action last changed a record of it
    Column("written_us", BigInteger),
    UniqueConstraint("connection_pk", "model", "variant"),
    sqlite_autoincrement=True,
)

partitions = Table(
    "partitions",
    metadata,
    _number(),
    _owner("stream_id", "streams.id"),
    Column("name", Words, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("in_doubt", Boolean, nullable=False),
    UniqueConstraint("stream_id", "name"),
    sqlite_autoincrement=True,
)

# What is gone with all that lies below it, until its partition is settled.
cascades = Table(
    "cascades",
    metadata,
    _owner("partition_id", "partitions.id", primary_key=True),
    Column("id", Words, primary_key=True),
)

# What actions changed, for as long as a page that is older than that may come.
write_backs = Table(
    "write_backs",
    metadata,
    _owner("stream_id", "streams.id", primary_key=True, autoincrement=False),
    Column("id", Words, primary_key=True),
    Column("written_us", BigInteger, nullable=False),
    Column("revision", BigInteger),
    Column("is_deleted", Boolean, nullable=False),
)

# Plain columns, because the drivers write them directly (dialect.py). partition_id is no foreign
# key: the stream's covers it, and every key costs a look-up per row. content comes last, so that
# the small columns of a large row lie on its first page.
records = Table(
    "records",
    metadata,
    _owner("stream_id", "streams.id", primary_key=True),
    Column("id", Words, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("partition_id", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("last_modified_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
    Column("pruned_us", BigInteger),
    Column("last_action", Words, nullable=False),
    Column("content", LargeBinary, nullable=False),
    # id of the record it lies below, for models that have such a thing
    Column("parent", Words),
    UniqueConstraint("stream_id", "position"),
    _partial("ix_records_partition", "stream_id", "partition_id", where="deleted_us IS NULL"),
    _partial(
        "ix_records_below", "stream_id", "parent", where="parent IS NOT NULL AND deleted_us IS NULL"
    ),
    # a generation below zero: its deletion is held back
    _partial("ix_records_held", "stream_id", where="generation < 0 AND deleted_us IS NULL"),
)

# connection_pk is no foreign key: that a connection was deleted must still be announced.
events = Table(
    "events",
    metadata,
    Column("id", Words, primary_key=True),
    _owner("environment_id", "environments.id", index=True),
    Column("type", Words, nullable=False),
    Column("connection_pk", BigInteger),
    Column("payload", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False),
    # pending, delivered or dead
    Column("state", Words, nullable=False),
    Column("due_at", Instant, nullable=False),
    _partial("ix_events_due", "due_at", where="state = 'pending'"),
    _partial("ix_events_line", "connection_pk", "created_at", where="state = 'pending'"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Words, primary_key=True),
    Column(
        "event_id", Words, ForeignKey("events.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("attempt", Integer, nullable=False),
    Column("url", Words, nullable=False),
    Column("status", Integer),
    Column("error", Words),
    Column("created_at", Instant, nullable=False),
)

# Belongs to nobody here: one app may serve several environments, and its limit is the vendor's.
budgets = Table(
    "budgets",
    metadata,
    # hash of provider, app and account
    Column("key", Words, primary_key=True),
    Column("limit", BigInteger),
    Column("limit_until", Instant),
    Column("level", Float, nullable=False),
    Column("level_at", Instant, nullable=False, index=True),
    Column("paused_until", Instant),
    Column("left", BigInteger),
    Column("left_until", Instant),
    Column("span_units", BigInteger, nullable=False),
    Column("span_ends_at", Instant, nullable=False),
)
