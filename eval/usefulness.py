"""Which demonstrations help and which hurt: each is left out in turn, and the texts it served are tagged again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allabel.annotate.base import Annotator, Demonstration
from allabel.document import DocId, Document
from allabel.errors import AllabelError, InputError
from allabel.reply import Reply, Status
from eval.bootstrap import Interval, paired_bootstrap
from eval.counts import Counts
from eval.strict import strict_by_document


@dataclass(frozen=True, slots=True)
class Planned:
    """What the measurement will take.

    served: for each demonstration that was shown at all, the positions of the held-out texts it was shown for.
    unused: demonstrations shown for none of them; nothing can be said of these.
    """

    served: Mapping[DocId, tuple[int, ...]]
    unused: tuple[DocId, ...]

    @property
    def n_texts(self) -> int:
        """How many texts will be tagged again, a text once for each demonstration it was shown."""
        return sum(map(len, self.served.values()))


@dataclass(frozen=True, slots=True)
class Usefulness:
    """What a demonstration did for the texts it was shown for.

    n_texts: how many they are. with_it, without_it: strict micro F1 on them. gain: with it less without it, and its
    interval over these texts; it hurts where the whole interval is below zero.
    """

    id: DocId
    n_texts: int
    with_it: float
    without_it: float
    gain: Interval

    @property
    def hurts(self) -> bool:
        """True when the whole interval is below zero."""
        return self.gain.high < 0


def planned(demonstrations: Sequence[Demonstration], replies: Sequence[Reply]) -> Planned:
    """Say which texts would be tagged again, before anything is spent.

    replies: what the annotator said of the held-out texts with all demonstrations at hand.
    Raises InputError where two demonstrations share an id, or a reply was shown one that is not among them.
    """
    served: dict[DocId, list[int]] = {one.id: [] for one in demonstrations}
    if len(served) < len(demonstrations):
        raise InputError("two demonstrations share an id", remedy="give every demonstration an id of its own")
    for i, reply in enumerate(replies):
        for id_ in dict.fromkeys(reply.demonstrations):
            if id_ not in served:
                raise InputError(
                    f"a reply was shown {id_!r}, which is not among the {len(served)} demonstrations",
                    remedy="give the demonstrations that the replies were made with",
                )
            served[id_].append(i)
    used = {id_: tuple(places) for id_, places in served.items() if places}
    return Planned(used, tuple(id_ for id_ in served if id_ not in used))


def usefulness(
    annotator: Annotator,
    demonstrations: Sequence[Demonstration],
    held_out: Sequence[Document],
    replies: Sequence[Reply],
    rng: np.random.Generator,
    n: int = 1000,
) -> list[Usefulness]:
    """Measure each demonstration that was shown, by leaving it out; the most harmful first.

    held_out: texts with gold spans that are not demonstrations. replies: what this annotator said of them with all
    demonstrations, so that they are not paid for twice. Only the texts a demonstration was shown for are tagged again,
    `planned(...).n_texts` in all; an annotator that is trained is trained again for each. n: resamples of an interval.
    Many demonstrations on few texts: some will look harmful by chance, so look at them before they go.
    Raises AllabelError where texts get no answer; InputError as `planned`, where a text has no gold spans, or where
    there is not one reply a text.
    Source: leave-one-out, as in Koh and Liang 2017, section 2.1.
    """
    plan = planned(demonstrations, replies)
    before = _counts(held_out, replies)
    found = []
    for id_, places in plan.served.items():
        others = [one for one in demonstrations if one.id != id_]
        texts = [held_out[i] for i in places]
        with_it = [before[i] for i in places]
        without = _counts(texts, annotator.annotate([document.text for document in texts], others))
        gain = paired_bootstrap(with_it, without, rng, n)
        found.append(Usefulness(id_, len(places), _f1(with_it), _f1(without), gain))
    return sorted(found, key=lambda one: (one.gain.difference, one.gain.high))


def _counts(documents: Sequence[Document], replies: Sequence[Reply]) -> list[Counts]:
    failed = [reply.error for reply in replies if reply.status is Status.FAILED]
    if failed:
        # An empty prediction would make whatever was left out look precious.
        raise AllabelError(
            f"{len(failed)} of {len(replies)} texts got no answer: {failed[0]}\n  remedy: try again when they do"
        )
    for document in documents:
        if document.entities is None:
            raise InputError(
                f"the held-out text {document.id!r} has no gold spans", remedy="measure on annotated texts"
            )
    gold = [document.entities or () for document in documents]
    return strict_by_document(gold, [reply.spans if reply.status is Status.OK else () for reply in replies])


def _f1(counts: Sequence[Counts]) -> float:
    return sum(counts, Counts()).f1
