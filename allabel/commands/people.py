"""`allabel people`: who may sign in to the annotation page, and what each may do."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import open_project, print_data, printable, say
from allabel.errors import InputError
from allabel.manners import Group, OneOf, examples, json_option
from allabel.people.roles import Role

if TYPE_CHECKING:
    from allabel.people.accounts import Accounts, Person

ROLE = OneOf([role.value for role in Role])
STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")
PERSON = json_option("one object with name, role, active and at.")


@click.group(
    cls=Group,
    epilog=examples("allabel -p my-project people add ada --role admin", "allabel -p my-project people list --json"),
)
def people() -> None:
    """Add and change the people who sign in to the annotation page. Passwords are never taken as arguments."""


@people.command(
    short_help="Add NAME: a name, or an e-mail address.",
    epilog=examples(
        "allabel -p my-project people add ada --role admin",
        "allabel -p my-project people add bo@lab.org --role annotator --no-password",
    ),
)
@click.argument("name")
@click.option("--role", type=ROLE, default=Role.ANNOTATOR.value, show_default=True, help="What they may do.")
@click.option("--no-password", is_flag=True, help="They sign in through the organisation's own sign-in (OIDC) only.")
@STDIN
@PERSON
@click.pass_obj
def add(folder: Path, name: str, role: str, no_password: bool, password_stdin: bool, as_json: bool) -> None:
    """Add NAME: a name, or an e-mail address where people sign in with one."""
    from allabel.people.accounts import Accounts

    if no_password and password_stdin:
        raise InputError("--no-password and --password-stdin exclude each other", remedy="leave one out")
    with open_project(folder) as project:
        password = None if no_password else _password(stdin=password_stdin)
        person = Accounts(project.store).add(name, Role(role), password)
    say(f"added {printable(person.name)} as {person.role}")
    if as_json:
        print_data(_data(person))


@people.command("list", epilog=examples("allabel -p my-project people list --json"))
@json_option("a list of objects with name, role, active and at.")
@click.pass_obj
def list_(folder: Path, as_json: bool) -> None:
    """List everybody."""
    from allabel.people.accounts import Accounts

    with open_project(folder) as project:
        everybody = Accounts(project.store).people()
    if as_json:
        print_data([_data(one) for one in everybody])
        return
    if not everybody:
        say("there is nobody yet; see: allabel people add --help")
    for one in everybody:
        click.echo(f"{one.role:10} {printable(one.name)}{'' if one.active else ' (off)'}")


@people.command(epilog=examples("allabel -p my-project people password ada"))
@click.argument("name")
@STDIN
@PERSON
@click.pass_obj
def password(folder: Path, name: str, password_stdin: bool, as_json: bool) -> None:
    """Give NAME a new password and end their sessions."""

    def change(accounts: "Accounts") -> None:
        accounts.set_password(name, _password(stdin=password_stdin))

    _changed(folder, name, change, as_json=as_json)
    say(f"{printable(name)} has a new password")


@people.command(epilog=examples("allabel -p my-project people role bo@lab.org curator"))
@click.argument("name")
@click.argument("role", type=ROLE)
@PERSON
@click.pass_obj
def role(folder: Path, name: str, role: str, as_json: bool) -> None:
    """Let NAME do what ROLE may."""
    _changed(folder, name, lambda accounts: accounts.set_role(name, Role(role)), as_json=as_json)
    say(f"{printable(name)} is {role} now")


@people.command(epilog=examples("allabel -p my-project people off ada"))
@click.argument("name")
@PERSON
@click.pass_obj
def off(folder: Path, name: str, as_json: bool) -> None:
    """Let NAME in no more; what they did stays under their name."""
    _changed(folder, name, lambda accounts: accounts.deactivate(name), as_json=as_json)
    say(f"{printable(name)} is off; allabel people on {printable(name)} lets them in again")


@people.command(epilog=examples("allabel -p my-project people on ada"))
@click.argument("name")
@PERSON
@click.pass_obj
def on(folder: Path, name: str, as_json: bool) -> None:
    """Let NAME in again."""
    _changed(folder, name, lambda accounts: accounts.activate(name), as_json=as_json)
    say(f"{printable(name)} may sign in again")


def _changed(folder: Path, name: str, change: "Callable[[Accounts], None]", *, as_json: bool) -> None:
    """Change a person, and print as data who they are now."""
    from allabel.people.accounts import Accounts
    from allabel.people.hashing import composed

    with open_project(folder) as project:
        accounts = Accounts(project.store)
        change(accounts)
        now = {composed(one.name): one for one in accounts.people()} if as_json else {}
    if as_json:
        print_data(_data(now[composed(name.strip())]))


def _data(person: "Person") -> dict[str, Any]:
    return {"name": person.name, "role": person.role.value, "active": person.active, "at": person.at.isoformat()}


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask for a password on", remedy="use --password-stdin")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
