"""Signing in: what a wrong guess learns, how it is slowed down, and how sessions end."""

import pytest
from people_at_work import HASHER, Clock
from sqlalchemy import select

from allabel.people.accounts import Accounts, Person
from allabel.people.errors import AccountError, SignInError
from allabel.people.roles import Role
from allabel.store import Store
from allabel.store.tables import people, sessions

PASSWORD = "correct horse"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(store: Store, clock: Clock) -> Accounts:
    made = Accounts(store, 12, clock, HASHER)
    made.add("Zoë", Role.CURATOR, PASSWORD)
    return made


def refusal(accounts: Accounts, name: str, password: str) -> str:
    with pytest.raises(SignInError) as caught:
        accounts.sign_in(name, password)
    return str(caught.value)


def test_a_project_has_no_accounts_until_one_is_added(store: Store) -> None:
    accounts = Accounts(store, hasher=HASHER)
    assert not accounts.any()
    accounts.add("ada", Role.ADMIN, None)
    assert accounts.any()
    (ada,) = accounts.people()
    assert (ada.name, ada.role, ada.active) == ("ada", Role.ADMIN, True)


def test_whoever_signs_in_is_known_by_the_token_until_they_sign_out(accounts: Accounts) -> None:
    # The same name, its accent composed otherwise.
    session = accounts.sign_in("Zoe\u0308 ", PASSWORD)
    assert session.person.name == "Zoë"
    assert accounts.person_of(session.token) == session.person
    assert accounts.person_of("") is None
    assert accounts.person_of(session.token + "x") is None
    accounts.sign_out(session.token)
    accounts.sign_out(session.token)
    assert accounts.person_of(session.token) is None


def test_neither_password_nor_token_stands_in_the_database(accounts: Accounts, store: Store) -> None:
    token = accounts.sign_in("Zoë", PASSWORD).token
    with store.reads() as connection:
        rows = str([*connection.execute(select(people)), *connection.execute(select(sessions))])
    assert "$argon2id$" in rows
    assert PASSWORD not in rows
    assert token not in rows


def test_a_wrong_password_an_unknown_name_and_a_deactivated_person_read_the_same(accounts: Accounts) -> None:
    accounts.add("bo", Role.ANNOTATOR, PASSWORD)
    accounts.add("cy@lab.org", Role.ANNOTATOR, None)
    accounts.deactivate("bo")
    tries = [("Zoë", "wrong"), ("nobody", PASSWORD), ("bo", PASSWORD), ("cy@lab.org", ""), ("Zoë", "")]
    said = {refusal(accounts, *guess) for guess in tries}
    assert len(said) == 1
    assert "wrong" in said.pop()


@pytest.mark.parametrize("name", ["Zoë", "nobody"])
def test_after_five_failures_a_name_waits_longer_each_time(accounts: Accounts, clock: Clock, name: str) -> None:
    for _ in range(5):
        assert "or the password is wrong" in refusal(accounts, name, "guess")
    assert "again in 1 seconds" in refusal(accounts, name, PASSWORD)
    clock.pass_minutes(2 / 60)
    assert "or the password is wrong" in refusal(accounts, name, "guess")
    assert "again in 2 seconds" in refusal(accounts, name, "guess")
    clock.pass_minutes(1.1)
    if name == "Zoë":
        assert accounts.sign_in(name, PASSWORD)
        assert "or the password is wrong" in refusal(accounts, name, "guess")


def test_a_session_ends_by_itself_and_with_its_person(accounts: Accounts, clock: Clock) -> None:
    first = accounts.sign_in("Zoë", PASSWORD)
    clock.pass_minutes(12 * 60 + 1)
    assert accounts.person_of(first.token) is None
    second = accounts.sign_in("Zoë", PASSWORD)
    accounts.set_role("Zoë", Role.ADMIN)
    seen = accounts.person_of(second.token)
    assert seen is not None
    assert seen.role is Role.ADMIN
    accounts.deactivate("Zoë")
    assert accounts.person_of(second.token) is None
    accounts.activate("Zoë")
    assert accounts.person_of(second.token) is None
    third = accounts.sign_in("Zoë", PASSWORD)
    accounts.set_password("Zoë", "battery staple")
    assert accounts.person_of(third.token) is None
    assert accounts.sign_in("Zoë", "battery staple")


def test_a_provider_signs_in_only_whom_the_project_knows(accounts: Accounts) -> None:
    accounts.add("cy@lab.org", Role.ANNOTATOR, None)
    assert accounts.sign_in_oidc("Cy@Lab.org").person.name == "cy@lab.org"
    with pytest.raises(SignInError, match=r"'eve@lab\.org' is not among the people"):
        accounts.sign_in_oidc("eve@lab.org")
    accounts.deactivate("cy@lab.org")
    with pytest.raises(SignInError):
        accounts.sign_in_oidc("cy@lab.org")


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [
        ("zoË", PASSWORD, "a person 'Zoë' already"),
        (" ", PASSWORD, "is empty"),
        ("a\nb", PASSWORD, "control characters"),
        ("x" * 201, PASSWORD, "longer than 200"),
        ("Gold", PASSWORD, "no person gave"),
        ("ada", "short", "8 to 1,000 characters, not 5"),
    ],
)
def test_names_and_passwords_that_cannot_be_are_refused(
    accounts: Accounts, name: str, password: str, says: str
) -> None:
    with pytest.raises(AccountError, match=says) as caught:
        accounts.add(name, Role.ANNOTATOR, password)
    assert caught.value.remedy
    assert len(accounts.people()) == 1


def test_nobody_is_changed_who_is_not_there(accounts: Accounts) -> None:
    for change in (
        lambda: accounts.set_password("eve", PASSWORD),
        lambda: accounts.set_role("eve", Role.ADMIN),
        lambda: accounts.deactivate("eve"),
    ):
        with pytest.raises(AccountError, match="no person 'eve'"):
            change()


def test_people_come_back_in_order(accounts: Accounts) -> None:
    accounts.add("ada", Role.ANNOTATOR, None)
    assert [type(one) for one in accounts.people()] == [Person, Person]
    assert [one.name for one in accounts.people()] == ["Zoë", "ada"]
