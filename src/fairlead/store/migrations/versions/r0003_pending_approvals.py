"""Connections that wait for an administrator."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "pending_approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("integration_key", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("admin_url", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("connection_config", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_pending_approvals_environment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_pending_approvals")),
        sa.UniqueConstraint("token_hash", name=("uq_pending_approvals_token_hash")),
    )
    op.create_index(
        "ix_pending_approvals_environment_id",
        "pending_approvals",
        ["environment_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("pending_approvals")
