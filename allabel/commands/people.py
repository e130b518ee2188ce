"""`allabel people`: who may sign in to the annotation page, and what each may do."""

import json
import sys
from pathlib import Path

import click

from allabel.console import open_project, printable, say
from allabel.errors import InputError
from allabel.people.roles import Role

ROLE = click.Choice([role.value for role in Role])
STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")


@click.group()
def people() -> None:
    """Add and change the people who sign in to the annotation page. Passwords are never taken as arguments."""


@people.command()
@click.argument("name")
@click.option("--role", type=ROLE, default=Role.ANNOTATOR.value, show_default=True, help="What they may do.")
@click.option("--no-password", is_flag=True, help="They sign in through the organisation's own sign-in (OIDC) only.")
@STDIN
@click.pass_obj
def add(folder: Path, name: str, role: str, no_password: bool, password_stdin: bool) -> None:
    """Add NAME: a name, or an e-mail address where people sign in with one."""
    from allabel.people.accounts import Accounts

    if no_password and password_stdin:
        raise InputError("--no-password and --password-stdin exclude each other", remedy="leave one out")
    with open_project(folder) as project:
        password = None if no_password else _password(stdin=password_stdin)
        person = Accounts(project.store).add(name, Role(role), password)
    say(f"added {printable(person.name)} as {person.role}")


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print data.")
@click.pass_obj
def list_(folder: Path, as_json: bool) -> None:
    """List everybody."""
    from allabel.people.accounts import Accounts

    with open_project(folder) as project:
        everybody = Accounts(project.store).people()
    if as_json:
        rows = [
            {"name": one.name, "role": one.role.value, "active": one.active, "at": one.at.isoformat()}
            for one in everybody
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not everybody:
        say("there is nobody yet; see: allabel people add --help")
    for one in everybody:
        click.echo(f"{one.role:10} {printable(one.name)}{'' if one.active else ' (off)'}")


@people.command()
@click.argument("name")
@STDIN
@click.pass_obj
def password(folder: Path, name: str, password_stdin: bool) -> None:
    """Give NAME a new password and end their sessions."""
    from allabel.people.accounts import Accounts

    with open_project(folder) as project:
        Accounts(project.store).set_password(name, _password(stdin=password_stdin))
    say(f"{printable(name)} has a new password")


@people.command()
@click.argument("name")
@click.argument("role", type=ROLE)
@click.pass_obj
def role(folder: Path, name: str, role: str) -> None:
    """Let NAME do what ROLE may."""
    from allabel.people.accounts import Accounts

    with open_project(folder) as project:
        Accounts(project.store).set_role(name, Role(role))
    say(f"{printable(name)} is {role} now")


@people.command()
@click.argument("name")
@click.pass_obj
def off(folder: Path, name: str) -> None:
    """Let NAME in no more; what they did stays under their name."""
    from allabel.people.accounts import Accounts

    with open_project(folder) as project:
        Accounts(project.store).deactivate(name)
    say(f"{printable(name)} is off; allabel people on {printable(name)} lets them in again")


@people.command()
@click.argument("name")
@click.pass_obj
def on(folder: Path, name: str) -> None:
    """Let NAME in again."""
    from allabel.people.accounts import Accounts

    with open_project(folder) as project:
        Accounts(project.store).activate(name)
    say(f"{printable(name)} may sign in again")


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask for a password on", remedy="use --password-stdin")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
