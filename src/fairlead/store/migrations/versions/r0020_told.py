"""How far changes of records were told, and what was told of each last."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tellings",
        sa.Column("stream_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("silent_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name="fk_tellings_stream_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", name="pk_tellings"),
    )
    op.create_table(
        "told",
        sa.Column("stream_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name="fk_told_stream_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", "id", name="pk_told"),
    )


def downgrade() -> None:
    op.drop_table("told")
    op.drop_table("tellings")
