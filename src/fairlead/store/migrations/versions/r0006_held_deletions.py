"""Deletions held back, what lies below what, a run's progress, events in line."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.add_column("streams", sa.Column("held_run", sa.Text()))
    op.add_column("records", sa.Column("parent", sa.Text()))
    op.add_column("runs", sa.Column("progress", sa.Text()))
    op.create_table(
        "cascades",
        sa.Column("partition_id", NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partition_id"],
            ["partitions.id"],
            name=("fk_cascades_partition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("partition_id", "id", name=("pk_cascades")),
    )
    below = "parent IS NOT NULL AND deleted_us IS NULL"
    _partial("ix_records_below", "records", ["stream_id", "parent"], below)
    held = "generation < 0 AND deleted_us IS NULL"
    _partial("ix_records_held", "records", ["stream_id"], held)
    line = "state = 'pending'"
    _partial("ix_events_line", "events", ["connection_pk", "created_at"], line)


def downgrade() -> None:
    op.drop_index("ix_events_line", table_name="events")
    op.drop_index("ix_records_held", table_name="records")
    op.drop_index("ix_records_below", table_name="records")
    op.drop_table("cascades")
    op.drop_column("runs", "progress")
    op.drop_column("records", "parent")
    op.drop_column("streams", "held_run")
