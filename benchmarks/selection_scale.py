"""Selection at scale: large pools in processes of their own, drawn queries, growth."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sentences import clustered, sentences
from timing import Bench, Figures, peak_mb, pick, pool_of, timed, tools, warm_up

from allabel.select.base import Choice, Pool, Stage
from allabel.select.budget import Budget
from allabel.select.chain import Chain
from allabel.select.core_set import CoreSet
from allabel.select.coverage import Coverage
from allabel.select.facility_location import FacilityLocation
from allabel.select.queries import ALL_BELOW, drawn
from allabel.select.reach import greedy, reach
from allabel.select.sum_rank import SumRank
from allabel.select.word_coverage import WordCoverage
from retrieval.base import FloatArray, IntArray, TopK
from retrieval.bm25 import Bm25
from retrieval.dense import Dense
from retrieval.neighbours import neighbours
from retrieval.ranks import rank_sums, ranks
from retrieval.tokenize import terms

TOP = 10


def in_child(bench: Bench, name: str, n: int, n_picks: int) -> Figures:
    """Run one of CHILDREN in a process of its own, for its peak memory."""
    command = [sys.executable, str(Path(__file__).with_name("selection.py")), "--data", str(bench.data)]
    command += ["--child", name, str(n), str(n_picks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def d_and_s(bench: Bench) -> Figures:
    """ALLabel's stages D and S: 10 % of many sentences."""
    n = bench.sizes.pool
    return stages_line(bench, n, n // 10, 90, 1.5)


def million(bench: Bench) -> Figures:
    """ALLabel's stages D and S: a thousand of a million sentences."""
    return stages_line(bench, bench.sizes.million, bench.sizes.million_picks, 1200, 6)


def stages_line(bench: Bench, n: int, n_picks: int, most_s: float, most_gb: float) -> Figures:
    found = in_child(bench, "stages", n, n_picks)
    gb = found["peak_mb"] / 1024
    split = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found["split"].items())
    met = found["seconds"] < most_s and gb < most_gb
    print(
        f"  D and S, {n_picks:,} of {n:,} sentences{'':14} {found['seconds']:8.1f} s, peak {gb:.2f} GB   "
        f"bar {most_s:g} s, {most_gb:g} GB{'' if met else ' MISSED'}"
    )
    print(f"      {split}")
    rule_gb = 1 + 60 * found["nonzeros"] / 1024**3
    print(f"      {found['nonzeros']:,} non-zeros: 1 GB + 60 bytes each are {rule_gb:.2f} GB")
    print(f"      before, with the texts read: {found['before_mb'] / 1024:.2f} GB")
    return {**found, "rule_gb": rule_gb, "met": met}


def drawing(bench: Bench) -> Figures:
    """Drawn queries against all: sums of ranks and greedy coverage."""
    n, sizes = bench.sizes.drawing, bench.sizes
    index, positions = Bm25(sentences(bench.data, n)), np.arange(n)
    queries = drawn(positions, np.random.default_rng(0), all_below=1, n=sizes.drawn)
    none = np.empty(0, dtype=np.int64)
    all_s, exact = timed(lambda: rank_sums(index.blocks(), n, none))
    some_s, rough = timed(lambda: rank_sums(index.blocks(queries), n, none))
    rough_means = rough / (sizes.drawn - np.isin(positions, queries))
    spearman = float(spearmanr(exact, rough_means).statistic)
    picked = {
        name: covering(index, asked, max(sizes.covering)) for name, asked in (("all", positions), ("some", queries))
    }
    prefixes = [chosen[:m] for _, chosen in picked.values() for m in sizes.covering]
    worth = coverage_of(index, prefixes)
    shares = (worth[len(sizes.covering) :] / worth[: len(sizes.covering)]).tolist()
    met = spearman >= 0.99 and min(shares) >= 0.99
    print(f"  {sizes.drawn:,} drawn queries for all of {n:,}{'':22} bar 0.99 each{'' if met else ' MISSED'}")
    print(f"      sums of ranks: Spearman {spearman:.4f}; {all_s:.1f} s for all, {some_s:.1f} s for the drawn ones")
    told = ", ".join(f"{share:.4f} at {m}" for share, m in zip(shares, sizes.covering, strict=True))
    print(
        f"      coverage of all, of the exact greedy's: {told}; {picked['all'][0]:.1f} s and {picked['some'][0]:.1f} s"
    )
    return {
        "spearman": spearman,
        "coverage_share": dict(zip(map(str, sizes.covering), shares, strict=True)),
        "rank_sums_s": {"all": all_s, "drawn": some_s},
        "coverage_s": {"all": picked["all"][0], "drawn": picked["some"][0]},
        "met": met,
    }


