"""The command `allabel eval active`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from allabel.active.levels import Level
    from allabel.active.partial import Partial


@click.command(
    epilog="""\b
Example:
  allabel eval active gold.jsonl --tagger crf --partial drop_unknowns --journal run.jsonl
  allabel eval active train.conll --test test.conll --encoder distilbert-base-cased --level entity
"""
)
@click.argument("gold", type=click.Path(exists=True, path_type=Path))
@click.option("--test", type=click.Path(exists=True, path_type=Path), help="Texts with gold to test on.")
@click.option("--held-out", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share, without --test.")
@click.option("--tagger", default="distilbert", show_default=True, help="A tagger, or module:Class.")
@click.option("--encoder", help="The encoder of distilbert: a name on the hub, or a folder.")
@click.option("--query", default="breaking_ties", show_default=True, help="What to ask for first.")
@click.option("--level", default="sentence", show_default=True, help="sentence, entity or token.")
@click.option("--partial", default="mask_unknowns", show_default=True, help="How to learn from parts of sentences.")
@click.option("--imbalance", default="none", show_default=True, help="For rare types: scr, focal and others.")
@click.option("--start", default="random", show_default=True, help="What the first sentences are.")
@click.option("--start-share", default=0.01, show_default=True, help="Their share of the sentences.")
@click.option("--schedule", help="What each round buys.  [default: the paper's 25 rounds]")
@click.option("--rounds", type=click.IntRange(min=0), help="At most so many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Keep the rounds here, and go on.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Add the scores to this file of runs.")
@click.option("--json", "as_json", is_flag=True, help="Print rounds as JSON lines.")
def active(
    gold: Path,
    test: Path | None,
    held_out: float,
    tagger: str,
    encoder: str | None,
    query: str,
    level: str,
    partial: str,
    imbalance: str,
    start: str,
    start_share: float,
    schedule: str | None,
    rounds: int | None,
    seed: int,
    journal: Path | None,
    record: Path | None,
    as_json: bool,
) -> None:
    """Simulate active learning: GOLD plays the expert, and each round trains a tagger and asks what to annotate next.

    Prints, round by round, the words annotated, the estimated time of a person, and strict F1 on the test texts.
    """
    import json
    from functools import partial as partial_of
    from typing import cast

    from allabel.active.design import Design
    from allabel.active.schedules import PAPER
    from allabel.active.tuning import make
    from allabel.config import Finetune
    from allabel.runs import append
    from eval.active import Trial, rows

    trial = Trial.read(gold, test, held_out, seed)
    asked = Finetune(tagger=tagger, encoder=encoder, seed=seed, imbalance=imbalance)
    design = Design(
        query=query,
        level=cast("Level", level),  # checked at the design's birth
        partial=cast("Partial", partial),
        schedule=schedule or PAPER,
        imbalance=imbalance,
        n_rounds=rounds,
        start=start,
        start_share=start_share,
        seed=seed,
        tagger=f"{tagger} {encoder or ''}".strip(),
    )
    if trial.n_left_out:
        click.echo(f"{trial.n_left_out} test texts stand in the pool and were left out", err=True)
    done = []
    # The loop tells each round in words as it comes; data go to standard output alone.
    tell = partial_of(click.echo, err=as_json)
    for one in trial.run(lambda: make(asked, trial.labels), design, journal, tell):
        done.append(one)
        if as_json:
            click.echo(json.dumps(one.to_json()))
    if record is not None:
        append(record, rows(done, gold.name, _method(query, level, tagger, imbalance), gold.name, seed))


def _method(query: str, level: str, tagger: str, imbalance: str) -> str:
    return ", ".join([query, level, tagger, *([imbalance] if imbalance != "none" else [])])
