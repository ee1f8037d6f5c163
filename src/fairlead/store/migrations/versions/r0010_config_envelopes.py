"""Where secret values of connection configs are sealed; `fairlead serve` seals what lies open."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("connect_sessions", "oauth_states", "pending_approvals", "connections")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("config_envelope", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_column(table, "config_envelope")
