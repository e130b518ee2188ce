"""`allabel import`, `export` and `convert`: documents out of files, and into them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.completing import FORMATS
from allabel.console import open_project, print_data, refuse_none, refuse_target, say
from allabel.errors import InputError
from allabel.manners import FILE, OneOf, examples, json_option
from allabel.progress import counted_on
from allabel.wording import counted

if TYPE_CHECKING:
    from allabel.document import Document
    from allabel.project import Project

WHAT = ("annotations", "gold", "tagged", "entities", "questions")
_UNITS = {"entities": ("entity", "entities"), "questions": ("answer", "answers")}


@click.command(
    "import",
    epilog=examples(
        "allabel -p my-project import texts.txt",
        "allabel -p my-project import annotated.jsonl --as annotations",
        "allabel -p trial import gold.conll --format conll --as gold",
    ),
)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--format",
    "format_",
    default="auto",
    shell_complete=FORMATS,
    help="One of those in docs/how-to/formats.md.  [default: found from the file]",
)
@click.option("--as", "role", type=OneOf(["texts", "gold", "annotations"]), help="[default: gold if there is any]")
@click.option("--flat", is_flag=True, help="Of overlapping spans keep the longest.")
@json_option("one object with files, a list of objects with file, role, read, new and answers.")
@click.pass_obj
def import_(folder: Path, files: tuple[Path, ...], format_: str, role: Any, flat: bool, as_json: bool) -> None:
    """Add documents, all files or none. Gold is kept apart: it scores and simulates, and is no demonstration."""
    from allabel.formats.registry import read_documents

    rows = []
    with open_project(folder) as project, project.store.transaction():
        for file in files:
            records = counted_on(f"reading {file.name}", read_documents(file, format_), "documents")
            got = project.import_records(records, file, role, flat=flat)
            kept = f"; {got.answers} answers kept as {got.role}" if got.answers else ""
            without = f", {got.read - got.answers} documents carry none" if 0 < got.answers < got.read else ""
            say(f"{file}: read {counted(got.read, 'document')}, {got.new} new{kept}{without}")
            rows.append({"file": str(file), "role": got.role, "read": got.read, "new": got.new, "answers": got.answers})
    if as_json:
        print_data({"files": rows})


@click.command(
    short_help="Write annotations, tagged texts or entities to FILE.",
    epilog=examples(
        "allabel -p my-project export annotated.conll",
        "allabel -p my-project export tagged.jsonl --what tagged",
        "allabel -p my-project export entities.csv --what entities",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_", default="auto", shell_complete=FORMATS, help="[default: by the file's name]")
@click.option(
    "--what",
    type=OneOf(WHAT),
    default="annotations",
    show_default=True,
    help="entities: a table of all that was marked or tagged. questions: what was answered about single words.",
)
@json_option("one object with file, what and written, the number of them.")
@click.pass_obj
def export(folder: Path, file: Path, format_: str, what: str, as_json: bool) -> None:
    """Write the project's annotations, gold, latest tagging, entities or answered questions to FILE."""
    refuse_target(file, folder, None)
    _check_format(file, format_, what)
    with open_project(folder) as project:
        if what == "tagged":
            n = _export_tagged(project, file)
        elif what == "entities":
            n = _export_entities(project, file)
        elif what == "questions":
            n = _export_questions(project, file)
        else:
            n = _export_answers(project, file, format_, what)
    say(f"wrote {counted(n, *_UNITS.get(what, ('document',)))} to {file}")
    if as_json:
        print_data({"file": str(file), "what": what, "written": n})


def _check_format(file: Path, format_: str, what: str) -> None:
    """Raise InputError for another format than JSONL of what is written as that alone."""
    from allabel.formats.tagged import refuse_other_format

    if what == "questions" and (format_ not in {"auto", "jsonl"} or file.suffix.lower() != ".jsonl"):
        raise InputError("answers to questions are written as JSONL", file=file, remedy="name it FILE.jsonl")
    if what == "entities" and (format_ not in {"auto", "csv"} or file.suffix.lower() != ".csv"):
        raise InputError("the table of entities is written as CSV", file=file, remedy="name it FILE.csv")
    if what == "tagged" and format_ not in {"auto", "jsonl"}:
        raise InputError(f"tagged output is JSONL, not {format_}", remedy="leave --format out; allabel convert goes on")
    if what == "tagged" and format_ == "auto":
        refuse_other_format(file)


def _export_tagged(project: "Project", file: Path) -> int:
    from allabel.formats.tagged import write_tagged

    tagged = list(project.tagged().values())
    refuse_none(len(tagged), "tagged", project.folder)
    write_tagged(tagged, file)
    if calibrated := project.calibrations().told(tagged):
        say(calibrated)
    return len(tagged)


def _export_entities(project: "Project", file: Path) -> int:
    from allabel.formats.entity_table import entity_table

    tagged = list(project.tagged().values())
    annotated = project.annotated()
    refuse_none(len(annotated) + len(tagged), "annotated or tagged texts", project.folder)
    table = entity_table(annotated, tagged)
    table.write(file)
    if calibrated := project.calibrations().told(tagged):
        say(calibrated)
    return len(table.rows)


def _export_questions(project: "Project", file: Path) -> int:
    from allabel.finetuning import answer_rows
    from allabel.formats.files import write_atomically

    rows = answer_rows(project)
    refuse_none(len(rows), "answers to questions", project.folder)
    with write_atomically(file) as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return len(rows)


def _export_answers(project: "Project", file: Path, format_: str, what: str) -> int:
    from allabel.formats.registry import write_documents

    documents = project.annotated() if what == "annotations" else list(project.store.gold().values())
    refuse_none(len(documents), what, project.folder)
    write_documents(documents, file, format_)
    return len(documents)


@click.command(
    short_help="Convert SOURCE to TARGET, other tools' formats too.",
    epilog=examples(
        "allabel convert corpus.conll corpus.jsonl", "allabel convert tasks.json gold.conll --from label_studio"
    ),
)
@click.argument("source", type=FILE)
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--from", "from_", default="auto", shell_complete=FORMATS, help="[default: found from the file]")
@click.option("--to", default="auto", shell_complete=FORMATS, help="[default: by the target's name]")
@json_option("one object with source, target and written, the number of documents.")
def convert(source: Path, target: Path, from_: str, to: str, as_json: bool) -> None:
    """Convert SOURCE to TARGET: JSONL, CoNLL, CSV, text, Parquet, and the formats of other tools.

    Those are brat, doccano, Hugging Face, Label Studio, Prodigy and spaCy: docs/how-to/formats.md.
    """
    from allabel.formats.registry import read_documents, write_documents

    refuse_target(target, None, source)
    n = 0

    def documents() -> "Iterator[Document]":
        nonlocal n
        for record in counted_on("converting", read_documents(source, from_), "documents"):
            n += 1
            yield record.document

    write_documents(documents(), target, to)
    say(f"wrote {counted(n, 'document')} to {target}")
    if as_json:
        print_data({"source": str(source), "target": str(target), "written": n})
