"""`Store`: everything a project knows, kept so that nothing confirmed is lost and nothing is overwritten."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from allabel.document import Annotation, DocId, Document
from allabel.errors import StoreError
from allabel.reply import TaggedDocument
from allabel.store import annotations, cached, calls, copying, documents, health, opening, progress, replies, selections
from allabel.store.codec import Json
from allabel.store.database import BUSY_TIMEOUT_S, Database
from allabel.store.location import Location
from allabel.store.records import Call, CallsSummary, Counts, Pick, Progress, Selection


class Store:
    """A project's memory; history is append-only, each write is atomic, several go together in `transaction`.

    Threads may share one store. Every method raises StoreError, saying what to do, when the database cannot answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def create(
        cls,
        url_or_path: str | Path,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        fill: Callable[[Connection], None] = lambda _: None,
    ) -> Self:
        """Make a store, empty but for what `fill` puts in; both or nothing. Raises StoreError when there is one."""
        return cls(opening.create(Location.of(url_or_path), busy_timeout_s, fill))

    @classmethod
    def exists(cls, url_or_path: str | Path) -> bool:
        """Tell whether there is a database; a server that cannot be asked raises StoreError."""
        return opening.exists(Location.of(url_or_path))

    @classmethod
    def open(
        cls, url_or_path: str | Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, copies: Path | None = None
    ) -> Self:
        """Open a store; an older one is migrated after a copy to an SQLite file, `NAME.backup-REVISION`.

        copies: the folder for the copy of a server's database, which without one is not made: a warning says so.
        Raises StoreError, touching nothing, when there is none or it is damaged, foreign, read-only or newer.
        """
        return cls(opening.open_existing(Location.of(url_or_path), busy_timeout_s, copies))

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit every write of this thread inside together, or none of them when an exception leaves the block."""
        with self._database.write():
            yield

    def copy_to(self, path: Path) -> dict[str, int]:
        """Write one state to a new SQLite file, without sign-ins, while others write; returns each table's rows."""
        return copying.snapshot(self._database, path)

    @contextmanager
    def reads(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database, for the rooms that keep tables of their own."""
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def writes(self) -> Iterator[Connection]:
        """Yield the connection of a write transaction; no other writer is at work until it ends."""
        with self._database.write() as connection:
            yield connection

    def add_documents(self, new: Iterable[Document]) -> int:
        """Keep texts in order; returns how many were new. The same id with another text raises StoreError.

        Their entities and values are not kept here: see `add_gold`.
        """
        with self._database.write() as connection:
            return documents.add_documents(connection, new)

    def add_gold(self, answers: Iterable[Document]) -> int:
        """Keep the answers of texts in the store as gold; returns how many had none before.

        Documents without an answer are passed over. Other gold than before raises StoreError.
        """
        with self._database.write() as connection:
            return documents.add_gold(connection, answers)

    def add_annotations(self, new: Sequence[Annotation]) -> None:
        """Append people's answers; when this returns they survive a power cut."""
        with self._database.write() as connection:
            annotations.add_annotations(connection, new)

    def add_selection(self, selection: Selection, picks: Sequence[Pick]) -> int:
        """Keep a selection and its picks; returns its new id, which the picks are given whatever they say."""
        with self._database.write() as connection:
            return selections.add_selection(connection, selection, picks)

    def add_picks(self, selection_id: int, picks: Sequence[Pick]) -> None:
        """Add picks to a selection; a document picked twice in one raises StoreError."""
        with self._database.write() as connection:
            selections.add_picks(connection, selection_id, picks)

    def add_steps(self, selection_id: int, stages: Iterable[str]) -> None:
        """Keep that these stages of a selection are done, also those that picked nothing."""
        with self._database.write() as connection:
            selections.add_steps(connection, selection_id, stages)

    def add_tagged(self, new: Sequence[TaggedDocument]) -> None:
        """Append backends' replies for texts in the store."""
        with self._database.write() as connection:
            replies.add_tagged(connection, new)

    def add_calls(self, new: Sequence[Call]) -> None:
        """Append to the journal of what was asked of language models."""
        with self._database.write() as connection:
            calls.add_calls(connection, new)

    def add_cached(self, new: Mapping[str, Json]) -> None:
        """Keep language models' answers, as JSON, by the key of what decides them; the first of a key stays."""
        with self._database.write() as connection:
            cached.add_cached(connection, new)

    def cached(self, keys: Iterable[str]) -> dict[str, Json]:
        """The answers kept under these keys; a key without one is left out."""
        with self._database.read() as connection:
            return cached.cached(connection, keys)

    def calls_summary(self) -> CallsSummary:
        """The journal in figures."""
        with self._database.read() as connection:
            return calls.calls_summary(connection)

    def documents(self) -> list[Document]:
        """Every text, in import order, without answers."""
        with self._database.read() as connection:
            return documents.all_documents(connection)

    def document(self, id: DocId) -> Document:
        """One text. Raises StoreError when it is not in the store."""
        with self._database.read() as connection:
            return documents.one_document(connection, id)

    def documents_of(self, ids: Iterable[DocId]) -> dict[DocId, Document]:
        """The texts of these ids; one that the store does not hold is left out."""
        with self._database.read() as connection:
            return documents.documents_of(connection, ids)

    def count(self) -> int:
        """How many documents there are."""
        with self._database.read() as connection:
            return documents.count_documents(connection)

    def counts(self) -> Counts:
        """How many documents there are in each state."""
        with self._database.read() as connection:
            return health.count(connection)

    def gold(self) -> dict[DocId, Document]:
        """Every document with gold, in import order, with its answer."""
        with self._database.read() as connection:
            return documents.all_gold(connection)

    def annotations(self) -> dict[DocId, Annotation]:
        """The latest answer for each annotated document, in import order."""
        with self._database.read() as connection:
            return annotations.latest_annotations(connection)

    def annotations_of(self, ids: Iterable[DocId]) -> dict[DocId, Annotation]:
        """The latest answer for each of these documents that has one."""
        with self._database.read() as connection:
            return annotations.annotations_of(connection, ids)

    def annotations_since(self, seq: int) -> dict[DocId, Annotation]:
        """The latest answer for each document that was answered after number `seq`, in import order."""
        with self._database.read() as connection:
            return annotations.latest_annotations(connection, since=seq)

    def answers(self) -> list[Annotation]:
        """Every answer ever given for any document, oldest first."""
        with self._database.read() as connection:
            return annotations.all_annotations(connection)

    def history(self, doc_id: DocId) -> list[Annotation]:
        """Every answer ever given for a document, oldest first."""
        with self._database.read() as connection:
            return annotations.annotation_history(connection, doc_id)

    def selections(self) -> list[Selection]:
        """Every selection, oldest first."""
        with self._database.read() as connection:
            return selections.all_selections(connection)

    def picks(self, selection_id: int | None = None) -> list[Pick]:
        """The picks of one selection or of all, by selection and rank."""
        with self._database.read() as connection:
            return selections.all_picks(connection, selection_id)

    def count_picks(self) -> int:
        """How many picks there are; none is ever taken back, so that more of them are others' choices."""
        with self._database.read() as connection:
            return selections.count_picks(connection)

    def steps(self, selection_id: int) -> list[str]:
        """The stages of a selection that are known to be done, by name."""
        with self._database.read() as connection:
            return selections.done_steps(connection, selection_id)

    def queue(self) -> list[Pick]:
        """The picks not annotated yet, by selection and rank, each document once."""
        with self._database.read() as connection:
            return selections.waiting_picks(connection)

    def tagged(self) -> dict[DocId, TaggedDocument]:
        """The latest reply for each tagged document, in import order."""
        with self._database.read() as connection:
            return replies.latest_tagged(connection)

    def tagged_of(self, ids: Iterable[DocId]) -> dict[DocId, tuple[int, TaggedDocument]]:
        """The latest reply for each of these documents that has one, with the number it is kept under."""
        with self._database.read() as connection:
            return replies.tagged_of(connection, ids)

    def tagged_by_number(self, numbers: Iterable[int]) -> dict[int, TaggedDocument]:
        """The replies kept under these numbers, such as `Annotation.suggested`, whether or not newer ones came."""
        with self._database.read() as connection:
            return replies.tagged_by_number(connection, numbers)

    def progress(self, author: str, since: datetime) -> Progress:
        """How far the queue is, and how many texts an author answered since a moment."""
        with self._database.read() as connection:
            return progress.progress(connection, author, since)

    def recent_seconds(self, author: str, n: int = 20) -> list[float]:
        """The seconds of an author's last n answers that were measured, newest first."""
        with self._database.read() as connection:
            return progress.recent_seconds(connection, author, n)

    def n_rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self._database.read() as connection:
            return health.n_rows(connection)

    def check(self) -> list[str]:
        """Say what is wrong with the database, one problem a line; nothing when it is sound."""
        found: list[str] = []
        try:
            with self._database.read() as connection:
                found.extend(health.problems(connection))
        except StoreError as error:
            found.append(error.problem)
        return found
