"""`allabel status`: how far the project is, and whether to go on annotating."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import open_project, printable, say
from allabel.select.wording import counted

if TYPE_CHECKING:
    from allabel.finetuning import Age
    from allabel.project import Project
    from allabel.selecting import Unfinished
    from allabel.stopping.base import Signal


@click.command()
@click.option("--stop", "stop", is_flag=True, help="Work out whether more annotation is worth it (some seconds).")
@click.option("--calls", "calls", is_flag=True, help="Sum up what language models were asked, and what it took.")
@click.option("--json", "as_json", is_flag=True, help="Print data.")
@click.pass_obj
def status(folder: Path, stop: bool, calls: bool, as_json: bool) -> None:
    """Say how far the project is, and with --stop whether more annotation is worth it."""
    from allabel.calibrating import in_words
    from allabel.finetuning import age

    with open_project(folder) as project:
        counts = project.counts()
        data: dict[str, Any] = {
            "documents": counts.documents,
            "gold": counts.gold,
            "annotated": counts.annotated,
            "queued": counts.queued,
            "tagged": counts.tagged,
            "not_ok": sum(one.reply.status != "ok" for one in project.store.tagged().values()) if counts.tagged else 0,
            "stale": len(project.stale()) if counts.tagged else 0,
            "labels": list(project.schema.names),
            "stale_labels": project.stale_labels(),
            "backend": project.settings.backend,
        }
        tuned = age(project)
        asked = _questions(project)
        calibrations = project.calibrations().by_source
        unfinished = project.unfinished()
        signals = stopping(project) if stop else []
        journal = journalled(project) if calls else {}
    if as_json:
        told: dict[str, Any] = {"stopping": _as_data(signals)} if stop else {}
        told |= {"calls": journal} if calls else {}
        told |= {"tuned": _tuned_data(tuned), "questions": asked}
        told |= {"selections": [_selection_data(one) for one in unfinished]}
        told |= {"calibrations": [{**source._asdict(), **made.to_dict()} for source, made in calibrations.items()]}
        click.echo(json.dumps(data | told, ensure_ascii=False))
        return
    stale_labels, not_ok = data.pop("stale_labels"), data.pop("not_ok")
    for key, value in data.items():
        more = f", {not_ok} of them without a usable reply" if key == "tagged" and not_ok else ""
        click.echo(f"{key:10} {', '.join(value) if isinstance(value, list) else value}{more}")
    for line in stale_labels:
        click.echo(f"problem    {printable(line)}: put it back there, or mend and import those answers anew")
    if tuned:
        click.echo(f"tuned      {printable(tuned.sentence())}")
    if asked["open"] or asked["answered"]:
        click.echo(f"questions  {asked['open']:,} open, {asked['answered']:,} answered")
    for one in unfinished:
        click.echo(f"selection  {_selection(one)}")
    for source, made in calibrations.items():
        click.echo(f"calibrated {printable(str(source))}: {in_words(made)}")
    if calls:
        click.echo(_calls_in_words(journal))
    if stop:
        click.echo(_in_words(signals))
    else:
        say("allabel status --stop works out whether more annotation is worth it (some seconds)")


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


def journalled(project: "Project") -> dict[str, Any]:
    """Return the journal of calls in figures; money by the settings' prices, None where no model has one."""
    summary, prices = project.store.calls_summary(), project.settings.prices
    priced = [
        (prices[m.model].prompt * m.n_prompt_tokens + prices[m.model].output * m.n_output_tokens) / 1e6
        for m in summary.models
        if m.model in prices
    ]
    return {
        "texts": summary.n_calls,
        "requests": summary.n_requests,
        "statuses": dict(summary.by_status),
        "prompt_tokens": summary.n_prompt_tokens,
        "output_tokens": summary.n_output_tokens,
        "latency_p50_s": summary.latency_p50_s,
        "latency_p95_s": summary.latency_p95_s,
        "money": sum(priced) if priced else None,
        "models": {
            m.model: {"texts": m.n_calls, "prompt_tokens": m.n_prompt_tokens, "output_tokens": m.n_output_tokens}
            for m in summary.models
        },
        "without_price": [m.model for m in summary.models if m.model not in prices],
    }


def _calls_in_words(journal: dict[str, Any]) -> str:
    if not journal["texts"]:
        return "\nno language model was asked yet"
    statuses = ", ".join(f"{n:,} {status}" for status, n in journal["statuses"].items())
    lines = [
        "",
        "what language models were asked",
        f"  texts      {journal['texts']:,}: {statuses}",
        f"  requests   {journal['requests']:,}",
        f"  tokens     {journal['prompt_tokens']:,} in prompts, {journal['output_tokens']:,} in outputs",
    ]
    if journal["latency_p50_s"] is not None:
        lines.append(f"  latency    median {journal['latency_p50_s']:.2f} s, 95 % {journal['latency_p95_s']:.2f} s")
    if journal["money"] is not None:
        missing = journal["without_price"]
        lines.append(f"  money      {journal['money']:.4g}" + (f", without {', '.join(missing)}" if missing else ""))
    return "\n".join([*lines, f"  models     {', '.join(journal['models'])}"])


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
