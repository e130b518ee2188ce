"""Who is at the browser: a session that goes on, a name and a password, or the organisation's own sign-in."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import streamlit as st

from allabel.errors import AllabelError
from allabel.people.accounts import Accounts, Person, Session
from allabel.people.errors import SignInError
from allabel.project import Project
from app import cookies, problems, state
from app.wording import plain

TOKEN, _LEFT, _ENDED, _REFUSED = "allabel.token", "allabel.left", "allabel.ended", "allabel.oidc_refused"
# What Streamlit's own sign-in wants; without one of them it breaks off in the middle.
_PROVIDER = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


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


def is_known(folder: Path, token: str) -> bool:
    """Tell whether whoever sends this token, "" for none, is shown pages. Raises StoreError for a damaged project."""
    if not state.has_project(folder):
        return state.is_local()
    accounts = state.accounts(state.keeper(str(folder)).project())
    return accounts.person_of(token) is not None if accounts.any() else state.is_local()


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
        # There is no such file, or it cannot be read: `_by_form` says which.
        return False


def wrong_provider() -> str:
    """Say what is wrong with the organisation's sign-in as it is set up; "" where nothing is, or none is set up."""
    try:
        if "auth" not in st.secrets:
            return ""
    except FileNotFoundError as error:
        # One class tells of a file that is not there and of one that cannot be read.
        return "" if _no_secrets() else f"secrets.toml cannot be read: {error}"
    except (OSError, UnicodeDecodeError) as error:
        return f"secrets.toml cannot be read: {error}"
    return _wrong_section(st.secrets["auth"])


def _wrong_section(section: object) -> str:
    if not isinstance(section, Mapping):
        return "auth is to be a section, [auth], of secrets.toml"
    missing = [name for name in _PROVIDER if not isinstance(section.get(name), str) or not section[name].strip()]
    if missing:
        return f"the section [auth] of secrets.toml lacks {', '.join(missing)}"
    if find_spec("authlib") is None:
        return "Authlib is not installed: pip install 'allabel[app]'"
    return ""


def _no_secrets() -> bool:
    return not any(Path(one).exists() for one in st.get_option("secrets.files"))


def _by_provider(folder: Path, accounts: Accounts) -> Person | None:
    if not has_provider() or not st.user.get("is_logged_in"):
        return None
    email = str(st.user.get("email") or "")
    try:
        # An address that its holder merely claims is not theirs yet: some providers let people write any.
        session = None if st.user.get("email_verified") is False else accounts.sign_in_oidc(email)
    except SignInError:
        st.session_state[_REFUSED] = email
        return None
    if session is None:
        st.error("Your organisation has not verified your e-mail address yet; sign in with name and password.")
        return None
    st.session_state.pop(_REFUSED, None)
    begin(folder, session)
    return session.person


def _by_form(folder: Path, accounts: Accounts) -> Person | None:
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Sign in")
        st.caption(f"Project {plain(folder.name)}")
        if st.session_state.get(_ENDED):
            st.warning("Your session ended; sign in again, your work is kept.", icon=":material/schedule:")
        if email := st.session_state.get(_REFUSED):
            st.error(f"{plain(email)} is not among the people of this project; ask an admin to add this address.")
        session = _form(accounts)
        if wrong := wrong_provider():
            st.warning(
                f"The sign-in of your organisation does not work: {plain(wrong)}. An admin can mend it; a name and a "
                "password will do until then.",
                icon=":material/warning:",
            )
        elif has_provider():
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
        return accounts.sign_in(name.strip(), password, st.context.ip_address)
    except AllabelError as error:
        problems.show(error)
        return None
