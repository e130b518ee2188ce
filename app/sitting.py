"""One person at work in the editor: what the browser sends is dealt with once, and what it shows next is decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from allabel.document import Annotation, DocId
from allabel.errors import AllabelError, InputError, StoreError
from allabel.people.desk import Answer, ConflictError, Desk, Draft, Task
from allabel.people.terms import Terms
from app.components.span_editor.data import Problem
from app.components.span_editor.ops import Op

# Acknowledgements that the browser may still ask about; what is older the store knows by the ids it kept.
MOST_ACKED = 300
# What changes the store, so that the browser sends it until it is done.
KEPT = ("draft", "save", "skip", "flag", "occurrences")


@dataclass(slots=True)
class Sitting:
    """The page's memory between two draws; nothing in it is the only copy.

    choose: the next text where none is in hand, None where nothing waits. source: what the answers are called in the
    history. passed: hears of each text that was saved or skipped.
    """

    desk: Desk
    terms: Terms
    choose: Callable[[], Task | None]
    source: str = "app"
    passed: Callable[[DocId], None] = lambda _: None
    task: Task | None = None
    acked: list[str] = field(default_factory=list)
    problem: Problem | None = None
    told: str = ""
    demonstrations: tuple[DocId, ...] = ()

    def current(self) -> Task | None:
        """Return the text in hand, or take the next one; None where nothing waits for this person."""
        if self.task is None:
            self.task = self.choose()
        return self.task

    def open(self, doc_id: DocId) -> None:
        """Take a given text in hand. Raises StoreError where another person has it."""
        self.task, self.problem, self.demonstrations = self.desk.open(doc_id), None, ()

    def take(self, ops: Sequence[Op]) -> None:
        """Deal with operations in order, each once.

        What the store could not do just now is not acknowledged, so that the browser sends it again; what cannot be
        done at all is, and `problem` says why. Work that was refused stays as the draft.
        """
        for op in ops:
            if op.id in self.acked:
                continue
            try:
                self._do(op)
            except ConflictError as error:
                self.problem = conflict(error.theirs)
            except StoreError as error:
                self.problem = Problem(in_words(error))
                if op.op in KEPT and self._may_pass(op):
                    return
            except AllabelError as error:
                self.problem = Problem(in_words(error))
            self.acked = [*self.acked[-MOST_ACKED:], op.id]

    def _may_pass(self, op: Op) -> bool:
        """Tell whether the store may be able later to do what it could not; a text it does not hold stays unknown."""
        try:
            return self.desk.has(DocId(op.doc_id))
        except StoreError:
            return True

    def _do(self, op: Op) -> None:
        doc_id = DocId(op.doc_id)
        match op.op:
            case "draft":
                self._keep(doc_id, op)
            case "save":
                self._save(Answer(doc_id, op.entities, op.version, op.id, op.seconds, self.source))
            case "skip":
                self.desk.skip(doc_id, op.id)
                self._go_on(doc_id, "Skipped: it comes back after all others.")
                self.passed(doc_id)
            case "flag":
                self.desk.flag(doc_id, op.note, op.id)
                self.told = "Flagged for a curator."
            case "back":
                self._back(doc_id)
            case "goto" | "reload":
                self.open(doc_id)
            case "occurrences":
                n = self.terms.add(op.text, op.label, self.desk.person.name)
                self.told = f"“{op.text}” is suggested as {op.label} in {n} texts of the queue."
            case "demonstrations":
                self.demonstrations = tuple(map(DocId, op.ids))
            case "wrong":
                self.problem = Problem(in_words(op.problem) if op.problem else "the browser sent what cannot be read")

    def _keep(self, doc_id: DocId, op: Op) -> None:
        draft = Draft(op.entities, op.rejected, op.n, op.version, datetime.now(UTC))
        if self.task is not None and self.task.document.id == doc_id and self.task.version > op.version:
            # It was saved meanwhile: what was meant to be kept until then is no draft of the new version.
            return
        free = self.desk.keep_draft(doc_id, draft)
        if not free and self.task is not None and self.task.document.id == doc_id:
            self.problem = Problem(
                "Another person has this text by now, as your time for it was over. Your work is kept as a draft; "
                "where both of you save, you will see both answers."
            )

    def _save(self, answer: Answer) -> None:
        try:
            self.desk.save(answer)
        except ConflictError as error:
            # A save whose acknowledgement was lost, then more work on the same text: both are this person's own.
            if error.theirs.save_id not in self.acked:
                raise
            self.desk.save(replace(answer, based_on=error.theirs.seq or 0))
        self._go_on(answer.doc_id, "Saved.")
        self.passed(answer.doc_id)

    def _back(self, doc_id: DocId) -> None:
        before = self.desk.before(doc_id)
        if before is None:
            self.told = "This is the first of your texts."
        else:
            self.task, self.problem, self.told = before, None, ""

    def _go_on(self, doc_id: DocId, told: str) -> None:
        self.told = told
        if self.task is None or self.task.document.id == doc_id:
            self.task, self.problem, self.demonstrations = None, None, ()


def conflict(theirs: Annotation) -> Problem:
    """Say that another answer came in between, with that answer beside."""
    when = f"{theirs.at.astimezone():%H:%M}"
    return Problem(
        f"{theirs.author} saved this text at {when}, after you had opened it. Yours is kept as a draft: choose what "
        "shall stand.",
        kind="conflict",
        theirs=theirs.entities,
        theirs_version=theirs.seq or 0,
        theirs_by=theirs.author,
        theirs_at=when,
    )


def in_words(error: AllabelError) -> str:
    """Say a problem and its remedy in one line of text."""
    if not isinstance(error, InputError):
        return str(error)
    problem = f"{error.problem[:1].upper()}{error.problem[1:]}."
    return f"{problem} What to do: {error.remedy}." if error.remedy else problem
