"""Start: a project is made and its labels edited, a file is looked through and then imported whole or not at all."""

from pathlib import Path

import pytest
from app_page import make_project, open_page, said

from allabel.project import Project
from app.pages.start.labels import in_use
from app.pages.start.rows import bare_rows, read_rows

GOOD = '{"id": "n1", "text": "ZnO in 😀 acetone", "entities": [{"start": 0, "end": 3, "label": "Reagent"}]}'
BAD = [
    GOOD,
    '{"id": "n2"}',
    "not json",
    '{"id": "n3", "text": "abc", "entities": [{"start": 0, "end": 9, "label": "Reagent"}]}',
    '{"id": "n4", "text": "abc", "entities": [{"start": 0, "end": 2, "label": "Nope"}]}',
    '{"id": "a1", "text": "another text than the project has"}',
]


def test_a_folder_without_a_project_offers_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("start", tmp_path, monkeypatch)
    assert page.title[0].value == "A new project"
    page.text_input(key="start.names").set_value("Reagent, Solvent").run()
    next(b for b in page.button if b.label == "Make the project").click().run()
    assert not page.error
    with Project.open(tmp_path) as made:
        assert made.schema.names == ("Reagent", "Solvent")
        assert [label.key for label in made.schema.labels] == ["1", "2"]


def test_a_project_cannot_be_made_from_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("start", tmp_path, monkeypatch, host="0.0.0.0")
    assert "There is no project here" in said(page.error)


def test_every_problem_of_a_file_is_shown_and_nothing_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    file = tmp_path / "bad.jsonl"
    file.write_text("\n".join(BAD), encoding="utf-8")
    page = open_page("start", folder, monkeypatch)
    page.text_input(key="start.path.0").set_value(str(file)).run()
    shown = page.table[0].value
    assert [str(line) for line in shown["lines"]] == ["2", "3", "4", "5", "6"]
    assert "5 problems" in said(page.error)
    assert next(b for b in page.button if b.label == "Import").disabled
    with Project.open(folder) as project:
        assert project.counts().documents == 4


def test_a_sound_file_is_previewed_and_imported_with_a_press(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    file = tmp_path / "more.jsonl"
    file.write_text(GOOD, encoding="utf-8")
    page = open_page("start", folder, monkeypatch)
    page.text_input(key="start.path.0").set_value(str(file)).run()
    assert list(page.dataframe[0].value["id"]) == ["n1"]
    assert "No problem was found." in said(page.success)
    next(b for b in page.button if b.label == "Import").click().run()
    assert "more.jsonl: 1 documents, 1 new; 1 answers kept as gold." in said(page.success)
    with Project.open(folder) as project:
        assert project.counts().documents == 5


def test_an_uploaded_file_keeps_its_name_for_the_ids_of_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    page = open_page("start", folder, monkeypatch)
    page.file_uploader[0].set_value(("lab notes.txt", b"one text\nanother text\n", "text/plain")).run()
    assert list(page.dataframe[0].value["id"]) == ["lab notes-1", "lab notes-2"]


def test_a_label_in_use_is_not_taken_away_before_its_spans_are_named_and_agreed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p", annotated=2)
    page = open_page("start", folder, monkeypatch)
    page.session_state["start.labels.0.table"] = {"edited_rows": {}, "added_rows": [], "deleted_rows": [1]}
    page.run()
    assert "Solvent: 6 spans bear it" in said(page.warning).replace("*", "")
    save = next(b for b in page.button if b.label == "Save the labels")
    assert save.disabled
    page.checkbox[-1].check().run()
    next(b for b in page.button if b.label == "Save the labels").click().run()
    with Project.open(folder) as project:
        assert project.schema.names == ("Reagent",)
        assert in_use(project)["Solvent"] == 6, "the spans stay"


def test_every_problem_of_the_label_table_is_named() -> None:
    rows = bare_rows("A, B, C")
    rows[0]["colour"] = "red"
    rows[1]["key"] = "12"
    rows[2]["examples"] = ["x"]
    rows[2]["not_examples"] = ["x"]
    schema, problems = read_rows([*rows, {"definition": "without a name"}], "", overlap=False)
    assert schema is None
    assert [problem.split(":")[0] for problem in problems] == [
        *("row 1 (A)", "row 2 (B)", "row 3 (C)", "row 4 (without a name)")
    ]


def test_labels_named_twice_and_keys_given_twice_are_both_told() -> None:
    rows = bare_rows("A, B")
    rows[1] |= {"name": "A", "key": "1"}
    _, problems = read_rows(rows, "", overlap=False)
    assert len(problems) == 2


def test_blank_rows_are_passed_over_and_missing_colours_and_keys_are_given() -> None:
    schema, problems = read_rows([{"name": "A"}, {"name": None, "examples": float("nan")}], "g", overlap=True)
    assert not problems
    assert schema is not None
    assert (schema.names, schema.labels[0].key, schema.guidelines, schema.overlap) == (("A",), "1", "g", True)
