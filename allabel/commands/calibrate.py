"""`allabel calibrate`: learn from judged texts what scores are worth, so that they read as probabilities."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from allabel.console import open_project, print_data, printable, say, warn
from allabel.errors import InputError
from allabel.manners import OneOf, examples, json_option
from allabel.wording import counted

if TYPE_CHECKING:
    from collections import Counter

    from allabel.annotate.llm.calibration import Calibration
    from allabel.calibrating import Sample, Source
    from allabel.project import Project

Method = Literal["auto", "temperature", "isotonic"]
_MORE = (
    "tag first (allabel tag --rest), then annotate some of the tagged texts (allabel select --strategy uniform "
    "--budget 50), or import gold for them"
)


@click.command(
    short_help="Learn from judged texts what scores are worth.",
    epilog=examples("allabel -p my-project calibrate", "allabel -p my-project calibrate --remove"),
)
@click.option(
    "--method",
    type=OneOf(["auto", "temperature", "isotonic"]),
    default="auto",
    show_default=True,
    help="The curve; auto takes what is better on texts it was not fitted to.",
)
@click.option("--remove", "remove", is_flag=True, help="Forget what was learned: scores are as the model gave them.")
@json_option("one object with calibrations, a list, and left_out; with --remove one with removed.")
@click.pass_obj
def calibrate(folder: Path, method: Method, remove: bool, as_json: bool) -> None:
    """Turn scores into probabilities, learned from tagged texts that have gold or an annotation by now.

    From then on tag, and export of tagged texts, give calibrated scores. The project keeps the model's own.
    """
    from allabel import calibrating

    with open_project(folder) as project:
        if remove:
            there = calibrating.remove(folder)
            say("scores are as the model gave them again" if there else "there was no calibration to remove")
            if as_json:
                print_data({"removed": bool(there)})
            return
        stale = project.stale_labels()
        rows, left_out = learned(project, method)
    if as_json:
        data = [_data(source, sample, made, problem) for source, sample, made, problem in rows]
        print_data({"calibrations": data, "left_out": dict(left_out)})
    else:
        for source, sample, made, problem in rows:
            click.echo(_in_words(source, sample, made, problem))
    for line in stale:
        warn(f"{line}: mentions of it count as wrong")
    for reason, n in left_out.items():
        say(f"left out: {counted(n, 'text')} {reason}")
    if not any(made for _, _, made, _ in rows):
        more = "annotate more of the tagged texts, or import gold for them"
        raise InputError("no calibration could be learned", file=folder, remedy=more)


Row = tuple["Source", "Sample", "Calibration | None", str]


def learned(project: "Project", method: Method) -> "tuple[list[Row], Counter[str]]":
    """Learn a calibration for each source of scores, and keep those that make scores better.

    Returns what came of each, with the reason where none was learned, and what was left out. A source of which too
    little is known keeps what was learned before. Raises InputError where no tagged text has a truth to be judged by.
    """
    from allabel.annotate.llm.calibration import FEWEST
    from allabel.annotate.llm.calibration import calibrate as learn
    from allabel.calibrating import Calibrations

    before = dict(project.calibrations().by_source)
    found, left_out = project.calibration_samples()
    if not found and not left_out:
        raise InputError("no tagged text has gold spans or an annotation", file=project.folder, remedy=_MORE)
    rows: list[Row] = []
    now = dict(before)
    for source, sample in sorted(found.items()):
        made, problem = None, ""
        if not sample.n_scored:
            problem = "no mention has a score: the server gives no log-probabilities"
        elif sample.n_scored < FEWEST:
            problem = f"fewer than {FEWEST} scored mentions: too few to learn from"
        elif sample.n_right in (0, sample.n_scored):
            problem = "all scored mentions are right, or all are wrong: nothing to learn from"
        else:
            made = learn(sample.scores, sample.correct, method, sample.groups)
            now.pop(source, None)
            now |= {source: made} if made.is_better else {}
        if problem and source in before:
            problem += "; what was learned before stays in use"
        rows.append((source, sample, made, problem))
    if now != before:
        Calibrations(now).write(project.folder)
    return rows, left_out


def _in_words(source: "Source", sample: "Sample", made: "Calibration | None", problem: str) -> str:
    from allabel.calibrating import in_words

    seen = f"{counted(sample.n_scored, 'scored mention')} of {counted(sample.n_texts, 'text')}"
    right = f", {sample.n_right / sample.n_scored:.0%} right" if sample.n_scored else ""
    head = f"{printable(str(source))}: {seen}{right}"
    if made is None:
        return f"{head}\n  {problem}"
    verdict = "in use from now on" if made.is_better else "not in use: the scores as they are come nearer"
    return f"{head}\n  {in_words(made)}\n  {verdict}"


def _data(source: "Source", sample: "Sample", made: "Calibration | None", problem: str) -> dict[str, Any]:
    return {
        **source._asdict(),
        "texts": sample.n_texts,
        "mentions": len(sample.scores),
        "scored": sample.n_scored,
        "right": sample.n_right,
        "in_use": made is not None and made.is_better,
        "problem": problem,
        "learned": None if made is None else made.to_dict(),
    }
