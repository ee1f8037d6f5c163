"""Messages go with their environment; the few that a build of today wrote are not kept."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_table("operation_messages")
    _make(
        sa.Column("environment_id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_operation_messages_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_operation_messages_environment_id", "operation_messages", ["environment_id"]
    )


def downgrade() -> None:
    op.drop_table("operation_messages")
    _make()


def _make(*owner: sa.schema.SchemaItem) -> None:
    op.create_table(
        "operation_messages",
        sa.Column("id", _NUMBER, nullable=False),
        *owner,
        sa.Column("operation_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operation_messages"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_operation_messages_created_at", "operation_messages", ["created_at"])
    op.create_index("ix_operation_messages_of", "operation_messages", ["operation_id", "id"])
