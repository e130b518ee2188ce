"""`allabel select`: queue what is worth annotating, with the reason for each text."""

import json
from pathlib import Path
from typing import Any

import click

from allabel.console import open_project, say


@click.command()
@click.option("--budget", required=True, help='"10%", "500" or "20000tokens".')
@click.option("--strategy", default="allabel", show_default=True, help="A name, or a chain: core_set:1,sum_rank:3.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--more", is_flag=True, help="Start another round although the same selection was made before.")
@click.option("--cap", "uncertainty_cap", type=int, help="Tag at most this many texts to measure uncertainty.")
@click.option("--backend", help="The annotator whose uncertainty counts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a text.")
@click.pass_obj
def select(folder: Path, /, budget: str, strategy: str, seed: int, more: bool, as_json: bool, **settings: Any) -> None:
    """Queue the texts that are worth annotating, with the reason for each.

    A stage that needs annotations (U of allabel) waits until what was chosen before is annotated; the same command
    then goes on. Run once more, it shows what it chose and chooses nothing new.
    """
    with open_project(folder, **settings) as project:
        got = project.select(budget, strategy, seed, more=more)
    for pick in got.picks:
        row = {"id": pick.doc_id, "stage": pick.stage, "rank": pick.rank, "score": pick.score, "reason": pick.reason}
        plain = f"{pick.rank:5}  {pick.stage:10}  {pick.doc_id}  {pick.reason}"
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else plain)
    if got.repeated:
        say(f"these {len(got.picks)} texts were chosen before, nothing new is queued")
    else:
        say(f"queued {len(got.picks)} texts")
    if got.waiting_stage:
        say(
            f"the stage {got.waiting_stage} waits for the annotation of {got.n_waiting_for} queued texts: "
            "annotate them, then run the same command again"
        )
    elif got.repeated:
        say("the selection is complete; --more starts another round")
