"""Runs one test of a contract by hand, with what it asks for, so that one can see it fail."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from allabel.errors import AllabelError

# Made anew for each run.
LAZY = {"stage", "annotator"}
FAILURES = (AssertionError, ArithmeticError, ValueError, OSError, AllabelError, pytest.fail.Exception)


def promises_of(contract: type) -> list[str]:
    """Return the names of a contract's tests, inherited ones too."""
    return [name for name, _ in inspect.getmembers(contract, inspect.isfunction) if name.startswith("test_")]


def run(contract: Any, name: str, given: Mapping[str, Any]) -> None:
    """Run a test for every value that it is parametrized with. given: its fixtures by name."""
    test = getattr(contract, name)
    for parameters in _parametrized(test):
        known = {**given, **parameters}
        test(**{one: known[one]() if one in LAZY else known[one] for one in inspect.signature(test).parameters})


def breaks(contract: Any, name: str, given: Mapping[str, Any]) -> bool:
    """Tell whether the test fails: by an assert, or by an error that the broken thing raises."""
    try:
        run(contract, name, given)
    except FAILURES:
        return True
    return False


def _parametrized(test: Any) -> Iterable[dict[str, Any]]:
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        return [{}]
    (mark,) = marks
    name, values = mark.args
    return [{name: value.values[0] if isinstance(value, type(pytest.param(1))) else value} for value in values]
