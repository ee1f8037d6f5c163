"""Calls that agents want to make, until a person has decided."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_proposals_environment_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name="fk_proposals_connection_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
    )
    op.create_index("ix_proposals_connection_pk", "proposals", ["connection_pk"])
    op.create_index("ix_proposals_newest", "proposals", ["environment_id", "created_at"])
    op.create_index(
        "ix_proposals_waiting",
        "proposals",
        ["expires_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("proposals")
