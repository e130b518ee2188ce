"""Selection against what else there is: seconds, ratios, peak memory, and whether the same texts are chosen.

python benchmarks/selection.py [--quick] [--json] [--only NAME] [--full] [--million] [--data ../shared/data]
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import peers
from corpora import DATA
from scipy.stats import spearmanr
from selection_scale import TOP, d_and_s, drawing, growth, in_child, index_and_neighbours, million, run_child
from sentences import sentences
from timing import QUICK, Bench, Figures, Sizes, line, pick, pool_of, timed, warm_up

from allabel.select.core_set import CoreSet
from allabel.select.facility_location import FacilityLocation
from allabel.select.fast_vote_k import FastVoteK
from allabel.select.votes import n_neighbours
from retrieval.base import FloatArray, IntArray, ScoreArray
from retrieval.bm25 import Bm25
from retrieval.dense import Dense
from retrieval.neighbours import best
from retrieval.ranks import rank_sums


def pairs(bench: Bench) -> Figures:
    """All-pairs BM25: the ten nearest of every text."""
    texts, n = sentences(bench.data, bench.sizes.texts), bench.sizes.texts
    asked = np.arange(n) if bench.full else np.linspace(0, n - 1, bench.sizes.asked).round().astype(np.int64)
    build_s, _ = timed(lambda: peers.rank_bm25_neighbours(texts, [], TOP))
    sample_s, theirs = timed(lambda: peers.rank_bm25_neighbours(texts, asked.tolist(), TOP))
    we_s, ours = timed(lambda: index_and_neighbours(texts), 3)
    differs = float(np.abs(ours.scores[asked] - theirs).max())
    figures = {
        "they_s": build_s + (sample_s - build_s) * n / len(asked),
        "we_s": we_s,
        "asked": len(asked),
        "score_difference": differs,
    }
    return line(
        f"BM25, {TOP} nearest of each of {n:,}",
        figures,
        bench.bar(100),
        f"rank_bm25 ran {len(asked)} evenly spaced queries" + ("" if bench.full else ", scaled to all"),
        f"the same scores within {differs:.1e}",
    )


def sums(bench: Bench) -> Figures:
    """All-pairs BM25 and the sum of ranks of every text."""
    texts = sentences(bench.data, bench.sizes.texts)
    they_s, (_, theirs) = timed(lambda: peers.scipy_rank_sums(texts, TOP))
    we_s, ours = timed(lambda: neighbours_and_sums(texts), 3)
    same = float(spearmanr(theirs, ours).statistic)
    return line(
        f"the same and rank sums of {len(texts):,}",
        {"they_s": they_s, "we_s": we_s, "spearman": same},
        bench.bar(3),
        f"sparse products and argsort; Spearman of the two {same:.5f} (they break ties by position)",
    )


def neighbours_and_sums(texts: Sequence[str]) -> FloatArray:
    index, n = Bm25(texts), len(texts)

    def watched() -> Iterator[tuple[IntArray, ScoreArray]]:
        for some, block in index.blocks():
            block[np.arange(len(some)), some] = -np.inf
            best(block, TOP)
            yield some, block

    return rank_sums(watched(), n, np.empty(0, dtype=np.int64))


def vote_k(bench: Bench) -> Figures:
    """Fast vote-k against a literal transcription, and against what the authors' code was seen to take."""
    vectors, sizes = bench.vectors, bench.sizes
    n, texts = len(vectors), sentences(bench.data, len(vectors))
    we_s, ours = timed(lambda: pick(FastVoteK, Dense.of_vectors(vectors), pool_of(texts), sizes.picks), 3)
    quoted = peers.FAST_VOTE_K_QUOTED_S if sizes.texts == Sizes.texts else None
    some = n if bench.full else sizes.literal_texts
    k = n_neighbours(some)
    they_s, theirs = timed(lambda: peers.fast_vote_k(vectors[:some], sizes.same_picks, k))
    few_s, few = timed(
        lambda: pick(FastVoteK, Dense.of_vectors(vectors[:some]), pool_of(texts[:some]), sizes.same_picks)
    )
    n_same = next((i for i, (a, b) in enumerate(zip(few, theirs, strict=True)) if a != b), len(few))
    figures = {
        "they_s": quoted,
        "we_s": we_s,
        "picks": len(ours),
        "literal": {"texts": some, "picks": len(few), "k": k, "they_s": they_s, "we_s": few_s, "ratio": they_s / few_s},
        "same_first_picks": n_same,
        "same": n_same == len(few),
    }
    return line(
        f"fast vote-k, {sizes.picks} of {n:,}",
        figures,
        bench.bar(300),
        "they: 636 s, quoted for 300 of 10,000, the authors' code is not on PyPI"
        if quoted
        else "no quote at this size",
        f"literal transcription, {len(few)} of {some:,}, k {k}: they {they_s:.2f} s, we {few_s:.3f} s, "
        f"{they_s / few_s:.0f}x; the first {n_same} picks are the same" + ("" if n_same == len(few) else " MISSED"),
    )


