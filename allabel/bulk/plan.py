"""What decides a run's output, written down beside its parts: a run that goes on must be the same run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from allabel import __version__
from allabel.annotate.backends import base_url_of
from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.llm.offline_options import deciding
from allabel.annotate.llm.several_servers import addresses, told_apart
from allabel.bulk.source import Survey
from allabel.bulk.task import Task
from allabel.errors import InputError

# Raise it when the layout of a folder of parts changes.
LAYOUT = 1
BLOCK_SIZE = 4096
PartFormat = Literal["jsonl", "parquet"]
# Settings that change speed, cost or other commands, and no tagged document. All others count, those to come too.
NEUTRAL = frozenset(
    {
        *("api_key", "database", "concurrency", "timeout_s", "requests_per_minute", "tokens_per_minute", "retries"),
        *("patience_s", "budget_requests", "budget_tokens", "budget_money", "prices", "uncertainty_cap", "duplicates"),
        *("strategy", "finetune", "serve", "double_share", "blind_share", "lease_minutes", "session_hours"),
        # Written down by what they hold, not by where they are.
        *("base_url", "vllm", "tuned_model"),
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is cut, what its parts are, and what decides them. source: the file's name, for people only."""

    source: str
    n_documents: int
    block_size: int
    format: PartFormat
    decided_by: Mapping[str, Any]

    @classmethod
    def of(
        cls, task: Task, annotator: Annotator, source: Path, survey: Survey, block_size: int, format: PartFormat
    ) -> "Plan":
        """Return the plan of tagging a file so."""
        return cls(source.name, survey.n_documents, block_size, format, _decided_by(task, annotator, survey))

    @property
    def n_blocks(self) -> int:
        """How many blocks there are."""
        return -(-self.n_documents // self.block_size)

    def size_of(self, number: int) -> int:
        """Return how many documents a block has."""
        return min(self.block_size, self.n_documents - number * self.block_size)

    def to_json(self) -> dict[str, Any]:
        """Write it down."""
        return {
            "layout": LAYOUT,
            "source": self.source,
            "n_documents": self.n_documents,
            "block_size": self.block_size,
            "format": self.format,
            "decided_by": dict(self.decided_by),
        }

    def refuse_other(self, there: Any, folder: Path) -> None:
        """Raise InputError, naming what differs, where what `to_json` wrote before is of another run."""
        ours = self.to_json()
        theirs = there if isinstance(there, dict) else {}
        differing = _differing({**ours, "source": ""}, {**theirs, "source": ""})
        if differing:
            raise InputError(
                f"holds the parts of another run, of {theirs.get('source', 'an unknown file')}; "
                f"what differs: {'; '.join(differing)}",
                file=folder,
                remedy="go on with the file and the settings it was begun with, name another output, or remove this "
                "folder to begin anew",
            )


def _decided_by(task: Task, annotator: Annotator, survey: Survey) -> dict[str, Any]:
    settings = task.settings
    kept = settings.model_dump(mode="json", exclude=set(NEUTRAL))
    found: dict[str, Any] = {"texts": survey.digest, "allabel": __version__, **kept}
    if settings.backend == "chat":
        found["base_url"] = told_apart(addresses(base_url_of(settings)))
    if settings.backend == "vllm":
        found["vllm"] = deciding(settings.vllm)
    # The annotator on board is named after what it learned, which stands in `demonstrations`.
    found["model"] = settings.model if settings.backend == "embedded" else annotator.model
    found["demonstrations"] = _digest_of_demonstrations(task.demonstrations)
    found["labels"] = _digest(task.schema.model_dump(mode="json"))
    found["calibrations"] = _digest(
        [[*source, made.to_dict()] for source, made in sorted(task.calibrations.by_source.items())]
    )
    return found


def _digest_of_demonstrations(demonstrations: Sequence[Demonstration]) -> str:
    return _digest([[d.id, d.text, [[s.start, s.end, s.label] for s in d.entities]] for d in demonstrations])


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any], within: str = "") -> list[str]:
    """Say which values differ, by name; of long digests only that they do."""
    told = []
    for name in sorted({*ours, *theirs}):
        new, old = ours.get(name), theirs.get(name)
        if isinstance(new, dict) and isinstance(old, dict):
            told += _differing(new, old, f"{within}{name}." if within or name != "decided_by" else "")
        elif new != old:
            is_digest = name in {"texts", "demonstrations", "labels", "calibrations"}
            told.append(f"the {name}" if is_digest else f"{within}{name} was {old!r}, now {new!r}")
    return told
