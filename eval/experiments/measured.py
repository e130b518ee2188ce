"""What came of a cell of an experiment: whom it cost what, and how good the annotator was on each test text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from allabel.document import DocId
from allabel.reply import Status
from eval.counts import Counts, Scores

IntArray = npt.NDArray[np.int64]
# The last axis of `counts`.
TRUE_POSITIVE, PREDICTED, GOLD = range(3)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in an experiment a result stands: a data set, a resampled pool, what chose from it, how much, and the arm.

    budget: as the file has it, "5%". strategy: what chose the texts; "recorded" where the predictions were made
    elsewhere. arm: the annotator with its options.
    """

    data: str
    seed: int
    strategy: str
    budget: str
    arm: str

    def __str__(self) -> str:
        return f"{self.arm}, {self.budget} by {self.strategy}, {self.data}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What annotation and tagging took.

    n_texts, n_tokens, n_entities: annotated (tokens: runs without white space). minutes: of a person, by the cost model
    of `allabel.select.cost`. fit_s: seconds to learn from them; 0 where nothing is learned before a text comes.
    tag_s: seconds to tag all test texts. n_prompt_tokens, n_output_tokens: of the language model, for these texts.
    money: of these, by the price in the experiment's file, None where there is none. n_choosing_tokens: of the language
    model where a strategy asked it. n_recalled: answers that were there from before, whose seconds are those of then.
    jobs: how many processes were at work while this was measured. choose_s: seconds to choose the texts, few where
    another result had them chosen.
    """

    n_texts: int
    n_tokens: int
    n_entities: int
    minutes: float
    fit_s: float = 0.0
    tag_s: float = 0.0
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    money: float | None = None
    n_choosing_tokens: int = 0
    n_recalled: int = 0
    jobs: int = 1
    choose_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One annotator, taught by one choice of texts, on the test texts of one seed.

    docs: the test texts' ids. labels: all labels of the data set. counts: (n_docs, n_labels, 3), true positives,
    predicted and gold of each text and label; of spans, strictly, or of values (by_value).
    statuses: how the replies ended. n_proposals, n_ungrounded: of replies that are `ok`. key: names the files in the
    run's folder that hold chosen texts and predictions.
    """

    spot: Spot
    cost: Cost
    docs: tuple[DocId, ...]
    labels: tuple[str, ...]
    counts: IntArray
    statuses: Mapping[Status, int]
    n_proposals: int
    n_ungrounded: int
    key: str = ""
    by_value: bool = False

    @property
    def scores(self) -> Scores:
        """The counts of each label that occurs in gold or prediction."""
        total = self.counts.sum(axis=0).tolist()
        return Scores(
            {label: Counts(*c) for label, c in zip(self.labels, total, strict=True) if c[PREDICTED] + c[GOLD]}
        )

    @property
    def f1(self) -> float:
        """Micro F1."""
        return self.scores.micro.f1

    @property
    def n_failed(self) -> int:
        """How many replies ended otherwise than `ok`; each predicts nothing."""
        return sum(n for status, n in self.statuses.items() if status is not Status.OK)

    def with_labels(self, labels: Sequence[str]) -> "Measured":
        """Return the same counts over these labels, its own among them; the others have none."""
        counts = np.zeros((len(self.docs), len(labels), 3), dtype=np.int64)
        counts[:, [labels.index(label) for label in self.labels]] = self.counts
        return replace(self, labels=tuple(labels), counts=counts)

    def on(self, docs: Sequence[DocId]) -> IntArray:
        """Return the counts of these texts, in this order: (n, n_labels, 3)."""
        place = {doc: i for i, doc in enumerate(self.docs)}
        return self.counts[[place[doc] for doc in docs]]


def same_labels(measured: Sequence[Measured]) -> list[Measured]:
    """Return the results with the labels of all of one data set, so that they can be compared.

    One annotator may predict a label that the gold, and the others, do not have.
    """
    labels: dict[str, dict[str, None]] = {}
    for one in measured:
        labels.setdefault(one.spot.data, {}).update(dict.fromkeys(one.labels))
    return [
        one if one.labels == (every := tuple(labels[one.spot.data])) else one.with_labels(every) for one in measured
    ]


def same_docs(measured: Iterable[Measured]) -> tuple[DocId, ...]:
    """Return the test texts that all of these have, in the order of the first: what a comparison may go by."""
    first, *others = measured
    shared = set(first.docs).intersection(*(one.docs for one in others))
    return tuple(doc for doc in first.docs if doc in shared)
