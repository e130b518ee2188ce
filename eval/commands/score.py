"""The command `allabel eval score`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allabel.console import print_data, say
from allabel.manners import FILE, TARGET, examples, json_option

if TYPE_CHECKING:
    from allabel.runs import Row
    from eval.score_text import Report


@click.command(
    epilog=examples(
        "allabel eval score gold.jsonl tagged.jsonl",
        "allabel eval score gold.jsonl tagged.jsonl --json > scores.json",
        "allabel eval score gold.jsonl tagged.jsonl --errors errors.jsonl",
        "allabel eval score gold.jsonl tagged.jsonl --record runs.jsonl --run may --method ours --n-texts 120",
    )
)
@click.argument("gold", type=FILE)
@click.argument("pred", type=FILE)
@click.option("--only-tagged", is_flag=True, help="Leave gold documents that PRED lacks out of the scores.")
@json_option(
    "one object with strict, partial, type, exact, value, confusion, calibration, n_documents, n_proposals, "
    "n_ungrounded, ungrounded_rate, missing, n_failed, statuses, note and others."
)
@click.option("--errors", type=TARGET, help="Write each error to this JSONL file.")
@click.option("--record", type=TARGET, help="Add the scores to this file of runs.")
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
    errors: Path | None,
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
    for document-level gold, the share of mentions that are not in their text, and what the errors are: types taken for
    one another, other boundaries, missed and invented entities. Where proposals have scores it says whether these can
    be believed: the expected calibration error, and the share that is right of those scored about the same.
    --errors writes one error a line: id, kind (type, boundary, both, missed, invented), gold, predicted, context.
    --record adds strict micro, macro and per label F1 and value F1 to a file of runs, one JSON object a line, from
    which curves are drawn; it needs --run, --method and --n-texts.
    """
    # numpy and scipy stay out of `allabel --help`.
    from eval.score import read_scorable
    from eval.score import score as score_pairs

    if record is not None and (run is None or method is None or n_texts is None):
        raise click.UsageError("--record needs --run, --method and --n-texts")
    if record is None and (run, method, n_texts, n_tokens) != (None, None, None, None):
        raise click.UsageError("--run, --method, --n-texts and --n-tokens go with --record")
    pairs = read_scorable(gold, pred, only_tagged=only_tagged)
    report = score_pairs(pairs)
    if errors is not None:
        from eval.mistakes import write_mistakes

        say(f"{errors}: {write_mistakes(pairs, errors)} errors")
    if record is not None:
        from allabel.runs import append

        append(record, _rows(report, run or "", method or "", data, n_texts or 0, n_tokens, seed))
    if as_json:
        print_data(report.to_dict())
    else:
        click.echo(report.render(), nl=False)


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
