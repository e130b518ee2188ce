"""One person at work in the editor: what the browser sends is dealt with once, and what it shows next is decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from allabel.document import Annotation, DocId
from allabel.errors import AllabelError, DatabaseError, InputError
from allabel.people.desk import Answer, ConflictError, Desk, Draft, Task
from allabel.people.terms import Terms
from app.components.span_editor.data import Problem
from app.components.span_editor.ops import Op

# Acknowledgements that the browser may still ask about; what is older the store knows by the ids it kept.
MOST_ACKED = 300
# What changes the store, so that the browser sends it until it is done.
KEPT = ("draft", "save", "skip", "flag", "occurrences")
SENT_AGAIN = "Your work is kept in this browser, and is sent again by itself."


@dataclass(slots=True)
class Sitting:
    """The page's memory between two draws; nothing in it is the only copy.

    choose: the next text where none is in hand, None where nothing waits. source: what the answers are called in the
    history. passed: hears of each text that was saved or skipped. earlier: the text done before a given one; None for
    what the desk knows of this person.
    """

    desk: Desk
    terms: Terms
    choose: Callable[[], Task | None]
    source: str = "app"
    passed: Callable[[DocId], None] = lambda _: None
    earlier: Callable[[DocId], Task | None] | None = None
    task: Task | None = None
    acked: list[str] = field(default_factory=list)
    problem: Problem | None = None
    told: str = ""
    demonstrations: tuple[DocId, ...] = ()

    def current(self) -> Task | None:
        """Return the text in hand, or take the next one; None where nothing waits for this person."""
        if self.task is None:
            self._hold(self.choose())
        return self.task

    def open(self, doc_id: DocId) -> None:
        """Take a given text in hand. Raises TakenError where another person has it."""
        self._hold(self.desk.open(doc_id))

    def restore(self, seq: int) -> None:
        """Let an older answer of the text in hand stand again. Unsaved work on it is not touched: save it first."""
        if self.task is not None:
            self.desk.restore(self.task.document.id, seq)
            self.open(self.task.document.id)

    def last(self) -> None:
        """Take the text in hand that this person did last, if there is one."""
        # No text is called "": before it comes the last one.
        self._hold(self.desk.before(DocId("")))

    def take(self, ops: Sequence[Op]) -> None:
        """Deal with operations in order, each once.

        What the store could not do just now is not acknowledged, so that the browser sends it again; what cannot be
        done at all is, and `problem` says why. Work that was refused stays as the draft.
        """
        new = [op for op in ops if op.id not in self.acked]
        if new and self.problem is not None and self.problem.kind == "message":
            # It spoke of what was done before; where it still holds, what is done now says so again.
            self.problem = None
        for op in new:
            if op.id in self.acked:
                continue
            try:
                self._do(op)
            except ConflictError as error:
                self._refused(op, error.theirs)
            except DatabaseError as error:
                if op.op in KEPT:
                    self.problem = Problem(f"Not saved yet: {in_words(error)} {SENT_AGAIN}")
                    return
                self.problem = Problem(in_words(error))
            except AllabelError as error:
                self.problem = Problem(in_words(error))
            self.acked = [*self.acked[-MOST_ACKED:], op.id]

    def _hold(self, task: Task | None) -> None:
        self.task, self.problem, self.demonstrations = task, None, ()
        if task is not None and outdated(task):
            latest = self.desk.latest(task.document.id)
            self.problem = None if latest is None else conflict(latest, self.desk.person.name)

    def _has(self, doc_id: DocId) -> bool:
        return self.task is not None and self.task.document.id == doc_id

    def _refused(self, op: Op, theirs: Annotation) -> None:
        self.problem = conflict(theirs, self.desk.person.name)
        if self.task is not None and self._has(DocId(op.doc_id)):
            # The page shows it again from here: the work is what was refused, and what it was based on stays.
            self.task = replace(self.task, draft=replace(_draft(op), based_on=self.task.version))

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
                self.desk.flag(doc_id, _storable(op.note), op.id)
                self.told = "Flagged for a curator."
            case "back":
                self._back(doc_id)
            case "goto":
                self.open(doc_id)
            case "reload":
                # Said outright: the other answer is to stand.
                self.desk.discard(doc_id)
                self.open(doc_id)
            case "occurrences":
                n = self.terms.add(op.text, op.label, self.desk.person.name)
                self.told = f"“{op.text}” is suggested as {op.label} in {n} texts of the queue."
            case "demonstrations":
                self.demonstrations = tuple(map(DocId, op.ids))
            case "wrong":
                self.problem = Problem(in_words(op.problem) if op.problem else "the browser sent what cannot be read")

    def _keep(self, doc_id: DocId, op: Op) -> None:
        task = self.task if self._has(doc_id) else None
        if task is not None and task.version > op.version:
            # It was saved meanwhile: what was meant to be kept until then is no draft of the new version.
            return
        free = self.desk.keep_draft(doc_id, _draft(op))
        if task is None:
            return
        if not free:
            self.problem = self.problem or Problem(
                "Another person has this text by now, as your time for it was over. Your work is kept as a draft; "
                "where both of you save, you will see both answers."
            )
        if op.version > task.version and free:
            # The newer answer was taken as the ground of this work: another tab, or the choice between two answers.
            self.open(doc_id)
        elif task.draft is None or op.n > task.draft.n:
            self.task = replace(task, draft=_draft(op))

    def _save(self, answer: Answer) -> None:
        try:
            self.desk.save(answer)
        except ConflictError as error:
            # A save whose acknowledgement was lost, then more work on the same text: both are this person's own.
            if error.theirs.save_id not in self.acked:
                raise
            if {*error.theirs.entities} != {*answer.entities}:
                self.desk.save(replace(answer, based_on=error.theirs.seq or 0))
            else:
                self.desk.discard(answer.doc_id)
        self._go_on(answer.doc_id, "Saved.")
        self.passed(answer.doc_id)

    def _back(self, doc_id: DocId) -> None:
        before = (self.earlier or self.desk.before)(doc_id)
        if before is None:
            self.told = "This is the first of your texts."
        else:
            self._hold(before)
            self.told = ""

    def _go_on(self, doc_id: DocId, told: str) -> None:
        self.told = told
        if self._has(doc_id):
            self._hold(None)


def outdated(task: Task) -> bool:
    """Tell whether unsaved work on a text began from another answer than the one there is now, and says otherwise."""
    draft = task.draft
    return draft is not None and draft.based_on < task.version and {*draft.entities} != {*task.entities}


def _draft(op: Op) -> Draft:
    return Draft(op.entities, op.rejected, op.n, op.version, datetime.now(UTC))


def _storable(note: str) -> str:
    # No database keeps halves of surrogate pairs, and PostgreSQL no NUL: a note is not to stand in the way for that.
    return note.replace("\0", "").encode("utf-8", "replace").decode()


def conflict(theirs: Annotation, mine: str) -> Problem:
    """Say that another answer came in between, with that answer beside. mine: the name of who is told."""
    when = f"{theirs.at.astimezone():%H:%M}"
    who = "You" if theirs.author == mine else theirs.author
    where = ", in another tab or on another machine," if theirs.author == mine else ","
    return Problem(
        f"{who} saved this text at {when}{where} after you had opened it here. What you have here is kept as a draft: "
        "choose what shall stand.",
        kind="conflict",
        theirs=theirs.entities,
        theirs_version=theirs.seq or 0,
        theirs_by="the saved answer" if theirs.author == mine else theirs.author,
        theirs_at=when,
    )


def in_words(error: AllabelError) -> str:
    """Say a problem and its remedy in one line of text."""
    if not isinstance(error, InputError):
        return str(error)
    problem = f"{error.problem[:1].upper()}{error.problem[1:]}."
    return f"{problem} What to do: {error.remedy}." if error.remedy else problem
