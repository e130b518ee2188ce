"""`allabel doctor`: what is there, what is missing, and what to do about it."""

from pathlib import Path

import click

from allabel.console import print_data, printable_lines
from allabel.errors import AllabelError
from allabel.manners import examples, json_option


@click.command(
    short_help="Check the installation, the GPU, the project, its servers.",
    epilog=examples("allabel doctor", "allabel -p my-project doctor --json"),
)
@json_option("a list of objects with ok, what and says.")
@click.pass_obj
def doctor(folder: Path, as_json: bool) -> None:
    """Check the installation, the GPU and, where there is one, the project with its database and its model's server.

    A server is asked for its list of models only where the project's settings, or OPENAI_BASE_URL, name one.
    """
    from allabel.doctor import examine

    findings = examine(folder)
    if as_json:
        print_data([{"ok": one.ok, "what": one.what, "says": one.says} for one in findings])
    else:
        for one in findings:
            mark = click.style("ok  ", fg="green") if one.ok else click.style("FAIL", fg="red", bold=True)
            click.echo(f"{mark}  {one.what}: {printable_lines(one.says)}")
    if not all(one.ok for one in findings):
        raise AllabelError("doctor found something to mend")
