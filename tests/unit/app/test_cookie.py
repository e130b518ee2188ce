"""The cookie of a session: named for its project, asked for once, gone after signing out."""

from pathlib import Path

import pytest
from app_page import make_project, open_page
from test_page_people import WORD, press, sign_in

from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from app import signin
from app.cookies import cookie_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_project(tmp_path / "p")
    with Project.open(made) as project:
        Accounts(project.store).add("ada", Role.ADMIN, WORD)
    return made


def test_two_projects_on_one_machine_have_two_cookies(tmp_path: Path) -> None:
    names = {cookie_name(tmp_path / "a"), cookie_name(tmp_path / "b")}
    assert len(names) == 2
    assert all(name.startswith("allabel_session_") and name.replace("_", "").isalnum() for name in names)


def test_signing_in_has_the_browser_keep_the_token_and_signing_out_forget_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sign_in(open_page("export", folder, monkeypatch), "ada")
    asked = page.session_state["allabel.cookie"]
    assert (asked["name"], asked["value"]) == (cookie_name(folder), page.session_state[signin.TOKEN])
    assert 11 * 3600 < asked["seconds"] <= 12 * 3600
    press(page, "Sign out")
    dropped = page.session_state["allabel.cookie"]
    assert (dropped["name"], dropped["value"], dropped["seconds"]) == (cookie_name(folder), "", 0)


def test_a_token_from_the_cookie_is_a_session_that_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Project.open(folder) as project:
        session = Accounts(project.store).sign_in("ada", WORD)
    monkeypatch.setattr("app.cookies.read_cookie", lambda _: session.token)
    page = open_page("people", folder, monkeypatch)
    assert page.title[0].value == "People"
    press(page, "Sign out")
    assert page.title[0].value == "Sign in", "the cookie of the first request is known and does not count any more"
    assert not page.warning
