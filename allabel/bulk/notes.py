"""What is known of a tagged block without reading it again: how many texts, how many failed, what scores come from."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from allabel.calibrating import Source, source_of
from allabel.reply import Status, TaggedDocument


@dataclass(slots=True)
class Tally:
    """Counts tagged documents as they pass.

    n_not_ok: texts without a usable reply; n_failed: those of them that are asked again, n_unsent: never asked.
    first: id, status and error of the first without a usable reply. sources: texts by what their scores come from.
    """

    n: int = 0
    n_not_ok: int = 0
    n_failed: int = 0
    n_unsent: int = 0
    first: tuple[str, str, str] | None = None
    sources: Counter[Source] = field(default_factory=Counter)

    def add(self, one: TaggedDocument) -> None:
        """Count one."""
        self.n += 1
        self.sources[source_of(one)] += 1
        if one.reply.status is Status.OK:
            return
        self.n_not_ok += 1
        self.n_failed += one.reply.status is Status.FAILED
        self.n_unsent += one.reply.error.startswith("not sent: ")
        self.first = self.first or (one.id, one.reply.status.value, one.reply.error)

    def add_all(self, other: "Tally") -> None:
        """Count all that another counted, as what comes after."""
        self.n += other.n
        self.n_not_ok += other.n_not_ok
        self.n_failed += other.n_failed
        self.n_unsent += other.n_unsent
        self.first = self.first or other.first
        self.sources.update(other.sources)

    @classmethod
    def of(cls, tagged: Iterable[TaggedDocument]) -> "Tally":
        """Count these."""
        made = cls()
        for one in tagged:
            made.add(one)
        return made

    def to_json(self) -> dict[str, Any]:
        """Write it down."""
        return {
            "n": self.n,
            "n_not_ok": self.n_not_ok,
            "n_failed": self.n_failed,
            "n_unsent": self.n_unsent,
            "first": self.first,
            "sources": [[*source, n] for source, n in self.sources.items()],
        }

    @classmethod
    def from_json(cls, data: Any) -> "Tally":
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError where it did not."""
        first = data["first"]
        return cls(
            n=int(data["n"]),
            n_not_ok=int(data["n_not_ok"]),
            n_failed=int(data["n_failed"]),
            n_unsent=int(data["n_unsent"]),
            first=None if first is None else (str(first[0]), str(first[1]), str(first[2])),
            sources=Counter({Source(*row[:3]): int(row[3]) for row in data["sources"]}),
        )
