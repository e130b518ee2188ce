"""The first schema. Frozen: it says what was, `allabel.store.tables` says what is."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
APPEND_ONLY = ("annotations", "tagged")


def _doc_id(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("doc_id", sa.Text, sa.ForeignKey("documents.id"), primary_key=primary_key, nullable=False)


def upgrade() -> None:
    _documents()
    _selections()
    _histories()
    _refuse_changes()


def downgrade() -> None:
    raise NotImplementedError("history is append-only; go back to the .backup file instead")


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("meta", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table("gold", _doc_id(primary_key=True), sa.Column("entities", sa.JSON), sa.Column("values", sa.JSON))


def _selections() -> None:
    op.create_table(
        "selections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("strategy", sa.String, nullable=False),
        sa.Column("budget", sa.String, nullable=False),
        sa.Column("n_texts", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "picks",
        sa.Column("selection_id", sa.Integer, sa.ForeignKey("selections.id"), primary_key=True),
        _doc_id(primary_key=True),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_picks_doc_id", "picks", ["doc_id"])


def _histories() -> None:
    op.create_table(
        "annotations",
        sa.Column("seq", sa.Integer, primary_key=True),
        _doc_id(),
        sa.Column("entities", sa.JSON, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tagged",
        sa.Column("seq", sa.Integer, primary_key=True),
        _doc_id(),
        sa.Column("reply", sa.JSON, nullable=False),
        sa.Column("backend", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    for table in APPEND_ONLY:
        op.create_index(f"ix_{table}_doc_id", table, ["doc_id", "seq"])


def _refuse_changes() -> None:
    # PostgreSQL writes triggers in another tongue: they come with its support.
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
            )
