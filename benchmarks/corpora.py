"""The public corpora of the benchmarks, and resampled pools of them."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from allabel.document import Document
from allabel.formats.registry import read_documents
from eval.datasets.base import each_once

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@dataclass(frozen=True)
class Corpus:
    """Files to draw pools from and files to test on; without the latter, 30 % of the texts are held out."""

    pool: tuple[str, ...]
    test: tuple[str, ...] = ()
    by_value: bool = False


CORPORA = {
    "nerre_general": Corpus(("nerre_general/spans.jsonl",), by_value=True),
    "uspto_ord": Corpus(("uspto_ord/spans.jsonl",), by_value=True),
    "bc5cdr": Corpus(("bc5cdr/iob/train.tsv",), ("bc5cdr/iob/test.tsv",)),
    "matscholar": Corpus(("matscholar/train.txt",), ("matscholar/dev.txt", "matscholar/test.txt")),
    "anem": Corpus(("anem/test/AnEM.train",), ("anem/test/AnEM.test",)),
}


@lru_cache
def read(data: Path, files: tuple[str, ...]) -> tuple[Document, ...]:
    """Read files as flat documents, each text once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # traps of these files that data/README.md tells of
        found = [record.document for file in files for record in read_documents(data / file)]
    return each_once(found)


def resample(name: str, seed: int, most: int, data: Path = DATA) -> tuple[list[Document], list[Document]]:
    """Draw a pool of at most `most` texts, of 80 % of what there is, and at most 800 test texts that are not in it."""
    corpus, rng = CORPORA[name], np.random.default_rng([seed, 2024])
    train = read(data, corpus.pool)
    order = rng.permutation(len(train))
    if corpus.test:
        known = {d.text for d in train}
        rest = [d for d in read(data, corpus.test) if d.text not in known]
        test = [rest[i] for i in rng.permutation(len(rest))[:800]]
        n_pool = min(most, len(train) * 8 // 10)
    else:
        n_pool = min(most, len(train) * 7 // 10)
        test = [train[i] for i in order[len(train) * 7 // 10 :]]
    return [train[i] for i in np.sort(order[:n_pool])], test
