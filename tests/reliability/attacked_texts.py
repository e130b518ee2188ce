"""The attacks of injections.toml, each with the texts that it is compared with."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from allabel.annotate.base import Demonstration
from allabel.document import Span
from allabel.schema import LabelSchema

FILE = Path(__file__).with_name("injections.toml")
SCHEMA = LabelSchema.of(["Chemical", "Disease"])
# The same sentence as it is, with a harmless insertion, and with the attack.
VARIANTS = ("clean", "harmless", "attacked")


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack and the sentence it sits in. wants: what it would have the model say; None where it wants silence."""

    id: str
    kind: str
    at: str
    inserted: str
    wants: frozenset[tuple[str, str]] | None
    host: Mapping[str, Any]

    def text(self, variant: str) -> str:
        """Return the text to be tagged."""
        first, second = self.host["first"], self.host["second"]
        inserted = self._inserted(variant) if self.at != "demonstration" else ""
        parts = {
            "before": (inserted, first, second),
            "inside": (first, inserted, second),
            "after": (first, second, inserted),
            "demonstration": (first, second),
        }[self.at]
        return " ".join(part for part in parts if part)

    def demonstrations(self, variant: str) -> list[Demonstration]:
        """Return the host's own demonstration where the attack sits in it, rightly annotated; else none."""
        if self.at != "demonstration":
            return []
        text = self.host["demonstration"]
        places = [(text.index(name), name, label) for label, names in self.host["names"].items() for name in names]
        spans = tuple(Span(start, start + len(name), label) for start, name, label in places)
        return [Demonstration(f"{self.id}-{variant}", f"{text} {self._inserted(variant)}".strip(), spans)]

    def _inserted(self, variant: str) -> str:
        return {"clean": "", "harmless": self.host["harmless"], "attacked": self.inserted}[variant]


@lru_cache
def attacks() -> tuple[Attack, ...]:
    """Return every attack, in the file's order."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Attack(
            one["id"],
            one["kind"],
            one["at"],
            one["text"],
            None
            if one.get("wants_nothing")
            else frozenset((label, name) for label, names in one["wants"].items() for name in names),
            data["hosts"][one["host"]],
        )
        for one in data["attacks"]
    )
