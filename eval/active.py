"""Simulated active learning on gold: what a design of questions would have cost, and how good the tagger gets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from allabel.active.base import Prediction, TokenTagger
from allabel.active.design import Design
from allabel.active.loop import active_learning
from allabel.active.rounds import Round
from allabel.active.sentence import Sentence, digest
from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.registry import read_documents
from allabel.runs import STRICT_MACRO, STRICT_MICRO, Row
from eval.strict import strict


@dataclass(frozen=True, slots=True)
class Trial:
    """A pool to buy annotation from and texts to test on; both have gold spans. n_left_out: test texts in the pool."""

    pool: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    labels: tuple[str, ...]
    n_left_out: int = 0

    @classmethod
    def read(cls, gold: Path, test: Path | None, held_out: float, seed: int) -> "Trial":
        """Read documents with gold spans. test: None holds out this share of them, drawn by the seed.

        Test texts that stand in the pool, character for character, are left out; so are repeated texts of the pool, and
        those without a word.
        Raises InputError where a document has no gold spans or nothing is left to test on.
        """
        pool = list({d.text: d for d in _gold(gold)}.values())
        if test is None:
            order = np.random.default_rng(seed).permutation(len(pool)).tolist()
            n_test = round(held_out * len(pool))
            documents, pool = [pool[i] for i in sorted(order[:n_test])], [pool[i] for i in sorted(order[n_test:])]
        else:
            documents = _gold(test)
        known = {d.text for d in pool}
        kept = [d for d in documents if d.text not in known]
        if not pool or not kept:
            raise InputError(
                f"there are {len(pool)} texts to learn from and {len(kept)} to test on that are not among them",
                file=test or gold,
                remedy="give more texts, or others to test on",
            )
        labels = sorted({s.label for d in (*pool, *kept) for s in d.entities or ()})
        cut = [sentence for d in pool if len(sentence := Sentence.of_document(d))]
        tested = [Sentence.of_document(d) for d in kept]
        return cls(tuple(cut), tuple(tested), tuple(labels), len(documents) - len(kept))

    def run(
        self,
        make: Callable[[], TokenTagger],
        design: Design,
        journal: Path | None,
        tell: Callable[[str], None] = lambda line: None,
        *,
        predicted: Callable[[Sequence[Prediction]], None] = lambda found: None,
    ) -> Iterator[Round]:
        """Yield the rounds; their scores are strict micro and macro F1 on the test texts.

        predicted: hears what a round's tagger says of the test texts, before the round is written down.
        """
        gold = [sentence.spans() for sentence in self.test]

        def evaluate(tagger: TokenTagger) -> dict[str, float]:
            found = tagger.predict(self.test)
            predicted(found)
            scores = strict(gold, [s.spans(one.tags) for s, one in zip(self.test, found, strict=True)])
            return {STRICT_MICRO: scores.micro.f1, STRICT_MACRO: scores.macro_f1}

        # So that a journal's scores are all of the same texts.
        measured = replace(design, measured_on=f"texts {digest(self.test)}")
        return active_learning(self.pool, make, measured, evaluate, journal=journal, tell=tell)


def rows(rounds: Sequence[Round], run: str, method: str, data: str, seed: int) -> list[Row]:
    """Return a row a round and score, for the curves that `allabel app` draws: see `allabel.runs`."""
    now = datetime.now(UTC)
    return [
        Row(run, method, data, one.n_sentences, seed, metric, value, now, one.n_words, {"minutes": one.seconds / 60})
        for one in rounds
        for metric, value in one.scores.items()
    ]


def _gold(path: Path) -> list[Document]:
    documents = [record.document for record in read_documents(path)]
    without = [d.id for d in documents if d.entities is None]
    if without or not documents:
        raise InputError(
            f"{len(without)} of {len(documents)} documents have no gold spans"
            + (f", {without[0]!r} first" * bool(without)),
            file=path,
            remedy="give documents with entities; [] says that a text has none",
        )
    return documents
