"""The rounds of a run in its journal, and the weights of a tagger that learns on beside it."""

import glob
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allabel.active.base import Fitted, IntArray, Tell, TokenTagger
from allabel.active.design import Design
from allabel.active.flat import Words
from allabel.active.journal import Journal
from allabel.active.rounds import Done, picks_of
from allabel.active.sentence import Sentence, digest
from allabel.errors import AllabelError, InputError


@dataclass(slots=True)
class Keeper:
    """What is kept of a run. Without a journal nothing is.

    start: the places of the words bought to begin with, None where they are not chosen yet. done: the rounds kept.
    """

    journal: Journal | None
    words: Words
    pool: Sequence[Sentence]
    incremental: bool
    start: IntArray | None
    done: list[Done]

    @classmethod
    def open(
        cls,
        path: Path | None,
        pool: Sequence[Sentence],
        words: Words,
        design: Design,
        tagger: TokenTagger,
        tell: Tell,
    ) -> "Keeper":
        """Read what is kept of a run, or begin it. Raises InputError as `Journal.open` does."""
        if path is None:
            return cls(None, words, pool, design.incremental, None, [])
        header = {
            "pool": {"n_sentences": len(pool), "n_words": len(words), "digest": digest(pool)},
            "design": design.to_json(),
            "tagger": {"name": tagger.name, "tags": list(tagger.tags)},
        }
        journal, entries = Journal.open(path, header, tell)
        place: dict[str, int] = {sentence.id: int(start) for sentence, start in zip(pool, words.starts, strict=True)}
        start: IntArray | None = None
        done: list[Done] = []
        for line, entry in enumerate(entries, start=2):
            try:
                if start is None:
                    start = _places(entry["start"], place)
                else:
                    done.append(_done(entry, len(done), place))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InputError(
                    f"the line is not what a run writes: {error!r}",
                    file=path,
                    line=line,
                    remedy="name another file to begin anew",
                ) from error
        if done:
            tell(f"{path}: the rounds up to {len(done) - 1} are done; going on from there")
        return cls(journal, words, pool, design.incremental, start, done)

    def keep_start(self, bought: IntArray) -> None:
        """Write down what is bought to begin with."""
        if self.journal is not None:
            self.journal.append({"start": self._readable(bought)})

    def kept(self, number: int) -> Done | None:
        """Return a round that is done already."""
        return self.done[number] if number < len(self.done) else None

    def keep(self, number: int, done: Done, tagger: TokenTagger) -> None:
        """Write down a round; where the tagger learns on, its weights first, so that no round is without them.

        Raises InputError where the disk refuses.
        """
        if self.journal is None:
            return
        if self.incremental:
            try:
                tagger.save(self._folder(number))
            except OSError as error:
                raise InputError(
                    f"the tagger cannot be saved: {error.strerror}",
                    file=error.filename or self._folder(number),
                    remedy="make room, or let the folder be written to",
                ) from error
        self.journal.append(
            {
                "round": number,
                "fitted": asdict(done.fitted),
                "scores": dict(done.scores),
                "next": None if done.next is None else self._readable(done.next),
            }
        )
        if self.incremental:
            kept = self._folder(number)
            for folder in kept.parent.glob(f"{glob.escape(self.journal.path.name)}.tagger-*"):
                if folder != kept:
                    # What cannot be removed takes room and does no harm; the next round tries again.
                    shutil.rmtree(folder, ignore_errors=True)

    def restore(self, tagger: TokenTagger, number: int) -> TokenTagger:
        """Return the tagger to train in this round: one that learns on has the weights of the round before."""
        if self.journal is None or not self.incremental or not number:
            return tagger
        return type(tagger).load(self._folder(number - 1))

    @contextmanager
    def going_on(self, number: int) -> Iterator[None]:
        """Say, of what goes wrong in a round, that the rounds before are kept and how to go on."""
        try:
            yield
        except AllabelError as error:
            problem = f"round {number} could not be done: {error}"
            if self.journal is None:
                remedy = "give a journal next time: it keeps the rounds that are done"
            elif number:
                remedy = f"the rounds before it are kept in {self.journal.path}; the same call goes on with this one"
            else:
                remedy = "the same call begins again"
            if isinstance(error, InputError):
                raise InputError(problem, remedy=remedy) from error
            raise AllabelError(f"{problem}\n  remedy: {remedy}") from error

    def _folder(self, number: int) -> Path:
        assert self.journal is not None  # without one no folder is asked for
        return self.journal.path.with_name(f"{self.journal.path.name}.tagger-{number}")

    def _readable(self, bought: IntArray) -> dict[str, list[int]]:
        return {pick.id: list(pick.words) for pick in picks_of(self.words, self.pool, bought)}


def _places(picks: Mapping[str, Sequence[int]], place: Mapping[str, int]) -> IntArray:
    found = [place[id] + position for id, positions in picks.items() for position in positions]
    return np.array(found, dtype=np.int64)


def _done(entry: Mapping[str, Any], number: int, place: Mapping[str, int]) -> Done:
    if entry["round"] != number:
        raise ValueError(f"round {entry['round']} stands where round {number} should")
    bought = entry["next"]
    return Done(Fitted(**entry["fitted"]), dict(entry["scores"]), None if bought is None else _places(bought, place))
