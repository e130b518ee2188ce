"""The command `allabel demo`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import print_data, say
from allabel.manners import examples, json_option

if TYPE_CHECKING:
    from eval.bootstrap import Interval
    from eval.demo.run import Outcome

MARK = ".allabel-demo"


@click.command(
    short_help="Do the whole job on a small shipped corpus, in FOLDER.",
    epilog=examples("allabel demo", "allabel demo my-demo --json"),
)
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@json_option(
    "one object with folder, page, pool, test, chosen, whole_pool, rest, and points, a list of objects with percent, "
    "texts, tokens, chosen, random and random_tokens; all scores are strict micro F1."
)
def demo(folder: Path, as_json: bool) -> None:
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
    found = run(folder, say)
    if as_json:
        print_data(_data(found, folder))
    else:
        click.echo(_told(found, folder))


def _data(found: "Outcome", folder: Path) -> dict[str, Any]:
    points = [
        {
            "percent": point.percent,
            "texts": point.n_texts,
            "tokens": point.n_tokens,
            "chosen": point.chosen,
            "random": asdict(point.random),
            "random_tokens": asdict(point.random_tokens),
        }
        for point in found.points
    ]
    return {
        "folder": str(folder),
        "page": str(found.page),
        "pool": found.n_pool,
        "test": found.n_test,
        "chosen": found.held_out,
        "whole_pool": found.whole_pool,
        "rest": found.rest,
        "points": points,
    }


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
