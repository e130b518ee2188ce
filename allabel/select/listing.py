"""The strategies there are, each with a line on what it chooses."""

import inspect
from dataclasses import dataclass
from typing import Any

from allabel.errors import PluginError
from allabel.plugins import load, names
from allabel.select.chain import ABOUT, NAMED_CHAINS


@dataclass(frozen=True, slots=True)
class Listed:
    """A strategy by name: a registered stage, or a named chain of them.

    needs_annotations: it cannot begin before something is annotated. n_rounds: how often the expert annotates.
    chain: the stages and their weights; empty for a single stage.
    """

    name: str
    about: str
    needs_annotations: bool
    n_rounds: int = 1
    chain: str = ""


def strategies() -> list[Listed]:
    """Return the named chains, then the registered stages, each by name; a broken plugin's says what is wrong."""
    stages = {name: _loaded(name) for name in names("strategies")}
    needs = {name: bool(getattr(stage, "needs_annotations", False)) for name, stage in stages.items()}
    found = []
    for name, chain in sorted(NAMED_CHAINS.items()):
        parts = [needs[part.partition(":")[0]] for part in chain.split(",")]
        found.append(Listed(name, ABOUT[name], parts[0], 1 + sum(parts[1:]), chain))
    for name, stage in stages.items():
        about = f"Cannot be used: {stage.problem}" if isinstance(stage, PluginError) else inspect.getdoc(stage) or ""
        found.append(Listed(name, about.partition("\n")[0], needs[name]))
    return found


def _loaded(name: str) -> Any:
    try:
        return load("strategies", name)
    except PluginError as error:
        return error
