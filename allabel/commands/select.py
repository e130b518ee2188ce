"""`allabel select`: queue what is worth annotating, with the reason for each text; `--plan` says what it takes."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.completing import offering, registered, strategies
from allabel.console import open_project, print_data, printable, say
from allabel.errors import InputError
from allabel.manners import OneOf, examples, json_option
from allabel.wording import counted

if TYPE_CHECKING:
    from allabel.document import DocId
    from allabel.project import Project
    from allabel.select.explain import Explanation
    from allabel.select.plan import Plan, StagePlan
    from allabel.selecting import Selected
    from allabel.store.records import Pick

_GROUPS_SHOWN = 5


@click.command(
    short_help="Queue the texts that are worth annotating, with reasons.",
    epilog=examples(
        "allabel -p my-project select --budget 10%",
        "allabel -p my-project select --budget 20min --plan",
        "allabel -p trial select --budget 500 --strategy core_set:1,sum_rank:3",
        "allabel select --list",
    ),
)
@click.option("--budget", help='"10%", "500", "20000tokens", "90min" or "1.5h".')
@click.option(
    "--strategy",
    shell_complete=offering(strategies),
    help="A name, or a chain: core_set:1,sum_rank:3.  [default: adaptive]",
)
@click.option("--list", "only_list", is_flag=True, help="List the strategies; nothing is chosen.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--more", is_flag=True, help="Choose as much again although the same selection was made before.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what it takes; queue nothing and call no language model.")
@click.option("--explain", is_flag=True, help="Say of each text what it does for the others, too.")
@click.option("--cap", "uncertainty_cap", type=int, help="Tag at most this many texts to measure uncertainty.")
@click.option(
    "--duplicates",
    type=OneOf(["drop", "keep"]),
    help="Choose from one of each group of near-duplicates, or from all.  [default: drop]",
)
@click.option("--backend", shell_complete=registered("backends"), help="The annotator whose uncertainty counts.")
@click.option(
    "--retriever",
    shell_complete=registered("retrievers"),
    help="What says how alike texts are: bm25, dense.  [default: bm25]",
)
@json_option(
    "one object a line with id, stage, rank, score and reason, with --explain also explanation; with --list one a "
    "strategy, with name and about; with --plan one with stages and total."
)
@click.pass_obj
def select(
    folder: Path,
    /,
    budget: str | None,
    only_list: bool,
    seed: int,
    more: bool,
    only_plan: bool,
    explain: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Queue the texts that are worth annotating, with the reason for each.

    Most strategies choose in rounds: annotate what is queued, and the same command goes on with the next round. Run
    once more after the last, it shows what it chose and chooses nothing new.
    """
    if only_list:
        click.echo(_listed(folder, as_json))
        return
    if budget is None:
        raise InputError("select needs to know how much to choose", remedy="allabel select --budget 10%")
    with open_project(folder, **settings) as project:
        if only_plan:
            plan = project.plan(budget, seed=seed, more=more)
            click.echo(json.dumps(plan.to_json(), ensure_ascii=False) if as_json else _plan(plan))
            return
        got = project.select(budget, seed=seed, more=more, tell=say)
        explanations = _explanations(project, got.picks) if explain else {}
    width = max((len(pick.stage) for pick in got.picks), default=0)
    for pick in got.picks:
        told = explanations.get(pick.doc_id)
        if as_json:
            print_data(_row(pick, told))
        else:
            click.echo(_plain(pick, told, width))
    _say_how_it_stands(got, folder, _command(folder, budget, settings.get("strategy"), seed))


def _explanations(project: "Project", picks: "Sequence[Pick]") -> "dict[DocId, Explanation]":
    from allabel.select.explain import explain

    pool = project.pool()
    position = {id: i for i, id in enumerate(pool.ids)}
    found = explain(pool, [position[pick.doc_id] for pick in picks], project.similarity(pool.texts))
    return {one.id: one for one in found}


def _row(pick: "Pick", told: "Explanation | None") -> dict[str, Any]:
    row = {"id": pick.doc_id, "stage": pick.stage, "rank": pick.rank, "score": pick.score, "reason": pick.reason}
    if told is None:
        return row
    data = {key: value for key, value in asdict(told).items() if key not in {"id", "position"}}
    return row | {"explanation": data | {"sentence": told.sentence()}}


def _plain(pick: "Pick", told: "Explanation | None", width: int) -> str:
    line = f"{pick.rank:5}  {pick.stage:{width}}  {printable(pick.doc_id)}  {printable(pick.reason)}"
    return line if told is None else f"{line}\n       {printable(told.sentence())}"


