"""The cookie that keeps a person signed in over a reload; asked for by the page, read from its next request."""

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from app.keeping import PATH

_PENDING = "allabel.cookie"
# Data comes as JSON and never as code. The server sets the cookie: what a script sets, every script can read.
_JS = """
export default function ({ data }) {
  if (!data || window.allabelCookieWritten === data.id) return;
  window.allabelCookieWritten = data.id;
  const asked = { ...data, secure: window.location.protocol === "https:" };
  const send = (left) =>
    fetch(data.at, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
      keepalive: true,
    }).then(
      (answer) => answer.ok || (left && setTimeout(() => send(left - 1), 500)),
      () => left && setTimeout(() => send(left - 1), 500),
    );
  send(3);
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
        write(key="allabel-cookie", data={**pending, "at": PATH}, height=1)


def _ask(folder: Path, value: str, seconds: int) -> None:
    st.session_state[_PENDING] = {
        "id": secrets.token_hex(8),
        "name": cookie_name(folder),
        "value": value,
        "seconds": seconds,
    }
