"""Who annotates: people, sign-ins, texts in hand, unsaved work, remarks, terms; and from what an answer came."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SAVED = sa.text("save_id <> ''")


def upgrade() -> None:
    _answers()
    _draws()
    _people()
    _work_in_hand()
    _marks_and_terms()
    _refuse_changes()


def downgrade() -> None:
    raise NotImplementedError("history is append-only; go back to the backup instead")


def _doc_id(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("doc_id", sa.Text, sa.ForeignKey("documents.id"), primary_key=primary_key, nullable=False)


def _save_id() -> sa.Column[str]:
    return sa.Column("save_id", sa.Text, nullable=False, server_default="")


def _save_id_is_unique(table: str) -> None:
    op.create_index(f"ux_{table}_save_id", table, ["save_id"], unique=True, sqlite_where=SAVED, postgresql_where=SAVED)


def _answers() -> None:
    op.add_column("annotations", sa.Column("based_on", sa.Integer, nullable=True))
    op.add_column("annotations", _save_id())
    op.add_column("annotations", sa.Column("suggested", sa.Integer, nullable=True))
    op.add_column("annotations", sa.Column("blind", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_annotations_author", "annotations", ["author", "doc_id"])
    _save_id_is_unique("annotations")


def _draws() -> None:
    op.add_column("picks", sa.Column("draw", sa.Float(53), nullable=True))
    op.create_index("ix_picks_order", "picks", ["selection_id", "rank"])
    picks = sa.table("picks", sa.column("doc_id", sa.Text), sa.column("draw", sa.Float))
    connection = op.get_bind()
    ids = connection.execute(sa.select(picks.c.doc_id).distinct()).scalars().all()
    if ids:
        change = sa.update(picks).where(picks.c.doc_id == sa.bindparam("of")).values(draw=sa.bindparam("falls"))
        connection.execute(change, [{"of": id, "falls": _draw(id)} for id in ids])


def _draw(id: str) -> float:
    return int.from_bytes(hashlib.sha256(f"double\0{id}".encode()).digest()[:6], "big") / 2**48


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("password", sa.Text, nullable=True),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token", sa.String(64), primary_key=True, nullable=False),
        sa.Column("person", sa.Text, sa.ForeignKey("people.name"), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "failures",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )


def _work_in_hand() -> None:
    op.create_table(
        "leases",
        _doc_id(primary_key=True),
        sa.Column("person", sa.Text, primary_key=True, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("suggested", sa.Integer, nullable=True),
    )
    op.create_table(
        "drafts",
        _doc_id(primary_key=True),
        sa.Column("person", sa.Text, primary_key=True, nullable=False),
        sa.Column("entities", sa.JSON, nullable=False),
        sa.Column("rejected", sa.JSON, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("based_on", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    for table in ("leases", "drafts"):
        op.create_index(f"ix_{table}_person", table, ["person"])


def _marks_and_terms() -> None:
    op.create_table(
        "marks",
        sa.Column("seq", sa.Integer, primary_key=True, nullable=False),
        _doc_id(),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        _save_id(),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_marks_doc_id", "marks", ["doc_id", "seq"])
    op.create_index("ix_marks_person", "marks", ["person", "kind", "doc_id"])
    _save_id_is_unique("marks")
    op.create_table(
        "terms",
        sa.Column("text", sa.Text, primary_key=True, nullable=False),
        sa.Column("label", sa.Text, primary_key=True, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER marks_no_{change.lower()} BEFORE {change} ON marks "
                "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
            )
        return
    # The earlier migrations left PostgreSQL out.
    op.execute(
        "CREATE FUNCTION allabel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'history is append-only'; END $$"
    )
    for table in ("annotations", "tagged", "calls", "marks"):
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION allabel_refuse_change()"
        )
