"""`allabel tag FILE`: a file of any size, block by block, in one process or in many."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import open_project, print_data, refuse_target, say
from allabel.errors import InputError
from allabel.progress import bar

if TYPE_CHECKING:
    from allabel.annotate.base import Annotator
    from allabel.bulk.job import Engine
    from allabel.bulk.notes import Tally
    from allabel.bulk.run import Target
    from allabel.bulk.source import Source, Survey
    from allabel.bulk.task import Task
    from allabel.project import Project

ENGINES = ("local", "ray")


def tag_one_file(
    folder: Path,
    file: Path,
    format: str,
    out: str | None,
    settings: Mapping[str, Any],
    *,
    engine: str,
    workers: int | None,
    block: int | None,
    as_json: bool,
) -> "Tally":
    """Tag a file that is no part of the project, and return the count of its texts."""
    from allabel.bulk.plan import BLOCK_SIZE
    from allabel.bulk.run import Target, Told, tag_file
    from allabel.bulk.source import Source

    target = Target.parse(out) if out else None
    _refuse(folder, file, target, engine, workers, as_json=as_json)
    with open_project(folder, **settings) as project:
        # A broken file is to be found before anything is paid for, and so are labels that do not fit.
        task = _task(project)
        source = Source(file, format)
        survey = source.survey()
        announce(project)
        with _Watch(project, survey, keeps_blocks=target is not None) as watch:
            if target is None:
                tally = _printed(source, survey, task, project.annotator, block or BLOCK_SIZE, watch)
            else:
                told = Told(watch.begins, watch.came_n, say)
                annotator, chosen = project.annotator, _engine(project, engine, workers)
                tally = tag_file(source, survey, target, task, annotator, chosen, told, block_size=block or BLOCK_SIZE)
    if calibrated := task.calibrations.told_of(tally.sources):
        say(calibrated)
    if target is not None:
        _told_where(target, tally)
        if as_json:
            _print(target)
    return tally


def announce(project: "Project") -> None:
    """Say which annotator tags, and of what age a tuned one is."""
    if project.settings.backend == "embedded":
        say("tagging with the embedded annotator, which needs no server; --backend chat asks a language model")
    _ = project.annotator
    if project.settings.backend == "tuned":
        from allabel.finetuning import age

        found = age(project)
        say(f"tagging with {found.sentence()}" if found else "tagging with the tuned model")


class _Watch:
    """What a person sees of a run: what it will take, a bar with rate and time left, what it took."""

    def __init__(self, project: "Project", survey: "Survey", *, keeps_blocks: bool) -> None:
        from allabel.annotate.llm.memory import AsksModel

        self._project, self._survey, self._keeps_blocks = project, survey, keeps_blocks
        self._asks = project.annotator if isinstance(project.annotator, AsksModel) else None
        self._open = ExitStack()
        self._came: Callable[[int], None] = lambda _: None

    def __enter__(self) -> "_Watch":
        return self

    def __exit__(self, kind: type[BaseException] | None, stop: BaseException | None, _: object) -> None:
        self._open.close()
        if isinstance(stop, KeyboardInterrupt) and (self._asks or self._keeps_blocks):
            kept = "every answer that came is kept" if self._asks else "every block that is done is kept"
            stop.add_note(f"{kept}, and the same command goes on from there")
        for line in self._asks.report() if self._asks else []:
            say(line)

    def begins(self, n: int, of: int) -> None:
        """Hear that n texts are to be tagged."""
        if n < of:
            say(f"{of - n:,} of {of:,} texts were tagged before, by the same settings; {n:,} are left")
        sample = self._survey.sample
        if self._asks and n:
            told = self._project.to_tag(sample)
            tokens = [
                None if each is None else round(each * n / len(sample))
                for each in (told.n_prompt_tokens, told.n_output_tokens)
            ]
            say(str(replace(told, n_texts=n, n_prompt_tokens=tokens[0], n_output_tokens=tokens[1])))
        self._came = self._open.enter_context(bar("tagging", n, "texts"))

    def came_n(self, n: int) -> None:
        """Hear that n more are tagged."""
        self._came(n)


def _task(project: "Project") -> "Task":
    from allabel.bulk.task import Task

    calibrations = project.calibrations()
    project.check_labels()
    return Task(project.schema, project.settings, tuple(project.demonstrations()), calibrations)


def _engine(project: "Project", engine: str, workers: int | None) -> "Engine":
    from allabel.bulk.job import local

    if engine == "local":
        return local(project.annotator)
    from allabel.bulk.ray_engine import ray_engine

    return ray_engine(project.annotator, project.settings, project.place, workers)


def _printed(
    source: "Source", survey: "Survey", task: "Task", annotator: "Annotator", size: int, watch: _Watch
) -> "Tally":
    """Print each block as it is tagged; nothing of it is kept."""
    from allabel.bulk.notes import Tally
    from allabel.bulk.task import BlockTagger
    from allabel.formats.tagged import tagged_line

    tagger, tally = BlockTagger(annotator, task), Tally()
    watch.begins(survey.n_documents, survey.n_documents)
    for block in source.blocks(size, range(survey.n_documents), survey):
        for one in tagger.tag(block.documents, lambda _: watch.came_n(1)):
            print_data(tagged_line(one))
            tally.add(one)
    return tally


def _refuse(
    folder: Path, file: Path, target: "Target | None", engine: str, workers: int | None, *, as_json: bool
) -> None:
    """Refuse now, and not after an hour of work, what cannot be."""
    from allabel.bulk.parts import refuse_foreign
    from allabel.bulk.writing import format_of
    from allabel.formats.tagged import refuse_other_format

    if workers and engine == "local":
        raise InputError("--workers is for --engine ray", remedy="add --engine ray, or leave --workers out")
    if engine == "ray" and target is None:
        raise InputError("--engine ray writes parts, and there is no -o OUT", remedy="add -o OUT")
    if not (file.is_file() or file.is_dir()):
        raise InputError("is read twice, and is no file", file=file, remedy="write what comes to a file first")
    if target is None:
        return
    if format_of(target.path) == "parquet" and as_json:
        raise InputError("--json prints JSONL, and OUT is Parquet", remedy="leave one of them out")
    if not target.stays:
        refuse_target(target.path, folder, file)
        if format_of(target.path) == "jsonl":
            refuse_other_format(target.path)
    elif target.folder.resolve() == file.resolve():
        raise InputError("would be written to, and it is read here", file=file, remedy="name another folder")
    refuse_foreign(target.folder)


def _told_where(target: "Target", tally: "Tally") -> None:
    what = f"wrote {tally.n} tagged documents to {target.path}"
    if target.stays:
        what += os.sep
    elif tally.n_failed:
        what += f"; the parts stay in {target.folder}, and the same command tags again those with failed texts"
    say(what)


def _print(target: "Target") -> None:
    """Print what was written, from its files: no more of it is in memory than a line."""
    # By number: from the 100,000th block on it has a digit more, and names are no order.
    parts = sorted(target.folder.glob("part-*.jsonl"), key=lambda path: (len(path.name), path.name))
    files = parts if target.stays else [target.path]
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            for line in file:
                click.echo(line, nl=False)
