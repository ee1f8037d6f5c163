"""First schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: 64 bits; SQLite numbers rows by itself only if the type is called INTEGER
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "environments",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_environments")),
        sa.UniqueConstraint("name", name=("uq_environments_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_api_keys_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_api_keys")),
        sa.UniqueConstraint("environment_id", "name", name=("uq_api_keys_environment_id_name")),
        sa.UniqueConstraint("key_hash", name=("uq_api_keys_key_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "connect_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("end_user", sa.Text(), nullable=True),
        sa.Column("allowed_integrations", sa.Text(), nullable=False),
        sa.Column("defaults", sa.Text(), nullable=False),
        sa.Column("overrides", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("webhook_url_override", sa.Text(), nullable=True),
        sa.Column("connection_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_connect_sessions_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_connect_sessions")),
        sa.UniqueConstraint("token_hash", name=("uq_connect_sessions_token_hash")),
    )
    op.create_index(
        ("ix_connect_sessions_environment_id"), "connect_sessions", ["environment_id"], unique=False
    )
    op.create_index(
        ("ix_connect_sessions_expires_at"), "connect_sessions", ["expires_at"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("connection_pk", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_events_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_events")),
    )
    op.create_index(
        "ix_events_due",
        "events",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(("ix_events_environment_id"), "events", ["environment_id"], unique=False)
    op.create_table(
        "integrations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("unique_key", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("client_secret", sa.LargeBinary(), nullable=True),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("forward_webhooks", sa.Boolean(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("custom", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_integrations_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_integrations")),
        sa.UniqueConstraint(
            "environment_id", "unique_key", name=("uq_integrations_environment_id_unique_key")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "oauth_states",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("integration_key", sa.Text(), nullable=False),
        sa.Column("connect_session_id", sa.Text(), nullable=True),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("code_verifier", sa.LargeBinary(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("connection_config", sa.Text(), nullable=False),
        sa.Column("authorization_params", sa.Text(), nullable=False),
        sa.Column("ws_client_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_oauth_states_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_oauth_states")),
    )
    op.create_index(
        ("ix_oauth_states_environment_id"), "oauth_states", ["environment_id"], unique=False
    )
    op.create_index(("ix_oauth_states_expires_at"), "oauth_states", ["expires_at"], unique=False)
    op.create_table(
        "connections",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("integration_id", NUMBER, nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("end_user", sa.Text(), nullable=True),
        sa.Column("end_user_id", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("connection_config", sa.Text(), nullable=False),
        sa.Column("webhook_url_override", sa.Text(), nullable=True),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("credentials_expire_at", sa.BigInteger(), nullable=True),
        sa.Column("refreshable", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_fetched_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_connections_environment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integrations.id"],
            name=("fk_connections_integration_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_connections")),
        sa.UniqueConstraint(
            "integration_id", "connection_id", name=("uq_connections_integration_id_connection_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        ("ix_connections_connection_id"), "connections", ["connection_id"], unique=False
    )
    op.create_index(
        ("ix_connections_environment_id"), "connections", ["environment_id"], unique=False
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=("fk_deliveries_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_deliveries")),
    )
    op.create_index(("ix_deliveries_event_id"), "deliveries", ["event_id"], unique=False)
    op.create_table(
        "checkpoints",
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("sync_name", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_checkpoints_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_pk", "sync_name", "variant", name=("pk_checkpoints")),
    )
    op.create_table(
        "faults",
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sync_name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("log_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_faults_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_pk", "type", "sync_name", name=("pk_faults")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("is_cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("is_reset", sa.Boolean(), nullable=False),
        sa.Column("input", sa.Text(), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_runs_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_runs_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_runs")),
    )
    op.create_index(("ix_runs_environment_id"), "runs", ["environment_id"], unique=False)
    op.create_index(
        "ix_runs_latest",
        "runs",
        ["connection_pk", "function", "variant", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_runs_lease",
        "runs",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "uq_runs_active_sync",
        "runs",
        ["connection_pk", "function", "variant"],
        unique=True,
        sqlite_where=sa.text("kind = 'sync' AND state IN ('queued', 'running')"),
        postgresql_where=sa.text("kind = 'sync' AND state IN ('queued', 'running')"),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("integration_key", sa.Text(), nullable=False),
        sa.Column("sync_name", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("frequency_override", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_run_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_schedules_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_schedules_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_schedules")),
        sa.UniqueConstraint(
            "connection_pk",
            "sync_name",
            "variant",
            name=("uq_schedules_connection_pk_sync_name_variant"),
        ),
    )
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["next_run_at"],
        unique=False,
        sqlite_where=sa.text("state = 'STARTED'"),
        postgresql_where=sa.text("state = 'STARTED'"),
    )
    op.create_index(("ix_schedules_environment_id"), "schedules", ["environment_id"], unique=False)
    op.create_table(
        "streams",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_us", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_streams_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_streams")),
        sa.UniqueConstraint(
            "connection_pk", "model", "variant", name=("uq_streams_connection_pk_model_variant")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "partitions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("stream_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name=("fk_partitions_stream_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_partitions")),
        sa.UniqueConstraint("stream_id", "name", name=("uq_partitions_stream_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "records",
        sa.Column("stream_id", NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("partition_id", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen_us", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_us", sa.BigInteger(), nullable=False),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("pruned_us", sa.BigInteger(), nullable=True),
        sa.Column("last_action", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name=("fk_records_stream_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", "id", name=("pk_records")),
        sa.UniqueConstraint("stream_id", "position", name=("uq_records_stream_id_position")),
    )
    op.create_index(
        "ix_records_partition",
        "records",
        ["stream_id", "partition_id"],
        unique=False,
        sqlite_where=sa.text("deleted_us IS NULL"),
        postgresql_where=sa.text("deleted_us IS NULL"),
    )
    # ### end Alembic commands ###


def downgrade() -> None:
    op.drop_table("records")
    op.drop_table("partitions")
    op.drop_table("streams")
    op.drop_table("schedules")
    op.drop_table("runs")
    op.drop_table("faults")
    op.drop_table("checkpoints")
    op.drop_table("deliveries")
    op.drop_table("connections")
    op.drop_table("oauth_states")
    op.drop_table("integrations")
    op.drop_table("events")
    op.drop_table("connect_sessions")
    op.drop_table("api_keys")
    op.drop_table("environments")
