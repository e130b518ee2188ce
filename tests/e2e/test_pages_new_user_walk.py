"""Addresses that a new user types or keeps, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from app_page import make_project

from app.cli import ENTRY
from app.settings import FOLDER

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


@pytest.mark.parametrize(("name", "with_project"), [("annotate", True), ("export", True), ("start", False)])
def test_each_page_is_found_under_its_name(
    served: Callable[..., Any], page: Any, tmp_path: Path, name: str, with_project: bool
) -> None:
    folder = make_project(tmp_path / "p") if with_project else tmp_path
    app = served(ENTRY, env={FOLDER: str(folder)})
    page.goto(f"{app.url}/{name}")
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_text("Page not found").count() == 0
    # One page alone has no menu.
    assert page.get_by_role("link", name=name.capitalize(), exact=True).count() == with_project