def core_set(bench: Bench) -> Figures:
    """Core-set against small-text, from one annotated text: the last, or the first."""
    vectors, n_picks = bench.vectors, bench.sizes.picks
    n, texts = len(vectors), sentences(bench.data, len(vectors))
    we_s, ours = timed(lambda: pick(CoreSet, Dense.of_vectors(vectors), pool_of(texts, [n - 1]), n_picks), 3)
    last, first = np.array([n - 1]), np.array([0])
    they_s, theirs = timed(lambda: peers.small_text_core_set(vectors, np.arange(n - 1), last, n_picks))
    few = min(n_picks, 50)
    misread = peers.small_text_core_set(vectors, np.arange(1, n), first, few)
    misread_excess = peers.farthest_first_excess(vectors, first.tolist(), (misread + 1).tolist())
    excess = {
        "ours": peers.farthest_first_excess(vectors, last.tolist(), ours),
        "theirs": peers.farthest_first_excess(vectors, last.tolist(), theirs.tolist()),
        "theirs_annotated_first": misread_excess,
    }
    return line(
        f"core-set, {n_picks} of {n:,}",
        {"they_s": they_s, "we_s": we_s, "excess": excess, "same": ours == theirs.tolist()},
        bench.bar(100),
        f"by brute force no pick of ours was more than {excess['ours']:.1e} nearer than the farthest"
        + (" MISSED" if excess["ours"] > 1e-5 else ""),
        f"small-text: {excess['theirs']:.1e} with the annotated text at the end, {misread_excess:.2f} with it at the "
        "start: it takes positions among the open texts for positions among all",
    )


def facility_location(bench: Bench) -> Figures:
    """Facility location against apricot's lazy greedy."""
    vectors, n_picks = bench.vectors, bench.sizes.picks
    n, texts = len(vectors), sentences(bench.data, len(vectors))
    peers.apricot_facility_location(vectors[:100], 5)  # numba compiles
    they_s, theirs = timed(lambda: peers.apricot_facility_location(vectors, n_picks))
    we_s, ours = timed(lambda: pick(FacilityLocation, Dense.of_vectors(vectors), pool_of(texts), n_picks), 3)
    objectives = {"theirs": objective(vectors, theirs.tolist()), "ours": objective(vectors, ours)}
    memory = {str(size): in_child(bench, "facility", size, n_picks) for size in (n, 2 * n)}
    return line(
        f"facility location, {n_picks} of {n:,}",
        {"they_s": they_s, "we_s": we_s, "objective": objectives, "memory": memory},
        bench.bar(3),
        f"objective: they {objectives['theirs']:.3f}, we {objectives['ours']:.3f}"
        + (" MISSED" if objectives["ours"] < objectives["theirs"] * (1 - 1e-6) else ""),
        *(
            f"{int(size):,} texts: {one['seconds']:.1f} s, {one['peak_mb'] - one['before_mb']:.0f} MB more at peak, "
            f"the matrix of all pairs {int(size) ** 2 * 4 / 2**20:.0f} MB"
            for size, one in memory.items()
        ),
    )


def objective(vectors: ScoreArray, picks: Sequence[int]) -> float:
    return float(np.maximum((vectors @ vectors[list(picks)].T).max(axis=1), 0).sum(dtype=np.float64))


PIECES: dict[str, Callable[[Bench], Figures]] = {
    "pairs": pairs,
    "rank_sums": sums,
    "fast_vote_k": vote_k,
    "core_set": core_set,
    "facility_location": facility_location,
    "d_and_s": d_and_s,
    "million": million,
    "drawn": drawing,
    "growth": growth,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--only", choices=PIECES, help="one piece")
    parser.add_argument("--full", action="store_true", help="no sampling of what the others take: many minutes more")
    parser.add_argument("--million", action="store_true", help="a million sentences too: up to 20 minutes more")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    if options.child:
        name, n, n_picks = options.child
        run_child(options.data, name, int(n), int(n_picks))
        return
    names = [options.only] if options.only else [name for name in PIECES if name != "million" or options.million]
    stdout, sys.stdout = sys.stdout, sys.stderr if options.json else sys.stdout
    bench = Bench(options.data, QUICK if options.quick else Sizes(), options.full)
    warm_up()
    found = {name: PIECES[name](bench) for name in names}
    sys.stdout = stdout
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
