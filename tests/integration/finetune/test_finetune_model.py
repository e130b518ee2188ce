"""The model that `allabel finetune` keeps: how old it is, what it suggests and chooses, and what is said without it."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from cities import HEART, Run, rename_label, settings

from allabel.document import Annotation, DocId, Span
from allabel.project import Project
from allabel.refreshing import refresh
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.suggesting import Doing, Suggestions


def test_a_model_of_other_labels_tags_nothing_and_says_so(folder: Path, allabel: Run) -> None:
    allabel("-p", folder, "finetune", "--tagger", "crf")
    rename_label(folder, "Person", "Town")
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


def test_a_model_whose_files_are_gone_is_trained_anew_by_the_same_command(
    folder: Path, allabel: Run, tmp_path: Path
) -> None:
    tagging = ["-p", folder, "tag", "--rest", "--backend", "tuned", "-o", tmp_path / "tagged.jsonl"]
    allabel("-p", folder, "finetune", "--tagger", "crf")
    (model,) = (folder / "tuned").glob("model-*")
    model.rename(tmp_path / "elsewhere")
    assert allabel(*tagging).status == 2
    assert "training the tagger" in allabel("-p", folder, "finetune", "--tagger", "crf").err
    assert allabel(*tagging).status == 0


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
    # A class of one's own is loaded again only where the settings name it.
    settings(folder, f'backend = "tuned"\n[finetune]\ntagger = "{HEART}"\n')
    allabel("-p", folder, "finetune")
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
