"""The frame of every page: opens the project, knows who is there, shows the pages this person may see."""

from functools import partial
from importlib import import_module
from pathlib import Path

import streamlit as st

from allabel.errors import AllabelError, InputError
from allabel.people.roles import Role
from app import cookies, problems, signin, state
from app.pages import PAGES, Listed, there
from app.state import Work
from app.wording import plain

# How often a page that waits for a mended project looks whether it is.
LOOK_AGAIN_S = 3
# A file of our own: a named icon would be fetched from a server elsewhere.
ICON = Path(__file__).parent / "entry" / "icon.svg"

# The chosen tab is told by its line; its name keeps the page's own colour, which can be read on light and on dark.
_STYLE = (
    '<style>[role="tab"], [role="tab"] * { color: inherit !important; }'
    ".st-key-allabel-cookie { position: absolute; }</style>"
)


def main() -> None:
    """Draw the app: the sign-in, a page, or what is in the way of both."""
    st.set_page_config(page_title="allabel", page_icon=str(ICON), layout="wide")
    folder = state.folder()
    try:
        work = _work(folder)
    except AllabelError as error:
        _wait(folder, error)
        return
    # All pages are registered before anybody is signed in, so that signing in leads back to the page asked for.
    shown = [one for one in PAGES if there(one) and (work is None or _is_for(one, work))]
    pages = _pages(shown, work)
    st.html(_STYLE)
    # Before the page, which may take long: a reload in the meantime is to find the cookie.
    cookies.write_cookie()
    if work is None:
        st.navigation(pages, position="hidden")
    else:
        page = st.navigation(pages, expanded=True)
        _who(work)
        page.run()


def _work(folder: Path) -> Work | None:
    """Return what there is to work on; None where the form to sign in was drawn."""
    if not state.has_project(folder):
        if state.keeper(str(folder)).was_open:
            raise InputError(
                "the project is not here any more", file=folder, remedy="move its folder back, or mount its disk again"
            )
        if not state.is_local():
            raise InputError(
                "there is no project here", file=folder, remedy="make one: allabel init, or without --host"
            )
        return Work(folder, state.operator(), None, alone=True)
    project = state.keeper(str(folder)).project()
    person = signin.person_at(folder, project)
    return None if person is None else Work(folder, person, project, alone=not state.accounts(project).any())


def _is_for(one: Listed, work: Work) -> bool:
    return work.may(one.role) and (work.opened is not None or one.module == "start")


def _pages(shown: list[Listed], work: Work | None) -> "list[st.Page]":
    """Return the pages, the first at the bare address; a hidden twin of it answers at its name, for bookmarks."""
    first, *others = shown
    twin = st.Page(partial(_draw, first, work), title=first.title, url_path=first.module, visibility="hidden")
    return [_page(first, work, default=True), *(_page(one, work, default=False) for one in others), twin]


def _page(one: Listed, work: Work | None, *, default: bool) -> "st.Page":
    draw = partial(_draw, one, work)
    # What is at the bare address still takes up a name: not its own, which is its twin's.
    path = f"first-{one.module}" if default else one.module
    return st.Page(draw, title=one.title, icon=one.icon, url_path=path, default=default)


def _draw(one: Listed, work: Work | None) -> None:
    if work is not None:
        show = import_module(f"app.pages.{one.module}").show
        problems.guarded(partial(show, work), details=work.alone)


def _who(work: Work) -> None:
    with st.sidebar:
        st.caption(f"Project **{plain(work.folder.name)}**")
        role = "" if work.alone else f" · {work.person.role.value}"
        st.caption(f"{plain(work.person.name)}{role}")
        if not work.alone and st.button("Sign out", icon=":material/logout:"):
            signin.sign_out(work.folder, work.project)
            st.rerun()
        if work.alone and work.opened is not None and work.may(Role.ADMIN):
            st.caption("Nobody has to sign in: only this machine can reach the app.")


def _wait(folder: Path, error: AllabelError) -> None:
    """Say what is in the way of opening the project, and go on by itself when it is mended."""
    st.navigation(_pages([one for one in PAGES if there(one)], None), position="hidden")
    st.title("The project cannot be opened")
    problems.show(error)
    st.caption("What was saved is safe. This page goes on by itself as soon as the project can be opened.")
    st.button("Try again", type="primary")

    @st.fragment(run_every=LOOK_AGAIN_S)
    def look_again() -> None:
        try:
            state.keeper(str(folder)).project().counts()
        except AllabelError:
            return
        st.rerun()

    look_again()
