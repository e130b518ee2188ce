"""The command line: `allabel`. Heavy rooms are imported by the commands that need them."""

import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel import __version__
from allabel.console import FILE, FOLDER, open_project, refuse_none, refuse_target, say
from allabel.errors import AllabelError, InputError
from allabel.telemetry import report_nothing

if TYPE_CHECKING:
    from allabel.document import Document


class Commands(click.Group):
    """The commands of this module and those of the entry points `allabel.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command's name."""
        return sorted({*super().list_commands(ctx), *(p.name for p in entry_points(group="allabel.commands"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name, None where there is none."""
        own = super().get_command(ctx, cmd_name)
        for point in () if own else entry_points(group="allabel.commands", name=cmd_name):
            loaded: click.Command = point.load()
            return loaded
        return own


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-p", "--project", "folder", type=FOLDER, default=Path(), help="The project folder.  [default: here]")
@click.version_option(__version__)
@click.pass_context
def cli(ctx: click.Context, folder: Path) -> None:
    """Choose what to annotate, annotate it, and have the rest tagged by retrieved demonstrations."""
    ctx.obj = folder


@cli.command()
@click.argument("folder", type=FOLDER)
@click.option("--labels", required=True, help='A labels.toml, or names: "Chemical,Disease".')
def init(folder: Path, labels: str) -> None:
    """Make a project in FOLDER."""
    from allabel.project import Project
    from allabel.schema import LabelSchema

    with Project.create(folder, LabelSchema.parse(labels)) as project:
        say(f"made {folder} with the labels {', '.join(project.schema.names)}")


@cli.command("import")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--format",
    "format_",
    default="auto",
    help="One of those in docs/how-to/formats.md.  [default: found from the file]",
)
@click.option(
    "--as", "role", type=click.Choice(["texts", "gold", "annotations"]), help="[default: gold if there is any]"
)
@click.option("--flat", is_flag=True, help="Of overlapping spans keep the longest.")
@click.pass_obj
def import_(folder: Path, files: tuple[Path, ...], format_: str, role: Any, flat: bool) -> None:
    """Add documents, all files or none. Gold is kept apart: it scores and simulates, and is no demonstration."""
    from allabel.formats.registry import read_documents

    with open_project(folder) as project, project.store.transaction():
        for file in files:
            got = project.import_records(read_documents(file, format_), file, role, flat=flat)
            kept = f"; {got.answers} answers kept as {got.role}" if got.answers else ""
            without = f", {got.read - got.answers} documents carry none" if 0 < got.answers < got.read else ""
            say(f"{file}: read {got.read} documents, {got.new} new{kept}{without}")


@cli.command()
@click.option("--from-gold", is_flag=True, required=True, help="The gold of the queued texts becomes their annotation.")
@click.pass_obj
def annotate(folder: Path, from_gold: bool) -> None:
    """Annotate what is queued, by the simulated expert."""
    with open_project(folder) as project:
        say(f"annotated {project.annotate_from_gold()} texts from gold")


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_", default="auto", help="[default: by the file's name]")
@click.option(
    "--what",
    type=click.Choice(["annotations", "gold", "tagged", "questions"]),
    default="annotations",
    show_default=True,
    help="questions: what was answered about single words.",
)
@click.pass_obj
def export(folder: Path, file: Path, format_: str, what: str) -> None:
    """Write the project's annotations, gold, latest tagging or answered questions to FILE."""
    from allabel.formats.files import write_atomically
    from allabel.formats.registry import write_documents
    from allabel.formats.tagged import refuse_other_format, write_tagged

    refuse_target(file, folder, None)
    if what == "questions" and (format_ not in {"auto", "jsonl"} or file.suffix.lower() != ".jsonl"):
        raise InputError("answers to questions are written as JSONL", file=file, remedy="name it FILE.jsonl")
    if what == "tagged" and format_ not in {"auto", "jsonl"}:
        raise InputError(f"tagged output is JSONL, not {format_}", remedy="leave --format out; allabel convert goes on")
    if what == "tagged" and format_ == "auto":
        refuse_other_format(file)
    with open_project(folder) as project:
        if what == "tagged":
            tagged = list(project.tagged().values())
            refuse_none(len(tagged), what, folder)
            write_tagged(tagged, file)
            if calibrated := project.calibrations().told(tagged):
                say(calibrated)
            n = len(tagged)
        elif what == "questions":
            from allabel.finetuning import answer_rows

            rows = answer_rows(project)
            refuse_none(len(rows), "answers to questions", folder)
            with write_atomically(file) as out:
                out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            say(f"wrote {len(rows)} answers to {file}")
            return
        else:
            documents = project.annotated() if what == "annotations" else list(project.store.gold().values())
            refuse_none(len(documents), what, folder)
            write_documents(documents, file, format_)
            n = len(documents)
    say(f"wrote {n} documents to {file}")


@cli.command()
@click.argument("source", type=FILE)
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--from", "from_", default="auto", help="[default: found from the file]")
@click.option("--to", default="auto", help="[default: by the target's name]")
def convert(source: Path, target: Path, from_: str, to: str) -> None:
    """Convert SOURCE to TARGET: JSONL, CoNLL, CSV, text, Parquet, and the formats of other tools.

    Those are brat, doccano, Hugging Face, Label Studio, Prodigy and spaCy: docs/how-to/formats.md.
    """
    from allabel.formats.registry import read_documents, write_documents

    refuse_target(target, None, source)
    n = 0

    def documents() -> "Iterator[Document]":
        nonlocal n
        for record in read_documents(source, from_):
            n += 1
            yield record.document

    write_documents(documents(), target, to)
    say(f"wrote {n} documents to {target}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print data.")
@click.pass_obj
def doctor(folder: Path, as_json: bool) -> None:
    """Check the installation and, where there is one, the project."""
    from allabel.doctor import examine

    findings = examine(folder)
    if as_json:
        click.echo(json.dumps([{"ok": f.ok, "what": f.what, "says": f.says} for f in findings], ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}: {finding.says}")
    if not all(finding.ok for finding in findings):
        raise AllabelError("doctor found something to mend")


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {message}")


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 wrong use or bad input."""
    warnings.showwarning = _show_warning
    report_nothing()
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="allabel")
    except AllabelError as error:
        say(f"error: {error}")
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        say(f"error: {error.filename or 'the system'}: {error.strerror}")
        sys.exit(1)
