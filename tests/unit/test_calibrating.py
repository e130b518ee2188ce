"""What a project's calibrations are learned from, where they are kept, and what they do to scores."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allabel.annotate.llm.calibration import Calibration, Isotonic, Quality, Temperature
from allabel.calibrating import FILE_NAME, Calibrations, Source, samples, source_of
from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument

HALVED = Calibration(Temperature(2.0), 60, Quality(0.3, 0.3), Quality(0.1, 0.2))
LEVEL = Calibration(Isotonic((0.2, 0.8), (0.5, 0.5)), 60, Quality(0.3, 0.3), Quality(0.1, 0.2))
SMALL = Source("chat", "small", "json")


def tagged(id: str, text: str, *found: tuple[Span | None, float | None], **more: Any) -> TaggedDocument:
    proposals = tuple(
        Proposal("C", "x", span, Grounding.EXACT if span else Grounding.MISSING, score) for span, score in found
    )
    reply = Reply(more.pop("status", Status.OK), proposals, form=more.pop("form", "json"), **more)
    return TaggedDocument(DocId(id), text, reply, "chat", "small")


def test_the_same_model_in_another_form_is_another_source() -> None:
    assert source_of(tagged("1", "a")) == SMALL
    assert source_of(tagged("1", "a", form="markup")) == Source("chat", "small", "markup")


def test_mentions_are_judged_by_the_truth_of_their_text_and_those_without_a_place_are_not() -> None:
    here, there = Span(0, 4, "C"), Span(8, 13, "C")
    one = tagged("1", "NaCl in water", (here, 0.9), (there, 0.8), (None, 0.7))
    found, left_out = samples([one], {DocId("1"): [here]}, {})
    assert (found[SMALL].scores, found[SMALL].correct) == ([0.9, 0.8], [True, False])
    assert (found[SMALL].n_texts, found[SMALL].n_scored, found[SMALL].n_right) == (1, 2, 1)
    assert not left_out


def test_a_text_that_nobody_judged_teaches_nothing() -> None:
    assert samples([tagged("1", "NaCl", (Span(0, 4, "C"), 0.9))], {}, {}) == ({}, {})


def test_a_failed_reply_teaches_nothing_and_is_counted() -> None:
    found, left_out = samples([tagged("1", "NaCl", status=Status.TRUNCATED)], {DocId("1"): []}, {})
    assert (found, left_out) == ({}, {"whose reply failed": 1})


def test_what_is_no_probability_counts_as_no_score() -> None:
    spans = [Span(0, 1, "C"), Span(1, 2, "C"), Span(2, 3, "C")]
    odd = tagged("1", "abc", *zip(spans, [float("nan"), 7.0, -1.0], strict=True))
    found, _ = samples([odd], {DocId("1"): spans}, {})
    assert found[SMALL].scores == [None, None, None]


def test_a_text_whose_near_duplicate_is_annotated_is_no_fair_sample(
    bc5cdr: Callable[[str, int], list[Document]],
) -> None:
    real = [d for d in bc5cdr("train", 40) if len(d.text.split()) > 25][:3]
    copied, fair, annotated_later = real
    truth = {d.id: d.entities or () for d in real}
    replies = [tagged(d.id, d.text, *((span, 0.9) for span in d.entities or ())) for d in real]
    annotated = {DocId("other"): copied.text.upper(), annotated_later.id: annotated_later.text}
    found, left_out = samples(replies, truth, annotated)
    assert found[SMALL].n_texts == 2
    assert len(found[SMALL].scores) == len({*(fair.entities or ())}) + len({*(annotated_later.entities or ())})
    assert left_out == {"with a near-duplicate among the other annotated texts": 1}


def test_a_text_that_was_its_own_demonstration_is_no_fair_sample() -> None:
    one = tagged("1", "NaCl", (Span(0, 4, "C"), 0.9), shown=(Shown(DocId("1")),))
    assert samples([one], {DocId("1"): []}, {})[0] == {}


def test_near_duplicates_are_of_one_group_so_that_no_fold_measures_by_the_other() -> None:
    text = "the sample was heated to reflux in dry toluene and stirred for two hours under argon"
    twins = [tagged(id, written, (Span(0, 3, "C"), 0.9)) for id, written in (("1", text), ("2", text.upper()))]
    other = tagged("3", "water", (Span(0, 5, "C"), 0.9))
    found, _ = samples([*twins, other], {DocId(id): [] for id in "123"}, {})
    first, second, third = found[SMALL].groups
    assert first == second != third


def test_scores_of_a_calibrated_source_alone_change_and_nothing_else_of_a_reply() -> None:
    made = Calibrations({SMALL: HALVED})
    raw = tagged("1", "NaCl in water", (Span(0, 4, "C"), 0.9), (Span(5, 7, "C"), None), (None, 0.9), perplexity=2.0)
    calibrated = made.apply(raw)
    assert [p.score for p in calibrated.reply.proposals] == [pytest.approx(0.75), None, 0.9]
    assert (calibrated.reply.spans, calibrated.reply.perplexity) == (raw.reply.spans, 2.0)
    assert raw.reply.proposals[0].score == 0.9
    other = tagged("1", "NaCl", (Span(0, 4, "C"), 0.9), form="markup")
    assert made.apply(other) == other
    assert "the scores of 1 of 2 texts are calibrated (chat small json: temperature from 60" in made.told([raw, other])
    assert made.told([other]) == Calibrations().told([raw]) == ""


def test_calibrations_come_back_from_their_file_and_an_empty_set_leaves_none(tmp_path: Path) -> None:
    made = Calibrations({SMALL: HALVED, Source("chat", "Größe/模型", "markup"): LEVEL})
    made.write(tmp_path)
    assert Calibrations.read(tmp_path) == made
    Calibrations().write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert Calibrations.read(tmp_path) == Calibrations()


def _row(**more: object) -> str:
    row = {**SMALL._asdict(), **HALVED.to_dict(), **more}
    return json.dumps({"version": 1, "calibrations": [row]})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version": 2, "calibrations": []}',
        '{"version": 1, "calibrations": 3}',
        '{"version": 1, "calibrations": [{}]}',
        "[" * 200_000,
        _row(model=7),
        _row(method="magic"),
        _row(curve={"temperature": 0}),
        _row(curve={"temperature": float("nan")}),
        _row(before={"ece": 0.1}),
        _row(method="isotonic", curve={"scores": [0.5], "probabilities": []}),
        _row(method="isotonic", curve={"scores": [], "probabilities": []}),
        _row(method="isotonic", curve={"scores": [0.5, 0.1], "probabilities": [0.1, 0.2]}),
        _row(method="isotonic", curve={"scores": [0.1, 0.5], "probabilities": [0.1, float("nan")]}),
        _row(method="isotonic", curve={"scores": [0.1, 0.5], "probabilities": [0.1, 1.2]}),
    ],
)
def test_a_broken_file_is_named_with_the_way_out(content: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="calibrate --remove") as raised:
        Calibrations.read(tmp_path)
    assert raised.value.file == tmp_path / FILE_NAME


def test_a_file_that_is_not_utf8_is_named_too(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe{")
    with pytest.raises(InputError, match="calibrate --remove"):
        Calibrations.read(tmp_path)
