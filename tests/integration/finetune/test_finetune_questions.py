"""The questions of a tuned model: what it asks, and what the next training makes of the answers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cities import CITIES, HEART, Run, desk, rename_label, settings

from allabel import jobs
from allabel.active.questions import Wanted
from allabel.document import Annotation
from allabel.errors import InputError
from allabel.finetuning import age, ask, material
from allabel.people.asking import Said
from allabel.project import Project
from allabel.store.questions import Says


def test_it_asks_and_learns_from_the_answers(folder: Path, allabel: Run, tmp_path: Path) -> None:
    settings(folder, f'[finetune]\ntagger = "{HEART}"\n')
    asked = allabel("-p", folder, "finetune", "--ask", "7entities")
    assert "asked 7 questions on entities" in asked.err
    assert "page Questions" in asked.err
    with Project.open(folder) as project:
        before = age(project)
        ada = desk(project)
        for one in ada.next(7):
            # What the model never saw is what it is least sure of.
            assert one.document.text[one.question.start : one.question.end] in CITIES[5:]
            n = one.question.id or 0
            ada.answer(Said(n, Says.ENTITY, f"s{n}", "City", one.question.start, one.question.end, 1.5))
        now = age(project)
        assert (before.n_newer, now.n_newer) == (0, 7)
    assert "questions  0 open, 7 answered" in allabel("-p", folder, "status").out
    learned = allabel("-p", folder, "finetune", "--tagger", HEART)
    assert "12 texts, 42 words, 12 entities, 7 texts of them known in part" in learned.err
    out = tmp_path / "tagged.jsonl"
    allabel("-p", folder, "tag", "--rest", "--backend", "tuned", "-o", out)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["entities"][0]["text"] for row in rows] == list(CITIES[5:])


def test_the_crf_learns_from_the_answered_words_alone(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf", "--ask", "4tokens")
    with Project.open(folder) as project:
        for one in desk(project).next(4):
            desk(project).answer(Said(one.question.id or 0, Says.OUTSIDE, ""))
    done = allabel("-p", folder, "finetune", "--tagger", "crf")
    assert done.status == 0
    assert "39 words" in done.err


def test_answers_on_a_text_that_is_annotated_by_now_are_not_learned_twice(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", HEART, "--ask", "7entities")
    with Project.open(folder, finetune={"tagger": HEART}) as project:
        (one,) = desk(project).next(1)
        desk(project).answer(Said(one.question.id or 0, Says.OUTSIDE, ""))
        assert len(material(project).sentences) == 6
        project.store.add_annotations([Annotation(one.document.id, (), "ada", "app", datetime.now(UTC))])
        assert len(material(project).sentences) == 6
        assert material(project).lesson.answers == {}


def test_answers_with_a_label_that_is_gone_are_left_out_and_counted(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", HEART, "--ask", "7entities")
    with Project.open(folder) as project:
        (one,) = desk(project).next(1)
        said = Said(one.question.id or 0, Says.ENTITY, "", "Person", one.question.start, one.question.end)
        desk(project).answer(said)
    rename_label(folder, "Person", "Town")
    done = allabel("-p", folder, "finetune", "--tagger", HEART)
    assert done.status == 0
    assert "left out: 1 answer with a label that is not in labels.toml any more" in done.err


def test_a_model_asks_no_word_twice_and_says_when_nothing_is_left(folder: Path, allabel: Run) -> None:
    settings(folder, f'[finetune]\ntagger = "{HEART}"\n')
    allabel("-p", folder, "finetune")
    with Project.open(folder) as project:
        assert (ask(project, Wanted(30, "token")), ask(project, Wanted(30, "token"))) == (30, 19)
        assert ask(project, Wanted(30, "token")) == 0
    assert jobs.ask_people(folder, {}, "5entities") == 0
    assert (
        "nothing is left to ask about" in allabel("-p", folder, "finetune", "--tagger", HEART, "--ask", "3tokens").err
    )


def test_a_cap_bounds_how_many_texts_are_looked_at(folder: Path, allabel: Run) -> None:
    settings(folder, f'uncertainty_cap = 2\n[finetune]\ntagger = "{HEART}"\n')
    allabel("-p", folder, "finetune")
    with Project.open(folder) as project:
        assert ask(project, Wanted(99, "token")) == 14


def test_without_a_model_nothing_is_asked(folder: Path) -> None:
    with Project.open(folder) as project, pytest.raises(InputError, match="there is none yet"):
        ask(project, Wanted(3, "token"))


def test_answers_are_exported_one_a_line(folder: Path, allabel: Run, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    none = allabel("-p", folder, "export", "--what", "questions", out)
    assert (none.status, "no answers to questions" in none.err) == (2, True)
    allabel("-p", folder, "finetune", "--tagger", HEART, "--ask", "2entities")
    with Project.open(folder) as project:
        first, second = desk(project).next(2)
        said = Said(first.question.id or 0, Says.ENTITY, "", "City", first.question.start, first.question.end, 2.0)
        desk(project).answer(said)
        desk(project).answer(Said(second.question.id or 0, Says.UNKNOWN, ""))
    assert allabel("-p", folder, "export", "--what", "questions", out).status == 0
    (row,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (row["says"], row["label"], row["person"], row["seconds"]) == ("entity", "City", "ada", 2.0)
    assert row["words"] in CITIES
    assert allabel("-p", folder, "export", "--what", "questions", tmp_path / "a.csv").status == 2
