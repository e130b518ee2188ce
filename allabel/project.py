"""A project: the only place where store, schema, selection, retrieval and annotators meet."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from allabel import config
from allabel.annotate.backends import build
from allabel.annotate.base import Annotator, Demonstration
from allabel.config import Settings
from allabel.document import Annotation, DocId, Document
from allabel.errors import InputError, StoreError
from allabel.formats.base import Record
from allabel.formats.files import write_atomically
from allabel.intake import Intake
from allabel.plugins import load
from allabel.reply import Reply, TaggedDocument
from allabel.schema import LabelSchema
from allabel.select.base import Pool, Tools
from allabel.select.budget import Budget
from allabel.select.chain import Chain, check_budget
from allabel.store.records import Counts, Pick, Selection
from allabel.store.store import Store
from retrieval.base import Similarity

DATABASE, LABELS = "project.db", "labels.toml"
As = Literal["texts", "gold", "annotations"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought. new: texts not there before; answers: gold or annotations kept with them."""

    read: int
    new: int
    answers: int
    role: As


@dataclass(frozen=True, slots=True)
class Selected:
    """What a call of `select` queued, and the stage that waits for annotations, if one does.

    repeated: nothing was queued, and `picks` are those of the same selection made before.
    """

    picks: tuple[Pick, ...]
    waiting_stage: str = ""
    n_waiting_for: int = 0
    repeated: bool = False


