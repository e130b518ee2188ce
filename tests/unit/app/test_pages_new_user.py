"""What a new user does wrong: it is told in words, stays text, and is worked out no oftener than it has to be."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from app_page import make_project, open_page, said
from streamlit.testing.v1 import AppTest

from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from allabel.schema import LabelSchema
from app.pages import export
from app.pages.select import compare
from app.pages.start import importing
from app.pages.start.reading import check, read_file
from app.pages.start.rows import bare_rows, read_rows
from app.state import contents

WORD = "correct horse battery"


def press(page: AppTest, label: str) -> AppTest:
    return next(b for b in page.button if b.label.replace("\\", "") == label).click().run()


def counting(patch: pytest.MonkeyPatch, module: object, name: str) -> list[str]:
    calls: list[str] = []
    real = getattr(module, name)

    def counted(*args: Any, **named: Any) -> Any:
        calls.append(name)
        return real(*args, **named)

    patch.setattr(module, name, counted)
    return calls


def test_names_of_people_and_folders_stand_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p_a_ *x*")
    with Project.open(folder) as project:
        Accounts(project.store).add("*ada* :red[x]", Role.ADMIN, WORD)
        Accounts(project.store).add("**jon** $x$", Role.ANNOTATOR, WORD)
    page = open_page("people", folder, monkeypatch)
    assert r"p\_a\_ \*x\*" in page.caption[0].value
    page.text_input(key="allabel.name").set_value("*ada* :red[x]")
    page.text_input(key="allabel.password").set_value(WORD)
    press(page, "Sign in")
    captions = "\n".join(one.value for one in page.sidebar.caption)
    assert r"\*ada\* \:red\[x\]" in captions
    assert r"p\_a\_ \*x\*" in captions
    page.selectbox(key="people.chosen").set_value("**jon** $x$").run()
    assert r"Shut \*\*jon\*\* \$x\$ out" in [b.label for b in page.button]


def test_labels_that_cannot_be_named_so_are_told_and_can_be_typed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("start", tmp_path, monkeypatch)
    page.text_input(key="start.names").set_value("x" * 101).run()
    assert page.error
    page.text_input(key="start.names").set_value(" , ,").run()
    assert "Type one label at least" in said(page.info)
    page.text_input(key="start.names").set_value("Reagent").run()
    assert not page.error
    assert any(b.label == "Make the project" for b in page.button)


def test_a_key_that_the_editor_needs_itself_is_refused() -> None:
    rows = bare_rows("A, B")
    rows[0]["key"], rows[1]["key"] = "0", "."
    _, problems = read_rows(rows, "", overlap=False)
    assert [problem.split(" of ")[0] for problem in problems] == ["the key '0'", "the key '.'"]


def test_each_unknown_label_is_one_problem_with_all_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    spans = ('{"start":0,"end":1,"label":"X"}', '{"start":1,"end":2,"label":"Y"}')
    path.write_text(
        "\n".join(
            f'{{"id":"{i}","text":"abc","entities":[{spans}]}}' for i, spans in enumerate((*spans, ",".join(spans)))
        )
    )
    found = read_file(path)
    check(found, LabelSchema.of(["A"]), path, [], {}, role="auto", flat=False)
    assert [(problem.split()[2], lines) for (problem, _), lines in found.lines.items()] == [
        ("'X'", [1, 3]),
        ("'Y'", [2, 3]),
    ]


def test_a_file_with_labels_of_others_comes_in_as_texts_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    file = tmp_path / "others.jsonl"
    file.write_text('{"id": "n", "text": "abc", "entities": [{"start": 0, "end": 1, "label": "Theirs"}]}')
    page = open_page("start", folder, monkeypatch)
    page.text_input(key="start.path.0").set_value(str(file)).run()
    assert page.error
    page.selectbox(key="start.role").set_value("texts").run()
    assert not page.error
    press(page, "Import")
    with Project.open(folder) as project:
        assert project.counts().documents == 5
        assert "n" not in project.store.gold()


def test_a_path_that_no_system_takes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("start", make_project(tmp_path / "p"), monkeypatch)
    for path in ("a" * 5000, "/nope/x.jsonl"):
        page.text_input(key="start.path.0").set_value(path).run()
        assert "check the name and the folder" in said(page.error)


@pytest.mark.parametrize("name", ["start", "tag"])
def test_a_bad_upload_is_named_as_the_person_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    page = open_page(name, make_project(tmp_path / "p", annotated=2), monkeypatch)
    page.file_uploader[0].set_value(("my notes.txt", "NaCl".encode("utf-16"), "text/plain")).run()
    if name == "tag":
        press(page, "Tag the file")
    assert "my notes.txt, line 1" in said(page.error)
    assert tempfile.gettempdir() not in said(page.error)


def test_what_a_page_worked_out_is_kept_until_the_project_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p", annotated=2)
    calls = counting(monkeypatch, export, "written")
    page = open_page("export", folder, monkeypatch)
    page.run()
    assert len(calls) == 1
    with Project.open(folder) as project:
        once_more = Document(DocId("a1"), "NaCl was dissolved in water.", ())
        project.import_records([Record(1, once_more)], Path("x.jsonl"), "annotations")
    page.run()
    assert len(calls) == 2, "the same number of answers, another answer"
    assert '"entities": []' in page.code[0].value.splitlines()[0]


def test_a_file_is_looked_through_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counting(monkeypatch, importing, "read_file")
    page = open_page("start", make_project(tmp_path / "p"), monkeypatch)
    file = tmp_path / "t.txt"
    file.write_text("one\n")
    page.text_input(key="start.path.0").set_value(str(file)).run()
    page.run()
    assert len(calls) == 1
    file.write_text("one\ntwo\n")
    page.run()
    assert len(calls) == 2
    assert len(page.dataframe[0].value) == 2


def test_a_plan_is_worked_out_once_for_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    calls = counting(monkeypatch, Project, "plan")
    page = open_page("select", folder, monkeypatch)
    page.run()
    assert len(calls) == 1
    page.selectbox(key="select.strategy").set_value("uniform").run()
    assert len(calls) == 2


def test_an_export_counts_lines_as_files_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    with Project.open(folder) as project:
        odd = Document(DocId("u"), "a\u2028b\u0085c", ())
        project.import_records([Record(1, odd)], Path("x.jsonl"), "annotations")
    page = open_page("export", folder, monkeypatch)
    assert "The first 1 of 1 lines" in "\n".join(one.value for one in page.caption)


def test_states_on_the_map_differ_in_shape_and_colour_and_what_is_not_drawn_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = compare._spec(["uniform"])["layer"][0]["encoding"]
    for channel in ("color", "shape"):
        assert len(set(pool[channel]["scale"]["range"])) == 4
    monkeypatch.setattr(compare, "MOST_POINTS", 2)
    page = open_page("select", make_project(tmp_path / "p"), monkeypatch)
    page.multiselect(key="select.compared").set_value(["uniform"]).run()
    press(page, "Draw the map")
    told = said(page.caption)
    assert "2 of 4 texts are drawn; among them" in told
    assert "that uniform would choose" in told


def test_contents_change_with_each_kind_of_write(tmp_path: Path) -> None:
    with Project.open(make_project(tmp_path / "p", annotated=2)) as project:
        seen = [contents(project)]
        project.import_records([Record(1, Document(DocId("z"), "new"))], Path("x.jsonl"), "texts")
        seen.append(contents(project))
        project.select("1", "uniform", 0)
        seen.append(contents(project))
        list(project.tag(project.rest(), keep=True))
        seen.append(contents(project))
        assert seen[-1] == contents(project)
    assert len(set(map(repr, seen))) == 4


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ('[auth]\nclient_id = "x"\n', "lacks redirect_uri, cookie_secret, client_secret, server_metadata_url"),
        ("[auth\n", "secrets.toml cannot be read"),
        ('auth = "yes"\n', "is to be a section"),
        (None, ""),
    ],
)
def test_a_wrong_set_up_of_the_organisations_sign_in_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secrets: str | None, told: str
) -> None:
    folder = make_project(tmp_path / "p")
    with Project.open(folder) as project:
        Accounts(project.store).add("ada", Role.ADMIN, WORD)
    file = _secrets(tmp_path, monkeypatch, secrets)
    page = open_page("annotate", folder, monkeypatch)
    assert not page.exception
    assert (told in said(page.warning)) if told else not page.warning
    assert not any("organisation" in b.label for b in page.button), file


def test_an_organisations_sign_in_that_is_set_up_has_its_button(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("authlib")
    folder = make_project(tmp_path / "p")
    with Project.open(folder) as project:
        Accounts(project.store).add("ada", Role.ADMIN, WORD)
    names = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
    _secrets(tmp_path, monkeypatch, "[auth]\n" + "".join(f'{name} = "https://x.example/y"\n' for name in names))
    page = open_page("annotate", folder, monkeypatch)
    assert not page.warning
    assert any("organisation" in b.label for b in page.button)


@pytest.mark.parametrize("verified", [True, False, None])
def test_an_address_that_is_only_claimed_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verified: bool | None
) -> None:
    folder = make_project(tmp_path / "p")
    with Project.open(folder) as project:
        Accounts(project.store).add("ada@chem.example", Role.ADMIN, None)
    names = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
    _secrets(tmp_path, monkeypatch, "[auth]\n" + "".join(f'{name} = "https://x.example/y"\n' for name in names))
    claims = {"is_logged_in": True, "email": "ada@chem.example"}
    monkeypatch.setattr(st, "user", claims if verified is None else {**claims, "email_verified": verified})
    page = open_page("people", folder, monkeypatch)
    assert page.title[0].value == ("Sign in" if verified is False else "People")


def _secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> Path:
    """Have streamlit look for its secrets in one file only, which may be missing."""
    from streamlit import config
    from streamlit.runtime.secrets import secrets_singleton

    file = tmp_path / "secrets.toml"
    if content is not None:
        file.write_text(content)
    real = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: [str(file)] if name == "secrets.files" else real(name))
    monkeypatch.setattr(st, "get_option", config.get_option)
    secrets_singleton._reset()
    return file


def test_tagging_that_is_refused_leaves_the_page_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("tag", make_project(tmp_path / "p"), monkeypatch)
    page.text_area(key="tag.text").set_value("NaCl in water")
    press(page, "Tag the text")
    assert "learns from annotated texts" in said(page.error)
    assert page.file_uploader, "the other tab is still there"
    assert not page.get("progress"), "nothing goes on any more"


def test_a_budget_of_millions_is_the_number_that_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("select", make_project(tmp_path / "p"), monkeypatch)
    page.selectbox(key="select.unit").set_value("tokens").run()
    page.number_input(key="select.amount.tokens").set_value(12345678.0).run()
    assert "12345678" in said(page.error) or "12,345,678" in said(page.error) or page.metric
    assert "cannot be read" not in said(page.error)
