"""Who is at the browser: a session that goes on, a name and a password, or the organisation's own sign-in."""

from pathlib import Path

import streamlit as st

from allabel.errors import AllabelError
from allabel.people.accounts import Accounts, Person, Session
from allabel.project import Project
from app import cookies, problems, state

TOKEN, _LEFT, _ENDED, _REFUSED = "allabel.token", "allabel.left", "allabel.ended", "allabel.oidc_refused"


def person_at(folder: Path, project: Project) -> Person | None:
    """Return who is signed in; where nobody is, draw the form to sign in and return None.

    A project without people is for whoever sits at this machine, and for nobody else.
    """
    accounts = state.accounts(project)
    if not accounts.any():
        if state.is_local():
            return state.operator()
        st.error(
            "**This project has no people yet, and the app can be reached from other machines.**\n\nStart it without "
            "`--host`, add the first person on the page People, then start it with `--host` again."
        )
        return None
    return _going_on(folder, accounts) or _by_provider(folder, accounts) or _by_form(folder, accounts)


def begin(folder: Path, session: Session) -> None:
    """Let a session begin in this browser, and forget that an earlier one ended."""
    st.session_state[TOKEN] = session.token
    st.session_state.pop(_ENDED, None)
    cookies.keep_cookie(folder, session.token, session.until)


def sign_out(folder: Path, project: Project) -> None:
    """End the session in the store, in this tab and in the browser."""
    if token := st.session_state.pop(TOKEN, ""):
        state.accounts(project).sign_out(token)
        _leave(folder, token)
    if st.user.get("is_logged_in"):
        st.logout()


def _going_on(folder: Path, accounts: Accounts) -> Person | None:
    token = st.session_state.get(TOKEN) or cookies.read_cookie(folder)
    # The cookies a tab knows are those of its first request: one that was dropped since is still among them.
    if not token or token in st.session_state.get(_LEFT, set()):
        return None
    person = accounts.person_of(token)
    if person is None:
        st.session_state.pop(TOKEN, None)
        st.session_state[_ENDED] = True
        _leave(folder, token)
        return None
    st.session_state[TOKEN] = token
    return person


def _leave(folder: Path, token: str) -> None:
    st.session_state[_LEFT] = {*st.session_state.get(_LEFT, set()), token}
    cookies.drop_cookie(folder)


def has_provider() -> bool:
    """Tell whether an organisation's sign-in (OpenID Connect) is set up in secrets.toml."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _by_provider(folder: Path, accounts: Accounts) -> Person | None:
    if not has_provider() or not st.user.get("is_logged_in"):
        return None
    email = str(st.user.get("email") or "")
    try:
        session = accounts.sign_in_oidc(email)
    except AllabelError:
        st.session_state[_REFUSED] = email
        return None
    st.session_state.pop(_REFUSED, None)
    begin(folder, session)
    return session.person


def _by_form(folder: Path, accounts: Accounts) -> Person | None:
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Sign in")
        st.caption(f"Project {folder.name}")
        if st.session_state.get(_ENDED):
            st.warning("Your session ended; sign in again, your work is kept.", icon=":material/schedule:")
        if email := st.session_state.get(_REFUSED):
            st.error(f"{email} is not among the people of this project; ask an admin to add this address.")
        session = _form(accounts)
        if has_provider():
            st.button("Sign in with your organisation", on_click=st.login, icon=":material/key:", width="stretch")
    if session is None:
        return None
    begin(folder, session)
    st.rerun()


def _form(accounts: Accounts) -> Session | None:
    with st.form("allabel.sign_in", enter_to_submit=True):
        name = st.text_input("Name", autocomplete="username", key="allabel.name")
        password = st.text_input("Password", type="password", autocomplete="current-password", key="allabel.password")
        asked = st.form_submit_button("Sign in", type="primary", width="stretch")
    if not asked:
        return None
    try:
        return accounts.sign_in(name.strip(), password)
    except AllabelError as error:
        problems.show(error)
        return None
