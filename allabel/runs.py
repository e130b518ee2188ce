"""Rows of evaluation runs: one number of one run on one line of JSON, for curves with intervals over seeds.

A row is an object with these keys; any other is kept as it is in `more`:

    run       name of the run, for people: "night of 3 May"
    method    what is compared: "allabel 10 %", "random 10 %"
    data      the data set, "" where there is only one
    n_texts   annotated texts that the method learned from, >= 0
    n_tokens  their tokens (runs without white space), or null
    seed      an integer; rows of two methods with the same data, n_texts and seed are paired
    metric    "strict_micro_f1", "strict_macro_f1", "value_f1", or "strict_f1:LABEL"
    value     a finite number
    at        when it was measured, ISO 8601 with its offset
"""

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from allabel import sound
from allabel.errors import InputError
from allabel.formats.files import read_lines

STRICT_MICRO, STRICT_MACRO, VALUE = "strict_micro_f1", "strict_macro_f1", "value_f1"
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number. See the module for what each field means. more: keys of the line that are not ours."""

    run: str
    method: str
    data: str
    n_texts: int
    seed: int
    metric: str
    value: float
    at: datetime
    n_tokens: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if problem := _problem(self):
            raise InputError(f"the row of run {self.run!r} {problem}", remedy="see the format in allabel.runs")

    def to_json(self) -> str:
        """Give the line, without its end."""
        own = {name: getattr(self, name) for name in _KEYS} | {"at": self.at.isoformat()}
        return json.dumps({**self.more, **own}, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Point:
    """The mean over seeds at one number of texts, and its 95 % t interval; None with one seed."""

    n_texts: int
    mean: float
    low: float | None
    high: float | None
    n_seeds: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one method is than another at one number of texts, seed by seed: mean and 95 % t interval."""

    n_texts: int
    mean: float
    low: float | None
    high: float | None
    n_seeds: int
    n_wins: int


def of_label(label: str) -> str:
    """Name the metric of one label's strict F1."""
    return f"strict_f1:{label}"


def read(paths: Iterable[Path]) -> list[Row]:
    """Read rows of several files, in order; blank lines are passed over.

    Raises InputError naming file, line, value and remedy; a last line that a crash cut short is named like any other.
    """
    rows = []
    for path in paths:
        for number, line in read_lines(path):
            if line.strip():
                rows.append(_row(line, path, number))
    return rows


def append(path: Path, rows: Sequence[Row]) -> None:
    """Add rows to a file, all or none; when this returns they survive a power cut. Makes the file where there is none.

    They go in one write at the end of the file, so that several may append at once. Raises InputError where the file
    cannot be written.
    """
    try:
        data = "".join(row.to_json() + "\n" for row in rows).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"cannot be written: {error.object[error.start]!r} is half of a surrogate pair, not a character",
            file=path,
            remedy="mend the name of the run, the method or the data",
        ) from error
    try:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o666)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            # A line that an editor left without its end must not swallow the first of ours.
            if size and os.lseek(descriptor, -1, os.SEEK_END) >= 0 and os.read(descriptor, 1) != b"\n":
                data = b"\n" + data
            if os.write(descriptor, data) != len(data):
                os.ftruncate(descriptor, size)
                raise InputError("cannot be written to its end", file=path, remedy="free some room on the disk")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", file=path, remedy="name a file that you may write to"
        ) from error


def curves(rows: Iterable[Row], metric: str = STRICT_MICRO, data: str | None = None) -> dict[str, list[Point]]:
    """Return each method's points by number of texts, methods in order of their first row.

    data: one data set; None takes all, which must be one. Of several rows with the same method, texts and seed the
    latest counts. Raises InputError where rows of two data sets would be mixed.
    """
    values = _values(rows, metric, data)
    found: dict[str, list[Point]] = {}
    for (method, n_texts), by_seed in values.items():
        found.setdefault(method, []).append(Point(n_texts, *_mean(list(by_seed.values())), len(by_seed)))
    return {method: sorted(points, key=lambda p: p.n_texts) for method, points in found.items()}


