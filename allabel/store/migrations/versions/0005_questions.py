"""Questions about single words: what a model asked, what people answered, and who has which question in hand."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SAVED = sa.text("save_id <> ''")
HISTORY = ("askings", "questions", "question_answers")


def upgrade() -> None:
    op.create_table(
        "askings",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("query", sa.String, nullable=False),
        sa.Column("n_wanted", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("asking", sa.Integer, sa.ForeignKey("askings.id"), nullable=False),
        sa.Column("doc_id", sa.Text, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("ends", sa.Integer, nullable=False),
        sa.Column("guess_starts", sa.Integer, nullable=False),
        sa.Column("guess_ends", sa.Integer, nullable=False),
        sa.Column("guess_label", sa.Text, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_questions_asking", "questions", ["asking"])
    op.create_index("ix_questions_doc_id", "questions", ["doc_id"])
    _answers()
    op.create_table(
        "question_leases",
        sa.Column("question", sa.Integer, sa.ForeignKey("questions.id"), primary_key=True, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
    )
    op.create_index("ix_question_leases_person", "question_leases", ["person"])
    _refuse_changes()


def downgrade() -> None:
    raise NotImplementedError("history is append-only; go back to the backup instead")


def _answers() -> None:
    op.create_table(
        "question_answers",
        sa.Column("seq", sa.Integer, primary_key=True, nullable=False),
        sa.Column("question", sa.Integer, sa.ForeignKey("questions.id"), nullable=False),
        sa.Column("doc_id", sa.Text, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("ends", sa.Integer, nullable=False),
        sa.Column("n_words", sa.Integer, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("save_id", sa.Text, nullable=False, server_default=""),
        sa.Column("seconds", sa.Float(53), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_question_answers_question", "question_answers", ["question", "person", "seq"])
    op.create_index("ix_question_answers_doc_id", "question_answers", ["doc_id"])
    op.create_index("ix_question_answers_person", "question_answers", ["person", "seq"])
    op.create_index(
        "ux_question_answers_save_id",
        "question_answers",
        ["save_id"],
        unique=True,
        sqlite_where=SAVED,
        postgresql_where=SAVED,
    )


def _refuse_changes() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in HISTORY:
        if not sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION allabel_refuse_change()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
            )
