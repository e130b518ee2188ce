"""Sign-in and people: who is let in, who sees what, and what is said to those who are not."""

from pathlib import Path

import pytest
from app_page import make_project, open_page, said
from streamlit.testing.v1 import AppTest

from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from app import signin

WORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an admin, a curator and an annotator."""
    made = make_project(tmp_path / "p", annotated=1)
    with Project.open(made) as project:
        accounts = Accounts(project.store)
        for name, role in (("ada", Role.ADMIN), ("cem", Role.CURATOR), ("ann", Role.ANNOTATOR)):
            accounts.add(name, role, WORD)
    return made


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def sign_in(page: AppTest, name: str, password: str = WORD) -> AppTest:
    page.text_input(key="allabel.name").set_value(name)
    page.text_input(key="allabel.password").set_value(password)
    return press(page, "Sign in")


def test_without_people_whoever_sits_at_the_machine_may_do_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("people", make_project(tmp_path / "p"), monkeypatch)
    assert page.title[0].value == "People"
    assert "Nobody has to sign in yet." in said(page.info)


def test_without_people_nobody_is_let_in_from_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("people", make_project(tmp_path / "p"), monkeypatch, host="0.0.0.0")
    assert not page.title
    assert "can be reached from other machines" in said(page.error)


def test_the_first_person_is_an_admin_and_is_signed_in_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    page = open_page("people", folder, monkeypatch)
    page.text_input[0].set_value("ada")
    page.text_input[1].set_value(WORD)
    page.text_input[2].set_value(WORD)
    press(page, "Add")
    assert "ada is added as admin." in said(page.success)
    assert list(page.dataframe[0].value["name"]) == ["ada"]
    assert signin.TOKEN in page.session_state
    fresh = open_page("people", folder, monkeypatch)
    assert fresh.title[0].value == "Sign in"


def test_two_passwords_that_differ_and_a_short_one_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    page = open_page("people", folder, monkeypatch)
    page.text_input[0].set_value("ada")
    page.text_input[1].set_value(WORD)
    press(page, "Add")
    assert "The two passwords differ." in said(page.error)
    page.text_input[1].set_value("short")
    page.text_input[2].set_value("short")
    press(page, "Add")
    assert "What to do" in said(page.error)
    with Project.open(folder) as project:
        assert not Accounts(project.store).any()


def test_a_wrong_password_and_an_unknown_name_are_told_alike(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("export", folder, monkeypatch)
    told = []
    for name in ("ada", "nobody"):
        sign_in(page, name, "not the password")
        told.append(said(page.error))
    assert "The name or the password is wrong" in told[0]
    assert told[0] == told[1]


def test_signing_in_leads_to_the_page_that_was_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = sign_in(open_page("export", folder, monkeypatch), "ann")
    assert page.title[0].value == "Export"


@pytest.mark.parametrize(("name", "sees"), [("ann", "Tag"), ("cem", "Select"), ("ada", "People")])
def test_a_role_sees_its_pages(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, sees: str) -> None:
    page = sign_in(open_page(sees.lower(), folder, monkeypatch), name)
    assert page.title[0].value == sees


@pytest.mark.parametrize(("name", "hidden"), [("ann", "select"), ("ann", "people"), ("cem", "start")])
def test_a_role_does_not_get_pages_that_are_not_for_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, hidden: str
) -> None:
    page = sign_in(open_page(hidden, folder, monkeypatch), name)
    assert [one.value for one in page.title] != [hidden.title()]


def test_a_session_that_ended_asks_to_sign_in_again_and_leads_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sign_in(open_page("export", folder, monkeypatch), "ann")
    with Project.open(folder) as project:
        Accounts(project.store).sign_out(page.session_state[signin.TOKEN])
    page.run()
    assert page.title[0].value == "Sign in"
    assert "Your session ended; sign in again, your work is kept." in said(page.warning)
    assert sign_in(page, "ann").title[0].value == "Export"


def test_a_person_shut_out_is_out_at_the_next_click(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = sign_in(open_page("export", folder, monkeypatch), "ann")
    with Project.open(folder) as project:
        Accounts(project.store).deactivate("ann")
    assert page.run().title[0].value == "Sign in"


def test_signing_out_ends_the_session_without_a_word_of_its_ending(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sign_in(open_page("export", folder, monkeypatch), "ann")
    token = page.session_state[signin.TOKEN]
    press(page, "Sign out")
    assert page.title[0].value == "Sign in"
    assert not page.warning
    with Project.open(folder) as project:
        assert Accounts(project.store).person_of(token) is None


def test_an_admin_changes_role_password_and_access(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = sign_in(open_page("people", folder, monkeypatch), "ada")
    page.selectbox(key="people.chosen").set_value("ann").run()
    page.selectbox(key="people.role.ann").set_value("curator").run()
    press(page, "Change the role")
    assert "ann is curator now." in said(page.success)
    page.selectbox(key="people.chosen").set_value("ann").run()
    press(page, "Shut ann out")
    page.selectbox(key="people.chosen").set_value("ann").run()
    press(page, "Let ann in again")
    with Project.open(folder) as project:
        (ann,) = (one for one in Accounts(project.store).people() if one.name == "ann")
    assert (ann.role, ann.active) == (Role.CURATOR, True)


def test_an_admin_cannot_shut_themselves_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = sign_in(open_page("people", folder, monkeypatch), "ada")
    page.selectbox(key="people.chosen").set_value("ada").run()
    assert next(button for button in page.button if button.label == "Shut ada out").disabled
