"""The tables as the newest migration leaves them, in portable SQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; SQLite keeps no time zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware moment into UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"the moment {value.isoformat()} has no time zone; use datetime.now(UTC)")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give back an aware moment in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData()

SAVED = text("save_id <> ''")

documents = Table(
    "documents",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("meta", JSON, nullable=False),
    sqlite_autoincrement=True,
)

gold = Table(
    "gold",
    metadata,
    Column("doc_id", Text, ForeignKey("documents.id"), primary_key=True),
    Column("entities", JSON(none_as_null=True)),
    Column("values", JSON(none_as_null=True)),
)

selections = Table(
    "selections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("strategy", String, nullable=False),
    Column("budget", String, nullable=False),
    Column("n_texts", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

picks = Table(
    "picks",
    metadata,
    Column("selection_id", Integer, ForeignKey("selections.id"), primary_key=True),
    Column("doc_id", Text, ForeignKey("documents.id"), primary_key=True),
    Column("stage", String, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("reason", Text, nullable=False),
    # Where the id falls in [0, 1): what is drawn for a second person is found without reading every id.
    Column("draw", Float(53)),
    Index("ix_picks_doc_id", "doc_id"),
    Index("ix_picks_order", "selection_id", "rank"),
)

steps = Table(
    "steps",
    metadata,
    Column("selection_id", Integer, ForeignKey("selections.id"), primary_key=True),
    Column("stage", String, primary_key=True),
)

annotations = Table(
    "annotations",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("doc_id", Text, ForeignKey("documents.id"), nullable=False),
    Column("entities", JSON, nullable=False),
    Column("author", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("seconds", Float(53)),
    Column("based_on", Integer),
    Column("save_id", Text, nullable=False, server_default=""),
    Column("suggested", Integer),
    Column("blind", Boolean, nullable=False, server_default=false()),
    Index("ix_annotations_doc_id", "doc_id", "seq"),
    Index("ix_annotations_author", "author", "doc_id"),
    Index("ux_annotations_save_id", "save_id", unique=True, sqlite_where=SAVED, postgresql_where=SAVED),
    sqlite_autoincrement=True,
)

tagged = Table(
    "tagged",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("doc_id", Text, ForeignKey("documents.id"), nullable=False),
    Column("reply", JSON, nullable=False),
    Column("backend", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_tagged_doc_id", "doc_id", "seq"),
    sqlite_autoincrement=True,
)

calls = Table(
    "calls",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("doc_id", Text, ForeignKey("documents.id")),
    Column("prompt_hash", String(64), nullable=False),
    Column("model", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("n_attempts", Integer, nullable=False),
    Column("n_prompt_tokens", BigInteger, nullable=False),
    Column("n_output_tokens", BigInteger, nullable=False),
    Column("latency_s", Float(53), nullable=False),
    Index("ix_calls_latency_s", "latency_s"),
    sqlite_autoincrement=True,
)

cached_replies = Table(
    "cached_replies",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("answer", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", String, nullable=False),
    Column("password", Text),
    Column("active", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", Text, ForeignKey("people.name"), nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Index("ix_sessions_person", "person"),
)

# By name and not by person: a name that nobody has is slowed down like any other.
failures = Table(
    "failures",
    metadata,
    Column("name", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("doc_id", Text, ForeignKey("documents.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    Column("suggested", Integer),
    Index("ix_leases_person", "person"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("doc_id", Text, ForeignKey("documents.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("entities", JSON, nullable=False),
    Column("rejected", JSON, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("based_on", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_drafts_person", "person"),
)

marks = Table(
    "marks",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("doc_id", Text, ForeignKey("documents.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("save_id", Text, nullable=False, server_default=""),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_marks_doc_id", "doc_id", "seq"),
    Index("ix_marks_person", "person", "kind", "doc_id"),
    Index("ux_marks_save_id", "save_id", unique=True, sqlite_where=SAVED, postgresql_where=SAVED),
    sqlite_autoincrement=True,
)

terms = Table(
    "terms",
    metadata,
    Column("text", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)


api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("revoked", UtcDateTime),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("options", JSON, nullable=False),
    Column("n_texts", Integer, nullable=False),
    Column("n_done", Integer, nullable=False),
    Column("n_failed", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("ended", UtcDateTime),
    # Who works on it, and until when nobody else may take it over.
    Column("owner", String(32), nullable=False),
    Column("until", UtcDateTime),
    Index("ix_jobs_state", "state", "at"),
    Index("ix_jobs_key", "key", "at"),
)

job_texts = Table(
    "job_texts",
    metadata,
    Column("job", String(32), ForeignKey("jobs.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("doc_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("meta", JSON, nullable=False),
    # A line of tagged output, once there is one.
    Column("line", JSON(none_as_null=True)),
)


def _place() -> tuple[Column[str], Column[int], Column[int]]:
    """The columns that name a place in a text; "start" and "end" are words of SQL."""
    return (
        Column("doc_id", Text, ForeignKey("documents.id"), nullable=False),
        Column("starts", Integer, nullable=False),
        Column("ends", Integer, nullable=False),
    )


askings = Table(
    "askings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("level", String, nullable=False),
    Column("query", String, nullable=False),
    Column("n_wanted", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asking", Integer, ForeignKey("askings.id"), nullable=False),
    *_place(),
    Column("guess_starts", Integer, nullable=False),
    Column("guess_ends", Integer, nullable=False),
    Column("guess_label", Text, nullable=False),
    Column("score", Float(53), nullable=False),
    Index("ix_questions_asking", "asking"),
    Index("ix_questions_doc_id", "doc_id"),
    sqlite_autoincrement=True,
)

question_answers = Table(
    "question_answers",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("question", Integer, ForeignKey("questions.id"), nullable=False),
    *_place(),
    Column("kind", String, nullable=False),
    Column("label", Text, nullable=False),
    Column("n_words", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("save_id", Text, nullable=False, server_default=""),
    Column("seconds", Float(53)),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_question_answers_question", "question", "person", "seq"),
    Index("ix_question_answers_doc_id", "doc_id"),
    Index("ix_question_answers_person", "person", "seq"),
    Index("ux_question_answers_save_id", "save_id", unique=True, sqlite_where=SAVED, postgresql_where=SAVED),
    sqlite_autoincrement=True,
)

question_leases = Table(
    "question_leases",
    metadata,
    Column("question", Integer, ForeignKey("questions.id"), primary_key=True),
    Column("person", Text, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Index("ix_question_leases_person", "person"),
)
