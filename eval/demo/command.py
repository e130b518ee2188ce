"""The command `allabel demo`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from eval.bootstrap import Interval
    from eval.demo.run import Outcome

MARK = ".allabel-demo"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
def demo(folder: Path) -> None:
    """Do the whole job on a small shipped corpus, in FOLDER, and say how good it is.

    A folder of an earlier demo is made anew; any other existing folder is left alone.
    """
    import shutil

    from allabel.errors import InputError
    from eval.demo.run import run

    if folder.exists():
        if not (folder / MARK).exists():
            raise InputError("exists and is no earlier demo", file=folder, remedy="allabel demo ANOTHER_FOLDER")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    found = run(folder, lambda line: click.echo(line, err=True))
    click.echo(_told(found, folder))


def _told(found: "Outcome", folder: Path) -> str:
    ten = next(point for point in found.points if point.percent == 10)

    def interval(i: "Interval") -> str:
        return f"{i.difference:.3f}  (95 % interval of the mean {i.low:.3f} to {i.high:.3f}, 10 seeds)"

    return f"""
strict micro F1 on {found.n_test} held-out sentences, 10 % annotated ({ten.n_texts} sentences, {ten.n_tokens} tokens)
  chosen by adaptive         {found.held_out:.3f}
  at random, as many texts   {interval(ten.random)}
  at random, as many tokens  {interval(ten.random_tokens)}
  the whole pool annotated   {found.whole_pool:.3f}
and {found.rest:.3f} on the rest of the pool, which the project in {folder} has tagged

the page with every tagged sentence and the curve: {found.page}

with your own texts:
  allabel init my-project --labels "Reagent,Solvent,Product"
  allabel -p my-project import my-texts.txt
  allabel -p my-project select --budget 10%"""
