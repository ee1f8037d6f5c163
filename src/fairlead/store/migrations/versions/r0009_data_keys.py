"""Keys that seal the content of records, one an environment."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "data_keys",
        sa.Column("environment_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_data_keys_environment_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("environment_id", name="pk_data_keys"),
    )


def downgrade() -> None:
    op.drop_table("data_keys")
