"""Who signs in to the dashboard, in which browsers, and who changed what."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

#: 64 bits; SQLite numbers rows by itself only if the type is called INTEGER
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=("pk_people")),
        sa.UniqueConstraint("email", name=("uq_people_email")),
        sa.UniqueConstraint("subject", name=("uq_people_subject")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "person_sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=("pk_person_sessions")),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=("fk_person_sessions_person_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_person_sessions_person_id", "person_sessions", ["person_id"])
    op.create_index("ix_person_sessions_expires_at", "person_sessions", ["expires_at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment_id", sa.BigInteger()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=("pk_audit_log")),
    )
    op.create_index("ix_audit_log_newest", "audit_log", ["environment_id", "at"])


def downgrade() -> None:
    op.drop_table("audit_log")
    op.drop_table("person_sessions")
    op.drop_table("people")
