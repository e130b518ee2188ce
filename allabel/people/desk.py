"""The desk: hands texts to one person among several, keeps work in hand, takes answers nobody else changed."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, or_, select

from allabel.config import Settings
from allabel.document import Annotation, DocId, Span
from allabel.errors import LabelError, StoreError
from allabel.people import drawn, hand, queue
from allabel.people.accounts import Person
from allabel.people.errors import ConflictError, OverlapError, TakenError
from allabel.people.marks import Kind, add_mark, marks_of, open_flags
from allabel.people.task import Answer, Draft, Task
from allabel.schema import LabelSchema
from allabel.store.annotations import add_annotations, annotation_history, annotation_saved, annotation_where
from allabel.store.documents import one_document
from allabel.store.replies import tagged_of
from allabel.store.selections import pick_of
from allabel.store.store import Store
from allabel.store.tables import annotations, leases

__all__ = ["Answer", "ConflictError", "Desk", "Draft", "Task"]


def _now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """One person's desk. Every method is a transaction of its own: what it returned is on disk, and the others see it.

    A text has one seat, two where it is drawn for double annotation. Who is given a text has it for
    `settings.lease_minutes` from their last change; after that the seat is free again, and their draft stays.
    reviews: at a reviewer's desk every answer is seen, a text has one seat, and drafts are apart from those the same
    person has as an annotator.
    """

    def __init__(
        self,
        store: Store,
        schema: LabelSchema,
        person: Person,
        settings: Settings,
        clock: Callable[[], datetime] = _now,
        *,
        reviews: bool = False,
    ) -> None:
        self.person = person
        self._store, self._schema, self._settings, self._clock = store, schema, settings, clock
        self._name, self._reviews = person.name, reviews
        # No name holds a tab: this drawer is nobody else's.
        self._drawer = f"{person.name}\treview" if reviews else person.name

    def next(self) -> Task | None:
        """Hand out the text at hand, else the first of the queue that is free; None where nothing waits.

        Texts that this person skipped come last.
        """
        with self._store.writes() as connection:
            asker = queue.Asker(self._name, self._clock(), self._settings.double_share)
            doc_id = queue.open_text(connection, asker) or queue.free_text(connection, asker)
            return None if doc_id is None else self._hand_out(connection, doc_id)

    def open(self, doc_id: DocId) -> Task:
        """Hand out a given text. Raises TakenError where another person has it, StoreError for an unknown text."""
        with self._store.writes() as connection:
            taken = self._taken_by(connection, doc_id)
            if taken is not None:
                raise TakenError(
                    f"the text {doc_id!r} is with {taken.person!r} until {taken.until.astimezone():%H:%M}",
                    remedy="take another one meanwhile; it is free again when it is saved, skipped or left alone",
                )
            return self._hand_out(connection, doc_id)

    def latest(self, doc_id: DocId) -> Annotation | None:
        """Return the latest answer of a text that this person may see; None where there is none."""
        with self._store.reads() as connection:
            return self._latest(connection, doc_id)

    def before(self, doc_id: DocId) -> Task | None:
        """Hand out the text this person answered or skipped before that one; None at the start of their work.

        Raises TakenError where another person has it.
        """
        with self._store.reads() as connection:
            earlier = queue.before(connection, self._name, doc_id)
        return None if earlier is None else self.open(earlier)

    def keep_draft(self, doc_id: DocId, draft: Draft) -> bool:
        """Keep the state of work in hand, unless a newer one is kept, and renew the lease.

        A draft from before this person's own latest answer is no work in hand any more: it came late, or again.
        Returns False where another person has the text by now; the draft is kept all the same.
        """
        with self._store.writes() as connection:
            latest = self._latest(connection, doc_id)
            kept = hand.draft_of(connection, doc_id, self._drawer)
            is_own = latest is not None and latest.author == self._name
            # Where work is kept, that answer was no end of it: a save was refused, and what stands is to be chosen.
            if kept is None and latest is not None and is_own and (latest.seq or 0) > draft.based_on:
                return True
            if kept is None or draft.n > kept.n:
                one_document(connection, doc_id)
                hand.put_draft(connection, doc_id, self._drawer, draft, self._clock())
            if self._taken_by(connection, doc_id) is not None:
                return False
            self._lease(connection, doc_id, self._suggested(connection, doc_id))
            return True

    def save(self, answer: Answer) -> Annotation:
        """Append an answer and give the text back; when this returns, the answer survives a power cut.

        A save that was kept before is not kept twice: what is kept is returned. Raises ConflictError where the text
        has another answer than the one `based_on`, LabelError where the schema does not name a label, OverlapError
        where it allows no overlaps, SpanError for a span outside the text. What is refused stays as the draft.
        """
        try:
            with self._store.writes() as connection:
                return self._save(connection, answer)
        except (ConflictError, LabelError, OverlapError):
            self._keep_refused(answer)
            raise

    def skip(self, doc_id: DocId, save_id: str) -> None:
        """Put a text off: it comes to this person after all others. Work on it stays as the draft."""
        with self._store.writes() as connection:
            if add_mark(connection, doc_id, Kind.SKIP, self._name, self._clock(), save_id=save_id):
                hand.drop_lease(connection, doc_id, self._name)

    def flag(self, doc_id: DocId, note: str, save_id: str) -> None:
        """Point a curator to a text; it stays in hand."""
        with self._store.writes() as connection:
            add_mark(connection, doc_id, Kind.FLAG, self._name, self._clock(), note=note, save_id=save_id)

    def resolve_flags(self, doc_id: DocId, note: str, save_id: str) -> None:
        """Note that the flags of a text are dealt with."""
        with self._store.writes() as connection:
            add_mark(connection, doc_id, Kind.FLAG_RESOLVED, self._name, self._clock(), note=note, save_id=save_id)

    def release(self, doc_id: DocId) -> None:
        """Give a text back without an answer; work on it stays as the draft."""
        with self._store.writes() as connection:
            hand.drop_lease(connection, doc_id, self._name)

    def discard(self, doc_id: DocId) -> None:
        """Forget this person's unsaved work on a text and give it back: they asked for it."""
        with self._store.writes() as connection:
            hand.drop_drafts(connection, [doc_id], self._drawer)
            hand.drop_lease(connection, doc_id, self._name)

    def restore(self, doc_id: DocId, seq: int) -> Annotation:
        """Append an older answer of a text again. Raises StoreError where the text has none of this number."""
        with self._store.writes() as connection:
            older = next((one for one in annotation_history(connection, doc_id) if one.seq == seq), None)
            if older is None:
                raise StoreError(f"the text {doc_id!r} has no answer {seq}", remedy="choose one of its history")
            answer = Answer(doc_id, older.entities, self._version(connection, doc_id), "", source="restore")
            return self._append(connection, answer)

    def _save(self, connection: Connection, answer: Answer) -> Annotation:
        kept = annotation_saved(connection, answer.save_id) if answer.save_id else None
        if kept is not None:
            if (kept.doc_id, kept.author) != (answer.doc_id, self._name):
                raise StoreError(f"the id {answer.save_id!r} belongs to another save", remedy="reload the page")
            return kept
        latest = self._latest(connection, answer.doc_id)
        if latest is not None and latest.seq != answer.based_on:
            raise ConflictError(latest, answer)
        if latest is None and answer.based_on:
            raise StoreError(
                f"the text {answer.doc_id!r} has no answer {answer.based_on}", remedy="reload the page, then save again"
            )
        saved = self._append(connection, answer)
        hand.drop_drafts(connection, [answer.doc_id], self._drawer)
        hand.drop_lease(connection, answer.doc_id, self._name)
        return saved

    def _append(self, connection: Connection, answer: Answer) -> Annotation:
        entities = tuple(sorted(set(answer.entities)))
        self._check(answer.doc_id, entities)
        suggested = self._suggested(connection, answer.doc_id)
        new = Annotation(
            doc_id=answer.doc_id,
            entities=entities,
            author=self._name,
            source=answer.source,
            at=self._clock(),
            seconds=_measured(answer.seconds),
            based_on=answer.based_on,
            save_id=answer.save_id,
            suggested=suggested,
            blind=suggested is not None and drawn.blind(answer.doc_id, self._settings.blind_share),
        )
        add_annotations(connection, [new])
        kept = _newest(connection, answer.doc_id)
        return replace(new, seq=None if kept is None else kept.seq)

    def _check(self, doc_id: DocId, entities: tuple[Span, ...]) -> None:
        for span in entities:
            if span.label not in self._schema.names:
                raise LabelError(
                    f"the label {span.label!r} at [{span.start}, {span.end}) of {doc_id!r} is not among the labels any "
                    f"more ({', '.join(self._schema.names)})",
                    remedy=f"give it another label, or have {span.label!r} put back into labels.toml",
                )
        for left, right in () if self._schema.overlap else itertools.combinations(entities, 2):
            if left.overlaps(right):
                raise OverlapError(
                    f"the spans [{left.start}, {left.end}) {left.label!r} and [{right.start}, {right.end}) "
                    f"{right.label!r} of {doc_id!r} overlap, and the label schema does not allow it",
                    remedy="delete one of them, or have overlap = true put into labels.toml",
                )

    def _keep_refused(self, answer: Answer) -> None:
        """Keep what was refused, where the draft says something else: it may be the only copy."""
        with self._store.writes() as connection:
            kept = hand.draft_of(connection, answer.doc_id, self._drawer)
            if kept is None:
                kept = Draft((), (), 0, answer.based_on, self._clock())
            elif sorted(kept.entities) == sorted(answer.entities):
                return
            refused = replace(kept, entities=answer.entities)
            hand.put_draft(connection, answer.doc_id, self._drawer, refused, self._clock())

    def _hand_out(self, connection: Connection, doc_id: DocId) -> Task:
        document = one_document(connection, doc_id)
        suggested, suggestion = tagged_of(connection, [doc_id]).get(doc_id, (None, None))
        self._lease(connection, doc_id, suggested)
        latest = self._latest(connection, doc_id)
        is_blind = drawn.blind(doc_id, self._settings.blind_share)
        return Task(
            document=document,
            version=0 if latest is None else latest.seq or 0,
            entities=() if latest is None else latest.entities,
            answered=latest is not None,
            draft=hand.draft_of(connection, doc_id, self._drawer),
            pick=pick_of(connection, doc_id),
            suggestion=None if is_blind else suggestion,
            suggested=suggested,
            blind=is_blind,
            double=self._is_double(doc_id),
            flags=open_flags(marks_of(connection, [doc_id])),
        )

    def _lease(self, connection: Connection, doc_id: DocId, suggested: int | None) -> None:
        until = self._clock() + timedelta(minutes=self._settings.lease_minutes)
        hand.put_lease(connection, hand.Lease(doc_id, self._name, until, suggested))

    def _suggested(self, connection: Connection, doc_id: DocId) -> int | None:
        """The suggestion there was when this person opened the text, and not one that came later."""
        mine = select(leases.c.suggested).where(leases.c.doc_id == doc_id, leases.c.person == self._name)
        row = connection.execute(mine).first()
        if row is not None:
            return None if row.suggested is None else int(row.suggested)
        return tagged_of(connection, [doc_id]).get(doc_id, (None, None))[0]

    def _taken_by(self, connection: Connection, doc_id: DocId) -> hand.Lease | None:
        """The lease of another person that leaves no seat; None where this person may have the text."""
        now = self._clock()
        held = [lease for lease in hand.leases_on(connection, doc_id) if lease.until > now]
        others = [lease for lease in held if lease.person != self._name]
        if not others or self._reviews or not self._is_double(doc_id):
            return next(iter(others), None)
        if len(others) < len(held):  # a third who answers late takes nobody's seat away
            return None
        authors = select(annotations.c.author).where(annotations.c.doc_id == doc_id).distinct()
        answered = set(connection.execute(authors).scalars())
        seated = {lease.person for lease in others} | answered - {self._name}
        return others[0] if len(seated) >= 2 and (self._name not in answered or len(others) >= 2) else None

    def _latest(self, connection: Connection, doc_id: DocId) -> Annotation | None:
        """The latest answer that this person may see."""
        if self._reviews or not self._is_double(doc_id):
            return _newest(connection, doc_id)
        of = annotations.c
        return annotation_where(
            connection, of.doc_id == doc_id, or_(of.author == self._name, of.source.not_in(queue.PERSONAL))
        )

    def _version(self, connection: Connection, doc_id: DocId) -> int:
        latest = self._latest(connection, doc_id)
        return 0 if latest is None else latest.seq or 0

    def _is_double(self, doc_id: DocId) -> bool:
        return drawn.double(doc_id, self._settings.double_share)


def _measured(seconds: float | None) -> float | None:
    # A browser whose clock was set back measured nothing: no reason to refuse the work.
    return seconds if seconds is not None and 0 < seconds < math.inf else None


def _newest(connection: Connection, doc_id: DocId) -> Annotation | None:
    return annotation_where(connection, annotations.c.doc_id == doc_id)
