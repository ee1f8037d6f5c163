"""Keys by which apps prove themselves, and what is about to expire."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "app_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", NUMBER, nullable=False),
        sa.Column("integration_id", NUMBER, nullable=False),
        sa.Column("connection_pk", NUMBER, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.Column("thumbprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=True),
        sa.Column("superseded_at", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=("fk_app_keys_environment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integrations.id"],
            name=("fk_app_keys_integration_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_pk"],
            ["connections.id"],
            name=("fk_app_keys_connection_pk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_app_keys")),
    )
    op.create_index("ix_app_keys_environment_id", "app_keys", ["environment_id"], unique=False)
    op.create_index("ix_app_keys_integration_id", "app_keys", ["integration_id"], unique=False)
    op.create_index("ix_app_keys_connection_pk", "app_keys", ["connection_pk"], unique=False)
    op.add_column("integrations", sa.Column("client_secret_expires_at", sa.BigInteger()))
    op.add_column("integrations", sa.Column("warnings", sa.Text()))
    op.add_column("connections", sa.Column("proof_expires_at", sa.BigInteger()))
    op.add_column("connections", sa.Column("warnings", sa.Text()))


def downgrade() -> None:
    op.drop_column("connections", "warnings")
    op.drop_column("connections", "proof_expires_at")
    op.drop_column("integrations", "warnings")
    op.drop_column("integrations", "client_secret_expires_at")
    op.drop_table("app_keys")
