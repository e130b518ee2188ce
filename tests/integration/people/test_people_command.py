"""`allabel people`: accounts from the command line, passwords from a terminal or standard input only."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from allabel.commands.people import people
from allabel.errors import InputError
from allabel.people.accounts import Accounts
from allabel.people.errors import SignInError
from allabel.project import Project
from allabel.schema import LabelSchema


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Project.create(tmp_path / "p", LabelSchema.of(["Salt"])).close()
    return tmp_path / "p"


def run(folder: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(people, arguments, obj=folder, input=typed, catch_exceptions=False)


def test_a_person_is_added_changed_listed_and_let_out_and_in(folder: Path) -> None:
    assert run(folder, "list").stderr == "there is nobody yet; see: allabel people add --help\n"
    added = run(folder, "add", "ada", "--role", "admin", "--password-stdin", typed="correct horse\r\n")
    assert (added.exit_code, added.stdout, added.stderr) == (0, "", "added ada as admin\n")
    assert run(folder, "add", "bo@lab.org", "--no-password").exit_code == 0
    assert run(folder, "role", "bo@lab.org", "curator").exit_code == 0
    assert run(folder, "password", "ada", "--password-stdin", typed="battery staple\n").exit_code == 0
    assert run(folder, "off", "ada").exit_code == 0
    assert run(folder, "list").stdout == "admin      ada (off)\ncurator    bo@lab.org\n"
    listed = json.loads(run(folder, "list", "--json").stdout)
    assert [(one["name"], one["role"], one["active"]) for one in listed] == [
        ("ada", "admin", False),
        ("bo@lab.org", "curator", True),
    ]
    with Project.open(folder) as project:
        with pytest.raises(SignInError):
            Accounts(project.store).sign_in("ada", "battery staple")
        assert run(folder, "on", "ada").exit_code == 0
        assert Accounts(project.store).sign_in("ada", "battery staple").person.name == "ada"


def test_without_a_terminal_a_password_is_not_guessed(folder: Path) -> None:
    with pytest.raises(InputError, match="no terminal") as caught:
        run(folder, "add", "ada")
    assert "--password-stdin" in caught.value.remedy
    with pytest.raises(InputError, match="exclude each other"):
        run(folder, "add", "ada", "--no-password", "--password-stdin")
    assert run(folder, "add", "ada", "secret-as-an-argument").exit_code == 2


def test_a_role_that_there_is_not_is_refused_with_those_there_are(folder: Path) -> None:
    ended = run(folder, "role", "ada", "boss")
    assert ended.exit_code == 2
    assert "'annotator', 'curator', 'admin'" in ended.stderr
