"""What is wrong with a connection that waits for an administrator."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pending_approvals", sa.Column("problem", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("pending_approvals", "problem")