def covering(index: Bm25, queries: IntArray, n_picks: int) -> tuple[float, list[int]]:
    def choose() -> list[int]:
        order = greedy(reach(index, queries), np.arange(len(index)), [], np.ones(len(index)))
        return [next(order).column for _ in range(n_picks)]

    return timed(choose)


def coverage_of(index: Bm25, chosen: Sequence[Sequence[int]]) -> FloatArray:
    """Return the coverage of all texts by each of these choices, no rank left out: (n_choices,)."""
    total = np.zeros(len(chosen))
    groups = [np.array(one) for one in chosen]
    for positions, block in index.blocks():
        for position, row in zip(positions.tolist(), block, strict=True):
            value = 1 / (1 + ranks(row, np.array([position])))
            total += [value[group].max() for group in groups]
    return total


def index_and_neighbours(texts: Sequence[str]) -> TopK:
    return neighbours(Bm25(texts), TOP)


def index_and_pick(stage: type[Any], texts: Sequence[str], pool: Pool, n: int) -> list[int]:
    return pick(stage, Bm25(texts), pool, n)


def growth(bench: Bench) -> Figures:
    """How the seconds grow with the number of texts."""
    sizes, n_picks = bench.sizes.growth, bench.sizes.picks
    texts = sentences(bench.data, max(sizes))
    seconds: dict[str, list[float]] = {
        name: [] for name in ("neighbours", "sum_rank", "core_set", "coverage", "word_coverage")
    }
    for n in sizes:
        some, pool = texts[:n], pool_of(texts[:n])
        times = 3 if n <= 3000 else 1
        seconds["neighbours"].append(timed(partial(index_and_neighbours, some), times)[0])
        for stage in (SumRank, CoreSet, Coverage, WordCoverage):
            work = partial(index_and_pick, stage, some, pool, n_picks)
            seconds[stage.name].append(timed(work, times)[0])
    print(f"  growth, {n_picks} picks, index building included{'':9}" + "".join(f"{n:>10,}" for n in sizes))
    exponents = {}
    for name, row in seconds.items():
        exponents[name] = float(np.polyfit(np.log(sizes), np.log(row), 1)[0])
        print(f"      {name:50}" + "".join(f"{one:9.2f}s" for one in row) + f"   n^{exponents[name]:.2f}")
    if max(sizes) >= ALL_BELOW:
        print(f"      from {ALL_BELOW:,} texts on sum_rank and coverage (by ranks) draw their queries")
    return {"texts": list(sizes), "seconds": seconds, "exponents": exponents}


class Watched:
    """A stage that notes how long it takes."""

    def __init__(self, stage: Stage, split: dict[str, float]) -> None:
        self.name, self.needs_annotations = stage.name, stage.needs_annotations
        self._stage, self._split = stage, split

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        seconds, choices = timed(lambda: self._stage.select(pool, n, rng))
        self._split[self.name] = seconds
        return choices


def stages_child(data: Path, n: int, n_picks: int) -> Figures:
    pool = pool_of(sentences(data, n))
    before = peak_mb()
    split: dict[str, float] = {}
    start = time.perf_counter()
    split["index"], index = timed(lambda: Bm25(pool.texts))
    chain = Chain.parse("core_set:1,sum_rank:3", tools(index))
    chain = replace(chain, stages=tuple(Watched(stage, split) for stage in chain.stages))
    steps = chain.advance(pool, Budget(n_picks, "texts"), [], 0)
    seconds = time.perf_counter() - start
    nonzeros = sum(len(set(terms(text))) for text in pool.texts)
    chosen = sum(len(step.choices) for step in steps)
    if chosen != n_picks:
        raise AssertionError(f"{chosen} texts chosen, {n_picks} wanted")
    return {"seconds": seconds, "split": split, "nonzeros": nonzeros, "before_mb": before}


def facility_child(data: Path, n: int, n_picks: int) -> Figures:
    similarity, pool = Dense.of_vectors(clustered(n)), pool_of(["a"] * n)
    before = peak_mb()
    seconds, _ = timed(lambda: pick(FacilityLocation, similarity, pool, n_picks))
    return {"seconds": seconds, "before_mb": before}


CHILDREN = {"stages": stages_child, "facility": facility_child}


def run_child(data: Path, name: str, n: int, n_picks: int) -> None:
    warm_up()
    figures = CHILDREN[name](data, n, n_picks)
    print(json.dumps({**figures, "peak_mb": peak_mb()}))
