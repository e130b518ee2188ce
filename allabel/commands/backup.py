"""`allabel backup` and `allabel restore`: a whole project in one file, and a project of it again."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from allabel.console import open_project, print_data, printable, refuse_target, say
from allabel.errors import InputError
from allabel.manners import FILE, FOLDER, examples, json_option

if TYPE_CHECKING:
    from allabel.backup_file import Manifest


@click.command(
    short_help="Write the whole project to FILE.zip, while others work.",
    epilog=examples("allabel -p my-project backup my-project.zip"),
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option("one object with file, bytes, at, allabel, rows (how many of each table) and left_out.")
@click.pass_obj
def backup(folder: Path, file: Path, as_json: bool) -> None:
    """Write the whole project to FILE.zip, while people and servers go on working.

    Texts, answers, people, keys, labels, settings, calibration and the tuned model; of passwords and keys, hashes only.
    Who is signed in is left out. Whoever has the file can read the texts.
    """
    from allabel.backing_up import back_up

    refuse_target(file, folder, None)
    if file.suffix.lower() != ".zip":
        raise InputError("a backup is a zip file", file=file, remedy="name it FILE.zip")
    with open_project(folder) as project:
        done = back_up(project, file)
    say(f"backed up {folder.absolute()} to {file} ({done.size / 1e6:,.2f} MB): {_in_words(done.told)}")
    for what in done.left_out:
        say(f"not in it: {what}")
    if as_json:
        print_data({"file": str(file), "bytes": done.size, **_data(done.told), "left_out": list(done.left_out)})


@click.command(
    short_help="Make a project in a new FOLDER of a backup, or check it.",
    epilog=examples(
        "allabel restore my-project.zip --check",
        "allabel restore my-project.zip my-project-again",
    ),
)
@click.argument("file", type=FILE)
@click.argument("folder", type=FOLDER, required=False)
@click.option(
    "--database",
    envvar="ALLABEL_DATABASE",
    help="An empty PostgreSQL database, as a URL without a password.  [default: a file in FOLDER]",
)
@click.option("--check", "only_check", is_flag=True, help="Only check the backup, every byte and row of it.")
@json_option("one object with file, folder (null with --check), at, allabel, rows (how many of each table) and notes.")
@click.pass_context
def restore(
    ctx: click.Context, file: Path, folder: Path | None, database: str | None, only_check: bool, as_json: bool
) -> None:
    """Make a project in a new FOLDER of the backup FILE.zip: all of it or nothing, and nothing is written over."""
    from allabel import restoring

    if only_check:
        if folder is not None:
            raise InputError("--check makes no project", remedy="leave FOLDER or --check out")
        with tempfile.TemporaryDirectory(prefix="allabel-check-") as scratch:
            done = restoring.check(file, Path(scratch))
        say(f"{file} is whole: {_in_words(done.told)}")
    else:
        if folder is None:
            raise InputError("restore takes FILE and FOLDER", remedy=f"allabel restore {file} FOLDER, or --check")
        by_flag = ctx.get_parameter_source("database") is not ParameterSource.ENVIRONMENT
        if by_flag:
            _check_url(database or "")
        done = restoring.restore(file, folder, database or "", in_settings=by_flag)
        say(f"restored {file} to {folder}: {_in_words(done.told)}")
        say(
            "people sign in again; keys that were revoked after the backup are valid again: see allabel serve keys list"
        )
    for note in done.notes:
        say(f"note: {printable(note)}")
    if as_json:
        at = None if folder is None else str(folder)
        print_data({"file": str(file), "folder": at, **_data(done.told), "notes": list(done.notes)})


def _check_url(database: str) -> None:
    from allabel.config import has_password

    if has_password(database):
        raise InputError(
            "the URL of --database holds a password, which other users of this machine can see",
            remedy="set ALLABEL_DATABASE with it, or PGPASSWORD, or put it into ~/.pgpass",
        )
    if database and "://" not in database:
        raise InputError(
            "--database is no URL", remedy="write it as postgresql+psycopg://user@host/name, or leave it out"
        )


def _data(told: "Manifest") -> dict[str, Any]:
    return {"at": told.at.isoformat(), "allabel": told.allabel, "rows": told.rows}


def _in_words(told: "Manifest") -> str:
    of = f"{told.rows.get('documents', 0):,} documents, {told.rows.get('annotations', 0):,} annotations"
    return f"{of}, as of {told.at.astimezone():%d %b %Y %H:%M:%S %Z}, by allabel {printable(told.allabel)}"
