"""`allabel tag`: have a file or the rest of the project tagged, with the annotated texts as demonstrations."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.commands.tag_file import ENGINES, announce, tag_one_file
from allabel.completing import FORMATS, registered
from allabel.console import open_project, print_data, refuse_target, say
from allabel.errors import AllabelError, InputError
from allabel.manners import FILE, OneOf, examples, json_option
from allabel.progress import bar
from allabel.wording import counted

if TYPE_CHECKING:
    from allabel.bulk.notes import Tally
    from allabel.document import Document
    from allabel.project import Project
    from allabel.reply import TaggedDocument


@click.command(
    short_help="Tag a file, or the rest of the project.",
    epilog=examples(
        "allabel -p my-project tag --rest -o tagged.jsonl",
        "allabel -p my-project tag texts.txt --json",
        "allabel -p my-project tag --rest --backend chat --model my-model -o tagged.jsonl",
    ),
)
@click.argument("file", type=FILE, required=False)
@click.option("--rest", is_flag=True, help="Tag the project's texts that nobody annotated.")
@click.option("--stale", is_flag=True, help="Tag again only the texts whose demonstrations were edited since.")
@click.option(
    "-o", "--out", help="Write tagged documents here: JSONL, Parquet (OUT.parquet), a folder of parts (OUT/)."
)
@click.option(
    "--format",
    "format_",
    default="auto",
    shell_complete=FORMATS,
    help="The format of FILE.  [default: found from the file]",
)
@click.option(
    "--engine", type=OneOf(ENGINES), default="local", show_default=True, help="ray: by many processes or machines."
)
@click.option("--workers", type=click.IntRange(1), help="Processes of the ray engine.  [default: one a core]")
@click.option("--block", type=click.IntRange(1), help="Texts of FILE that are tagged as one part.  [default: 4096]")
@click.option(
    "--backend",
    shell_complete=registered("backends"),
    help="embedded, tuned, chat, vllm, or module:Class.  [default: embedded]",
)
@click.option("--base-url", multiple=True, help="The server of the chat backend; several share the work.")
@click.option("--model", help="The model's name there.")
@click.option("--shots", type=int, help="Demonstrations a text.  [default: 5]")
@click.option("--retriever", shell_complete=registered("retrievers"), help="What finds them.  [default: bm25]")
@click.option("--diversity", type=float, help="0 to 1: choose them unlike one another.  [default: 0]")
@click.option("--floor", type=float, help="0 to 1: leave out those below this share of the best.  [default: 0]")
@click.option("--cover-labels", is_flag=True, default=None, help="Choose them so that every label is shown.")
@click.option(
    "--exclude-near-duplicates", is_flag=True, default=None, help="Show no near-duplicate of the text: to evaluate."
)
@click.option(
    "--form",
    shell_complete=registered("forms"),
    help="How a language model writes entities down: grouped, json or markup.  [default: grouped]",
)
@click.option("--copied/--free", default=None, help="Let it write nothing but strings of the text.  [default: copied]")
@click.option(
    "--structured",
    type=OneOf(["response_format", "structured_outputs", "none"]),
    help="How it is bound to that.  [default: response_format]",
)
@click.option("--concurrency", type=int, help="Requests at once, to each server.  [default: 8]")
@click.option("--budget-requests", type=int, help="Send no more requests than this.")
@click.option("--budget-tokens", type=int, help="Take no more tokens than this.")
@click.option("--budget-money", type=float, help="Spend no more than this, by the prices in allabel.toml.")
@json_option(
    "one object a line, a tagged document with id, text, entities, ungrounded, status, backend, model, demonstrations "
    "and others."
)
@click.pass_obj
def tag(
    folder: Path,
    /,
    file: Path | None,
    rest: bool,
    stale: bool,
    out: str | None,
    format_: str,
    engine: str,
    workers: int | None,
    block: int | None,
    base_url: tuple[str, ...],
    as_json: bool,
    **settings: Any,
) -> None:
    """Tag FILE, or the rest of the project, with the annotated texts as demonstrations."""
    if (file is not None) + rest + stale != 1 or not (out or as_json):
        raise InputError(
            "tag takes one of FILE or --rest or --stale, and -o OUT or --json",
            remedy="allabel tag --rest -o tagged.jsonl",
        )
    settings["base_url"] = ",".join(base_url) or None
    if file is not None:
        tally = tag_one_file(
            folder, file, format_, out, settings, engine=engine, workers=workers, block=block, as_json=as_json
        )
    elif engine != "local" or workers or block:
        raise InputError("--engine, --workers and --block are for a FILE", remedy="leave them out")
    else:
        tally = _tag_own(folder, Path(out) if out else None, settings, stale=stale, as_json=as_json)
    if tally.first is not None:
        id, status, error = tally.first
        raise AllabelError(
            f"{tally.n_not_ok} of {tally.n} texts got no usable reply; the first is {id!r}: {status}, {error}"
            + _way_on(tally, again=stale and out is not None)
        )


def _tag_own(folder: Path, out: Path | None, settings: dict[str, Any], *, stale: bool, as_json: bool) -> "Tally":
    """Tag the project's own texts, and keep each reply in its store."""
    from allabel.bulk.notes import Tally
    from allabel.bulk.writing import format_of, write_part
    from allabel.formats.tagged import refuse_other_format, tagged_line

    if out:
        refuse_target(out, folder, None)
        if format_of(out) == "jsonl":
            refuse_other_format(out)
    with open_project(folder, **settings) as project:
        # A broken file is to be found before anything is paid for.
        calibrations = project.calibrations()
        documents = _stale(project, out) if stale else project.rest()
        if not documents and not stale:
            raise InputError("there is nothing to tag", file=folder, remedy="import texts first; see: allabel status")
        tagged = _tagged(project, documents) if documents else []
        if calibrated := calibrations.told(tagged):
            say(calibrated)
    if out and documents:
        write_part(tagged, out, format_of(out))
        say(f"wrote {counted(len(tagged), 'tagged document')} to {out}")
    if as_json:
        for one in tagged:
            print_data(tagged_line(one))
    return Tally.of(tagged)


