"""`allabel status`: how far the project is, and whether to go on annotating."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import open_project, say
from allabel.select.wording import counted

if TYPE_CHECKING:
    from allabel.project import Project
    from allabel.selecting import Unfinished
    from allabel.stopping.base import Signal


@click.command()
@click.option("--stop", "stop", is_flag=True, help="Work out whether more annotation is worth it (some seconds).")
@click.option("--json", "as_json", is_flag=True, help="Print data.")
@click.pass_obj
def status(folder: Path, stop: bool, as_json: bool) -> None:
    """Say how far the project is, and with --stop whether more annotation is worth it."""
    with open_project(folder) as project:
        counts = project.counts()
        data: dict[str, Any] = {
            "documents": counts.documents,
            "gold": counts.gold,
            "annotated": counts.annotated,
            "queued": counts.queued,
            "tagged": counts.tagged,
            "labels": list(project.schema.names),
            "backend": project.settings.backend,
        }
        unfinished = project.unfinished()
        signals = stopping(project) if stop else []
    if as_json:
        told = {"stopping": _as_data(signals)} if stop else {}
        selections = {"selections": [_selection_data(one) for one in unfinished]}
        click.echo(json.dumps(data | selections | told, ensure_ascii=False))
        return
    for key, value in data.items():
        click.echo(f"{key:10} {', '.join(value) if isinstance(value, list) else value}")
    for one in unfinished:
        click.echo(f"selection  {_selection(one)}")
    if stop:
        click.echo(_in_words(signals))
    else:
        say("allabel status --stop works out whether more annotation is worth it (some seconds)")


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


def stopping(project: "Project") -> "list[Signal]":
    """Return the project's four stop signals; what is being worked out is said on standard error.

    They are measured with the embedded annotator, whatever backend tags: it learns anew in about a second.
    """
    from allabel.annotate.backends import embedded
    from allabel.stopping.rounds import rounds
    from allabel.stopping.signals import stop_signals

    picks = sorted(project.store.picks(), key=lambda pick: (pick.selection_id, pick.rank))
    stages: dict[tuple[int, str], int] = {}
    for pick in picks:
        stages.setdefault((pick.selection_id, pick.stage), len(stages))
    return stop_signals(
        project.pool(),
        project.demonstrations(),
        rounds(project.store.annotations(), {p.doc_id: stages[p.selection_id, p.stage] for p in picks}),
        embedded(project.schema, project.settings),
        project.similarity,
        shots=project.settings.shots,
        progress=say,
    )


def _as_data(signals: "list[Signal]") -> dict[str, Any]:
    from allabel.stopping.base import overall

    rows = [
        {"signal": s.name, "verdict": s.verdict.value, "sentence": s.sentence, "values": dict(s.values)}
        for s in signals
    ]
    return {"signals": rows, "overall": overall(signals), "measured_with": "embedded"}


def _in_words(signals: "list[Signal]") -> str:
    from allabel.stopping.base import overall

    lines = ["", "when to stop (measured with the embedded annotator)"]
    lines += [f"  {s.verdict.value:11}  {s.name}: {s.sentence}" for s in signals]
    return "\n".join([*lines, f"  {overall(signals)}"])
