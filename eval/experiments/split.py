"""The pool and the test texts of one seed, with no text in both, nor nearly."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from allabel import sound
from allabel.document import Document
from allabel.errors import InputError
from eval.datasets.base import DataSet
from eval.experiments.tables import DataTable
from retrieval.duplicates import first_alike

# So that pools differ from other draws by the same seed.
_OWN = 8
POOL_SHARE, HELD_OUT = 0.8, 0.3
_GONE = 0.05


@dataclass(frozen=True, slots=True)
class Split:
    """pool: what may be annotated. test: in drawn order, or a fold's own; fewer test texts are the first of more.

    n_alike: test texts taken out, as they are or nearly are a text of the pool.
    """

    pool: tuple[Document, ...]
    test: tuple[Document, ...]
    n_alike: int


def draw(data: DataSet, table: DataTable, seed: int, folds: Path | None = None) -> Split:
    """Draw the pool of a seed, and all test texts that are no near-duplicates of a text in it.

    Where test texts are published, they are drawn from those, and the pool is a share of the others; else the texts
    are divided. folds: a file of published splits; the seed is the number of the fold, and nothing is drawn.
    Raises InputError where nothing is left to test on.
    """
    if folds is not None:
        pool, test = _fold(data, seed, folds)
    else:
        pool, test = _drawn(data, table, seed)
    first = first_alike([d.text for d in (*pool, *test)])
    apart = [d for i, d in enumerate(test, start=len(pool)) if first[i] >= len(pool)]
    # A test text may be the like of another test text that is the like of one in the pool: the group counts.
    if not apart or not pool:
        raise InputError(
            f"{data.name}, seed {seed}: {len(pool)} texts to choose from, and of {len(test)} test texts {len(apart)} "
            "are no near-duplicates of them",
            remedy="give more texts, or others to test on",
        )
    return Split(tuple(pool), tuple(apart), len(test) - len(apart))


def _drawn(data: DataSet, table: DataTable, seed: int) -> tuple[list[Document], list[Document]]:
    rng = np.random.default_rng([seed, _OWN])
    order = rng.permutation(len(data.pool)).tolist()
    if data.test:
        test = [data.test[i] for i in rng.permutation(len(data.test)).tolist()]
        n_pool = int((table.pool_share or POOL_SHARE) * len(order))
    else:
        n_pool = len(order) - round((table.held_out or HELD_OUT) * len(order))
        test = [data.pool[i] for i in order[n_pool:]]
    n_pool = max(1, min(table.pool_texts, n_pool))
    return [data.pool[i] for i in sorted(order[:n_pool])], test


def _fold(data: DataSet, seed: int, path: Path) -> tuple[list[Document], list[Document]]:
    try:
        folds = list(sound.json_of(sound.text_of(path)).values())
        train, test = folds[seed]["train"], folds[seed]["val"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"has no fold {seed} that can be read: {error}",
            file=path,
            remedy='write {"fold_0": {"train": [ids], "val": [ids]}, …}, and seeds that count its folds',
        ) from error
    documents = {d.id: d for d in (*data.pool, *data.test)}
    unknown = [id for id in (*train, *test) if id not in documents]
    # Texts that stand twice in a corpus are read once, so that a few ids may be gone.
    if len(unknown) > _GONE * len(documents):
        raise InputError(
            f"{len(unknown)} of the ids of fold {seed} are no texts' of {data.name}, {unknown[0]!r} first",
            file=path,
            remedy="use the data's own ids",
        )
    return [documents[i] for i in train if i in documents], [documents[i] for i in test if i in documents]
