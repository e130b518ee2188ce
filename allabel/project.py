"""A project: the one place where documents, annotations, selections and annotators meet."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from allabel import config
from allabel.annotate.backends import build
from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.llm.memory import AsksModel
from allabel.annotate.stale import Stale, stale
from allabel.calibrating import Calibrations, Sample, Source, samples
from allabel.config import Settings
from allabel.document import Annotation, DocId, Document
from allabel.errors import InputError, LabelError, StoreError
from allabel.formats.base import Record
from allabel.formats.files import write_atomically
from allabel.intake import Intake, text_only
from allabel.reply import TaggedDocument
from allabel.schema import LabelSchema
from allabel.select.base import Pool
from allabel.select.cost import CostModel
from allabel.select.plan import Plan
from allabel.select.tagging import Tagging
from allabel.selecting import Selected, Selecting, Unfinished
from allabel.store.records import Counts, Pick
from allabel.store.store import Store
from allabel.tagging import StoreMemory, tag
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


class Project:
    """A folder with `labels.toml`, `allabel.toml` and the store. Use as a context manager, or `close` it."""

    def __init__(self, folder: Path, schema: LabelSchema, store: Store, settings: Settings) -> None:
        self.folder, self.schema, self.store, self.settings = folder, schema, store, settings
        self._selecting = Selecting(store, schema, settings, lambda: self.annotator, self._to_select_by)

    @classmethod
    def create(cls, folder: Path, schema: LabelSchema) -> Self:
        """Make a project in a new or empty-of-projects folder. Raises InputError where there is one already."""
        _check_none(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot be made a project: {error.strerror}", file=folder, remedy="choose a folder that can be written"
            ) from error
        place = _place(folder, config.load(folder))
        if not Store.exists(place):
            Store.create(place).close()
        with Store.open(place, copies=folder) as left, left.transaction():
            # Looked at anew: of two programs that make the same project, the second comes here after the first.
            _check_none(folder)
            # An earlier `init` that was killed leaves an empty store; one with documents has lost its labels.
            if left.count():
                what, or_another = (DATABASE, "") if isinstance(place, Path) else ("the database", ", or name another")
                raise StoreError(
                    f"{what} holds documents, and {LABELS} is missing",
                    file=folder,
                    remedy=f"put {LABELS} back{or_another}",
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
        return cls(folder, schema, Store.open(_place(folder, settings), copies=folder), settings)

    @property
    def place(self) -> str | Path:
        """Where the store is: a file, or a database's URL, which may hold a password."""
        return _place(self.folder, self.settings)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def annotator(self) -> Annotator:
        """The annotator that the settings name; what it asks of a language model is kept in the store."""
        built = build(self.schema, self.settings)
        if isinstance(built, AsksModel):
            built.remember(StoreMemory(self.store, built.name))
        return built

    def import_records(
        self, records: Iterable[Record], file: Path, role: As | None = None, *, flat: bool = False
    ) -> Imported:
        """Add a file's documents, all or none; gold is kept apart and never becomes a demonstration by itself.

        role: None takes answers as gold where the file has any; "texts" leaves them out, whatever they say. flat: keep
        the longest of overlapping spans. Raises InputError naming file, line, value and remedy.
        """
        intake = Intake(self.schema, file, self.store.documents(), self.store.gold(), flat=flat)
        records = map(text_only, records) if role == "texts" else records
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
                imported = [_annotation(d, author="import", source=file.name) for d in answered]
                self.store.add_annotations(
                    self._new_of([replace(a, seconds=d.seconds) for a, d in zip(imported, answered, strict=True)])
                )
        return Imported(len(documents), new, 0 if role == "texts" else len(answered), role)

    def _new_of(self, imported: Sequence[Annotation]) -> list[Annotation]:
        """Leave out the texts whose latest answer this very import gave: a file that comes again is kept once."""
        last = {answer.doc_id: _said(answer) for answer in imported}
        there = {id for id, answer in self.store.annotations().items() if last.get(id) == _said(answer)}
        return [answer for answer in imported if answer.doc_id not in there]

    def pool(self) -> Pool:
        """Return all texts, those annotated or queued marked as labelled."""
        return self._selecting.pool()

    def cost_model(self) -> CostModel:
        """Fit what annotation costs to the times and entities of the latest annotations."""
        return self._selecting.cost_model()

    def similarity(self, texts: Sequence[str]) -> Similarity:
        """Return the similarity of these texts, built once for the same ones."""
        return self._selecting.similarity(texts)

    def select(
        self,
        budget: str,
        strategy: str | None = None,
        seed: int = 0,
        *,
        more: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Selected:
        """Queue texts to annotate, or go on with the last selection where it asked for the same.

        A selection that is complete is shown again and nothing is queued, unless `more` asks for as much again.
        strategy: None for the one in the settings. tell: hears what tagging takes before any text is tagged to measure
        uncertainty. Raises InputError where budget or strategy cannot be read or met.
        """
        return self._selecting.select(budget, strategy or self.settings.strategy, seed, more=more, tell=tell)

    def plan(self, budget: str, strategy: str | None = None, seed: int = 0, *, more: bool = False) -> Plan:
        """Say what `select` with the same arguments would take, or still takes; nothing is queued or tagged.

        Raises InputError where budget or strategy cannot be read or met.
        """
        return self._selecting.plan(budget, strategy or self.settings.strategy, seed, more=more)

    def preview(self, budget: str, strategy: str | None = None, seed: int = 0) -> tuple[Pick, ...]:
        """Return what a new selection would choose in its first round; nothing is queued, no language model is asked.

        Raises InputError where budget or strategy cannot be read or met, or the first round would ask one.
        """
        return self._selecting.preview(budget, strategy or self.settings.strategy, seed)

    def unfinished(self) -> list[Unfinished]:
        """Return the selections that have stages to come, oldest first."""
        return self._selecting.unfinished()

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
        found = ((d, annotations[d.id]) for d in self.store.documents() if d.id in annotations)
        return [replace(d, entities=answer.entities, seconds=answer.seconds) for d, answer in found]

    def check_labels(self) -> None:
        """Raise LabelError where an annotation, and so a demonstration, bears a label that the schema lacks."""
        found = self._labels_used()
        unknown = [label for label in sorted(found) if label not in self.schema.names]
        if unknown:
            more = f" (nor are {', '.join(map(repr, unknown[1:]))})" if len(unknown) > 1 else ""
            raise LabelError(
                f"the label {unknown[0]!r} of {found[unknown[0]]} annotated spans is not among the labels "
                f"{', '.join(self.schema.names)}{more}",
                file=self.folder / LABELS,
                remedy=f"put {unknown[0]!r} back there; or allabel export FILE.jsonl, rename the label in FILE.jsonl, "
                "then allabel import FILE.jsonl --as annotations",
            )

    def _to_select_by(self) -> list[Demonstration]:
        # Only a language model is told of the schema; the annotator on board takes labels as they come.
        if self.settings.backend != "embedded":
            self.check_labels()
        return self.demonstrations()

    def _labels_used(self) -> Counter[str]:
        return Counter(span.label for answer in self.store.annotations().values() for span in answer.entities)

    def stale_labels(self) -> list[str]:
        """Say which labels of annotations and gold the schema does not name any more, and how often they occur."""
        found = self._labels_used()
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

    def tag(
        self,
        documents: Sequence[Document],
        *,
        keep: bool = False,
        came: Callable[[TaggedDocument], None] = lambda _: None,
    ) -> Iterator[TaggedDocument]:
        """Tag documents in order with the annotator in use and the annotated texts as demonstrations.

        keep: store each as it comes, so that stopping loses next to nothing; the project's own texts only. What a
        language model answered is kept in any case, and asked no second time.
        came: hears of each as it comes, in any order, long before a batch of them is yielded.
        Scores come calibrated where the project has learned how; the store keeps them as the model gave them.
        Raises LabelError where a demonstration bears a label that the schema does not name.
        """
        self.check_labels()
        calibrated = self.calibrations().apply
        store = self.store if keep else None
        tagged = tag(store, self.annotator, documents, self.demonstrations(), lambda one: came(calibrated(one)))
        return map(calibrated, tagged)

    def tagged(self) -> dict[DocId, TaggedDocument]:
        """Return the latest reply for each tagged text, in import order, scores calibrated as by `tag`."""
        calibrated = self.calibrations().apply
        return {id: calibrated(one) for id, one in self.store.tagged().items()}

    def calibrations(self) -> Calibrations:
        """Return what was learned of scores. Raises InputError where the file is broken."""
        return Calibrations.read(self.folder)

    def calibration_samples(self) -> tuple[dict[Source, Sample], Counter[str]]:
        """Return what scores can be calibrated on, and how many texts were left out and why: see `samples`.

        A text's gold spans are the truth, and its latest annotation where it has none.
        """
        truth = {id: answer.entities for id, answer in self.store.annotations().items()}
        truth |= {id: d.entities for id, d in self.store.gold().items() if d.entities is not None}
        return samples(self.store.tagged().values(), truth, {d.id: d.text for d in self.demonstrations()})

    def to_tag(self, documents: Sequence[Document]) -> Tagging:
        """Estimate what tagging these documents with the backend in use takes."""
        return self._selecting.to_tag([d.text for d in documents])

    def stale(self) -> dict[DocId, Stale]:
        """Return the tagged texts whose demonstrations were edited or removed since, in import order.

        Texts that are annotated by now are left out.
        """
        annotated = self.store.annotations()
        shown = {id: one.reply.shown for id, one in self.store.tagged().items() if id not in annotated}
        return stale(shown, self.demonstrations())

    def counts(self) -> Counts:
        """Return how many documents are in each state."""
        return self.store.counts()


def _check_none(folder: Path) -> None:
    if (folder / LABELS).exists():
        raise StoreError("there is a project already", file=folder, remedy="choose another folder")


def _place(folder: Path, settings: Settings) -> str | Path:
    return settings.database or folder / DATABASE


def _annotation(document: Document, *, author: str, source: str) -> Annotation:
    return Annotation(DocId(document.id), document.entities or (), author, source, datetime.now(UTC))


def _said(answer: Annotation) -> tuple[object, ...]:
    return sorted(answer.entities), answer.author, answer.source, answer.seconds
