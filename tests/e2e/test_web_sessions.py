"""Sessions in a real browser: a cookie that no script reads, one that ends in every tab, and none that was planted."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from app_page import make_project
from sqlalchemy import update

from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from allabel.store.tables import sessions
from app.cli import ENTRY
from app.cookies import cookie_name
from app.keeping import PATH
from app.settings import FOLDER

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]
WORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_project(tmp_path / "p", annotated=1)
    with Project.open(made) as project:
        for name, role in (("ada", Role.ADMIN), ("cem", Role.CURATOR)):
            Accounts(project.store).add(name, role, WORD)
    return made.resolve()


@pytest.fixture
def app(served: Callable[..., Any], folder: Path) -> Any:
    return served(ENTRY, env={FOLDER: str(folder)})


def sign_in(page: Any, name: str) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("textbox", name="Password", exact=True).fill(WORD)
    page.get_by_role("textbox", name="Password", exact=True).press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()


def kept(page: Any, folder: Path, unlike: str = "") -> dict[str, Any]:
    """Wait for the cookie of the project, with another value than this."""
    for _ in range(300):
        found = [one for one in page.context.cookies() if one["name"] == cookie_name(folder)]
        if found and found[0]["value"] not in ("", unlike):
            return found[0]
        page.wait_for_timeout(100)
    raise AssertionError("the browser has no cookie of the session")


def test_a_session_is_new_out_of_reach_of_scripts_and_over_everywhere_when_it_is_over(
    app: Any, page: Any, folder: Path
) -> None:
    planted = "planted" * 6
    place = {"name": cookie_name(folder), "value": planted, "url": app.url}
    page.context.add_cookies([place])
    page.goto(f"{app.url}/export")
    sign_in(page, "ada")
    cookie = kept(page, folder, unlike=planted)
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/", False)
    assert cookie_name(folder) not in page.evaluate("document.cookie")
    page.reload()
    page.get_by_role("heading", name="Export", level=1).wait_for()

    other = page.context.new_page()
    other.goto(f"{app.url}/people")
    other.get_by_role("heading", name="People", level=1).wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    other.get_by_role("link", name="Export", exact=True).click()
    other.get_by_role("heading", name="Sign in").wait_for()
    other.close()

    sign_in(page, "cem")
    page.goto(f"{app.url}/people")
    page.get_by_role("button", name="Sign out").wait_for()
    assert page.get_by_role("heading", name="People", level=1).count() == 0, "a curator has no page of people"
    with Project.open(folder) as project, project.store.writes() as connection:
        connection.execute(update(sessions).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    page.reload()
    page.get_by_role("heading", name="Sign in").wait_for()


def test_files_are_put_and_fetched_by_who_is_signed_in_alone(app: Any, page: Any, folder: Path) -> None:
    stranger = page.context.browser.new_context()
    put = stranger.request.put(f"{app.url}/_stcore/upload_file/a/b", data=b"x")
    assert (put.status, put.text()) == (403, "Sign in first.\n")
    page.goto(f"{app.url}/export")
    sign_in(page, "ada")
    kept(page, folder)
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Download")).click()
    made = Path(download.value.path()).read_bytes()
    assert b"NaCl" in made
    # Whoever is handed the address of a download does not get it by that alone.
    assert page.request.get(download.value.url).body() == made
    assert stranger.request.get(download.value.url).status == 403
    stranger.close()

    page.goto(f"{app.url}/tag")
    page.get_by_role("tab", name="Upload a file").click()
    more = {"name": "more.txt", "mimeType": "text/plain", "buffer": b"KBr was dried."}
    page.locator("input[type=file]").set_input_files(more)
    page.get_by_text("more.txt").first.wait_for()
    page.get_by_role("button", name="Tag the file").click()
    page.get_by_text("KBr").filter(visible=True).first.wait_for()


def test_no_other_page_sets_the_cookie(app: Any) -> None:
    asked = urllib.request.Request(app.url + PATH, data=b"{}", headers={"Content-Type": "application/json"})
    asked.add_header("Origin", "https://evil.example")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(asked)
    assert caught.value.code == 403
    assert caught.value.headers["x-content-type-options"] == "nosniff"
    caught.value.close()
