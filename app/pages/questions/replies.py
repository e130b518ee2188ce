"""What a person says to questions: each reply of the browser is dealt with once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from allabel.errors import AllabelError, DatabaseError
from allabel.people.asking import QuestionDesk, Said
from allabel.store.questions import Says, question_of
from allabel.store.store import Store
from app.components.question.data import Reply, offsets
from app.sitting import MOST_ACKED, SENT_AGAIN, in_words


@dataclass(slots=True)
class Replies:
    """The page's memory between two draws; nothing in it is the only copy.

    acked: ids of replies that were dealt with. problem: why the last could not be kept, "" where all were.
    """

    desk: QuestionDesk
    store: Store
    acked: list[str] = field(default_factory=list)
    problem: str = ""

    def take(self, replies: Sequence[Reply]) -> None:
        """Deal with replies in order, each once.

        What the store could not do just now is not acknowledged, so that the browser sends it again; what cannot be
        done at all is, and `problem` says why.
        """
        new = [reply for reply in replies if reply.id not in self.acked]
        self.problem = "" if new else self.problem
        for reply in new:
            try:
                self._keep(reply)
            except DatabaseError as error:
                self.problem = f"Not saved yet: {in_words(error)} {SENT_AGAIN}"
                return
            except AllabelError as error:
                self.problem = in_words(error)
            self.acked = [*self.acked[-MOST_ACKED:], reply.id]

    def _keep(self, reply: Reply) -> None:
        if reply.problem:
            self.problem = f"{reply.problem}. What to do: load the page again."
            return
        says = Says(reply.says)
        start, end = self._offsets(reply) if says is Says.ENTITY else (0, 0)
        self.desk.answer(Said(reply.question, says, reply.id, reply.label, start, end, reply.seconds))

    def _offsets(self, reply: Reply) -> tuple[int, int]:
        with self.store.reads() as connection:
            found = question_of(connection, reply.question)
        # The desk says what is wrong with a question that is not there.
        return (0, 0) if found is None else offsets(self.store.document(found.doc_id).text, reply.first, reply.end)
