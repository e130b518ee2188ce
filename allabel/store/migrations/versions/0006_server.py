"""The server's keys and jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(12), primary_key=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("revoked", MOMENT, nullable=True),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), primary_key=True, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("n_texts", sa.Integer, nullable=False),
        sa.Column("n_done", sa.Integer, nullable=False),
        sa.Column("n_failed", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ended", MOMENT, nullable=True),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("until", MOMENT, nullable=True),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "at"])
    op.create_index("ix_jobs_key", "jobs", ["key", "at"])
    op.create_table(
        "job_texts",
        sa.Column("job", sa.String(32), sa.ForeignKey("jobs.id"), primary_key=True, nullable=False),
        sa.Column("n", sa.Integer, primary_key=True, nullable=False),
        sa.Column("doc_id", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("meta", sa.JSON, nullable=False),
        sa.Column("line", sa.JSON(none_as_null=True), nullable=True),
    )


def downgrade() -> None:
    raise NotImplementedError("history is append-only; go back to the backup instead")
