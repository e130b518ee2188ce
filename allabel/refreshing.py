"""One refresh of the suggestions for the texts that are next in the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allabel.active.tuned import BACKEND as TUNED
from allabel.active.tuned import TunedAnnotator
from allabel.annotate.base import Demonstration
from allabel.annotate.llm.memory import AsksModel
from allabel.annotate.stale import digest
from allabel.document import DocId
from allabel.people.marks import Kind, marks_of
from allabel.project import Project
from allabel.reply import Status, TaggedDocument
from allabel.selection_tools import ON_BOARD_BACKEND

AHEAD = 40
# Suggestions are made anew after so many new or edited annotations, or this share of those learned from, whichever is
# more. The annotator on board learns from 200 sentences in 0.5 s and from 2,000 in 5.0 s: at 20 s a text that is 1 s
# in 100 s at first, and never more than 5 s in 800 s later. A tenth more texts moves F1 by half a point at 200
# (c - a n^-0.5), so suggestions are never much worse than they could be.
FEWEST_NEW, SHARE_NEW = 5, 0.1
# A language model is asked anew for each text, and that is paid for: the next refresh comes at half as many again.
SHARE_NEW_ASKED = 0.5
Learned = Mapping[DocId, str]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did. n_tagged: texts with a new reply. n_failed: replies among them that did not come.

    learned: the digests of the annotations that the suggestions stand on, by text, for the next refresh; None where
    nothing was tagged yet. next_after: answers after which to look again, when suggestions are old or few are left
    ahead. problem: why texts were left without, in words; "" where none were.
    """

    n_tagged: int
    n_annotated: int
    learned: Learned | None
    next_after: int
    n_failed: int = 0
    problem: str = ""


def learned_from(demonstrations: Sequence[Demonstration]) -> dict[DocId, str]:
    """Return what `is_old` compares: a digest of each annotated text with its entities."""
    return {d.id: digest(d) for d in demonstrations}


def is_old(then: Learned, now: Learned, share: float = SHARE_NEW) -> bool:
    """Tell whether so many annotations were added, edited or removed that suggestions are to be made anew."""
    n_edited = sum(then[id] != now[id] for id in then.keys() & now.keys())
    n_changed = len(then.keys() ^ now.keys()) + n_edited
    return n_changed >= max(FEWEST_NEW, share * len(then))


def refresh(project: Project, learned: Learned | None = None, ahead: int = AHEAD) -> Refreshed:
    """Tag the next `ahead` texts of the queue whose suggestion is missing or old, and keep the replies.

    learned: what the last refresh returned; None at first, when suggestions of the annotator on board count as old and
    those of a language model as new. The annotator on board needs one annotation and does nothing before; it replaces
    no reply of a language model. Raises LabelError where an annotation bears a label that the schema lacks, and what
    the backend raises.

    A tuned model does not learn with each answer: suggestions are made where there is none, or another model's.
    """
    if project.settings.backend == TUNED:
        return _by_tuned_model(project, ahead)
    demonstrations = project.demonstrations()
    now = learned_from(demonstrations)
    asks = project.settings.backend != ON_BOARD_BACKEND
    share = SHARE_NEW_ASKED if asks else SHARE_NEW
    next_after = max(1, min(max(FEWEST_NEW, round(share * len(now))), ahead * 3 // 4)) if now else 1
    if not (demonstrations or asks):
        return Refreshed(0, 0, None, next_after)
    next_ids = upcoming(project, ahead)
    known = {id: one for id, (_, one) in project.store.tagged_of(next_ids).items()}
    old = learned is not None and is_old(learned, now, share)
    if asks:
        changed = project.stale().keys()
        due = [id for id in next_ids if old or id in changed or _missing(known.get(id), project.settings.backend)]
    else:
        own = [id for id in next_ids if id not in known or _replaceable(known[id])]
        all_anew = learned is None or old or any(id not in known for id in own)
        due = own if all_anew else []
    if not due:
        return Refreshed(0, len(now), learned, next_after)
    documents = project.store.documents_of(due)
    replies = [one.reply for one in project.tag([documents[id] for id in due], keep=True)]
    failed = [reply for reply in replies if reply.status is Status.FAILED]
    stopped = project.annotator.stopped if isinstance(project.annotator, AsksModel) else ""
    problem = stopped or (f"{len(failed)} of {len(replies)} texts: {failed[0].error}" if failed else "")
    # What was asked of a language model for a missing text does not make the others newer.
    kept = now if learned is None or old or not asks else learned
    return Refreshed(len(replies) - len(failed), len(now), kept, next_after, len(failed), problem)


def _by_tuned_model(project: Project, ahead: int) -> Refreshed:
    known = TunedAnnotator(project.schema, project.settings.tuned_model).described()
    next_ids = upcoming(project, ahead)
    replies = {id: one for id, (_, one) in project.store.tagged_of(next_ids).items()}
    due = [id for id in next_ids if _missing(replies.get(id), TUNED) or replies[id].model != known.model]
    documents = project.store.documents_of(due)
    n_tagged = len(list(project.tag([documents[id] for id in due], keep=True)))
    # Whether there is a newer model is looked at often: the file says so, and no weights are read.
    return Refreshed(n_tagged, len(project.store.annotations()), dict(known.lesson.texts), FEWEST_NEW)


def upcoming(project: Project, ahead: int = AHEAD) -> list[DocId]:
    """Return the next `ahead` texts of the queue; those that somebody skipped come after the others, as at a desk."""
    # Were so many skipped, the ones behind them wait for the next answers.
    first = [pick.doc_id for pick in project.store.queue()[: 10 * ahead]]
    with project.store.reads() as connection:
        skipped = {mark.doc_id for mark in marks_of(connection, first) if mark.kind is Kind.SKIP}
    return sorted(first, key=skipped.__contains__)[:ahead]


def _missing(known: TaggedDocument | None, backend: str) -> bool:
    return known is None or known.backend != backend or known.reply.status is Status.FAILED


def _replaceable(known: TaggedDocument) -> bool:
    return known.backend == ON_BOARD_BACKEND or known.reply.status is Status.FAILED
