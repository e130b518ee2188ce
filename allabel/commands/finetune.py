"""`allabel finetune`: train a tagger of the project's own, and have it ask what it wants to know."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.completing import offering, rare_types, registered
from allabel.console import open_project, print_data, say, warn
from allabel.errors import InputError
from allabel.manners import examples, json_option
from allabel.wording import counted

if TYPE_CHECKING:
    from allabel.active.questions import Wanted
    from allabel.finetuning import Finetuned
    from allabel.project import Project


@click.command(
    short_help="Train a tagger of your own on the annotated texts.",
    epilog=examples(
        "allabel -p my-project finetune --tagger crf",
        "allabel -p my-project finetune --encoder distilbert-base-cased --epochs 20",
        "allabel -p my-project finetune --tagger crf --ask 50entities",
    ),
)
@click.option(
    "--tagger",
    shell_complete=registered("taggers"),
    help="distilbert, crf, softmax, bilstm, bilstm_crf, cnn_cnn_lstm, or module:Class.  [distilbert]",
)
@click.option("--encoder", help="The Hugging Face encoder of distilbert, by name or folder.  [distilbert-base-cased]")
@click.option("--epochs", type=int, help="Pass over the texts so often at most.  [default: the tagger's own]")
@click.option("--learning-rate", type=float, help="[default: the tagger's own]")
@click.option("--batch", type=int, help="Sentences in a training step.  [default: the tagger's own]")
@click.option("--seed", type=int, help="Of all that is drawn.  [default: 0]")
@click.option("--crf/--no-crf", default=None, help="Let a CRF decide on the tags.  [default: the tagger's own]")
@click.option(
    "--imbalance",
    shell_complete=offering(rare_types),
    help="For rare types: scr, nscrd, augmentation, focal and others.  [default: none]",
)
@click.option("--device", help="cpu, cuda, cuda:1 and the like.  [default: a GPU where there is one]")
@click.option("--ask", "ask_for", help="Then ask people about the words it is least sure of: 200tokens, 50entities.")
@click.option("--query", shell_complete=registered("queries"), help="What chooses them.  [default: breaking_ties]")
@click.option("--again", is_flag=True, help="Train anew although nothing is new.")
@json_option(
    "one object with model, tagger, folder, trained (false where it had learned all of this), texts, words, entities, "
    "seconds, held_out_f1 and asked, the number of questions."
)
@click.pass_obj
def finetune(
    folder: Path, /, ask_for: str | None, query: str | None, again: bool, as_json: bool, **options: Any
) -> None:
    """Train a tagger on the annotated texts and the answered questions, for the backend tuned.

    The model is kept in the project's folder tuned/. Ctrl+C leaves the one before in place.
    """
    from allabel.active.questions import Wanted
    from allabel.finetuning import QUERY, ask

    wanted = None if ask_for is None else Wanted.parse(ask_for)
    if query is not None and wanted is None:
        raise InputError("--query chooses questions, and none are asked for", remedy="add --ask 50entities")
    given = {name: value for name, value in options.items() if value is not None}
    n_asked = 0
    with open_project(folder, finetune=given or None) as project:
        _check(project, given, wanted, query or QUERY)
        done = _trained(project, again=again)
        for line in _in_words(done):
            say(line)
        if wanted is not None:
            n_asked = ask(project, wanted, query=query or QUERY, seed=project.settings.finetune.seed)
            level = "single words" if wanted.level == "token" else "entities"
            nothing = "" if n_asked else ": nothing is left to ask about"
            say(f"asked {counted(n_asked, 'question')} on {level}{nothing}")
    _say_what_is_next(folder, asked=wanted is not None)
    if as_json:
        print_data(_data(done, n_asked))


def _say_what_is_next(folder: Path, *, asked: bool) -> None:
    at = ["allabel", *(["-p", str(folder)] if folder != Path() else [])]
    say(f"next: {shlex.join([*at, 'tag', '--rest', '--backend', 'tuned', '-o', 'tagged.jsonl'])}")
    if asked:
        say(f"      {shlex.join([*at, 'app'])}, page Questions; then the same command again")


def _check(project: "Project", given: dict[str, Any], wanted: "Wanted | None", query: str) -> None:
    """Find before an hour of training what would be found after it. Options that only the file has are told of."""
    from allabel.active.imbalance.methods import NONE, check_method
    from allabel.active.questions import check_query
    from allabel.active.tuning import tagger_class, unused

    asked = project.settings.finetune
    check_method(asked.imbalance or NONE)
    for name in unused(asked):
        if name in given:
            flag = f"--{name.replace('_', '-')}"
            raise InputError(f"the tagger {asked.tagger} has no use for {flag}", remedy=f"leave {flag} out")
        warn(f"the tagger {asked.tagger} has no use for {name!r} of the settings [finetune]")
    if wanted is not None:
        check_query(query, wanted.level, tagger_class(asked.tagger))


def _trained(project: "Project", *, again: bool) -> "Finetuned":
    from allabel.active.tuning import resumes
    from allabel.finetuning import finetune as train

    going_on = resumes(project.settings.finetune.tagger)
    try:
        return train(project, say, again=again)
    except KeyboardInterrupt as stop:
        on = "; the same command goes on after the last epoch that was told of" if going_on else ""
        stop.add_note(f"the tuned model is the one from before{on}")
        raise


def _data(done: "Finetuned", n_asked: int) -> dict[str, Any]:
    lesson = done.tuned.lesson
    return {
        "model": done.tuned.model,
        "tagger": done.tuned.tagger,
        "folder": str(done.tuned.folder),
        "trained": done.fitted is not None,
        "texts": lesson.n_sentences,
        "words": lesson.n_words,
        "entities": lesson.n_entities,
        "seconds": lesson.seconds,
        "held_out_f1": lesson.held_out_f1,
        "asked": n_asked,
    }


def _in_words(done: "Finetuned") -> list[str]:
    lesson = done.tuned.lesson
    lines = []
    if done.n_blank:
        lines.append(f"left out: {counted(done.n_blank, 'text')} without a word")
    if done.n_unknown:
        lines.append(f"left out: {counted(done.n_unknown, 'answer')} with a label that is not in labels.toml any more")
    if done.fitted is None:
        return [*lines, f"{done.tuned.model} has learned all of this already; --again trains anew"]
    f1 = "" if lesson.held_out_f1 is None else f"held-out F1 {lesson.held_out_f1:.3f}, "
    learned = (
        f"{counted(lesson.n_sentences, 'text')}, {counted(lesson.n_words, 'word')}, {lesson.n_entities:,} entities"
    )
    parts = f", {counted(len(lesson.answers), 'text')} of them known in part" if lesson.answers else ""
    return [
        *lines,
        f"learned from {learned}{parts} in {lesson.seconds:.1f} s; {f1}{done.fitted.stopped}",
        f"{done.tuned.model} is in {done.tuned.folder}",
    ]
