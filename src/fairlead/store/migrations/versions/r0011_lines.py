"""Runs that wait in a line, and actions that nobody waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("retries", sa.Integer()))
    op.create_index(
        "ix_runs_line",
        "runs",
        ["connection_pk", "kind"],
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_line", table_name="runs")
    op.drop_column("runs", "retries")
