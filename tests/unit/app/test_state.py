"""One open project a folder: opened anew when its files changed, in words when it cannot be, and back by itself."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from app_page import make_project, open_page, said

from allabel.errors import AllabelError, InputError
from allabel.schema import LabelSchema
from app import problems
from app.state import Keeper
from app.wording import plain


def test_the_same_project_is_given_to_all_threads(tmp_path: Path) -> None:
    keeper = Keeper(make_project(tmp_path / "p"))
    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(lambda _: keeper.project(), range(40)))
    assert len({id(one) for one in given}) == 1
    keeper.close()


def test_changed_labels_are_read_without_a_restart(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    keeper = Keeper(folder)
    assert keeper.project().schema.names == ("Reagent", "Solvent")
    (folder / "labels.toml").write_text(LabelSchema.of(["Reagent", "Solvent", "Product"]).to_toml(), encoding="utf-8")
    assert keeper.project().schema.names[-1] == "Product"
    assert keeper.project().counts().documents == 4
    keeper.close()


def test_a_project_that_vanished_is_named_and_found_again_when_it_is_back(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    keeper = Keeper(folder)
    keeper.project()
    folder.rename(tmp_path / "away")
    with pytest.raises(InputError, match="there is no project here"):
        keeper.project()
    (tmp_path / "away").rename(folder)
    assert keeper.project().counts().documents == 4
    keeper.close()


def test_damaged_labels_give_a_page_with_the_remedy_that_goes_when_they_are_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    labels = folder / "labels.toml"
    sound = labels.read_text(encoding="utf-8")
    page = open_page("export", folder, monkeypatch)
    labels.write_text("labels = [", encoding="utf-8")
    page.run()
    assert page.title[0].value == "The project cannot be opened"
    assert "labels.toml" in said(page.error)
    assert "What to do" in said(page.error)
    labels.write_text(sound, encoding="utf-8")
    assert page.run().title[0].value == "Export"


def test_a_store_without_labels_is_no_invitation_to_make_a_new_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "labels.toml").unlink()
    page = open_page("start", folder, monkeypatch)
    assert page.title[0].value == "The project cannot be opened"


def test_a_database_that_is_no_database_gives_a_page_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    shutil.copy(folder / "project.db", tmp_path / "sound.db")
    (folder / "project.db").write_bytes(b"not a database at all" * 100)
    page = open_page("export", folder, monkeypatch)
    assert not page.exception
    assert page.title[0].value == "The project cannot be opened"


def test_a_project_that_another_program_holds_locked_says_so_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allabel.store.database.BUSY_TIMEOUT_S", 0.1)
    folder = make_project(tmp_path / "p")
    page = open_page("people", folder, monkeypatch)
    with sqlite3.connect(folder / "project.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        page.run()
        other.execute("ROLLBACK")
    assert not page.exception
    assert page.run().title[0].value == "People"


def test_what_nobody_foresaw_becomes_a_calm_message_with_folded_details() -> None:
    from streamlit.testing.v1 import AppTest

    def script() -> None:
        from app.problems import guarded

        guarded(lambda: print(1 / 0), details=True)

    page = AppTest.from_function(script).run()
    assert not page.exception
    assert "Something went wrong that nobody foresaw." in said(page.error)
    assert "ZeroDivisionError" in page.expander[0].code[0].value


def test_an_error_is_told_with_place_and_remedy_and_its_text_is_not_read_as_markdown() -> None:
    told = problems.in_words(InputError("the value '*a* $x$ :smile:' is wrong", file="f.csv", line=3, remedy="mend it"))
    assert "\\*a\\*" in told
    assert "\\$x\\$" in told
    assert "\\:smile\\:" in told
    assert "f\\.csv\\, line 3" in told
    assert "What to do: mend it" in told
    assert problems.in_words(AllabelError("plain_words")) == "plain\\_words"


def test_escaped_text_gives_itself_back() -> None:
    from streamlit.testing.v1 import AppTest

    text = "<b>*x*</b> [a](b) `c` $d$ :e: 1. - # | ~ \\ _"
    assert said(AppTest.from_string(f"import streamlit as st\nst.markdown({plain(text)!r})").run().markdown) == text


def test_a_folder_that_was_moved_away_is_missed_and_not_taken_for_a_new_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    page = open_page("export", folder, monkeypatch)
    folder.rename(tmp_path / "away")
    for _ in range(2):
        page.run()
        assert page.title[0].value == "The project cannot be opened"
        assert "not here any more" in said(page.error)
    (tmp_path / "away").rename(folder)
    page.run()
    assert page.title[0].value == "Export"
