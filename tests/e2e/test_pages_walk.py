"""From an empty folder to an export in a real browser: the pages around annotation, with axe's opinion of each."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from app_page import TEXTS
from at_work import WORD, go, no_serious_issue, themed

from app.cli import ENTRY

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


def rows() -> list[dict[str, Any]]:
    return [
        {"id": id, "text": text, "entities": [{"start": s.start, "end": s.end, "label": s.label} for s in spans]}
        for id, text, spans in TEXTS
    ]


def jsonl(path: Path, *more: str) -> Path:
    path.write_text("\n".join([*(json.dumps(row, ensure_ascii=False) for row in rows()), *more]), encoding="utf-8")
    return path


def sign_in(page: Any, password: str) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill("ada")
    page.get_by_role("textbox", name="Password", exact=True).fill(password)
    page.get_by_role("textbox", name="Password", exact=True).press("Enter")


@pytest.fixture
def app(served: Callable[..., Any], tmp_path: Path) -> Any:
    """The app on an empty folder, with the colours that the command gives it."""
    folder = tmp_path / "my-project"
    folder.mkdir()
    return served(ENTRY, env=themed(folder))


def test_a_project_is_made_filled_selected_tagged_and_exported(
    app: Any, page: Any, tmp_path: Path, shots: Path
) -> None:
    page.goto(app.url)
    page.get_by_role("heading", name="A new project").wait_for()
    names = page.get_by_role("textbox", name="Labels, with commas between")
    names.fill("Reagent, Solvent")
    names.press("Enter")
    page.locator(".al-legend").get_by_text("Solvent").wait_for()
    page.screenshot(path=shots / "start-new.png", full_page=True)
    page.get_by_role("button", name="Make the project").click()

    go(page, "Start")
    bad = jsonl(tmp_path / "bad.jsonl", '{"id": "z"}', "{", '{"id": "a1", "text": "another"}')
    page.locator("input[type=file]").first.set_input_files(bad)
    page.get_by_text("3 problems").wait_for()
    page.screenshot(path=shots / "import-problems.png", full_page=True)
    assert page.get_by_role("button", name="Import", exact=True).is_disabled()
    good = jsonl(tmp_path / "good.jsonl")
    page.locator("input[type=file]").first.set_input_files(good)
    page.get_by_text("No problem was found.").wait_for()
    page.get_by_role("combobox", name="Take its answers as").click()
    page.get_by_role("option", name=re.compile("^Annotations")).click()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("4 documents, 4 new; 4 answers kept as annotations").wait_for()

    go(page, "People")
    page.get_by_role("textbox", name=re.compile("^Name, or")).fill("ada")
    page.get_by_role("textbox", name="Password", exact=True).fill(WORD)
    page.get_by_role("textbox", name="Password again").fill(WORD)
    page.get_by_role("button", name="Add").click()
    page.get_by_text("ada is added as admin.").wait_for()
    _has_cookie(page)
    page.reload()
    page.get_by_role("heading", name="People", level=1).wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.get_by_role("textbox", name="Password again").wait_for(state="detached")
    page.screenshot(path=shots / "sign-in.png", full_page=True)
    sign_in(page, "not the password")
    page.get_by_text("The name or the password is wrong").wait_for()
    sign_in(page, WORD)
    page.get_by_role("heading", name="People", level=1).wait_for()
    _has_cookie(page)
    page.reload()
    page.get_by_role("heading", name="People", level=1).wait_for()

    go(page, "Start")
    texts = tmp_path / "more.txt"
    texts.write_text("KCl in water was cooled.\nThe flask was dried.\nZnO in DMF 😀 was boiled.\n", encoding="utf-8")
    page.locator("input[type=file]").first.set_input_files(texts)
    page.get_by_text("No problem was found.").wait_for()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("3 documents, 3 new").wait_for()

    go(page, "Select")
    page.get_by_role("spinbutton", name="Budget").fill("40")
    page.get_by_role("spinbutton", name="Budget").press("Enter")
    page.get_by_role("button", name="Choose these texts").click()
    page.get_by_text(re.compile(r"^Queued \d text")).wait_for()
    page.screenshot(path=shots / "selected.png", full_page=True)
    page.get_by_role("tab", name="Strategies on the map").click()
    page.get_by_role("button", name="Draw the map").click()
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
    page.screenshot(path=shots / "map.png", full_page=True)

    go(page, "Tag")
    page.get_by_role("textbox", name="Text", exact=True).fill("😀 NaCl was dissolved in water. <b>KBr</b>")
    page.get_by_role("button", name="Tag the text").click()
    page.locator(".al-text mark").first.wait_for()
    assert page.locator(".al-text b", has_text="KBr").count() == 0, "a text is shown as it is"
    page.screenshot(path=shots / "tagged.png", full_page=True)

    go(page, "Export")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Download")).click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["entities"] for line in lines] == [row["entities"] for row in rows()]
    for name in ("Select", "Tag", "Compare", "Export", "Start", "People"):
        go(page, name)
        no_serious_issue(page)


def _has_cookie(page: Any) -> None:
    """Wait for the session's cookie, which no script of the page can read."""
    for _ in range(300):
        found = [one for one in page.context.cookies() if one["name"].startswith("allabel_session_")]
        if found and len(found[0]["value"]) >= 20:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the browser has no cookie of the session")
