"""What actions changed in the records of syncs, for as long as an older page may come."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "write_backs",
        sa.Column("stream_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("written_us", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger()),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name="fk_write_backs_stream_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", "id", name="pk_write_backs"),
    )
    op.add_column("streams", sa.Column("written_us", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("streams", "written_us")
    op.drop_table("write_backs")
