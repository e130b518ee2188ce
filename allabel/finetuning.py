"""A project's own tagger: trained on what people annotated and answered, and asked what it wants to know next."""

import hashlib
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from allabel.active import tuning
from allabel.active.base import Fitted, Tell
from allabel.active.imbalance.methods import NONE, balanced
from allabel.active.partial import drop_unknowns
from allabel.active.questions import Wanted, choose, with_answers
from allabel.active.sentence import Sentence
from allabel.active.tuned import check_labels
from allabel.active.tuning import Lesson, Tuned
from allabel.annotate.base import Demonstration
from allabel.annotate.stale import digest
from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.project import Project
from allabel.store import questions
from allabel.store.questions import QuestionAnswer, Says

QUERY = "breaking_ties"


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from. lesson: what a model that learned it would know of it, without figures.

    n_blank: annotated texts without a word. n_unknown: answers with a label that the schema does not name any more.
    """

    sentences: tuple[Sentence, ...]
    lesson: Lesson
    n_blank: int
    n_unknown: int


@dataclass(frozen=True, slots=True)
class Finetuned:
    """What a training did. fitted: None where the model that is there had learned all of it by the same options."""

    tuned: Tuned
    fitted: Fitted | None
    n_blank: int
    n_unknown: int


@dataclass(frozen=True, slots=True)
class Age:
    """The tuned model, and how many annotations and answers were added, edited or removed since it learned.

    fits: whether it knows the labels of the schema, and so can tag.
    """

    tuned: Tuned
    n_newer: int
    fits: bool

    def sentence(self) -> str:
        """Say it in one line."""
        lesson, at = self.tuned.lesson, f"{self.tuned.at.astimezone():%d %b %Y %H:%M}"
        of = f"{len(lesson.texts):,} texts" + (f" and answers on {len(lesson.answers):,}" if lesson.answers else "")
        told = f"{self.tuned.model}, learned from {of} on {at}"
        if not self.fits:
            return f"{told}; its labels are not those of the project: allabel finetune"
        if not self.n_newer:
            return f"{told}; nothing is newer"
        return f"{told}; newer or changed since: {self.n_newer:,} (allabel finetune)"


def material(project: Project) -> Material:
    """Return the annotated texts, cut into words, and the texts on which questions were answered, known in part.

    A text that is annotated does not need its answers any more. Of a text known in part, a tagger that learns from
    whole sentences only gets the known words. Raises LabelError where an annotation bears a label that the schema does
    not name.
    """
    project.check_labels()
    annotated = project.annotated()
    whole = [Sentence.of_document(document) for document in annotated]
    n_blank = sum(not len(sentence) for sentence in whole)
    answers, n_unknown = _answers(project, {d.id for d in annotated})
    texts = project.store.documents_of(answers)
    parts = [with_answers(Sentence.of_document(texts[id]), given) for id, given in answers.items()]
    if not tuning.learns_partly(project.settings.finetune.tagger):
        parts = [part for sentence in parts if (part := drop_unknowns(sentence)) is not None]
    sentences = (*(sentence for sentence in whole if len(sentence)), *parts)
    return Material(sentences, _lesson(project, annotated, answers), n_blank, n_unknown)


def age(project: Project) -> Age | None:
    """Return how old the tuned model is; None where there is none. Raises InputError where it cannot be read."""
    found = tuning.describe(project.settings.tuned_model)
    if found is None:
        return None
    annotated = project.annotated()
    answers, _ = _answers(project, {d.id for d in annotated})
    now = _lesson(project, annotated, answers)
    return Age(found, found.lesson.n_newer(now), set(found.lesson.labels) == set(project.schema.names))


def finetune(project: Project, tell: Tell = lambda _: None, *, again: bool = False) -> Finetuned:
    """Train the tagger that the settings name, and keep it as the project's tuned model.

    Until it is kept the one before is in use. Where that one has learned all of it by the same options and can be
    loaded it stays, unless `again`. A training that was stopped goes on where its last epoch ended, where the tagger
    can. tell: hears a line an epoch. Raises InputError where nothing is annotated, LabelError where an annotation bears
    a label that the schema does not name.
    """
    found, asked = material(project), project.settings.finetune
    folder = project.settings.tuned_model
    if not any(sentence.n_known for sentence in found.sentences):
        only = " but texts without a word" if found.n_blank else ""
        raise InputError(
            f"a tagger learns from annotated texts, and there are none{only}",
            file=project.folder,
            remedy="allabel select, then allabel app, or allabel import FILE --as annotations",
        )
    before = None if again else _learned(folder, found.lesson, project.settings.finetune.tagger)
    if before is not None:
        return Finetuned(before, None, found.n_blank, found.n_unknown)
    checkpoint = checkpoint_of(project, found.lesson)
    for other in checkpoint.parent.glob("*"):
        if other != checkpoint:
            other.unlink()
    tagger = tuning.make(asked, project.schema.names, checkpoint)
    tell(f"training the tagger {asked.tagger} on {len(found.sentences):,} texts")
    learned = balanced(asked.imbalance or NONE, found.sentences, project.schema.names, asked.seed)
    if len(learned) != len(found.sentences):
        tell(f"{asked.imbalance} makes {len(learned):,} of them")
    timed = _Timed(tell)
    fitted = tagger.fit(learned, seed=asked.seed, tell=timed.tell, progress=timed.progress)
    lesson = replace(
        found.lesson,
        n_sentences=sum(s.n_known > 0 for s in found.sentences),
        n_words=sum(s.n_known for s in found.sentences),
        n_entities=sum((tag or "").startswith("B-") for s in found.sentences for tag in s.tags),
        held_out_f1=fitted.held_out_f1,
        seconds=fitted.seconds,
    )
    kept = tuning.keep(folder, tagger, asked.tagger, lesson, datetime.now(UTC))
    checkpoint.unlink(missing_ok=True)
    return Finetuned(kept, fitted, found.n_blank, found.n_unknown)


def checkpoint_of(project: Project, lesson: Lesson) -> Path:
    """Return the file that a training of this keeps its state in while it goes on."""
    told = json.dumps([lesson.labels, dict(lesson.texts), dict(lesson.answers), lesson.options])
    return project.settings.tuned_model / "checkpoint" / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.pt"


def ask(project: Project, wanted: Wanted, *, query: str = QUERY, seed: int = 0) -> int:
    """Keep questions on what the tuned model is least sure of in texts that nobody annotated; returns how many.

    Where `uncertainty_cap` is set, so many texts are drawn and looked at. Words that this model asked about are not
    asked about again, and questions of an older model that nobody answered are asked no more. Raises InputError where
    there is no tuned model, LabelError where its labels are not the schema's.
    """
    found = tuning.describe(project.settings.tuned_model)
    if found is None:
        raise InputError(
            "questions come from a tuned model, and there is none yet",
            file=project.settings.tuned_model,
            remedy="train one: allabel finetune",
        )
    check_labels(found, project.schema)
    rest, cap = project.rest(), project.settings.uncertainty_cap
    if cap is not None and len(rest) > cap:
        drawn = np.random.default_rng(seed).permutation(len(rest))[:cap]
        rest = [rest[i] for i in sorted(drawn.tolist())]
    answers, _ = _answers(project, set())
    sentences = [with_answers(Sentence.of_document(d), answers.get(d.id, ())) for d in rest]
    with project.store.reads() as connection:
        earlier = questions.asked_by(connection, found.model)
    asked: dict[DocId, set[tuple[int, int]]] = {}
    for one in earlier:
        asked.setdefault(one.doc_id, set()).add((one.start, one.end))
    open_ = [sentence for sentence in sentences if sentence.n_known < len(sentence)]
    tagger = tuning.open_tagger(found, project.settings.finetune.tagger) if open_ else None
    chosen = choose(tagger, open_, wanted, query=query, seed=seed, asked=asked) if tagger else []
    if chosen:
        asking = questions.Asking(None, wanted.level, query, wanted.n, found.model, datetime.now(UTC))
        with project.store.writes() as connection:
            questions.add_asking(connection, asking, chosen)
    return len(chosen)


def answer_rows(project: Project) -> list[dict[str, Any]]:
    """Return the answers that stand, oldest first, each with the words it speaks of: data for a file."""
    with project.store.reads() as connection:
        given = questions.standing(connection)
    texts = project.store.documents_of({one.doc_id for one in given})
    return [
        {
            "id": one.doc_id,
            "says": one.says.value,
            "label": one.label or None,
            "start": one.start,
            "end": one.end,
            "words": texts[one.doc_id].text[one.start : one.end],
            "person": one.person,
            "at": one.at.isoformat(),
            "seconds": one.seconds,
        }
        for one in given
    ]


def _answers(project: Project, without: set[DocId]) -> tuple[dict[DocId, list[QuestionAnswer]], int]:
    """Return the answers that stand, by text, and how many were left out for their label; not of texts in `without`."""
    with project.store.reads() as connection:
        given = [one for one in questions.standing(connection) if one.doc_id not in without]
    known = [one for one in given if one.says is Says.OUTSIDE or one.label in project.schema.names]
    found: dict[DocId, list[QuestionAnswer]] = {}
    for one in known:
        found.setdefault(one.doc_id, []).append(one)
    return found, len(given) - len(known)


def _lesson(project: Project, annotated: list[Document], answers: dict[DocId, list[QuestionAnswer]]) -> Lesson:
    options = project.settings.finetune.model_dump(exclude={"device"}, exclude_none=True)
    return Lesson(
        labels=project.schema.names,
        texts={d.id: digest(Demonstration(d.id, d.text, d.entities or ())) for d in annotated},
        answers={id: _digest(given) for id, given in answers.items()},
        options=json.dumps(options, sort_keys=True),
    )


def _digest(answers: list[QuestionAnswer]) -> str:
    told = json.dumps([[one.says.value, one.label, one.start, one.end] for one in answers])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _learned(folder: Path, lesson: Lesson, asked: str) -> Tuned | None:
    """Return the tuned model where it has learned just this, and can be loaded."""
    found = tuning.readable(folder)
    if found is None or not found.lesson.is_of(lesson):
        return None
    try:
        tuning.open_tagger(found, asked)
    except InputError:
        # What is damaged is replaced by what is trained now.
        return None
    return found


class _Timed:
    """Adds to a line that tells of an epoch how long the others will take, at most."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._began = tell, time.monotonic()
        # A training that goes on does not begin with the first epoch.
        self._before: int | None = None
        self._left = ""

    def progress(self, done: int, of: int) -> None:
        """Hear that so many epochs are done."""
        if self._before is None:
            self._before = done - 1
        left_s = (time.monotonic() - self._began) / (done - self._before) * (of - done)
        self._left = f"; {_span(left_s)} left at most" if done < of else ""

    def tell(self, line: str) -> None:
        """Hear a line; the one after `progress` tells of the epoch."""
        self._tell(line + self._left)
        self._left = ""


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
