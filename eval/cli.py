"""The command line of this room: `allabel eval`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from allabel.active.levels import Level
    from allabel.active.partial import Partial
    from allabel.runs import Row
    from eval.score import Report


@click.group("eval")
def group() -> None:
    """Compare annotators with numbers."""


@group.command(
    epilog="""\b
Example:
  allabel eval score gold.jsonl tagged.jsonl
  allabel eval score gold.jsonl tagged.jsonl --json > scores.json
  allabel eval score gold.jsonl tagged.jsonl --record runs.jsonl --run may --method "allabel 10 %" --n-texts 120
"""
)
@click.argument("gold", type=click.Path(exists=True, path_type=Path))
@click.argument("pred", type=click.Path(exists=True, path_type=Path))
@click.option("--only-tagged", is_flag=True, help="Leave gold documents that PRED lacks out of the scores.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of a table.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Add the scores to this file of runs.")
@click.option("--run", help="Name of the run, with --record.")
@click.option("--method", help="Name of what is compared, with --record.")
@click.option("--n-texts", type=click.IntRange(min=0), help="Annotated texts that PRED was made from, with --record.")
@click.option("--n-tokens", type=click.IntRange(min=0), help="Their tokens, with --record.")
@click.option("--seed", type=int, default=0, show_default=True, help="The run's seed, with --record.")
@click.option("--data", default="", help="Name of the data set, with --record.")
def score(
    gold: Path,
    pred: Path,
    only_tagged: bool,
    as_json: bool,
    record: Path | None,
    run: str | None,
    method: str | None,
    n_texts: int | None,
    n_tokens: int | None,
    seed: int,
    data: str,
) -> None:
    """Score the predictions in PRED against the gold in GOLD.

    Documents are paired by id. A document that PRED lacks, and a reply that failed, predict nothing and are counted;
    --only-tagged leaves the former out, as for the output of `allabel tag --rest`.
    Prints strict F1 (micro, macro, per label), the partial, type and exact scores of SemEval-2013 task 9.1, value F1
    for document-level gold, and the share of mentions that are not in their text.
    --record adds strict micro, macro and per label F1 and value F1 to a file of runs, one JSON object a line, from
    which curves are drawn; it needs --run, --method and --n-texts.
    """
    # numpy and scipy stay out of `allabel --help`.
    import json

    from eval.score import score_files

    if record is not None and (run is None or method is None or n_texts is None):
        raise click.UsageError("--record needs --run, --method and --n-texts")
    if record is None and (run, method, n_texts, n_tokens) != (None, None, None, None):
        raise click.UsageError("--run, --method, --n-texts and --n-tokens go with --record")
    report = score_files(gold, pred, only_tagged=only_tagged)
    if record is not None:
        from allabel.runs import append

        append(record, _rows(report, run or "", method or "", data, n_texts or 0, n_tokens, seed))
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n" if as_json else report.render()
    click.echo(text, nl=False)


@group.command(
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


def _rows(
    report: "Report", run: str, method: str, data: str, n_texts: int, n_tokens: int | None, seed: int
) -> "list[Row]":
    """Give one row a metric that the gold allows; those of documents without gold offsets have value F1 only."""
    from datetime import UTC, datetime

    from allabel.runs import STRICT_MACRO, STRICT_MICRO, VALUE, Row, of_label

    values = {VALUE: report.values.micro.f1}
    if report.strict is not None:
        values |= {STRICT_MICRO: report.strict.micro.f1, STRICT_MACRO: report.strict.macro_f1}
        values |= {of_label(label): counts.f1 for label, counts in report.strict.per_label.items()}
    now = datetime.now(UTC)
    return [Row(run, method, data, n_texts, seed, metric, f1, now, n_tokens) for metric, f1 in values.items()]
