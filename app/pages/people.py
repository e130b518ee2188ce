"""People: who works on the project, with which role; the first is an admin."""

import streamlit as st

from allabel.people.accounts import Accounts, Person
from allabel.people.roles import Role
from app import signin
from app.problems import managed
from app.state import Work
from app.wording import plain

_CAN = {
    Role.ANNOTATOR: "annotates, tags, exports",
    Role.CURATOR: "that, and selects and reviews",
    Role.ADMIN: "that, and imports, edits labels and people",
}
_DONE = "people.done"


def show(work: Work) -> None:
    """Draw the page."""
    st.title("People")
    if done := st.session_state.pop(_DONE, None):
        st.success(done, icon=":material/check_circle:")
    accounts = work.accounts
    if work.alone:
        st.info(
            "Nobody has to sign in yet. With the first person that ends: everybody signs in with name and password, "
            "and the app may be opened to other machines (`allabel app --host …`).",
            icon=":material/info:",
        )
    else:
        _list(accounts)
        _change(work, accounts)
    _add(work, accounts)


def _list(accounts: Accounts) -> None:
    st.dataframe(
        [
            {
                "name": one.name,
                "role": one.role.value,
                "may": _CAN[one.role],
                "active": one.active,
                "since": one.at,
            }
            for one in accounts.people()
        ],
        hide_index=True,
        width="stretch",
        alt="The people of the project with their roles",
    )


def _add(work: Work, accounts: Accounts) -> None:
    st.subheader("Add the first person, an admin" if work.alone else "Add a person")
    with st.form("people.add", clear_on_submit=False):
        name = st.text_input("Name, or the e-mail address of the organisation's sign-in", autocomplete="off")
        role = Role.ADMIN
        if not work.alone:
            role = Role(st.selectbox("Role", [one.value for one in Role], format_func=_told))
        without = signin.has_provider() and st.checkbox("No password: signs in with the organisation")
        password, again = _passwords()
        asked = st.form_submit_button("Add", type="primary")
    if not asked or not (without or _agree(password, again)):
        return
    if not managed(lambda: accounts.add(name.strip(), role, None if without else password)):
        return
    if work.alone and not without:
        # Whoever made the first person has just typed the password.
        signin.begin(work.folder, accounts.sign_in(name.strip(), password))
    _done(f"{name.strip()} is added as {role.value}.")


def _change(work: Work, accounts: Accounts) -> None:
    st.subheader("Change a person")
    people = {one.name: one for one in accounts.people()}
    name = st.selectbox("Person", list(people), key="people.chosen")
    one = people[name]
    role_tab, password_tab, active_tab = st.tabs(["Role", "New password", "Access"])
    with role_tab:
        roles = [role.value for role in Role]
        chosen = st.selectbox(
            "New role", roles, index=roles.index(one.role.value), format_func=_told, key=f"people.role.{name}"
        )
        role = Role(chosen)
        if st.button("Change the role", disabled=role is one.role) and managed(lambda: accounts.set_role(name, role)):
            _done(f"{name} is {role.value} now.")
    with password_tab, st.form("people.password", clear_on_submit=True):
        password, again = _passwords()
        if (
            st.form_submit_button("Set the password")
            and _agree(password, again)
            and managed(lambda: accounts.set_password(name, password))
        ):
            if name == work.person.name:
                signin.begin(work.folder, accounts.sign_in(name, password))
            _done(f"{name} has a new password.")
    with active_tab:
        _access(work, accounts, one)


def _access(work: Work, accounts: Accounts, one: Person) -> None:
    st.caption("Who is shut out cannot sign in any more; what they annotated stays, under their name.")
    if not one.active:
        if st.button(f"Let {plain(one.name)} in again") and managed(lambda: accounts.activate(one.name)):
            _done(f"{one.name} may sign in again.")
        return
    own = one.name == work.person.name
    pressed = st.button(
        f"Shut {plain(one.name)} out", disabled=own, help="You cannot shut yourself out" if own else None
    )
    if pressed and managed(lambda: accounts.deactivate(one.name)):
        _done(f"{one.name} is shut out.")


def _told(role: str) -> str:
    return f"{role}: {_CAN[Role(role)]}"


def _passwords() -> tuple[str, str]:
    password = st.text_input("Password", type="password", autocomplete="new-password")
    again = st.text_input("Password again", type="password", autocomplete="new-password")
    return password, again


def _agree(password: str, again: str) -> bool:
    if not password:
        st.error("**A password is needed.**")
    elif password != again:
        st.error("**The two passwords differ.** Type the same one twice.")
    else:
        return True
    return False


def _done(told: str) -> None:
    st.session_state[_DONE] = plain(told)
    st.rerun()
