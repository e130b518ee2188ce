"""The command `allabel eval active`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allabel.completing import offering, rare_types, registered, strategies
from allabel.console import print_data, say
from allabel.manners import FILE, TARGET, OneOf, examples, json_option

if TYPE_CHECKING:
    from allabel.active.design import Design
    from allabel.active.levels import Level
    from allabel.active.partial import Partial

LEVELS = ("sentence", "entity", "token")
PARTIAL = ("mask_unknowns", "drop_unknowns", "mask_entity_like", "drop_entity_like")


def starts() -> list[str]:
    """Return the names of ways to begin."""
    return ["random", "nnp_guided", "lm_guided", *strategies()]


@click.command(
    short_help="Simulate active learning on gold, round by round.",
    epilog=examples(
        "allabel eval active gold.jsonl --tagger crf --partial drop_unknowns --journal run.jsonl",
        "allabel eval active train.conll --test test.conll --encoder distilbert-base-cased --level entity",
    ),
)
@click.argument("gold", type=FILE)
@click.option("--test", type=FILE, help="Texts with gold to test on.")
@click.option("--held-out", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share, without --test.")
@click.option(
    "--tagger",
    default="distilbert",
    show_default=True,
    shell_complete=registered("taggers"),
    help="A tagger, or module:Class.",
)
@click.option("--encoder", help="The encoder of distilbert: a name on the hub, or a folder.")
@click.option(
    "--query",
    default="breaking_ties",
    show_default=True,
    shell_complete=registered("queries"),
    help="What to ask for first.",
)
@click.option("--level", type=OneOf(LEVELS), default="sentence", show_default=True, help="What is annotated at once.")
@click.option(
    "--partial",
    type=OneOf(PARTIAL),
    default="mask_unknowns",
    show_default=True,
    help="How to learn from parts of sentences.",
)
@click.option(
    "--imbalance",
    default="none",
    show_default=True,
    shell_complete=offering(rare_types),
    help="For rare types: scr, focal and others.",
)
@click.option(
    "--start",
    default="random",
    show_default=True,
    shell_complete=offering(starts),
    help="What the first sentences are.",
)
@click.option("--start-share", default=0.01, show_default=True, help="Their share of the sentences.")
@click.option("--schedule", help="What each round buys.  [default: the paper's 25 rounds]")
@click.option("--rounds", type=click.IntRange(min=0), help="At most so many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--journal", type=TARGET, help="Keep the rounds here, and go on.")
@click.option("--record", type=TARGET, help="Add the scores to this file of runs.")
@json_option("one object a line, a round with number, n_sentences, n_words, share, seconds, scores and others.")
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
    from allabel.active.tuning import make
    from allabel.config import Finetune
    from allabel.runs import append
    from eval.active import Trial, rows

    trial = Trial.read(gold, test, held_out, seed)
    asked = Finetune(tagger=tagger, encoder=encoder, seed=seed, imbalance=imbalance)
    design = _design(
        query, level, partial, schedule, imbalance, rounds, start, start_share, seed, f"{tagger} {encoder or ''}"
    )
    if trial.n_left_out:
        say(f"{trial.n_left_out} test texts stand in the pool and were left out")
    done = []
    # The loop tells each round in words as it comes; data go to standard output alone.
    tell = say if as_json else click.echo
    try:
        for one in trial.run(lambda: make(asked, trial.labels), design, journal, tell):
            done.append(one)
            if as_json:
                print_data(one.to_json())
    except KeyboardInterrupt as stop:
        if journal is not None:
            stop.add_note(f"{len(done)} rounds are kept in {journal}, and the same command goes on from there")
        raise
    if record is not None:
        append(record, rows(done, gold.name, _method(query, level, tagger, imbalance), gold.name, seed))


def _design(
    query: str,
    level: str,
    partial: str,
    schedule: str | None,
    imbalance: str,
    n_rounds: int | None,
    start: str,
    start_share: float,
    seed: int,
    tagger: str,
) -> "Design":
    from typing import cast

    from allabel.active.design import Design
    from allabel.active.schedules import PAPER

    return Design(
        query=query,
        level=cast("Level", level),  # checked at the design's birth
        partial=cast("Partial", partial),
        schedule=schedule or PAPER,
        imbalance=imbalance,
        n_rounds=n_rounds,
        start=start,
        start_share=start_share,
        seed=seed,
        tagger=tagger.strip(),
    )


def _method(query: str, level: str, tagger: str, imbalance: str) -> str:
    return ", ".join([query, level, tagger, *([imbalance] if imbalance != "none" else [])])
