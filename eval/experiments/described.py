"""What a data set of an experiment is: the digests that its results are kept under, and what is to be known of it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allabel.errors import InputError, LabelError
from eval.experiments.experiment import Experiment
from eval.experiments.sources import located, opened_and_told, schema_of, split_of
from eval.experiments.tables import DataTable


def described(experiment: Experiment, table: DataTable) -> dict[str, Any]:
    """Return digests, counts and notes, as JSON. Raises LabelError where labels.toml lacks a label of the gold."""
    beside = experiment.beside
    data, told = opened_and_told(table, beside)
    if not data.labels:
        raise InputError(f"no text of {table.title} holds an entity", remedy="give gold that has some")
    if table.test and not data.test:
        raise InputError(f"every test text of {table.title} stands in the pool", remedy="give others to test on")
    if lacking := [label for label in data.labels if label not in schema_of(table, beside).names]:
        raise LabelError(f"{table.labels} lacks the label {lacking[0]!r} of the gold", remedy="add it there")
    splits = [split_of(table, beside, seed) for seed in experiment.file.seed_numbers]
    recorded = {
        f"{one.name}, {seed}": _digest(located(table, beside, one.files.format(seed=seed)))
        for one in experiment.file.recorded
        if one.data == table.title
        for seed in experiment.file.seed_numbers
    }
    public = data.public and any(arm.asks_model for arm in experiment.arms)
    return {
        "digest": data.digest,
        "labels": _digest(beside / table.labels) if table.labels else "",
        "folds": _digest(located(table, beside, table.folds)) if table.folds else "",
        "recorded": recorded,
        "n_pool": len(data.pool),
        "n_test": len(data.test),
        "n_tested": min(len(split.test) for split in splits),
        "licence": data.licence,
        "notes": [*told, *_notes(table.title, [split.n_alike for split in splits], public=public)],
    }


def _notes(title: str, n_alike: list[int], *, public: bool) -> Iterator[str]:
    few, most = min(n_alike), max(n_alike)
    if most:
        yield (
            f"{title}: test texts that are, or nearly are, texts of the pool were taken out: "
            f"{most if few == most else f'{few} to {most}'} a seed"
        )
    if public:
        yield (
            f"{title} is public: a language model may have seen its texts, or its gold, in training, and would then be "
            "better here than on new texts"
        )


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; "" where there is none, which is told when it is read."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
