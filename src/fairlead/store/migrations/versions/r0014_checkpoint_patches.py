"""What changed of large checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "checkpoints",
        sa.Column("patches", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("checkpoints", sa.Column("version", sa.BigInteger(), nullable=True))
    op.create_table(
        "checkpoint_patches",
        sa.Column("connection_pk", NUMBER, nullable=False),
        sa.Column("sync_name", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name="fk_checkpoint_patches_connection_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "connection_pk", "sync_name", "variant", "number", name="pk_checkpoint_patches"
        ),
    )


def downgrade() -> None:
    op.drop_table("checkpoint_patches")
    op.drop_column("checkpoints", "version")
    op.drop_column("checkpoints", "patches")