def _stale(project: "Project", out: Path | None) -> "list[Document]":
    """Return the texts whose demonstrations were edited since; refuses to write them over an earlier run's."""
    outdated = project.stale()
    documents = [d for d in project.rest() if d.id in outdated]
    if not documents:
        say(
            "no tagged text was shown a demonstration that was edited or removed since"
            + ("; nothing is written" if out else "")
        )
    elif out and out.is_file():
        raise InputError(
            f"is there already, and would hold no more than the {counted(len(documents), 'text')} that are stale now",
            file=out,
            remedy="name another file; allabel export --what tagged FILE writes the latest of all texts",
        )
    return documents


def _way_on(tally: "Tally", *, again: bool) -> str:
    """Say how to have the texts asked about that were not; again: a file was written that is not written to twice."""
    if again:
        return (
            "\n  remedy: those that had a usable reply keep it and stay stale; the same command with another file tags "
            "them alone, and allabel export --what tagged FILE writes the latest of all texts"
        )
    if not tally.n_unsent:
        return ""
    return f"\n  remedy: {counted(tally.n_unsent, 'text')} were not asked about; the same command asks for them"


def _tagged(project: "Project", documents: "list[Document]") -> "list[TaggedDocument]":
    """Tag documents before the eyes of a person: the estimate, progress with rate and time left, what it took."""
    from allabel.annotate.llm.memory import AsksModel

    announce(project)
    if not isinstance(project.annotator, AsksModel):
        return _watched(project, documents)
    say(str(project.to_tag(documents)))
    try:
        return _watched(project, documents)
    except KeyboardInterrupt as stop:
        stop.add_note("every answer that came is kept, and the same command goes on from there")
        raise
    finally:
        for line in project.annotator.report():
            say(line)


def _watched(project: "Project", documents: "list[Document]") -> "list[TaggedDocument]":
    with bar("tagging", len(documents), "texts") as came:
        return list(project.tag(documents, keep=True, came=lambda _: came(1)))
