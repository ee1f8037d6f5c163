"""What was done for connections, and each step of it, for as long as it is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", _NUMBER, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text()),
        sa.Column("provider", sa.Text()),
        sa.Column("connection_id", sa.Text()),
        sa.Column("function", sa.Text()),
        sa.Column("variant", sa.Text()),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_operations_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_operations_created_at", "operations", ["created_at"])
    op.create_index("ix_operations_newest", "operations", ["environment_id", "created_at", "id"])
    op.create_index(
        "ix_operations_connection", "operations", ["environment_id", "connection_id", "created_at"]
    )
    _partial(
        "ix_operations_failed",
        ["environment_id", "created_at"],
        "state IN ('failed', 'timeout')",
    )
    _partial("ix_operations_open", ["started_at"], "state = 'running'")
    op.create_table(
        "operation_messages",
        sa.Column("id", _NUMBER, nullable=False),
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


def _partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "operations", columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_table("operation_messages")
    op.drop_table("operations")