def differences(
    rows: Iterable[Row], method: str, other: str, metric: str = STRICT_MICRO, data: str | None = None
) -> list[Difference]:
    """Return `method` less `other` at each number of texts where they share a seed, paired by seed.

    Raises InputError where one of them has no row of this metric, or rows of two data sets would be mixed.
    """
    values = _values(rows, metric, data)
    known = list(dict.fromkeys(name for name, _ in values))
    for name in (method, other):
        if name not in known:
            raise InputError(
                f"no row of {metric!r} is of the method {name!r}", remedy=f"there are {', '.join(known) or 'none'}"
            )
    found = []
    for n_texts in sorted(n for name, n in values if name == method):
        ours, theirs = values[method, n_texts], values.get((other, n_texts), {})
        apart = [ours[seed] - theirs[seed] for seed in ours if seed in theirs]
        if apart:
            found.append(Difference(n_texts, *_mean(apart), len(apart), sum(d > 0 for d in apart)))
    return found


def _values(rows: Iterable[Row], metric: str, data: str | None) -> dict[tuple[str, int], dict[int, float]]:
    taken = [row for row in rows if row.metric == metric and data in (None, row.data)]
    sets = list(dict.fromkeys(row.data for row in taken))
    if len(sets) > 1:
        raise InputError(
            f"rows of {len(sets)} data sets cannot make one curve: {', '.join(map(repr, sets))}",
            remedy="ask for one of them",
        )
    values: defaultdict[tuple[str, int], dict[int, float]] = defaultdict(dict)
    for row in sorted(taken, key=lambda row: row.at):
        values[row.method, row.n_texts][row.seed] = row.value
    order = {row.method: i for i, row in reversed(list(enumerate(taken)))}
    return dict(sorted(values.items(), key=lambda item: (order[item[0][0]], item[0][1])))


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of two or more values and its 95 % t interval, mean ± t(0.975, n - 1) s / sqrt(n)."""
    from scipy import stats

    mean = float(np.mean(values))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


def _mean(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Return the mean, with its interval where there are values enough for one."""
    return t_interval(values) if len(values) > 1 else (float(np.mean(values)), None, None)


_KEYS = ("run", "method", "data", "n_texts", "n_tokens", "seed", "metric", "value", "at")
_TEXT, _WHOLE = ("run", "method", "data", "metric"), ("n_texts", "seed")


def _row(line: str, path: Path, number: int) -> Row:
    def wrong(problem: str, remedy: str) -> InputError:
        return InputError(problem, file=path, line=number, remedy=remedy)

    try:
        given = sound.json_of(line)
    except ValueError as error:
        raise wrong(f"is not JSON: {error}", "mend the line, or remove it where a crash cut it short") from error
    if not isinstance(given, dict):
        raise wrong(f"is no object but {type(given).__name__}", 'write {"run": …, "method": …, …}')
    missing = [key for key in _KEYS if key not in given and key not in {"n_tokens", "data"}]
    if missing:
        raise wrong(f"lacks {', '.join(map(repr, missing))}", "add it, or remove the line")
    own = {"data": "", "n_tokens": None} | {key: given[key] for key in _KEYS if key in given}
    for key, right, rule in (
        *((key, isinstance(own[key], str), "a string") for key in (*_TEXT, "at")),
        *((key, _is_whole(own[key]), "a whole number") for key in _WHOLE),
        ("n_tokens", own["n_tokens"] is None or _is_whole(own["n_tokens"]), "a whole number or null"),
        ("value", isinstance(own["value"], int | float) and not isinstance(own["value"], bool), "a number"),
    ):
        if not right:
            raise wrong(f"{key!r} is {own[key]!r:.80}, not {rule}", "mend it")
    try:
        own |= {"at": datetime.fromisoformat(own["at"]), "value": float(own["value"])}
        return Row(**own, more={key: value for key, value in given.items() if key not in _KEYS})
    except InputError as error:
        raise wrong(error.problem, error.remedy) from error
    except OverflowError as error:
        raise wrong("'value' is beyond what a number can be", "mend it") from error
    except ValueError as error:
        raise wrong(
            f"'at' is {given['at']!r}, not a moment", 'write for example "2026-05-03T21:00:00+00:00"'
        ) from error


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _problem(row: Row) -> str:
    if not row.method or not row.metric:
        return "names no method or no metric"
    if row.n_texts < 0 or (row.n_tokens or 0) < 0:
        return f"has a negative number of texts or tokens, {row.n_texts} and {row.n_tokens}"
    if not math.isfinite(row.value):
        return f"has the value {row.value!r}, which is not finite"
    if row.at.tzinfo is None:
        return f"has a moment without its offset, {row.at.isoformat()}"
    return ""