class Project:
    """A folder with `labels.toml`, `allabel.toml` and the store. Use as a context manager, or `close` it."""

    def __init__(self, folder: Path, schema: LabelSchema, store: Store, settings: Settings) -> None:
        self.folder, self.schema, self.store, self.settings = folder, schema, store, settings
        self._similarity: tuple[tuple[str, ...], Similarity] | None = None

    @classmethod
    def create(cls, folder: Path, schema: LabelSchema) -> Self:
        """Make a project in a new or empty-of-projects folder. Raises InputError where there is one already."""
        if (folder / LABELS).exists():
            raise StoreError("there is a project already", file=folder, remedy="choose another folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot be made a project: {error.strerror}", file=folder, remedy="choose a folder that can be written"
            ) from error
        if not (folder / DATABASE).exists():
            Store.create(folder / DATABASE).close()
        with Store.open(folder / DATABASE) as left:
            # An earlier `init` that was killed leaves an empty store; one with documents has lost its labels.
            if left.count():
                raise StoreError(
                    f"{DATABASE} holds documents, and {LABELS} is missing", file=folder, remedy=f"put {LABELS} back"
                )
        # The labels go last: a folder with labels.toml is a whole project.
        with write_atomically(folder / LABELS) as file:
            file.write(schema.to_toml())
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path, **flags: object) -> Self:
        """Open a project; flags override its settings. Raises InputError where there is none or it is damaged."""
        if not (folder / LABELS).exists():
            raise StoreError(
                "there is no project here", file=folder, remedy="allabel init DIR --labels …, or name another with -p"
            )
        settings = config.load(folder, **flags)
        schema = LabelSchema.read(folder / LABELS)
        return cls(folder, schema, Store.open(folder / DATABASE), settings)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def annotator(self) -> Annotator:
        """The annotator that the settings name."""
        return build(self.schema, self.settings)

    def import_records(
        self, records: Iterable[Record], file: Path, role: As | None = None, *, flat: bool = False
    ) -> Imported:
        """Add a file's documents, all or none; gold is kept apart and never becomes a demonstration by itself.

        role: None takes answers as gold where the file has any. flat: keep the longest of overlapping spans.
        Raises InputError naming file, line, value and remedy.
        """
        intake = Intake(self.schema, file, self.store.documents(), self.store.gold(), flat=flat)
        documents = list(intake.admit(records, as_gold=role in {None, "gold"}))
        answered = [d for d in documents if d.is_gold]
        role = role or ("gold" if answered else "texts")
        if role != "texts" and not answered:
            raise InputError(f"no document carries an answer to take as {role}", file=file, remedy="--as texts")
        if role == "annotations" and any(d.entities is None for d in answered):
            raise InputError("values without offsets cannot be annotations", file=file, remedy="--as gold")
        with self.store.transaction():
            new = self.store.add_documents(documents)
            if role == "gold":
                self.store.add_gold(answered)
            elif role == "annotations":
                self.store.add_annotations([_annotation(d, author="import", source=file.name) for d in answered])
        return Imported(len(documents), new, 0 if role == "texts" else len(answered), role)

    def pool(self) -> Pool:
        """Return all texts, those annotated or queued marked as labelled."""
        documents = self.store.documents()
        taken = {*self.store.annotations(), *(pick.doc_id for pick in self.store.picks())}
        labelled = frozenset(i for i, d in enumerate(documents) if d.id in taken)
        return Pool(tuple(d.id for d in documents), tuple(d.text for d in documents), labelled)

    def select(self, budget: str, strategy: str, seed: int, *, more: bool = False) -> Selected:
        """Queue texts to annotate, or go on with the last selection where it asked for the same.

        A selection that is complete is shown again and nothing is queued, unless `more` asks for another round.
        Raises InputError where budget or strategy cannot be read or met.
        """
        amount = Budget.parse(budget)
        chain = Chain.parse(strategy, Tools(self._similar, self._reply_to, self.settings.uncertainty_cap))
        pool = self.pool()
        last = next(reversed(self.store.selections()), None)
        if last is not None and (last.strategy, last.budget, last.seed) == (strategy, budget, seed):
            picks = self.store.picks(last.id)
            if chain.unfinished(pool, amount, chain.reached(pick.stage for pick in picks)):
                got = self._advance(chain, pool, amount, last, picks)
                # A last stage that can afford no text leaves no trace: it is asked again, and then all is complete.
                if got.picks:
                    return got
                if got.waiting_stage:
                    queued = {pick.doc_id for pick in self.store.queue()}
                    return replace(got, picks=tuple(p for p in picks if p.doc_id in queued), repeated=True)
            if not more:
                return Selected(tuple(picks), repeated=True)
        check_budget(amount, pool)
        new = Selection(None, strategy, budget, 0, seed, datetime.now(UTC))
        return self._advance(chain, pool, amount, new, [])

    def _advance(
        self, chain: Chain, pool: Pool, budget: Budget, selection: Selection, picks: Sequence[Pick]
    ) -> Selected:
        queued = {pick.doc_id for pick in self.store.queue()}
        n_waiting = sum(pick.doc_id in queued for pick in picks)
        done = chain.reached(pick.stage for pick in picks)
        steps = chain.advance(pool, budget, done, selection.seed, waiting=n_waiting > 0)
        chosen = [(step.stage, choice) for step in steps for choice in step.choices]
        new = [
            Pick(pool.ids[choice.position], stage, rank, choice.score, choice.reason, selection.id or 0)
            for rank, (stage, choice) in enumerate(chosen, start=len(picks) + 1)
        ]
        if selection.id is None:
            selection_id = self.store.add_selection(replace(selection, n_texts=len(new)), new)
            new = [replace(pick, selection_id=selection_id) for pick in new]
        else:
            self.store.add_picks(selection.id, new)
        left = chain.unfinished(pool, budget, [*done, *(step.stage for step in steps)])
        return Selected(tuple(new), left[0] if left else "", n_waiting + len(new) if left else 0)

    def annotate_from_gold(self) -> int:
        """Let the gold of the queued texts become their annotation; returns how many. The simulated expert."""
        gold = self.store.gold()
        queue = self.store.queue()
        missing = [pick.doc_id for pick in queue if pick.doc_id not in gold or gold[pick.doc_id].entities is None]
        if missing:
            raise InputError(
                f"{len(missing)} of {len(queue)} queued texts have no gold spans, {missing[0]!r} first",
                remedy="allabel import FILE --as gold, or as annotations, with these ids",
            )
        self.store.add_annotations([_annotation(gold[p.doc_id], author="gold", source="simulated") for p in queue])
        return len(queue)

    def demonstrations(self) -> list[Demonstration]:
        """Return the annotated texts, in import order: the ground-truth corpus."""
        return [Demonstration(d.id, d.text, d.entities or ()) for d in self.annotated()]

    def annotated(self) -> list[Document]:
        """Return the annotated documents with their latest annotation, in import order."""
        annotations = self.store.annotations()
        return [replace(d, entities=annotations[d.id].entities) for d in self.store.documents() if d.id in annotations]

    def stale_labels(self) -> list[str]:
        """Say which labels of annotations and gold the schema does not name any more, and how often they occur."""
        found = Counter(span.label for answer in self.store.annotations().values() for span in answer.entities)
        found.update(span.label for document in self.store.gold().values() for span in document.entities or ())
        return [
            f"the label {label!r} of {n} spans is not in {LABELS}"
            for label, n in sorted(found.items())
            if label not in self.schema.names
        ]

    def rest(self) -> list[Document]:
        """Return the texts that nobody annotated, in import order."""
        annotated = self.store.annotations()
        return [d for d in self.store.documents() if d.id not in annotated]

    def tag(self, documents: Sequence[Document], *, keep: bool = False, batch: int = 256) -> Iterator[TaggedDocument]:
        """Tag documents in order with the annotator in use and the annotated texts as demonstrations.

        keep: store each batch as it is done, so that stopping loses one batch at most; the project's own texts only.
        """
        demonstrations = self.demonstrations()
        for start in range(0, len(documents), batch):
            part = documents[start : start + batch]
            replies = self.annotator.annotate([d.text for d in part], demonstrations)
            tagged = [
                TaggedDocument(d.id, d.text, reply, self.annotator.name, self.annotator.model, d.meta)
                for d, reply in zip(part, replies, strict=True)
            ]
            if keep:
                self.store.add_tagged(tagged)
            yield from tagged

    def counts(self) -> Counts:
        """Return how many documents are in each state."""
        return self.store.counts()

    def _similar(self, texts: Sequence[str]) -> Similarity:
        """Build the similarity of these texts once: D and S of one call share it."""
        key = tuple(texts)
        if self._similarity is None or self._similarity[0] != key:
            self._similarity = (key, load("retrievers", self.settings.retriever)(key))
        return self._similarity[1]

    def _reply_to(self, texts: Sequence[str]) -> list[Reply]:
        return self.annotator.annotate(texts, self.demonstrations())


def _annotation(document: Document, *, author: str, source: str) -> Annotation:
    return Annotation(DocId(document.id), document.entities or (), author, source, datetime.now(UTC))
