"""What vendors tell us about, which syncs that wakes, and what became of notices."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text()),
        sa.Column("secret_hash", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("renewed_at", sa.BigInteger()),
        sa.Column("last_notice_at", sa.BigInteger()),
        sa.Column("notices", sa.BigInteger(), nullable=False),
        sa.Column("silences", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name="fk_subscriptions_connection_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint(
            "connection_pk", "address", name="uq_subscriptions_connection_pk_address"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriptions_vendor_id", "subscriptions", ["vendor_id"])
    op.create_index("ix_subscriptions_due_at", "subscriptions", ["due_at"])
    op.create_table(
        "follows",
        sa.Column("subscription_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("sync_name", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("notices", sa.BigInteger(), nullable=False),
        sa.Column("served", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name="fk_follows_subscription_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription_id", "sync_name", "variant", name="pk_follows"),
    )
    owed = sa.text("notices > served")
    op.create_index(
        "ix_follows_owed",
        "follows",
        ["subscription_id"],
        sqlite_where=owed,
        postgresql_where=owed,
    )
    op.create_table(
        "notice_counts",
        sa.Column("integration_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integrations.id"],
            name="fk_notice_counts_integration_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("integration_id", "verdict", name="pk_notice_counts"),
    )


def downgrade() -> None:
    op.drop_table("notice_counts")
    op.drop_table("follows")
    op.drop_table("subscriptions")
