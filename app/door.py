"""Who may put a file into the app, fetch one or read its figures: whoever has a session. Streamlit asks for none."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from allabel.errors import AllabelError
from app import signin, state
from app.cookies import cookie_name

# Streamlit's addresses of files that pages take and give, and of its use; the pages themselves come by web socket.
GUARDED = ("/_stcore/upload_file/", "/media/", "/_stcore/metrics")


class Door:
    """Wraps the app and lets nobody near these who could not see a page: 403, before any of a body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        answer: ASGIApp = self._app
        if scope["type"] == "http" and scope["path"].startswith(GUARDED):
            try:
                if not await run_in_threadpool(_may_enter, Request(scope).cookies):
                    answer = PlainTextResponse("Sign in first.\n", 403)
            except AllabelError:
                # What is wrong with it is said on the pages.
                answer = PlainTextResponse("The project cannot be opened.\n", 503)
        await answer(scope, receive, send)


def _may_enter(cookies: dict[str, str]) -> bool:
    folder = state.folder()
    return signin.is_known(folder, cookies.get(cookie_name(folder), ""))
