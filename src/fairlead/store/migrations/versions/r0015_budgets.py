"""How much of a vendor's allowance is left, for all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("limit", sa.BigInteger()),
        sa.Column("limit_until", sa.BigInteger()),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("level_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_until", sa.BigInteger()),
        sa.Column("left", sa.BigInteger()),
        sa.Column("left_until", sa.BigInteger()),
        sa.Column("span_units", sa.BigInteger(), nullable=False),
        sa.Column("span_ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=("pk_budgets")),
    )
    op.create_index("ix_budgets_level_at", "budgets", ["level_at"])


def downgrade() -> None:
    op.drop_table("budgets")
