"""The files of a run's folder, and how they are written: whole or not at all."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from allabel import sound
from allabel.errors import InputError
from allabel.formats.files import write_atomically


@dataclass(frozen=True, slots=True)
class Files:
    """Where things are in a run's folder.

    A cell counts as done when its file in `cells` is there; its predictions are written before it.
    """

    folder: Path

    @property
    def experiment(self) -> Path:
        """The experiment's file, as it was run last."""
        return self.folder / "experiment.toml"

    @property
    def data(self) -> Path:
        """What the data sets were: digests and counts."""
        return self.folder / "data.json"

    @property
    def answers(self) -> Path:
        """The store of what language models answered."""
        return self.folder / "answers.db"

    def choice(self, key: str) -> Path:
        """The texts chosen."""
        return self.folder / "choices" / f"{key}.json"

    def cell(self, key: str) -> Path:
        """What came of a cell."""
        return self.folder / "cells" / f"{key}.json"

    def predictions(self, key: str) -> Path:
        """The tagged test texts of a cell, as `allabel tag` writes them."""
        return self.folder / "predictions" / f"{key}.jsonl"

    def journal(self, key: str) -> Path:
        """The rounds of active learning."""
        return self.folder / "active" / f"{key}.jsonl"

    def rows(self, key: str) -> Path:
        """The scores of all rounds; there when the last round is done."""
        return self.folder / "active" / f"{key}.rows.jsonl"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other run be at work in the folder meanwhile. Raises InputError where one is."""
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise InputError(
                "another run is at work here", file=self.folder, remedy="wait until it is done, or end it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def make(self) -> None:
        """Make the folders. Raises InputError where they cannot be made."""
        try:
            for name in ("choices", "cells", "predictions", "active"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot be made: {error.strerror}", file=self.folder, remedy="name another by --out"
            ) from error

    def write(self, path: Path, data: Mapping[str, Any]) -> None:
        """Write an object as JSON, whole or not at all."""
        with write_atomically(path) as file:
            json.dump(data, file, ensure_ascii=False, allow_nan=False)
            file.write("\n")

    def read(self, path: Path, *keys: str, remedy: str = "remove it, and run again") -> dict[str, Any]:
        """Read an object that has these keys. Raises InputError where it is damaged."""
        try:
            data: dict[str, Any] = sound.json_of(sound.text_of(path))
            if not isinstance(data, dict):
                raise ValueError("it is no JSON object")
            if missing := [key for key in keys if key not in data]:
                raise ValueError(f"it has no {missing[0]!r}")
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {error}", file=path, remedy=remedy) from error
        return data
