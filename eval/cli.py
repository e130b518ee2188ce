"""The command line of this room: `allabel eval`."""

from pathlib import Path

import click


@click.group("eval")
def group() -> None:
    """Compare annotators with numbers."""


@group.command(
    epilog="""\b
Example:
  allabel eval score gold.jsonl tagged.jsonl
  allabel eval score gold.jsonl tagged.jsonl --json > scores.json
"""
)
@click.argument("gold", type=click.Path(exists=True, path_type=Path))
@click.argument("pred", type=click.Path(exists=True, path_type=Path))
@click.option("--only-tagged", is_flag=True, help="Leave gold documents that PRED lacks out of the scores.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of a table.")
def score(gold: Path, pred: Path, only_tagged: bool, as_json: bool) -> None:
    """Score the predictions in PRED against the gold in GOLD.

    Documents are paired by id. A document that PRED lacks, and a reply that failed, predict nothing and are counted;
    --only-tagged leaves the former out, as for the output of `allabel tag --rest`.
    Prints strict F1 (micro, macro, per label), the partial, type and exact scores of SemEval-2013 task 9.1, value F1
    for document-level gold, and the share of mentions that are not in their text.
    """
    # numpy and scipy stay out of `allabel --help`.
    import json

    from eval.score import score_files

    report = score_files(gold, pred, only_tagged=only_tagged)
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n" if as_json else report.render()
    click.echo(text, nl=False)
