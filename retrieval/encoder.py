"""Sentence encoders: loaded once a process, from this machine before anything is asked of the network."""

import importlib
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.base import MissingPackageError, RetrievalError, ScoreArray
from retrieval.hub import is_folder, reachable

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"


def needed(module: str) -> Any:
    """Import an optional package of the dense retriever. Raises MissingPackageError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            "the dense retriever needs sentence-transformers and faiss: pip install 'allabel[dense]'"
        ) from error


def encode(texts: Sequence[str], encoder: str = ENCODER) -> ScoreArray:
    """Embed texts: (n_texts, n_dimensions), rows of length 1; the same text has the same row.

    encoder: a sentence-transformers model, by its name on the Hugging Face hub or the path of its folder.
    Raises MissingPackageError without sentence-transformers, RetrievalError where the model cannot be had.
    """
    distinct = list(dict.fromkeys(texts))
    place = {text: i for i, text in enumerate(distinct)}
    rows = _model(encoder).encode(distinct, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
    return np.asarray(rows, dtype=np.float32)[[place[text] for text in texts]]


@lru_cache(maxsize=2)
def _model(encoder: str) -> Any:
    path = str(Path(encoder).expanduser()) if is_folder(encoder) else encoder
    if is_folder(encoder) and not Path(path).is_dir():
        raise _unavailable(encoder, "there is no such folder")
    made = needed("sentence_transformers").SentenceTransformer
    # Neither code that comes with a model is run, nor weights are read in a form that may hold code.
    load = partial(made, trust_remote_code=False, model_kwargs={"use_safetensors": True})
    try:
        return load(path, local_files_only=True)
    except Exception as error:  # whatever a damaged or missing model makes the package raise
        problem = " ".join(str(error).split())
        if is_folder(encoder) or not reachable():
            raise _unavailable(encoder, problem) from error
    try:
        return load(encoder)
    except Exception as error:
        raise _unavailable(encoder, " ".join(str(error).split())) from error


def _unavailable(encoder: str, problem: str) -> RetrievalError:
    return RetrievalError(
        f"the sentence encoder {encoder!r} is neither on this machine nor to be had from the hub: {problem}\n"
        "  remedy: name a model that is there, or the path of its folder, as the setting 'encoder' or ALLABEL_ENCODER; "
        "or use the retriever bm25, which needs no model"
    )
