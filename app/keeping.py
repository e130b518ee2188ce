"""The address at which the browser is given the cookie of a session, one that no script of a page can read."""

import json
import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/allabel/session"
MOST_BYTES = 1000
_NAME = re.compile(r"allabel_session_[0-9a-f]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{0,100}")


async def keep(request: Request) -> Response:
    """Set the cookie that the app's own page asks for; nothing else can ask, and a token opens nothing by itself.

    A page of another origin could have somebody work under another's name: it is refused, as are forms.
    """
    if not _is_own_page(request):
        return Response(status_code=403)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return Response(status_code=413)
    try:
        asked = json.loads(body)
        name, value, seconds = str(asked["name"]), str(asked["value"]), int(asked["seconds"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return Response(status_code=422)
    if not (_NAME.fullmatch(name) and _TOKEN.fullmatch(value) and 0 <= seconds <= 10**8):
        return Response(status_code=422)
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    # TLS may end at a proxy, and the browser knows; to say so where there is none only loses the cookie.
    secure = request.url.scheme == "https" or asked.get("secure") is True
    answer.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="strict", secure=secure)
    return answer


def _is_own_page(request: Request) -> bool:
    origin = request.headers.get("origin", "")
    json_sent = request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
    return json_sent and bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


ROUTE = Route(PATH, keep, methods=["POST"])
