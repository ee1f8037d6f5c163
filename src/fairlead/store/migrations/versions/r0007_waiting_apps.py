"""Apps that wait for an administrator: their credentials, and when they were tried last."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pending_approvals", sa.Column("envelope", sa.LargeBinary(), nullable=True))
    op.add_column("pending_approvals", sa.Column("tried_at", sa.BigInteger(), nullable=True))
    op.add_column("pending_approvals", sa.Column("done_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("pending_approvals", "done_at")
    op.drop_column("pending_approvals", "tried_at")
    op.drop_column("pending_approvals", "envelope")
