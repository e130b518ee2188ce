"""The runs of `active_learning.py`: which arms each check has, and how one is run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from active_taggers import LEVERS, deep_tagger, encoder_tagger, lever_tagger, masked_lm_of
from tagged_sentences import CORPORA, draw, kinds

from allabel.active.base import TokenTagger
from allabel.active.design import Design
from allabel.active.loop import active_learning
from allabel.active.sentence import Sentence
from eval.strict import strict_by_document


@dataclass(frozen=True)
class Job:
    """One run of one arm."""

    check: str
    corpus: str
    arm: str
    seed: int


@dataclass(frozen=True)
class Options:
    data: Path
    encoder: str
    layers: int
    quick: bool = False

    @property
    def size(self) -> str:
        """What tells runs apart that are not to be compared."""
        return f"{'quick ' if self.quick else ''}{Path(self.encoder).name or 'all-MiniLM-L6-v2'} {self.layers}"

    def n(self, whole: int) -> int:
        """Return how many sentences to take."""
        return min(whole, 120) if self.quick else whole


# After a start of 1 % of the sentences: to 40 % of the words where whole sentences are bought, to 21 % where words are.
SCHEDULE = "1%,1.5%,2%,3%,4%,6%,9%,13%"
WORDS = {"level": "entity", "schedule": "1%,2%,4%,7%,6%"}
DIRECTION: Mapping[str, Mapping[str, Any]] = {
    "breaking_ties sentence": {},
    "random sentence": {"query": "random"},
    "breaking_ties entity": WORDS,
    "entity drop_unknowns": WORDS | {"partial": "drop_unknowns", "n_rounds": 3},
    "entity mask_entity_like": WORDS | {"partial": "mask_entity_like", "n_rounds": 3},
    "entity drop_entity_like": WORDS | {"partial": "drop_entity_like", "n_rounds": 3},
}
# The random start is the arm of `direction` that buys whole sentences.
STARTS = {name: {"start": name, "n_rounds": 2} for name in ("nnp_guided", "lm_guided")}
# By words; to half of the pool's.
DEEP = {name: {"query": name, "schedule": "4%x4,8%x4"} for name in ("random", "mnlp", "bald")}
GENRES = {"left out": {}, "in the start": {}}
WHOLE = "whole pool"


def _jobs(check: str, corpora: Sequence[str], arms: Sequence[str], seeds: int) -> list[Job]:
    # Every arm once before any arm twice, so that a run that is stopped early tells of everything.
    return [Job(check, corpus, arm, seed) for seed in range(seeds) for corpus in corpora for arm in arms]


CHECKS: Mapping[str, Callable[[int], list[Job]]] = {
    "direction": lambda seeds: _jobs("direction", ("gmb_subset", "bc5cdr"), [*DIRECTION, WHOLE], seeds),
    "starts": lambda seeds: _jobs("starts", ("gmb_subset", "bc5cdr"), list(STARTS), seeds),
    "deep": lambda seeds: _jobs("deep", ("gmb_subset", "wnut17"), [*DEEP, WHOLE], seeds),
    "genres": lambda seeds: _jobs("genres", ("news and tweets",), list(GENRES), seeds),
    "f1": lambda seeds: _jobs("f1", ("bc5cdr",), list(LEVERS), seeds),
}


def run(job: Job, options: Options) -> dict[str, Any]:
    """Do one run and return its row."""
    began = time.perf_counter()
    rounds = list(_RUNS[job.check](job, options))
    return {
        "check": job.check,
        "corpus": job.corpus,
        "arm": job.arm,
        "seed": job.seed,
        "size": options.size,
        "seconds": time.perf_counter() - began,
        "rounds": rounds,
    }


def _direction(job: Job, options: Options) -> Iterator[dict[str, Any]]:
    pool, test = draw(job.corpus, job.seed, options.n(1500), options.n(500), options.data)
    arms = {**DIRECTION, WHOLE: {"start_share": 1.0, "n_rounds": 0}} if job.check == "direction" else STARTS
    made = Design(**{"schedule": SCHEDULE, "seed": job.seed, **arms[job.arm]})
    if made.start == "lm_guided":
        made = replace(made, masked_lm=str(masked_lm_of(job.corpus, options.data)))
    # What is compared with all rounds is to be as good as it can be.
    n_steps = 600 if job.arm == WHOLE else 120
    labels = CORPORA[job.corpus].labels
    return _rounds(pool, test, lambda: encoder_tagger(labels, options.encoder, options.layers, n_steps), made)


def _deep(job: Job, options: Options) -> Iterator[dict[str, Any]]:
    pool, test = draw(job.corpus, job.seed, options.n(2000), options.n(1000), options.data)
    labels = CORPORA[job.corpus].labels
    if job.arm == WHOLE:
        design = Design(seed=job.seed, start_share=1.0, n_rounds=0)
        return _rounds(pool, test, lambda: deep_tagger(labels, n_epochs=15, incremental=False), design)
    made = Design(**{"seed": job.seed, "incremental": True, **DEEP[job.arm]})
    return _rounds(pool, test, lambda: deep_tagger(labels), made)


def _genres(job: Job, options: Options) -> Iterator[dict[str, Any]]:
    """News and tweets under one schema; the first MNLP round of some 1,000 sentences, as in the paper."""
    labels, news, tweets = kinds(job.seed, options.n(3000), options.n(1000), options.data)
    pool = [*news, *tweets]
    rng = np.random.default_rng([job.seed, 11])
    n_start = len(pool) // 5
    among = news if job.arm == "left out" else pool
    start = tuple(among[i].id for i in rng.permutation(len(among))[:n_start].tolist())
    made = Design(query="mnlp", schedule=f"{len(pool) // 4}sentences", n_rounds=1, start_ids=start, seed=job.seed)
    of_tweets = {s.id for s in tweets}
    left = len(of_tweets - set(start)) / (len(pool) - n_start)
    for found in active_learning(pool, lambda: deep_tagger(labels, n_epochs=10), made, lambda tagger: {}):
        if found.number == 1:
            n_tweets = sum(pick.id in of_tweets for pick in found.picks)
            yield {"picked": n_tweets, "of": len(found.picks), "share_left": left}


def _f1(job: Job, options: Options) -> Iterator[dict[str, Any]]:
    """10 % of the training sentences, whole, and all test sentences."""
    pool, test = draw("bc5cdr", job.seed, options.n(456), options.n(1_000_000), options.data)
    made = Design(start_share=1.0, n_rounds=0, seed=job.seed, schedule="1%x1")
    return _rounds(pool, test, lambda: lever_tagger(job.arm, options.encoder), made)


def _rounds(
    pool: Sequence[Sentence], test: Sequence[Sentence], make: Callable[[], TokenTagger], design: Design
) -> Iterator[dict[str, Any]]:
    gold = [s.spans() for s in test]
    counts: list[list[list[int]]] = []

    def evaluate(tagger: TokenTagger) -> dict[str, float]:
        predicted = [s.spans(p.tags) for s, p in zip(test, tagger.predict(test), strict=True)]
        counts.append([[c.true_positive, c.predicted + c.gold] for c in strict_by_document(gold, predicted)])
        right, both = np.array(counts[-1]).sum(axis=0)
        return {"f1": float(2 * right / both) if both else 0.0}

    for found in active_learning(pool, make, design, evaluate):
        yield {
            "number": found.number,
            "n_words": found.n_words,
            "share": found.share,
            "n_sentences": found.n_sentences,
            "minutes": found.seconds / 60,
            "train_s": found.fitted.seconds,
            "n_steps": found.fitted.n_steps,
            "f1": found.scores["f1"],
            "counts": counts[-1],
        }


_RUNS: Mapping[str, Callable[[Job, Options], Iterator[dict[str, Any]]]] = {
    "direction": _direction,
    "starts": _direction,
    "deep": _deep,
    "genres": _genres,
    "f1": _f1,
}
