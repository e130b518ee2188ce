"""Tagging in one project: documents become tagged documents, and nothing that was answered is lost or asked again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime

from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.llm.base import Answer
from allabel.annotate.llm.keys import answer_from_json, answer_to_json, worth_keeping
from allabel.annotate.llm.memory import Asked, AsksModel
from allabel.document import DocId, Document
from allabel.reply import Reply, Status, TaggedDocument
from allabel.store.records import Call
from allabel.store.store import Store
from allabel.store.writer import Writer

# What an annotator without a server is given at once; one with a server takes all, for it writes as it goes.
BATCH = 256
# Answers that a kill may cost, beside those under way.
MOST_UNWRITTEN = 16
# Replies are put together again from answers that are kept, so they give way to the writing of those.
REPLIES_REST_S = 0.5
Came = Callable[[TaggedDocument], None]


class StoreMemory:
    """Keeps a language model's answers and the journal of calls in a store. backend: its name, for the journal."""

    def __init__(self, store: Store, backend: str) -> None:
        self._store, self._backend = store, backend

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        """Return the answers kept under these keys; a key without one is left out."""
        return {key: answer_from_json(kept) for key, kept in self._store.cached(keys).items()}

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Asked], None]]:
        """Give what keeps a request, in a thread of its own; when the context ends all of them are kept."""
        ids = {document.text: document.id for document in self._store.documents()}
        with Writer(self._write, most=MOST_UNWRITTEN) as writer:
            yield lambda asked: writer.put((asked, self._call(asked, ids.get(asked.text))))

    def _write(self, batch: list[tuple[Asked, Call]]) -> None:
        kept = {asked.key: answer_to_json(asked.answer) for asked, _ in batch if worth_keeping(asked.answer)}
        with self._store.transaction():
            self._store.add_cached(kept)
            self._store.add_calls([call for _, call in batch])

    def _call(self, asked: Asked, doc_id: DocId | None) -> Call:
        answer = asked.answer
        return Call(
            datetime.now(UTC),
            doc_id,
            asked.prompt_hash,
            asked.model,
            self._backend,
            answer.status.value,
            answer.n_attempts,
            answer.n_prompt_tokens,
            answer.n_output_tokens,
            answer.latency_s,
        )


def tag(
    store: Store | None,
    annotator: Annotator,
    documents: Sequence[Document],
    demonstrations: Sequence[Demonstration],
    came: Came,
) -> Iterator[TaggedDocument]:
    """Yield the documents tagged, in order. came: hears of each as it comes. store: keeps each, where there is one.

    A document that was tagged before keeps what it has where the new reply failed, or says the same. An `ok` reply
    gives way to none but an `ok` one: what is refused or cut off says nothing of entities.
    """
    size = len(documents) if isinstance(annotator, AsksModel) else BATCH
    before = store.tagged() if store else {}
    for first in range(0, len(documents), max(1, size)):
        with _keeping(store, before) as keep:
            tagged = _tagged(annotator, documents[first : first + size], demonstrations, (keep, came))
        yield from tagged


def _tagged(
    annotator: Annotator, batch: Sequence[Document], demonstrations: Sequence[Demonstration], hear: Sequence[Came]
) -> list[TaggedDocument]:
    found: dict[int, TaggedDocument] = {}

    def take(i: int, reply: Reply) -> None:
        d = batch[i]
        found[i] = TaggedDocument(d.id, d.text, reply, annotator.name, annotator.model, d.meta)
        for listener in hear:
            listener(found[i])

    texts = [d.text for d in batch]
    if isinstance(annotator, AsksModel):
        annotator.stream(texts, demonstrations, take)
    else:
        for i, reply in enumerate(annotator.annotate(texts, demonstrations)):
            take(i, reply)
    return [found[i] for i in range(len(batch))]


def _keeping(store: Store | None, before: Mapping[DocId, TaggedDocument]) -> AbstractContextManager[Came]:
    return nullcontext(lambda _: None) if store is None else _stored(store, before)


def _counts(new: TaggedDocument, known: TaggedDocument | None) -> bool:
    """Tell whether a reply is to be the latest of its document, for the latest is the one that counts."""
    if known is None:
        return True
    if new.reply.status is Status.FAILED or (known.reply.status is Status.OK and new.reply.status is not Status.OK):
        return False
    return new != known


@contextmanager
def _stored(store: Store, before: Mapping[DocId, TaggedDocument]) -> Iterator[Came]:
    with Writer(store.add_tagged, rest_s=REPLIES_REST_S) as writer:

        def keep(one: TaggedDocument) -> None:
            if _counts(one, before.get(one.id)):
                writer.put(one)

        yield keep
