"""How the benchmarks of selection time and print."""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sentences import embedded, sentences

from allabel.document import DocId
from allabel.reply import Reply
from allabel.select.base import Pool, Stage, Tools
from retrieval.base import ScoreArray, Similarity

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
    same_picks=20,
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
