"""The command `allabel eval useful`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import print_data, say
from allabel.manners import RUN_FOLDER, examples, json_option

if TYPE_CHECKING:
    from allabel.reply import Reply
    from eval.experiments.measured import Measured
    from eval.experiments.run_folder import RunFolder
    from eval.usefulness import Usefulness


@click.command(
    short_help="Say which demonstrations of a run help and which hurt.",
    epilog=examples(
        'allabel eval useful runs/main --arm "on board" --budget 5% --plan',
        "allabel eval useful runs/main --arm SmolLM2 --budget 5% --seed 1 --json",
    ),
)
@click.argument("run_folder", type=RUN_FOLDER)
@click.option("--arm", required=True, help="The annotator, as the experiment names it.")
@click.option("--budget", required=True, help="As the experiment has it: 5%.")
@click.option("--data", help="The data set.  [default: the first]")
@click.option("--strategy", help="What chose the texts.  [default: the first]")
@click.option("--seed", type=int, help="The resampled pool.  [default: the first]")
@click.option("--plan", is_flag=True, help="Say how many texts would be tagged again, and do nothing.")
@json_option(
    "one object a line, a demonstration with id, n_texts, with, without, gain, low, high and hurts; with --plan one "
    "with demonstrations, shown and texts."
)
def useful(
    run_folder: Path,
    arm: str,
    budget: str,
    data: str | None,
    strategy: str | None,
    seed: int | None,
    plan: bool,
    as_json: bool,
) -> None:
    """Say which demonstrations of a run help and which hurt, the most harmful first.

    Each is left out in turn, and the test texts that it was shown for are tagged again: leave-one-out on held-out gold.
    """
    import numpy as np

    from eval.experiments.cell import ArmAnnotator
    from eval.experiments.run_folder import RunFolder
    from eval.simulate import demonstrations
    from eval.usefulness import planned, usefulness

    run = RunFolder.open(run_folder)
    one = _found(run, {"arm": arm, "budget": budget, "data": data, "strategy": strategy, "seed": seed})
    shown, replies = demonstrations(run.annotated(one)), run.replies(one)
    _refuse_unshown(arm, replies)
    if one.by_value:
        say("what follows is of spans by strict F1; the run's own score is of values")
    expected = planned(shown, replies)
    told = {"demonstrations": len(shown), "shown": len(expected.served), "texts": expected.n_texts}
    shown_for = f"{told['shown']} of {told['demonstrations']} demonstrations were shown for a test text"
    say(f"{one.spot}: {shown_for}; {told['texts']:,} texts are tagged again")
    if plan:
        if as_json:
            print_data(told)
        return
    annotator = ArmAnnotator(run.experiment, run.cell(one), run.files).made()
    rng = np.random.default_rng(one.spot.seed)
    found = usefulness(annotator, shown, run.test_documents(one), replies, rng)
    if as_json:
        for each in found:
            print_data(_data(each))
    else:
        click.echo(_table(found))


def _refuse_unshown(arm: str, replies: "Sequence[Reply]") -> None:
    from allabel.errors import InputError

    if not any(reply.demonstrations for reply in replies):
        raise InputError(
            f"{arm} is shown no demonstrations: it was trained on them, or its predictions are recorded",
            remedy="name one that is: embedded, chat or vllm",
        )


def _data(each: "Usefulness") -> dict[str, Any]:
    line = {"id": each.id, "n_texts": each.n_texts, "with": each.with_it, "without": each.without_it}
    return line | {"gain": each.gain.difference, "low": each.gain.low, "high": each.gain.high, "hurts": each.hurts}


def _table(found: "Sequence[Usefulness]") -> str:
    from eval.table import aligned

    rows = [["demonstration", "texts", "F1 with it", "without", "gain", "95 %", ""]]
    for each in found:
        points = [f"{100 * x:+.1f}" for x in (each.gain.difference, each.gain.low, each.gain.high)]
        scores = [f"{100 * x:.1f}" for x in (each.with_it, each.without_it)]
        rows.append(
            [each.id, str(each.n_texts), *scores, points[0], f"{points[1]} to {points[2]}", "hurts" * each.hurts]
        )
    return aligned(rows)


def _found(run: "RunFolder", wanted: dict[str, object]) -> "Measured":
    """Return the first result that is as wanted; None is any. Raises UnknownNameError naming what there is."""
    from allabel.errors import UnknownNameError
    from allabel.plugins import nearest

    left = run.measured()
    for name, value in wanted.items():
        known = list(dict.fromkeys(str(getattr(one.spot, name)) for one in left))
        left = [one for one in left if value is None or getattr(one.spot, name) == value]
        if not left:
            raise UnknownNameError(f"no result has the {name} {value!r}", remedy=nearest(str(value), known))
    return left[0]
