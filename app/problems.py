"""What a page shows when something went wrong: the message and the way out, never a traceback."""

import logging
import secrets
import traceback
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from allabel.errors import AllabelError, InputError
from app import state
from app.wording import plain

_LOG = logging.getLogger("allabel.app")


def in_words(error: AllabelError) -> str:
    """Return the error as Markdown: the problem, the place, what to do."""
    if not isinstance(error, InputError):
        return plain(error)
    where = "" if error.file is None else _shown(error.file) + (f", line {error.line}" if error.line else "")
    lines = [f"**{plain(error.problem[:1].upper() + error.problem[1:])}**"]
    lines += [plain(where)] if where else []
    lines += [f"What to do: {plain(error.remedy)}"] if error.remedy else []
    return "\n\n".join(lines)


def _shown(file: Path | str) -> str:
    """Return a file as it may be told: where it lies on this machine is nothing for those at another."""
    return str(file) if state.is_local() else Path(file).name


def about(error: InputError, file: Path | str) -> InputError:
    """Return an error that names a file as the person knows it, and not the copy that an upload was read from."""
    return type(error)(error.problem, file=file, line=error.line, remedy=error.remedy)


def show(error: AllabelError) -> None:
    """Show what went wrong and what to do."""
    st.error(in_words(error), icon=":material/error:")


def managed(action: Callable[[], object]) -> bool:
    """Do something at a press of a button; where it is refused say why, there and then, and return False."""
    try:
        action()
    except AllabelError as error:
        show(error)
        return False
    return True


def guarded(draw: Callable[[], None], *, details: bool) -> None:
    """Draw a page; whatever goes wrong becomes a message on it, and what was entered stays.

    details: whether who sees it runs the app, and so may see how it is made; others get a number that is in the log.
    """
    try:
        draw()
    except AllabelError as error:
        show(error)
        st.button("Try again", key="allabel.again")
    except Exception as error:  # noqa: BLE001 - the one place where nothing may get past
        number = secrets.token_hex(4)
        _LOG.exception("a page failed (%s)", number)
        st.error(
            "**Something went wrong that nobody foresaw.**\n\nWhat was saved is safe. Try again; if it comes back, "
            f"send {'the details below' if details else f'the number {number}'} to whoever looks after this "
            "installation.",
            icon=":material/error:",
        )
        st.button("Try again", key="allabel.again")
        if details:
            with st.expander("Details"):
                st.code("".join(traceback.format_exception(error)), language=None)