def _listed(folder: Path, as_json: bool) -> str:
    from allabel import config
    from allabel.select.listing import strategies

    rows, default = strategies(), config.load(folder).strategy
    if as_json:
        return "\n".join(json.dumps(asdict(row) | {"default": row.name == default}, ensure_ascii=False) for row in rows)
    width = max(len(row.name) for row in rows)
    lines = [f"{'strategy':{width}}  {'annotations':13}  what it chooses"]
    for row in rows:
        needs = "needed first" if row.needs_annotations else f"in {row.n_rounds} rounds" if row.n_rounds > 1 else "none"
        lines.append(f"{row.name:{width}}  {needs:13}  {row.about}{' [default]' if row.name == default else ''}")
        if row.chain:
            lines.append(f"{'':{width}}  {'':13}  = {row.chain}")
    return "\n".join(lines)


def _command(folder: Path, budget: str, strategy: str | None, seed: int) -> str:
    words = ["allabel", *(["-p", str(folder)] if folder != Path() else []), "select", "--budget", budget]
    words += ["--strategy", strategy] if strategy else []
    return shlex.join([*words, "--seed", str(seed)] if seed else words)


def _say_how_it_stands(got: "Selected", folder: Path, command: str) -> None:
    if got.repeated:
        say(f"these {counted(len(got.picks), 'text')} were chosen before, nothing new is queued")
    else:
        for other in (one for one in got.unfinished if not one.problem):
            chosen = other.selection
            say(
                f"round {other.round} of {other.n_rounds} of an earlier selection is still to come; it goes on with "
                + _command(folder, chosen.budget, chosen.strategy, chosen.seed)
            )
        if got.n_left_out:
            say(_left_out(got.n_groups, got.n_left_out))
        if got.n_too_long:
            say(f"{counted(got.n_too_long, 'text')} left out, too long for the whole budget")
        round_ = f", round {got.round} of {got.n_rounds}" if got.n_rounds > 1 else ""
        say(f"queued {counted(len(got.picks), 'text')}{round_}")
    if got.waiting_stage:
        stage, _, _ = got.waiting_stage.partition("#")
        say(
            f"round {got.round + 1} of {got.n_rounds} ({stage}) waits for the annotation of "
            f"{counted(got.n_waiting_for, 'queued text')}: annotate them, then run the same command again: {command}"
        )
    elif got.repeated:
        say("the selection is complete; --more chooses as much again")


def _left_out(n_groups: int, n_texts: int) -> str:
    return (
        f"near-duplicates: {n_groups} groups, {counted(n_texts, 'text')} left out so that one of each is chosen from "
        "(--duplicates keep takes them in)"
    )


def _plan(plan: "Plan") -> str:
    from allabel.select.tagging import ON_BOARD

    if not plan.stages:
        return "nothing is left to do of this selection; --more chooses as much again"
    width = max(14, *(len(stage.stage) + 2 for stage in plan.stages))
    lines = [f"{'stage':{width}}{'texts':>8}{'tokens':>10}{'minutes':>10}"]
    lines += [f"{_amounts(stage, width)}  {_basis(stage)}" for stage in plan.stages]
    if len(plan.stages) > 1:
        lines.append(_amounts(plan.total, width))
    lines.append(f"minutes: {plan.budget.cost}")
    if plan.tagging:
        lines.append(f"uncertainty: {plan.tagging}")
    if plan.total.on_board:
        lines.append(f"uncertainty: {ON_BOARD}")
    if plan.n_left_out:
        lines.append(_left_out(len(plan.groups), plan.n_left_out))
    lines += [f"  {len(group)} alike: {_some(group)}" for group in plan.groups[:_GROUPS_SHOWN]]
    return "\n".join(lines)


def _amounts(stage: "StagePlan", width: int) -> str:
    return f"{stage.stage:{width}}{stage.n_texts:8,}{stage.n_tokens:10,}{stage.minutes:10,.1f}"


def _basis(stage: "StagePlan") -> str:
    waits = f"; up to {stage.n_tagged:,} texts tagged first" if stage.n_tagged else ""
    return ("estimated from the mean length" if stage.estimated else "these very texts") + waits


def _some(group: tuple[str, ...], n: int = 4) -> str:
    return ", ".join(group[:n]) + (f" and {len(group) - n} more" if len(group) > n else "")
