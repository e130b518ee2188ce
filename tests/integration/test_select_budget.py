"""What annotation costs, from the command line: logged times, minutes, plans, near-duplicates."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from allabel.document import Annotation, DocId, Document
from allabel.errors import BudgetError, StoreError
from allabel.project import Project
from allabel.select.budget import count_tokens
from allabel.store import Store
from allabel.store.database import Database
from allabel.store.location import Location
from allabel.store.revisions import MIGRATIONS

WORDS = [
    "aspirin",
    "ibuprofen",
    "nausea",
    "fever",
    "pain",
    "dose",
    "group",
    "after",
    "during",
    "with",
    "acute",
    "renal",
]


def sentence(i: int) -> str:
    return " ".join(WORDS[(i * (k + 3) + k * k) % len(WORDS)] for k in range(5 + i % 7)) + f" case{i}"


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def folder(allabel: Any, tmp_path: Path) -> Path:
    made = tmp_path / "p"
    assert allabel("init", made, "--labels", "Chemical,Disease").status == 0
    return made


@pytest.fixture
def filled(allabel: Any, folder: Path, tmp_path: Path) -> Path:
    entities = [{"start": 0, "end": 3, "label": "Chemical"}]
    rows = [{"id": f"t{i}", "text": sentence(i), "entities": entities} for i in range(60)]
    rows += [{"id": f"copy{i}", "text": sentence(i).upper(), "entities": entities} for i in range(5)]
    assert allabel("-p", folder, "import", write(tmp_path / "gold.jsonl", rows)).status == 0
    return folder


def queued(out: str) -> list[str]:
    return [json.loads(line)["id"] for line in out.splitlines()]


def test_logged_seconds_are_imported_and_exported(allabel: Any, folder: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": "NaCl in water", "entities": [], "seconds": 12.5},
        {"id": "b", "text": "lead", "entities": []},
        {"id": "c", "text": "KBr", "entities": [], "seconds": 3},
    ]
    file = write(tmp_path / "in.jsonl", rows)
    assert allabel("-p", folder, "import", file, "--as", "annotations").status == 0
    with Project.open(folder) as project:
        assert [a.seconds for a in project.store.annotations().values()] == [12.5, None, 3.0]
        assert project.cost_model().n_logged == 2
    assert allabel("-p", folder, "export", tmp_path / "out.jsonl").status == 0
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row.get("seconds") for row in out] == [12.5, None, 3.0]
    assert "seconds" not in out[1]


@pytest.mark.parametrize("wrong", ["0", "-1", "1e999", "true", '"12"', "[1]", "NaN"])
def test_a_time_that_cannot_be_is_refused_with_file_and_line(
    allabel: Any, folder: Path, tmp_path: Path, wrong: str
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(f'{{"text": "a"}}\n{{"text": "b", "entities": [], "seconds": {wrong}}}\n')
    ended = allabel("-p", folder, "import", file, "--as", "annotations")
    assert ended.status == 2
    assert "in.jsonl, line 2" in ended.err
    assert "remedy" in ended.err


def test_gold_and_the_simulated_expert_log_no_time(allabel: Any, folder: Path, tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "NaCl in water", "entities": [], "seconds": 12.5}]
    allabel("-p", folder, "import", write(tmp_path / "in.jsonl", rows))
    allabel("-p", folder, "select", "--budget", "1", "--strategy", "uniform")
    allabel("-p", folder, "annotate", "--from-gold")
    with Project.open(folder) as project:
        assert [a.seconds for a in project.store.annotations().values()] == [None]


def test_a_store_made_before_times_were_logged_is_copied_and_opened(tmp_path: Path) -> None:
    path = tmp_path / "project.db"
    path.touch()
    database = Database(Location.of(path))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    database.close()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO documents (id, text, meta) VALUES ('a', 'NaCl', '{}')")
        old.execute(
            "INSERT INTO annotations (doc_id, entities, author, source, at) "
            "VALUES ('a', '[]', 'me', 'app', '2026-01-01 00:00:00')"
        )
    with Store.open(path) as store:
        (before,) = store.annotations().values()
        assert (before.author, before.seconds) == ("me", None)
        store.add_annotations([Annotation(DocId("a"), (), "me", "app", datetime.now(UTC), seconds=7.5)])
        assert [a.seconds for a in store.history(DocId("a"))] == [None, 7.5]
        for wrong in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(StoreError, match="seconds, which cannot be"):
                store.add_annotations([Annotation(DocId("a"), (), "me", "app", datetime.now(UTC), seconds=wrong)])
    assert path.with_name("project.db.backup-0001").exists()
    with closing(sqlite3.connect(path)) as new, pytest.raises(sqlite3.DatabaseError, match="append-only"):
        new.execute("UPDATE annotations SET seconds = 1")


def test_minutes_are_spent_and_not_exceeded(allabel: Any, filled: Path) -> None:
    ended = allabel("-p", filled, "select", "--budget", "2min", "--strategy", "uniform", "--json")
    assert ended.status == 0
    ids = queued(ended.out)
    with Project.open(filled) as project:
        texts = {d.id: d.text for d in project.store.documents()}
        cost = project.cost_model()
        spent = sum(cost.minutes(n, cost.entities_per_token * n) for n in (count_tokens(texts[DocId(i)]) for i in ids))
    assert 1.7 < spent <= 2
    shown = allabel("-p", filled, "select", "--budget", "0.01min")
    assert shown.status == 2
    assert "smaller than the shortest text" in shown.err


def test_a_slow_expert_gets_fewer_texts_for_the_same_minutes(allabel: Any, filled: Path, tmp_path: Path) -> None:
    arguments = ("-p", filled, "select", "--budget", "3min", "--strategy", "uniform", "--plan", "--json")
    before = json.loads(allabel(*arguments).out)
    rows = [{"id": f"t{i}", "text": sentence(i), "entities": [], "seconds": 60 + i} for i in range(12)]
    allabel("-p", filled, "import", write(tmp_path / "timed.jsonl", rows), "--as", "annotations")
    after = json.loads(allabel(*arguments).out)
    assert before["cost"]["n_logged"] == 0
    assert after["cost"]["n_logged"] == 12
    assert after["total"]["n_texts"] < before["total"]["n_texts"] / 2


def test_a_plan_queues_nothing_and_holds(allabel: Any, filled: Path) -> None:
    arguments = ("-p", filled, "select", "--budget", "20", "--seed", "3", "--strategy", "allabel")
    plan = json.loads(allabel(*arguments, "--plan", "--json", "--backend", "chat", "--cap", "30").out)
    with Project.open(filled) as project:
        assert project.counts().queued == 0
        assert project.store.selections() == []
    assert [(s["stage"], s["n_texts"], s["estimated"], s["n_tagged"]) for s in plan["stages"]] == [
        ("core_set", 4, False, 0),
        ("sum_rank", 12, False, 0),
        ("perplexity", 4, True, 30),
    ]
    assert plan["tagging"]["n_texts"] == 30
    assert plan["tagging"]["n_prompt_tokens"] > 30 * 100
    ids = queued(allabel(*arguments, "--json").out)
    with Project.open(filled) as project:
        texts = {d.id: d.text for d in project.store.documents()}
    assert sum(count_tokens(texts[DocId(i)]) for i in ids) == sum(s["n_tokens"] for s in plan["stages"][:2])


def test_a_plan_is_read_by_people(allabel: Any, filled: Path) -> None:
    ended = allabel("-p", filled, "select", "--budget", "20", "--strategy", "allabel", "--plan")
    assert ended.status == 0
    for said in (
        "these very texts",
        "estimated from the mean length; up to 44 texts tagged first",
        "an assumption, no time is logged yet",
        "LLM tokens: none, it runs here",
        "near-duplicates: 5 groups, 5 texts left out",
        "2 alike: t0, copy0",
    ):
        assert said in ended.out


def test_the_plan_of_a_selection_under_way_is_of_what_is_left(allabel: Any, filled: Path) -> None:
    arguments = ("-p", filled, "select", "--budget", "20", "--strategy", "allabel")
    allabel(*arguments)
    plan = json.loads(allabel(*arguments, "--plan", "--json").out)
    assert [s["stage"] for s in plan["stages"]] == ["perplexity"]
    allabel("-p", filled, "annotate", "--from-gold")
    ended = allabel(*arguments)
    assert "44 texts are tagged with the embedded backend" in ended.err
    allabel("-p", filled, "annotate", "--from-gold")
    assert "nothing is left to do" in allabel(*arguments, "--plan").out
    assert json.loads(allabel(*arguments, "--plan", "--more", "--json").out)["total"]["n_texts"] == 20


def test_one_of_each_group_of_near_duplicates_is_chosen_from(allabel: Any, filled: Path) -> None:
    ended = allabel("-p", filled, "select", "--budget", "60", "--strategy", "uniform", "--json")
    assert set(queued(ended.out)) == {f"t{i}" for i in range(60)}
    assert "5 groups, 5 texts left out" in ended.err
    over = allabel("-p", filled, "select", "--budget", "1", "--strategy", "uniform", "--more")
    assert over.status == 2
    assert "5 near-duplicates left out" in over.err
    assert "--duplicates keep" in over.err
    kept = allabel("-p", filled, "select", "--budget", "5", "--strategy", "uniform", "--duplicates", "keep", "--json")
    assert set(queued(kept.out)) == {f"copy{i}" for i in range(5)}
    assert "near-duplicates" not in kept.err


def test_a_group_with_a_labelled_text_is_done(allabel: Any, filled: Path, tmp_path: Path) -> None:
    rows = [{"id": "copy2", "text": sentence(2).upper(), "entities": []}]
    allabel("-p", filled, "import", write(tmp_path / "one.jsonl", rows), "--as", "annotations")
    ended = allabel("-p", filled, "select", "--budget", "59", "--strategy", "uniform", "--json")
    assert set(queued(ended.out)) == {f"t{i}" for i in range(60)} - {"t2"}


def test_rounds_of_uncertainty_wait_for_each_other(allabel: Any, filled: Path) -> None:
    arguments = ("-p", filled, "select", "--budget", "6", "--strategy", "uniform:1,perplexity:1,perplexity:1", "--json")
    stages = []
    for _ in range(3):
        ended = allabel(*arguments)
        stages.append({json.loads(line)["stage"] for line in ended.out.splitlines()})
        allabel("-p", filled, "annotate", "--from-gold")
    assert stages == [{"uniform"}, {"perplexity"}, {"perplexity#2"}]
    again = allabel(*arguments)
    assert len(queued(again.out)) == 6
    assert "the selection is complete" in again.err


class Greedy:
    """Needs annotations, counts how often it is asked, and always wants the longest text first."""

    name = "greedy"
    needs_annotations = True
    asked = 0

    def __init__(self, tools: object) -> None:
        pass

    def select(self, pool: Any, n: int, rng: object) -> list[Any]:
        from allabel.select.base import Choice

        type(self).asked += 1
        order = sorted(pool.candidates.tolist(), key=lambda i: -len(pool.texts[i]))
        return [Choice(i, 1.0, "long") for i in order[:n]]


def test_a_last_stage_that_could_pay_no_text_is_not_asked_again(tmp_path: Path) -> None:
    with Project.create(tmp_path / "q", _schema()) as project:
        texts = ["a b c d", "e f g h i j", "k l m n o p q"]
        project.store.add_documents([Document(DocId(t[0]), t) for t in texts])
        strategy = "core_set:1,test_select_budget:Greedy:1"
        Greedy.asked = 0
        first = project.select("8tokens", strategy, 0)
        assert first.waiting_stage == "greedy"
        annotated = [Annotation(p.doc_id, (), "me", "app", datetime.now(UTC)) for p in first.picks]
        project.store.add_annotations(annotated)
        for _ in range(3):
            again = project.select("8tokens", strategy, 0)
            assert again.repeated
            assert [p.doc_id for p in again.picks] == [p.doc_id for p in first.picks]
        assert Greedy.asked == 0


def test_a_text_that_the_budget_cannot_pay_is_passed_over_and_said(allabel: Any, tmp_path: Path) -> None:
    rows = [{"id": f"t{i}", "text": f"sentence {'abcdefgh'[i]} is short"} for i in range(8)]
    rows.append({"id": "long", "text": " ".join(f"word{i}" for i in range(500))})
    allabel("init", tmp_path / "p", "--labels", "Chemical")
    allabel("-p", tmp_path / "p", "import", write(tmp_path / "texts.jsonl", rows))
    select = ("-p", tmp_path / "p", "select", "--budget", "16tokens", "--json", "--strategy")
    for strategy in ("sum_rank", "test_select_budget:Greedy"):
        ended = allabel(*select, strategy, "--seed", "1" if strategy == "sum_rank" else "2")
        if strategy == "sum_rank":
            assert len(queued(ended.out)) == 4
            assert "1 text left out, too long for the whole budget" in ended.err
        assert "long" not in queued(ended.out)


class Silent(Greedy):
    """Finds nothing worth choosing."""

    name = "silent"
    needs_annotations = False

    def select(self, pool: Any, n: int, rng: object) -> list[Any]:
        return []


def test_a_selection_that_would_choose_nothing_is_an_error(tmp_path: Path) -> None:
    with Project.create(tmp_path / "q", _schema()) as project:
        project.store.add_documents([Document(DocId(t[0]), t) for t in ("a b", "c d e f g")])
        with pytest.raises(BudgetError, match="pays none of the texts"):
            project.select("3tokens", "test_select_budget:Silent", 0)
        with pytest.raises(BudgetError, match="pays none of the texts"):
            project.plan("3tokens", "test_select_budget:Silent", 0)
        assert project.store.selections() == []


def _schema() -> Any:
    from allabel.schema import LabelSchema

    return LabelSchema.of(["Chemical"])
