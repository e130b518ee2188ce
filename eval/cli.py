"""The command line of this room: `allabel eval`."""

import click

from allabel.manners import Group, examples
from eval.commands.active import active
from eval.commands.compare import compare
from eval.commands.data import data
from eval.commands.report import report
from eval.commands.run import run
from eval.commands.score import score
from eval.commands.useful import useful


@click.group(
    "eval",
    cls=Group,
    epilog=examples("allabel eval score gold.jsonl tagged.jsonl", "allabel eval run main.toml --dry-run"),
)
def group() -> None:
    """Compare annotators with numbers."""


for command in (run, compare, report, useful, score, active, data):
    group.add_command(command)
