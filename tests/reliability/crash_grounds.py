"""One prepared project, and as many copies of it as there are trials, each on a database of its own."""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from with_stores import server_of

SETTINGS = "allabel.toml"


class Ground:
    """A project that was prepared once, and is copied for each trial.

    database: "sqlite" or "postgresql"; without a server the test is skipped.
    """

    def __init__(self, database: str, config: pytest.Config, folder: Path, prepare: Callable[[Path], None]) -> None:
        self._folder, self._numbers = folder, itertools.count()
        self._server = server_of(config) if database == "postgresql" else None
        self._left = contextlib.ExitStack()
        self._whole = folder / "whole" / "project"
        self._whole.mkdir(parents=True)
        if self._server is not None:
            self._template = self._left.enter_context(self._server.database())
            self._name(self._whole, self._template)
        prepare(self._whole)

    def __enter__(self) -> "Ground":
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """Give a copy's project folder, which lies in a folder of its own; both are gone afterwards."""
        there = self._folder / f"copy{next(self._numbers)}"
        shutil.copytree(self._whole.parent, there)
        with contextlib.ExitStack() as left:
            left.callback(shutil.rmtree, there, ignore_errors=True)
            if self._server is not None:
                name = left.enter_context(self._server.database(self._template))
                self._name(there / "project", name)
            yield there / "project"

    def _name(self, folder: Path, database: str) -> None:
        assert self._server is not None
        (folder / SETTINGS).write_text(f'database = "{self._server.url(database)}"\n', encoding="utf-8")
