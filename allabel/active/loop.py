"""Simulated active learning: buy annotation from gold, train, measure, ask the tagger what to buy next.

Sources: METHODS.md section 2 (token-level active learning), section 3 (deep active learning).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from allabel.active.base import IntArray, Tell, TokenTagger, check_tags
from allabel.active.costs import Cost
from allabel.active.design import Design
from allabel.active.flat import BoolArray, Words
from allabel.active.imbalance.methods import balanced
from allabel.active.initial import first_sentences, n_first
from allabel.active.keeping import Keeper
from allabel.active.levels import buy
from allabel.active.partial import needs_pos, training_set
from allabel.active.pos import with_pos
from allabel.active.queries import Asking, Query, Scores, check_tagger
from allabel.active.rounds import Done, Round
from allabel.active.sentence import Sentence, labels_of
from allabel.errors import InputError

Evaluate = Callable[[TokenTagger], Mapping[str, float]]
_START, _FIT, _ASK, _TIES = range(4)


def active_learning(
    pool: Sequence[Sentence],
    make_tagger: Callable[[], TokenTagger],
    design: Design,
    evaluate: Evaluate,
    *,
    journal: Path | None = None,
    tell: Tell = lambda line: None,
) -> Iterator[Round]:
    """Yield a round when it is bought, trained, measured and written down: the start as round 0, then the schedule's.

    pool: with gold tags, which are revealed as they are bought; distinct ids. make_tagger: a new, untrained tagger,
    asked for each round (once for an incremental design). evaluate: the scores of a trained tagger, by name.
    journal: a file that keeps the rounds; the same call goes on from it, also after a kill, and yields those it kept
    first. The rounds are those of a run without a pause. tell: hears of progress.

    Raises InputError before anything starts where pool, design, tagger and journal do not go together; later, an
    AllabelError of the tagger says that the rounds before are kept.
    """
    words = Words.of(pool, touching=design.touching)
    _check_pool(pool, design)
    query, tagger = design.loaded_query(), make_tagger()
    check_tagger(query, type(tagger))
    check_tags(pool, tagger.tags)
    keeper = Keeper.open(journal, pool, words, design, tagger, tell)
    if needs_pos(design.partial):
        pool = with_pos(pool)
    return _Run(pool, words, make_tagger, tagger, query, design, evaluate, keeper, tell).rounds()


def _check_pool(pool: Sequence[Sentence], design: Design) -> None:
    if not len(pool):
        raise InputError("the pool has no sentences", remedy="give sentences with gold tags")
    n_of: Counter[str] = Counter(sentence.id for sentence in pool)
    for id, n in n_of.items():
        if n > 1:
            raise InputError(f"{n} sentences of the pool have the id {id!r}", remedy="give each an id of its own")
    for wanted in design.start_ids:
        if wanted not in n_of:
            raise InputError(f"the first sentence {wanted!r} is not in the pool", remedy="name sentences of the pool")


@dataclass(slots=True)
class _Run:
    pool: Sequence[Sentence]
    words: Words
    make_tagger: Callable[[], TokenTagger]
    tagger: TokenTagger
    query: Query
    design: Design
    evaluate: Evaluate
    keeper: Keeper
    tell: Tell

    def rounds(self) -> Iterator[Round]:
        """Go through the rounds that are kept, then on."""
        known = np.zeros(len(self.words), dtype=bool)
        cost, number, trained = Cost(), 0, False
        bought: IntArray | None = self.keeper.start
        if bought is None:
            with self.keeper.going_on(0):
                bought = self._start()
                self.keeper.keep_start(bought)
        n_start = len(bought)
        while bought is not None:
            known[bought] = True
            cost += self.design.prices.of(self.words, bought)
            done = self.keeper.kept(number)
            if done is None:
                with self.keeper.going_on(number):
                    self._renew(number, trained=trained)
                    done = self._train(number, known, n_start)
                    self.keeper.keep(number, done, self.tagger)
                trained = True
            found = Round.of(number, self.words, self.pool, known, bought, cost, done)
            self.tell(str(found))
            yield found
            bought, number = done.next, number + 1

    def _renew(self, number: int, *, trained: bool) -> None:
        """Take the tagger to train in this round; the first one that was made is new as long as it is not trained."""
        if not trained:
            self.tagger = self.keeper.restore(self.tagger, number)
        elif not self.design.incremental:
            self.tagger = self.make_tagger()

    def _start(self) -> IntArray:
        design = self.design
        if design.start_ids:
            wanted = set(design.start_ids)
            chosen = np.array([i for i, sentence in enumerate(self.pool) if sentence.id in wanted], dtype=np.int64)
        else:
            n = n_first(design.start_share, len(self.pool))
            seed = design.seed_of(0, _START)
            chosen = first_sentences(
                design.start, self.pool, n, seed, alpha=design.nnp_alpha, masked_lm=design.masked_lm, tell=self.tell
            )
        return np.flatnonzero(np.isin(self.words.sentence, chosen))

    def _train(self, number: int, known: BoolArray, n_start: int) -> Done:
        state = self._annotated(known)
        learned = training_set([sentence for sentence in state if sentence.n_known], self.design.partial)
        seed = self.design.seed_of(number, _FIT)
        learned = balanced(self.design.imbalance, learned, labels_of(self.tagger.tags), seed)
        fitted = self.tagger.fit(learned, seed=seed, tell=self.tell)
        scores = {name: float(value) for name, value in self.evaluate(self.tagger).items()}
        return Done(fitted, scores, self._next(number + 1, state, known, n_start))

    def _annotated(self, known: BoolArray) -> list[Sentence]:
        """Return the pool with what was bought of its tags."""
        parts = np.split(known, self.words.starts[1:])
        return [
            sentence
            if part.all()
            else sentence.with_tags(
                tag if is_known else None for tag, is_known in zip(sentence.tags, part, strict=True)
            )
            for sentence, part in zip(self.pool, parts, strict=True)
        ]

    def _next(self, number: int, state: Sequence[Sentence], known: BoolArray, n_start: int) -> IntArray | None:
        """Return what to buy for a round; None where the schedule, or the pool, has come to its end."""
        design = self.design
        n_rounds = design.n_rounds if design.n_rounds is not None else number
        budget = design.loaded_schedule().budget(number, len(known), int(known.sum()) - n_start)
        if number > n_rounds or budget is None or known.all():
            return None
        # Sentences wholly known are not shown to the tagger: nothing in them can be bought.
        open_ = np.flatnonzero(self.words.count(~known))
        asking = Asking(design.seed_of(number, _ASK), design.n_passes, design.aggregate)
        got = self.query(self.tagger, [state[i] for i in open_.tolist()], asking)
        scores = Scores(None if got.words is None else np.full(len(known), np.inf), np.full(len(state), np.inf))
        scores.sentences[open_] = got.sentences
        if got.words is not None and scores.words is not None:
            scores.words[np.isin(self.words.sentence, open_)] = got.words
        ties = np.random.default_rng(design.seed_of(number, _TIES))
        return buy(design.level, self.words, known, scores, *budget, ties)
