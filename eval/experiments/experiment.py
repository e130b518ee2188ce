"""An experiment's file, read and checked: what is wrong is named with its line."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allabel import sound
from allabel.config import Settings
from allabel.errors import InputError, UnknownNameError
from allabel.plugins import nearest
from allabel.select.base import Tools
from allabel.select.chain import Chain
from eval.experiments import tables
from eval.experiments.arms import Arm, KeyedError, expand
from eval.experiments.budgets import same
from eval.experiments.designs import ActiveArm, expand_active
from eval.experiments.places import Key, lines_of, nearest_line
from retrieval.bm25 import Bm25

# Strategies are only named here; nothing asks these.
_NO_TOOLS = Tools(Bm25, lambda texts: [])
# For what pydantic says in words of its own.
_PLAIN = {
    "tuple_type": 'it is to be a list, as ["a", "b"]',
    "too_short": "it is empty",
    "missing": "it is missing",
}
_TABLES: Mapping[str, type[Any]] = {
    "data": tables.DataTable,
    "annotators": tables.ArmTable,
    "active": tables.ActiveTable,
    "recorded": tables.RecordedTable,
    "compare": tables.CompareTable,
    "selection": tables.SelectionTable,
}


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment's file asks for.

    path: of the file; text: as it stands there. beside: the folder that relative paths start from. model: of language
    models that the file names none for. lines: of its keys.
    """

    path: Path
    beside: Path
    text: str
    model: str
    file: tables.File
    arms: tuple[Arm, ...]
    active: tuple[ActiveArm, ...]
    lines: Mapping[Key, int] = field(repr=False)

    @classmethod
    def read(cls, path: Path, beside: Path | None = None, model: str | None = None) -> "Experiment":
        """Read a file. beside: None for its own folder. model: where a table names none; None for the variable.

        Raises InputError naming the file, the line, the value and the remedy.
        """
        try:
            text = sound.text_of(path)
            data = sound.toml_of(text)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read as an experiment: {error}", file=path, remedy="mend it") from error
        lines = lines_of(text)
        try:
            file = tables.File(**data)
        except ValidationError as error:
            raise _wrong(error, path, lines) from error
        model = Settings().model if model is None else model
        arms, active = [], []
        for i, table in enumerate(file.annotators):
            with _at(path, lines, ("annotators", i)):
                arms += expand(i, table, model)
        for i, active_table in enumerate(file.active):
            with _at(path, lines, ("active", i)):
                active += expand_active(i, active_table)
        read = cls(path, (beside or path.parent).absolute(), text, model, file, tuple(arms), tuple(active), lines)
        read._check()
        return read

    def data(self, title: str) -> tables.DataTable:
        """Return the table of a data set by its title."""
        return next(table for table in self.file.data if table.title == title)

    def at(self, *where: str | int) -> AbstractContextManager[None]:
        """Let errors of what is read within name this place in the file."""
        return _at(self.path, self.lines, where)

    def wrong(self, problem: str, where: Key, remedy: str) -> InputError:
        """Return an error at a place in the file."""
        return InputError(problem, file=self.path, line=nearest_line(dict(self.lines), where), remedy=remedy)

    def _check(self) -> None:
        file = self.file
        names = (
            [one.name for one in self.arms] + [one.name for one in self.active] + [one.name for one in file.recorded]
        )
        self._distinct(names, "annotators")
        self._distinct([table.title for table in file.data], "data")
        self._distinct(file.strategies, "strategies")
        self._distinct([str(seed) for seed in file.seed_numbers], "seeds")
        for budget in file.budgets:
            with _at(self.path, self.lines, ("budgets",)):
                same(budget)
        self._distinct([same(budget) for budget in file.budgets], "budgets")
        for strategy in file.strategies:
            with _at(self.path, self.lines, ("strategies",)):
                Chain.parse(strategy, _NO_TOOLS)
        titles = [table.title for table in file.data]
        self._same_arms()
        for arm in self.arms:
            at = ("annotators", arm.table)
            self._known(arm.data, titles, (*at, "data"), "data set")
            self._known(arm.strategies, file.strategies, (*at, "strategies"), "strategy")
            self._known(arm.budgets, file.budgets, (*at, "budgets"), "budget")
            self._known(arm.seeds, file.seed_numbers, (*at, "seeds"), "seed")
        for active in self.active:
            self._known(active.data, titles, ("active", active.table, "data"), "data set")
            self._known(active.seeds, file.seed_numbers, ("active", active.table, "seeds"), "seed")
        for i, one in enumerate(file.recorded):
            self._known([one.data], titles, ("recorded", i, "data"), "data set")
        names = [one.name for one in self.arms] + [one.name for one in file.recorded]
        names += [f"{arm.name} by {strategy}" for arm in self.arms for strategy in file.strategies]
        for i, pair in enumerate(file.compare):
            self._known([pair.a], names, ("compare", i, "a"), "annotator")
            self._known([pair.b], names, ("compare", i, "b"), "annotator")
            if pair.a == pair.b:
                raise self.wrong(f"{pair.a!r} would be compared with itself", ("compare", i), "name two annotators")
            if pair.strategy is not None:
                self._known([pair.strategy], file.strategies, ("compare", i, "strategy"), "strategy")

    def _same_arms(self) -> None:
        """Raise InputError where two arms differ in their name alone: one of them would be done for both, unsaid."""
        seen: dict[str, str] = {}
        for arm in self.arms:
            what = repr((arm.decided_by, replace(arm, name="", table=0, options={}, price=None)))
            if what in seen:
                problem = f"{arm.name!r} says what {seen[what]!r} says: their settings are the same"
                raise self.wrong(problem, ("annotators", arm.table), "take one of them out")
            seen[what] = arm.name

    def _known(self, given: Sequence[object] | None, known: Sequence[object], where: Key, what: str) -> None:
        for one in given or ():
            if one not in known:
                remedy = nearest(str(one), [str(k) for k in known])
                raise self.wrong(f"there is no {what} {one!r} in this experiment", where, remedy)

    def _distinct(self, names: Sequence[str], table: str) -> None:
        for name in names:
            if names.count(name) > 1:
                raise self.wrong(f"{name!r} stands twice", (table,), "name each once")


