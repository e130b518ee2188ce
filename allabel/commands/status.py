"""`allabel status`: how far the project is, and whether to go on annotating."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.commands import status_more as more
from allabel.console import open_project, print_data, printable, say
from allabel.manners import examples, json_option
from allabel.wording import counted

if TYPE_CHECKING:
    from allabel.annotate.llm.calibration import Calibration
    from allabel.calibrating import Source
    from allabel.finetuning import Age
    from allabel.project import Project
    from allabel.selecting import Unfinished
    from allabel.stopping.base import Signal


@click.command(
    short_help="Say how far the project is, and whether to go on.",
    epilog=examples(
        "allabel -p my-project status", "allabel -p my-project status --stop", "allabel -p my-project status --json"
    ),
)
@click.option("--stop", "stop", is_flag=True, help="Work out whether more annotation is worth it (some seconds).")
@click.option("--calls", "calls", is_flag=True, help="Sum up what language models were asked, and what it took.")
@json_option(
    "one object with documents, gold, annotated, queued, tagged, not_ok, stale, labels, stale_labels, backend, tuned, "
    "questions, selections and calibrations, with --stop also stopping, with --calls also calls."
)
@click.pass_obj
def status(folder: Path, stop: bool, calls: bool, as_json: bool) -> None:
    """Say how far the project is, and with --stop whether more annotation is worth it."""
    with open_project(folder) as project:
        found = _State.of(project, stop=stop, calls=calls)
    if as_json:
        print_data(found.data())
        return
    for line in found.lines():
        click.echo(line)
    if not stop:
        say("allabel status --stop works out whether more annotation is worth it (some seconds)")


@dataclass(frozen=True, slots=True)
class _State:
    """How far a project is. signals, journal: None where nobody asked for them."""

    counts: dict[str, Any]
    tuned: "Age | None"
    asked: dict[str, int]
    calibrations: "dict[Source, Calibration]"
    unfinished: "list[Unfinished]"
    signals: "list[Signal] | None"
    journal: dict[str, Any] | None

    @classmethod
    def of(cls, project: "Project", *, stop: bool, calls: bool) -> "_State":
        """Ask the project."""
        from allabel.finetuning import age

        counts = project.counts()
        n_not_ok = sum(one.reply.status != "ok" for one in project.store.tagged().values()) if counts.tagged else 0
        told = {
            "documents": counts.documents,
            "gold": counts.gold,
            "annotated": counts.annotated,
            "queued": counts.queued,
            "tagged": counts.tagged,
            "not_ok": n_not_ok,
            "stale": len(project.stale()) if counts.tagged else 0,
            "labels": list(project.schema.names),
            "stale_labels": project.stale_labels(),
            "backend": project.settings.backend,
        }
        return cls(
            told,
            age(project),
            _questions(project),
            dict(project.calibrations().by_source),
            project.unfinished(),
            more.stopping(project) if stop else None,
            more.journalled(project) if calls else None,
        )

    def data(self) -> dict[str, Any]:
        """Give it as one object."""
        told = self.counts if self.signals is None else self.counts | {"stopping": more.as_data(self.signals)}
        told = told if self.journal is None else told | {"calls": self.journal}
        return told | {
            "tuned": _tuned_data(self.tuned),
            "questions": self.asked,
            "selections": [_selection_data(one) for one in self.unfinished],
            "calibrations": [{**source._asdict(), **made.to_dict()} for source, made in self.calibrations.items()],
        }

    def lines(self) -> Iterator[str]:
        """Give it in words, a line each."""
        from allabel.calibrating import in_words

        n_not_ok = self.counts["not_ok"]
        for key, value in self.counts.items():
            if key not in {"not_ok", "stale_labels"}:
                note = f", {n_not_ok} of them without a usable reply" if key == "tagged" and n_not_ok else ""
                yield f"{key:10} {', '.join(value) if isinstance(value, list) else value}{note}"
        for line in self.counts["stale_labels"]:
            yield f"problem    {printable(line)}: put it back there, or mend and import those answers anew"
        if self.tuned:
            yield f"tuned      {printable(self.tuned.sentence())}"
        if self.asked["open"] or self.asked["answered"]:
            yield f"questions  {self.asked['open']:,} open, {self.asked['answered']:,} answered"
        for one in self.unfinished:
            yield f"selection  {_selection(one)}"
        for source, made in self.calibrations.items():
            yield f"calibrated {printable(str(source))}: {in_words(made)}"
        if self.journal is not None:
            yield more.calls_in_words(self.journal)
        if self.signals is not None:
            yield more.in_words(self.signals)


def _questions(project: "Project") -> dict[str, int]:
    from allabel.store.questions import count_open, standing

    with project.store.reads() as connection:
        return {"open": count_open(connection), "answered": len(standing(connection))}


def _tuned_data(found: "Age | None") -> dict[str, Any] | None:
    if found is None:
        return None
    tuned, lesson = found.tuned, found.tuned.lesson
    return {
        "model": tuned.model,
        "tagger": tuned.tagger,
        "folder": str(tuned.folder),
        "at": tuned.at.isoformat(),
        "annotated": len(lesson.texts),
        "answered": len(lesson.answers),
        "newer": found.n_newer,
        "labels": list(lesson.labels),
        "held_out_f1": lesson.held_out_f1,
    }


def _selection(one: "Unfinished") -> str:
    asked = one.selection
    told = f"{asked.strategy} {asked.budget} (seed {asked.seed}): "
    if one.problem:
        return f"{told}cannot go on, {one.problem}"
    waiting = counted(one.n_waiting_for, "text")
    return f"{told}round {one.round} of {one.n_rounds} is next, {waiting} to annotate before"


def _selection_data(one: "Unfinished") -> dict[str, Any]:
    asked = one.selection
    return {
        "strategy": asked.strategy,
        "budget": asked.budget,
        "seed": asked.seed,
        "next_round": one.round,
        "rounds": one.n_rounds,
        "waits_for": one.n_waiting_for,
        "problem": one.problem,
    }
