"""A project's calibrations: what is learned from, the file that keeps them, and scores calibrated on the way out.

The store holds what the model gave. A calibration is applied to what is read from it, so that one that is learned
anew or removed takes effect on all that was tagged, and nothing is asked again.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from allabel import sound
from allabel.annotate.llm.calibration import Calibration, judged
from allabel.document import DocId, Span
from allabel.errors import InputError
from allabel.formats.files import write_atomically
from allabel.reply import Status, TaggedDocument
from retrieval.duplicates import first_alike

FILE_NAME = "calibration.json"
_VERSION = 1


class Source(NamedTuple):
    """What scores come from; scores of one source share a calibration. form: "" where no language model wrote."""

    backend: str
    model: str
    form: str

    def __str__(self) -> str:
        return " ".join(part for part in self if part)


def source_of(tagged: TaggedDocument) -> Source:
    """Return the source of a reply's scores."""
    return Source(tagged.backend, tagged.model, tagged.reply.form)


@dataclass(slots=True)
class Sample:
    """The grounded mentions of one source that have been judged: score, whether it is right, and its text's group."""

    scores: list[float | None] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    n_texts: int = 0

    @property
    def n_scored(self) -> int:
        """How many mentions have a score."""
        return sum(score is not None for score in self.scores)

    @property
    def n_right(self) -> int:
        """How many of the mentions that have a score are right."""
        return sum(right for score, right in zip(self.scores, self.correct, strict=True) if score is not None)


def samples(
    tagged: Iterable[TaggedDocument], truth: Mapping[DocId, Collection[Span]], annotated: Mapping[DocId, str]
) -> tuple[dict[Source, Sample], Counter[str]]:
    """Return what can be learned from each source, and how many texts with truth were left out, by the reason.

    truth: gold or annotated spans. annotated: the texts of all that may have been shown or trained on, by id.
    Left out are replies that failed, and texts with a near-duplicate among the other annotated texts: there the
    answer may have been copied, and its score says nothing of texts that must be read. Near-duplicates share a group.
    """
    left_out: Counter[str] = Counter()
    known = [one for one in tagged if one.id in truth]
    usable = [one for one in known if one.reply.status is Status.OK]
    left_out["whose reply failed"] = len(known) - len(usable)
    others = [(id, text) for id, text in annotated.items() if id not in {one.id for one in usable}]
    texts = [one.text for one in usable] + [text for _, text in others]
    groups = first_alike(texts).tolist()
    holders: dict[int, set[DocId]] = {}
    for group, id in zip(groups, [one.id for one in usable] + [id for id, _ in others], strict=True):
        if id in annotated:
            holders.setdefault(group, set()).add(id)
    found: dict[Source, Sample] = {}
    for group, one in zip(groups, usable, strict=False):
        if holders.get(group, set()) - {one.id} or one.id in one.reply.demonstrations:
            left_out["with a near-duplicate among the other annotated texts"] += 1
            continue
        scores, correct = judged(one.reply.proposals, truth[one.id])
        sample = found.setdefault(source_of(one), Sample())
        sample.n_texts += 1
        # Backends of others may call anything a score.
        sample.scores += [score if score is not None and 0 <= score <= 1 else None for score in scores]
        sample.correct += correct
        sample.groups += [group] * len(scores)
    return found, +left_out


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The calibrations of a project, by source."""

    by_source: Mapping[Source, Calibration] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Calibrations":
        """Read the project's file; none where there is none. Raises InputError naming the file where it is broken."""
        path = folder / FILE_NAME
        if not path.exists():
            return cls()
        try:
            data = sound.json_of(sound.text_of(path))
            if data["version"] != _VERSION:
                raise InputError(f"has the version {data['version']!r}, not {_VERSION}")
            return cls({_source(row): Calibration.from_dict(row) for row in data["calibrations"]})
        except (OSError, ValueError, TypeError, KeyError, OverflowError, InputError) as error:
            problem = error.problem if isinstance(error, InputError) else f"cannot be read: {error!r:.200}"
            raise InputError(
                problem, file=path, remedy="allabel calibrate --remove, then allabel calibrate; no score is lost"
            ) from error

    def write(self, folder: Path) -> None:
        """Write the project's file, whole or not at all; without any calibration there is none."""
        if not self.by_source:
            remove(folder)
            return
        rows = [{**source._asdict(), **made.to_dict()} for source, made in sorted(self.by_source.items())]
        with write_atomically(folder / FILE_NAME) as handle:
            handle.write(json.dumps({"version": _VERSION, "calibrations": rows}, ensure_ascii=False, indent=1) + "\n")

    def apply(self, tagged: TaggedDocument) -> TaggedDocument:
        """Return it with calibrated scores, or as it is where its source has no calibration.

        A mention without a span keeps the score it has: nothing was learned from such.
        """
        made = self.by_source.get(source_of(tagged)) if self.by_source else None
        if made is None:
            return tagged
        grounded = [p.score if p.span is not None else None for p in tagged.reply.proposals]
        proposals = tuple(
            p if score is None else replace(p, score=score)
            for p, score in zip(tagged.reply.proposals, made(grounded), strict=True)
        )
        return replace(tagged, reply=replace(tagged.reply, proposals=proposals))

    def told(self, tagged: Iterable[TaggedDocument]) -> str:
        """Say in one line which of these texts have calibrated scores; "" where none has."""
        return self.told_of(Counter(source_of(one) for one in tagged)) if self.by_source else ""

    def told_of(self, counts: Mapping[Source, int]) -> str:
        """Do what `told` does of texts that were counted. counts: texts by the source of their scores."""
        used = [source for source in sorted(counts) if source in self.by_source]
        if not used:
            return ""
        how = "; ".join(f"{source}: {in_words(self.by_source[source])}" for source in used)
        return (
            f"the scores of {sum(counts[s] for s in used):,} of {sum(counts.values()):,} texts are calibrated ({how})"
        )


def in_words(made: Calibration) -> str:
    """Say how a calibration was learned, and how far scores are from probabilities before and after it."""
    return (
        f"{made.method} from {made.n:,} mentions, expected calibration error {made.before.ece:.3f} -> "
        f"{made.after.ece:.3f}, Brier score {made.before.brier:.3f} -> {made.after.brier:.3f}"
    )


def remove(folder: Path) -> bool:
    """Remove the project's calibrations, broken or not; tells whether there were any."""
    path = folder / FILE_NAME
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def _source(row: Mapping[str, Any]) -> Source:
    source = Source(row["backend"], row["model"], row["form"])
    if not all(isinstance(part, str) for part in source):
        raise ValueError(f"{source!r} is not made of strings")
    return source
