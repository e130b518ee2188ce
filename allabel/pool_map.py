"""The pool as a map: one HTML page without a network, a point for every text."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from allabel.document import DocId
from allabel.errors import InputError
from allabel.formats.files import write_atomically
from allabel.layout import plane
from allabel.select.base import Pool
from allabel.select.explain import snippet
from allabel.select.served import CLOSE_RANK, served
from retrieval.base import IntArray, Similarity

STATES = ("annotated", "queued", "covered", "uncovered")
MOST_POINTS, MOST_CHARACTERS, GRID = 50_000, 600, 10_000


@dataclass(frozen=True, slots=True)
class PoolMap:
    """What the page shows, a row a text that is drawn.

    x, y: 0 to GRID. states: positions in STATES. reasons: why each text was chosen, "" where it was not.
    n_texts: size of the pool; counts: drawn texts in each of STATES.
    A text that nobody chose is covered where an annotated or queued text is among its ten closest of the whole pool.
    """

    ids: Sequence[DocId]
    texts: Sequence[str]
    x: Sequence[int]
    y: Sequence[int]
    states: Sequence[int]
    reasons: Sequence[str]
    n_texts: int

    @property
    def sampled(self) -> bool:
        """Whether some texts are left out of the picture."""
        return len(self.ids) < self.n_texts

    @property
    def counts(self) -> list[int]:
        """How many of the drawn texts are in each state."""
        counted = Counter(self.states)
        return [counted[i] for i in range(len(STATES))]


def draw_map(
    pool: Pool,
    *,
    annotated: Set[DocId],
    reasons: Mapping[DocId, str],
    similarity: Callable[[Sequence[str]], Similarity],
    seed: int = 0,
    most_points: int = MOST_POINTS,
) -> PoolMap:
    """Place the texts in the plane by similarity and say what state each is in.

    annotated: ids; the others that `pool.labelled` holds are queued. similarity: builds that of the pool's texts.
    Above `most_points` texts all chosen ones and a drawn part of the rest are shown. Raises InputError without texts.
    """
    if not len(pool):
        raise InputError("there are no texts to map", remedy="allabel import FILE first")
    rng = np.random.default_rng(seed)
    shown = _shown(pool, most_points, rng)
    pairs = similarity(pool.texts)
    states = np.full(len(pool), STATES.index("uncovered"))
    chosen = np.array(sorted(pool.labelled), dtype=np.int64)
    if len(chosen):
        queries = np.setdiff1d(shown, chosen)
        found = served(pairs, queries, chosen)
        states[queries[found.rank <= CLOSE_RANK]] = STATES.index("covered")
        states[chosen] = [STATES.index("annotated" if pool.ids[i] in annotated else "queued") for i in chosen]
    places = np.rint(plane(pairs.vectors()[shown], rng) * GRID).astype(int)
    ids = [pool.ids[i] for i in shown]
    return PoolMap(
        ids,
        [snippet(pool.texts[i], MOST_CHARACTERS) for i in shown],
        places[:, 0].tolist(),
        places[:, 1].tolist(),
        states[shown].tolist(),
        [reasons.get(id, "") for id in ids],
        len(pool),
    )


def write_map(drawn: PoolMap, path: Path) -> None:
    """Write the page."""
    environment = Environment(loader=PackageLoader("allabel", "pages"), autoescape=True, undefined=StrictUndefined)
    data = {name: list(getattr(drawn, name)) for name in ("ids", "texts", "x", "y", "states", "reasons")}
    page = environment.get_template("map.html.jinja").render(
        drawn=drawn, data=data, states=STATES, close_rank=CLOSE_RANK, grid=GRID
    )
    with write_atomically(path) as file:
        file.write(page)


def _shown(pool: Pool, most: int, rng: np.random.Generator) -> IntArray:
    if len(pool) <= most:
        return np.arange(len(pool))
    chosen = np.array(sorted(pool.labelled), dtype=np.int64)
    if len(chosen) >= most:
        return np.sort(rng.choice(chosen, size=most, replace=False))
    rest = np.setdiff1d(np.arange(len(pool)), chosen)
    return np.sort(np.concatenate([chosen, rng.choice(rest, size=most - len(chosen), replace=False)]))
