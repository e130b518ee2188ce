"""The backend `tuned`: what it replies, by what score, and when it refuses."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from stand_in_tagger import ByHeart, WithoutRoom

from allabel.active.base import Prediction
from allabel.active.sentence import Sentence, tag_set
from allabel.active.taggers.folder import LEFT_S
from allabel.active.tuned import TunedAnnotator, span_probability, tuned
from allabel.active.tuning import FILE_NAME, Lesson, describe, keep, make, unused
from allabel.annotate.backends import build
from allabel.config import Finetune, Settings
from allabel.document import DocId, Span
from allabel.errors import InputError, LabelError, UnknownNameError
from allabel.reply import Grounding, Status
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["City"])
LESSON = Lesson(("City",), {DocId("a"): "1", DocId("b"): "2"}, {DocId("c"): "3"}, "{}", 2, 9, 3, 0.5, 1.0)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
NAME = "stand_in_tagger:ByHeart"


def model(folder: Path, **known: str) -> str:
    """Keep a model that knows these words; returns its name."""
    tagger = ByHeart(["City"])
    tagger.known = known
    return keep(folder, tagger, NAME, LESSON, NOW).model


def test_a_reply_has_exact_mentions_a_score_and_a_perplexity(tmp_path: Path) -> None:
    name = model(tmp_path, New="B-City", York="I-City", saw="O")
    annotator = build(SCHEMA, Settings(backend="tuned", tuned_model=tmp_path, finetune={"tagger": NAME}))
    first, empty, none = annotator.annotate(["saw New York", " \n", "saw"], [])
    (mention,) = first.proposals
    assert (mention.label, mention.mention, mention.span) == ("City", "New York", Span(4, 12, "City"))
    assert (first.status, mention.grounding, first.shown) == (Status.OK, Grounding.EXACT, ())
    sure = 0.9 + 0.1 / 3
    assert mention.score == pytest.approx(sure**2)
    assert first.perplexity == pytest.approx(1 / sure)
    assert (empty.status, empty.proposals, empty.perplexity) == (Status.OK, (), 1.0)
    assert (none.status, none.proposals) == (Status.OK, ())
    assert (annotator.name, annotator.model) == ("tuned", name)
    assert name.startswith("ByHeart-")
    assert annotator.annotate([], []) == []


def test_a_score_is_the_product_of_the_tags_and_of_the_end() -> None:
    tags = tag_set(["City"])
    probabilities = np.array([[0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.5, 0.1, 0.4]])
    decided = ("B-City", "I-City", "O")
    assert span_probability(probabilities, tags, decided, range(2)) == pytest.approx(0.8 * 0.7 * (1 - 0.4))
    assert span_probability(probabilities[:2], tags, decided[:2], range(2)) == pytest.approx(0.8 * 0.7)


def test_without_a_model_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tuned model yet") as raised:
        tuned(SCHEMA, Settings(tuned_model=tmp_path / "tuned"))
    assert raised.value.remedy == "train one: allabel finetune"


def test_a_model_of_other_labels_is_refused_naming_both(tmp_path: Path) -> None:
    model(tmp_path)
    with pytest.raises(LabelError, match=r"knows the labels City, and the schema has City, Person"):
        tuned(LabelSchema.of(["City", "Person"]), Settings(tuned_model=tmp_path))


def test_the_order_of_labels_does_not_matter(tmp_path: Path) -> None:
    keep(tmp_path, ByHeart(["B", "A"]), NAME, replace(LESSON, labels=("B", "A")), NOW)
    assert (
        tuned(LabelSchema.of(["A", "B"]), Settings(tuned_model=tmp_path, finetune={"tagger": NAME}))
        .annotate(["x"], [])[0]
        .status
        == "ok"
    )


def test_a_new_model_is_in_use_from_the_next_texts_on(tmp_path: Path) -> None:
    before = model(tmp_path, York="B-City")
    annotator = TunedAnnotator(SCHEMA, tmp_path, NAME)
    assert annotator.annotate(["York"], [])[0].spans
    after = model(tmp_path, York="O")
    assert annotator.model == after != before
    assert not annotator.annotate(["York"], [])[0].spans


@pytest.mark.parametrize(
    "damage",
    ["{", "[]", "{}", '{"format": 99}', '{"format": 1, "lesson": {"labels": []}}', '{"format": 1, "lesson": 3}'],
)
def test_a_damaged_description_is_refused_naming_the_file(tmp_path: Path, damage: str) -> None:
    model(tmp_path)
    (tmp_path / FILE_NAME).write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match=FILE_NAME) as raised:
        TunedAnnotator(SCHEMA, tmp_path, NAME)
    assert "allabel finetune" in raised.value.remedy


def test_what_is_kept_is_read_as_it_was(tmp_path: Path) -> None:
    name = model(tmp_path, York="B-City")
    found = describe(tmp_path)
    assert found is not None
    assert (found.model, found.tagger, found.at, found.lesson) == (name, NAME, NOW, LESSON)
    assert describe(tmp_path / "elsewhere") is None


def test_the_model_before_the_last_stays_for_whoever_is_loading_it_and_older_ones_go(tmp_path: Path) -> None:
    for n in range(4):
        model(tmp_path, word=str(n))
    assert len(list(tmp_path.glob("model-*"))) == 2
    model(tmp_path, word="3")
    assert {p.name for p in tmp_path.iterdir()} >= {FILE_NAME}
    assert not list(tmp_path.glob(".new-*"))


def test_a_full_disk_leaves_the_model_that_is_there(tmp_path: Path) -> None:
    name = model(tmp_path, York="B-City")
    with pytest.raises(InputError, match="No space left"):
        keep(tmp_path, WithoutRoom(["City"]), NAME, LESSON, NOW)
    assert TunedAnnotator(SCHEMA, tmp_path, NAME).model == name
    assert not list(tmp_path.glob(".new-*"))


def test_what_a_killed_save_left_is_cleared_by_a_later_one_and_a_save_under_way_is_not(tmp_path: Path) -> None:
    # As a kill leaves them: the folder that is renamed at the end, and the one that the tagger itself writes to.
    left, under_way = [tmp_path / ".new-0a", tmp_path / "..new-0b.0c.new"], tmp_path / ".new-0d"
    for folder in (*left, under_way):
        folder.mkdir()
        (folder / "weights").touch()
    long_ago = time.time() - 2 * LEFT_S
    for folder in left:
        os.utime(folder, (long_ago, long_ago))
    model(tmp_path)
    assert {p.name for p in tmp_path.glob("*.new-*")} == {under_way.name}


def test_a_lesson_counts_what_is_newer_than_it() -> None:
    now = replace(LESSON, texts={DocId("a"): "1", DocId("b"): "9", DocId("d"): "4"}, answers={})
    assert LESSON.n_newer(now) == 3
    assert LESSON.n_newer(LESSON) == 0
    assert LESSON.is_of(replace(LESSON, n_words=0, seconds=9.0))
    assert not LESSON.is_of(replace(LESSON, options="{'epochs': 3}"))


def test_a_perplexity_past_all_numbers_is_finite(tmp_path: Path) -> None:
    class Unsure(ByHeart):
        def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
            return [replace(one, log_probability=-1e9) for one in super().predict(sentences)]

    model(tmp_path)
    annotator = TunedAnnotator(SCHEMA, tmp_path, NAME)
    annotator._open = (annotator.model, Unsure(["City"]))
    (reply,) = annotator.annotate(["York"], [])
    assert reply.perplexity is not None
    assert math.isfinite(reply.perplexity)


def test_a_tagger_is_made_with_the_options_it_takes_and_the_others_are_told() -> None:
    asked = Finetune(tagger="crf", epochs=3, encoder="x", device="cpu")
    assert make(asked, ["City"]).name == "crf"
    assert unused(asked) == ["encoder", "epochs", "device"]
    assert unused(Finetune(tagger="crf")) == []


def test_an_unknown_tagger_is_refused_naming_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="bilstm"):
        make(Finetune(tagger="bilstn"), ["City"])
