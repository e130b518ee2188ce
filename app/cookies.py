"""The cookie that keeps a person signed in over a reload; written by the browser, read from its next request."""

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

_PENDING = "allabel.cookie"
# Data comes as JSON and never as code; name and token are of URL-safe characters only.
_JS = """
export default function ({ data }) {
  if (!data || window.allabelCookieWritten === data.id) return;
  window.allabelCookieWritten = data.id;
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.value}; Max-Age=${data.seconds}; Path=/; SameSite=Strict${secure}`;
}
"""


def cookie_name(folder: Path) -> str:
    """Return the cookie's name, one for each project: cookies know no ports."""
    return f"allabel_session_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def read_cookie(folder: Path) -> str:
    """Return the token that the browser sent, "" where it sent none."""
    sent = st.context.cookies.get(cookie_name(folder))
    return sent if isinstance(sent, str) else ""


def keep_cookie(folder: Path, token: str, until: datetime) -> None:
    """Have the browser keep a token until its session ends. Takes effect with `write_cookie`."""
    seconds = max(0, int((until - datetime.now(UTC)).total_seconds()))
    _ask(folder, token, seconds)


def drop_cookie(folder: Path) -> None:
    """Have the browser forget the token. Takes effect with `write_cookie`."""
    _ask(folder, "", 0)


def write_cookie() -> None:
    """Draw what has the browser do what was last asked; nothing is seen of it."""
    if pending := st.session_state.get(_PENDING):
        write = st.components.v2.component("allabel_cookie", js=_JS)
        write(key="allabel-cookie", data=pending, height=1)


def _ask(folder: Path, value: str, seconds: int) -> None:
    st.session_state[_PENDING] = {
        "id": secrets.token_hex(8),
        "name": cookie_name(folder),
        "value": value,
        "seconds": seconds,
    }
