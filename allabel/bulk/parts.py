"""A folder of parts: one file a block, what decides them, and which of them are done."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from allabel import sound
from allabel.bulk.notes import Tally
from allabel.bulk.plan import Plan
from allabel.errors import InputError
from allabel.formats.files import write_atomically

# Readers of folders of Parquet leave out names that begin so.
MANIFEST, DONE, LOCK = "_manifest.json", "_done.jsonl", "_lock"


class Parts:
    """The parts of one run. A block is done when its part is there and the last note of it counts no failed reply.

    A reply that is `failed` is one that was not given: its block is tagged again by a rerun, and a language model is
    asked for what failed alone, as its answers are kept in the store. What a model refused, cut off or garbled is done.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        self.tallies: dict[int, Tally] = {}

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, plan: Plan) -> Iterator["Parts"]:
        """Make the folder, or go on with what is in it; nobody else may meanwhile.

        Raises InputError where it holds other files or the parts of another run, where another process is at work on
        it, and where it cannot be written.
        """
        refuse_foreign(folder)
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        try:
            held = lock.acquire()
        except Timeout as error:
            raise InputError(
                "another run is at work on it", file=folder, remedy="wait for it, or name another output"
            ) from error
        with held:
            parts = cls(folder, plan)
            parts._begin()
            yield parts

    def path(self, number: int) -> Path:
        """Return where a block's part is, or goes."""
        return self.folder / f"part-{number:05d}.{self.plan.format}"

    def missing(self) -> list[int]:
        """Return the blocks that are not done, in order."""
        return [number for number in range(self.plan.n_blocks) if not self._is_done(number)]

    def note(self, number: int, tally: Tally) -> None:
        """Write down that a block's part is there."""
        with (self.folder / DONE).open("a", encoding="ascii") as log:
            log.write(_noted_line(number, tally))
            log.flush()
            os.fsync(log.fileno())
        self.tallies[number] = tally

    def total(self) -> Tally:
        """Count all blocks, in order."""
        found = Tally()
        for number in sorted(self.tallies):
            found.add_all(self.tallies[number])
        return found

    def paths(self) -> list[Path]:
        """Return all parts, in order."""
        return [self.path(number) for number in range(self.plan.n_blocks)]

    def remove(self) -> None:
        """Remove the folder; the manifest goes last, so that what is left by a kill is known for what it is."""
        for path in sorted(self.folder.iterdir(), key=lambda path: path.name == MANIFEST):
            path.unlink()
        self.folder.rmdir()

    def _is_done(self, number: int) -> bool:
        tally = self.tallies.get(number)
        return tally is not None and not tally.n_failed and self.path(number).is_file()

    def _begin(self) -> None:
        manifest = self.folder / MANIFEST
        there = _read(manifest)
        if there is None:
            with write_atomically(manifest) as file:
                file.write(json.dumps(self.plan.to_json(), ensure_ascii=False, indent=1) + "\n")
        else:
            self.plan.refuse_other(there, self.folder)
        # Of parts and notes that a kill left half-written nothing stays.
        for left in self.folder.glob(".*.tmp"):
            left.unlink()
        self.tallies = {n: tally for n, tally in _noted(self.folder / DONE) if n < self.plan.n_blocks}
        with write_atomically(self.folder / DONE) as log:
            for number, tally in self.tallies.items():
                log.write(_noted_line(number, tally))


def refuse_foreign(folder: Path) -> None:
    """Raise InputError where a folder holds other things than parts, or is none."""
    if folder.is_dir() and not (folder / MANIFEST).is_file():
        others = [path.name for path in folder.iterdir() if path.name != LOCK]
        if others:
            raise InputError(
                f"is a folder that holds other files, {sorted(others)[0]!r} among them",
                file=folder,
                remedy="name an empty folder, or one that is not there yet",
            )
    elif folder.exists() and not folder.is_dir():
        raise InputError("is a file, and the parts go into a folder", file=folder, remedy="name another output")
    if not folder.resolve().parent.is_dir():
        raise InputError("cannot be written", file=folder, remedy="name a file in a folder that is there")


def _read(manifest: Path) -> Any:
    try:
        return sound.json_of(sound.text_of(manifest))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot be read: {error}", file=manifest, remedy="remove the folder it is in to begin anew"
        ) from error


def _noted_line(number: int, tally: Tally) -> str:
    return json.dumps({"block": number, **tally.to_json()}) + "\n"


def _noted(log: Path) -> Iterator[tuple[int, Tally]]:
    """Yield the notes; a line that a kill cut off is none."""
    if not log.exists():
        return
    for line in log.read_text(encoding="ascii", errors="replace").splitlines():
        try:
            data = json.loads(line)
            yield int(data["block"]), Tally.from_json(data)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
