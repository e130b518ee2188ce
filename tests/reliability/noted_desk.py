"""A desk that notes when each thing was asked of it and what it said: for a checker, by one clock of all processes."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from allabel.document import Annotation, DocId
from allabel.people.desk import Answer, ConflictError, Desk, Draft, Task
from allabel.people.errors import TakenError

T = TypeVar("T")


@dataclass(frozen=True)
class Note:
    """One call. doc_id: "" where nothing was handed out. seq: of the answer seen or kept, 0 for none.

    said: "yes", "no" where another has the text, "conflict" where another answer came between.
    """

    who: str
    act: str
    doc_id: str
    begin: float
    end: float
    seq: int = 0
    said: str = "yes"
    save_id: str = ""
    based_on: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class NotedDesk(Desk):
    """As the desk it is."""

    notes: list[Note]

    def _note(self, act: str, begin: float, doc_id: str, **more: Any) -> None:
        self.notes.append(Note(self.person.name, act, doc_id, begin, time.monotonic(), **more))

    def _noted(self, act: str, doc_id: DocId, call: Callable[[], T], based_on: int = 0) -> T:
        begin = time.monotonic()
        said = call()
        self._note(act, begin, doc_id, said="no" if said is False else "yes", based_on=based_on)
        return said

    def next(self) -> Task | None:
        begin = time.monotonic()
        task = super().next()
        self._note("take", begin, task.document.id if task else "", seq=task.version if task else 0)
        return task

    def open(self, doc_id: DocId) -> Task:
        begin = time.monotonic()
        try:
            task = super().open(doc_id)
        except TakenError:
            self._note("take", begin, doc_id, said="no")
            raise
        self._note("take", begin, doc_id, seq=task.version)
        return task

    def keep_draft(self, doc_id: DocId, draft: Draft) -> bool:
        return self._noted("draft", doc_id, lambda: super(NotedDesk, self).keep_draft(doc_id, draft), draft.based_on)

    def skip(self, doc_id: DocId, save_id: str) -> None:
        self._noted("skip", doc_id, lambda: super(NotedDesk, self).skip(doc_id, save_id))

    def release(self, doc_id: DocId) -> None:
        self._noted("release", doc_id, lambda: super(NotedDesk, self).release(doc_id))

    def discard(self, doc_id: DocId) -> None:
        self._noted("release", doc_id, lambda: super(NotedDesk, self).discard(doc_id))

    def save(self, answer: Answer) -> Annotation:
        begin = time.monotonic()
        same = {"save_id": answer.save_id, "based_on": answer.based_on}
        try:
            kept = super().save(answer)
        except ConflictError as conflict:
            self._note("save", begin, answer.doc_id, seq=conflict.theirs.seq or 0, said="conflict", **same)
            raise
        self._note("save", begin, answer.doc_id, seq=kept.seq or 0, **same)
        return kept
