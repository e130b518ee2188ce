"""What was asked of language models, and what they answered: a journal without texts, and a cache by key."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc_id", sa.Text, sa.ForeignKey("documents.id"), nullable=True),
        sa.Column("prompt_hash", sa.String(64), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("backend", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("n_attempts", sa.Integer, nullable=False),
        sa.Column("n_prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("n_output_tokens", sa.BigInteger, nullable=False),
        sa.Column("latency_s", sa.Float(53), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calls_latency_s", "calls", ["latency_s"])
    op.create_table(
        "cached_replies",
        sa.Column("key", sa.String(64), primary_key=True, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    # PostgreSQL writes triggers in another tongue: they come with its support. The cache may be emptied, the journal
    # may not be changed.
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER calls_no_{change.lower()} BEFORE {change} ON calls "
                "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
            )


def downgrade() -> None:
    raise NotImplementedError("history is append-only; go back to the .backup file instead")
