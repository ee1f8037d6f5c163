"""Places that a run left out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("warnings", sa.Text()))


def downgrade() -> None:
    op.drop_column("runs", "warnings")
