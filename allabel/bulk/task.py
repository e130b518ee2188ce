"""What is done to every block, as values: the same in this process, in another one and on another machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.llm.memory import AsksModel
from allabel.calibrating import Calibrations
from allabel.config import Settings
from allabel.document import Document
from allabel.reply import Reply, Status, TaggedDocument
from allabel.schema import LabelSchema
from allabel.tagging import tag

Came = Callable[[TaggedDocument], None]


@dataclass(frozen=True, slots=True)
class Task:
    """The labels, the settings, the annotated texts and the calibrations that tagging goes by."""

    schema: LabelSchema
    settings: Settings
    demonstrations: tuple[Demonstration, ...]
    calibrations: Calibrations


class BlockTagger:
    """Tags block after block with one annotator; once it has stopped asking, nothing more is asked."""

    def __init__(self, annotator: Annotator, task: Task) -> None:
        self.annotator, self._task = annotator, task
        self._stopped = ""

    def tag(self, documents: Sequence[Document], came: Came = lambda _: None) -> list[TaggedDocument]:
        """Return the documents tagged, in order, scores calibrated. came: hears of each as it comes."""
        if self._stopped:
            tagged = [self._unsent(document) for document in documents]
            for one in tagged:
                came(one)
            return tagged
        found = list(tag(None, self.annotator, documents, self._task.demonstrations, came))
        if isinstance(self.annotator, AsksModel):
            # A server that fell silent would be waited for again at every block.
            self._stopped = self.annotator.stopped
        return [self._task.calibrations.apply(one) for one in found]

    def _unsent(self, document: Document) -> TaggedDocument:
        reply = Reply(Status.FAILED, error=f"not sent: {self._stopped}")
        return TaggedDocument(
            document.id, document.text, reply, self.annotator.name, self.annotator.model, document.meta
        )