@contextmanager
def _at(path: Path, lines: Mapping[Key, int], where: Key) -> Iterator[None]:
    """Let errors of what is read here name the line it stands on."""
    try:
        yield
    except KeyedError as error:
        told, line = error.error, nearest_line(dict(lines), (*where, error.key))
        raise type(told)(told.problem, file=path, line=line, remedy=told.remedy) from error
    except InputError as error:
        line = nearest_line(dict(lines), where)
        # An error of another file goes on naming that.
        named = [str(error.file or ""), f"line {error.line}" if error.line else ""]
        place = ", ".join(part for part in named if part)
        place += ": " if place else ""
        raise type(error)(place + error.problem, file=path, line=line, remedy=error.remedy) from error


def _wrong(error: ValidationError, path: Path, lines: Mapping[Key, int]) -> InputError:
    first, *more = error.errors()
    # Of a key that may be one thing or another, what it was nearest to is told.
    if first["loc"] and first["loc"][0] not in _TABLES:
        first = max(
            [first, *(one for one in more if one["loc"][:1] == first["loc"][:1])], key=lambda one: len(one["loc"])
        )
    where = tuple(first["loc"])
    key = str(where[-1]) if where else ""
    line = nearest_line(dict(lines), where)
    if first["type"] == "extra_forbidden":
        model = _TABLES.get(str(where[0]), tables.File) if len(where) > 1 else tables.File
        return UnknownNameError(
            f"there is no key {key!r}", file=path, line=line, remedy=nearest(key, list(model.model_fields))
        )
    if first["type"] == "missing":
        return InputError(f"{key!r} is missing", file=path, line=line, remedy="add it")
    where = tuple(part for part in where if not isinstance(part, str) or part.isidentifier())
    said = _PLAIN.get(first["type"], first["msg"].removeprefix("Value error, "))
    given = "" if first["type"] == "value_error" and isinstance(first["input"], dict) else f", not {first['input']!r}"
    problem = f"{'.'.join(map(str, where))} is wrong: {said}{given}" if where else said
    return InputError(problem, file=path, line=line, remedy="mend it there")
