"""Tokens for further APIs of a connection."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "connection_tokens",
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_connection_tokens_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_pk", "audience", name=("pk_connection_tokens")),
    )


def downgrade() -> None:
    op.drop_table("connection_tokens")
