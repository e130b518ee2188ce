"""Each promise of `AnnotatorContract` is broken by a backend, and the contract says so."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from contract_cases import breaks, promises_of, run

from allabel.annotate.base import Demonstration
from allabel.config import Settings
from allabel.document import DocId, Span
from allabel.reply import Grounding, Proposal, Reply, Shown, Status
from allabel.schema import LabelSchema
from allabel.testing import AnnotatorContract
from allabel.testing.lessons import SCHEMA


class Dictionary:
    """Tags what is annotated somewhere: keeps every promise."""

    name = model = "dictionary"

    def __init__(self, schema: LabelSchema, settings: Settings) -> None:
        self.schema = schema

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        known = {d.text[s.start : s.end]: s.label for d in demonstrations for s in d.entities}
        return [self.reply(text, known, demonstrations) for text in texts]

    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        found = [
            Proposal(label, words, Span(at.start(), at.end(), label), Grounding.EXACT, 1.0)
            for words, label in known.items()
            for at in re.finditer(re.escape(words), text)
        ]
        shown = [Shown(d.id) for d in demonstrations if d.text != text][:3]
        return Reply(Status.OK, tuple(found), 1.0, tuple(shown))


class Nameless(Dictionary):
    model = ""


class Turned(Dictionary):
    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        return super().annotate(texts, demonstrations)[::-1]


class CountsBytes(Dictionary):
    """Counts bytes: right until a letter has two of them."""

    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        whole = super().reply(text, known, demonstrations)
        moved = [
            replace(p, span=Span(len(text[: p.span.start].encode()), len(text[: p.span.end].encode()), p.label))
            for p in whole.proposals
            if p.span
        ]
        return replace(whole, proposals=tuple(moved))


class FirstOnly(Dictionary):
    """Leaves a text alone that is not the first."""

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        replies = super().annotate(texts, demonstrations)
        return [*replies[:1], *(replace(reply, proposals=()) for reply in replies[1:])]


class NeedsTexts(Dictionary):
    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        if not texts:
            raise ValueError("no text")
        return super().annotate(texts, demonstrations)


class SkipsBlank(Dictionary):
    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        return super().annotate([text for text in texts if text.strip()], demonstrations)


class SilentFailure(Dictionary):
    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        return super().reply(text, known, demonstrations) if text.isascii() else Reply(Status.FAILED)


class Perhaps(Dictionary):
    """Is surer than sure, and less perplexed than not at all."""

    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        whole = super().reply(text, known, demonstrations)
        return replace(whole, proposals=tuple(replace(p, score=1.5) for p in whole.proposals), perplexity=0.5)


class OtherLabels(Dictionary):
    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        return super().reply(text, {**known, "we": "people"}, demonstrations)


class EachOnce(Dictionary):
    """Gives equal texts one reply, and the second of them an empty one."""

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        replies = super().annotate(texts, demonstrations)
        first = [texts.index(text) == i for i, text in enumerate(texts)]
        return [r if is_first else Reply(Status.OK) for r, is_first in zip(replies, first, strict=True)]


class ShowsItself(Dictionary):
    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        shown = tuple(Shown(d.id) for d in demonstrations if d.text == text)
        return replace(super().reply(text, known, demonstrations), shown=shown)


class ShowsOthers(Dictionary):
    def reply(self, text: str, known: dict[str, str], demonstrations: Sequence[Demonstration]) -> Reply:
        return replace(super().reply(text, known, demonstrations), shown=(Shown(DocId("elsewhere")),))


class NeedsDemonstrations(Dictionary):
    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        if len(demonstrations) / max(1, len(demonstrations)) == 0:
            raise ValueError("division of nothing")
        return super().annotate(texts, demonstrations)


BREAKS: dict[str, list[type[Dictionary]]] = {
    "test_it_names_itself_and_its_model": [Nameless],
    "test_there_is_one_reply_a_text_in_order": [Turned, Perhaps],
    "test_what_a_text_gets_does_not_depend_on_its_place": [FirstOnly],
    "test_no_text_gets_no_reply": [NeedsTexts],
    "test_odd_texts_get_a_reply_each": [SkipsBlank, CountsBytes],
    "test_a_reply_that_failed_says_why_and_proposes_nothing": [SilentFailure],
    "test_labels_are_those_of_the_schema": [OtherLabels],
    "test_equal_texts_get_a_reply_each": [EachOnce],
    "test_a_text_is_never_its_own_demonstration": [ShowsItself],
    "test_demonstrations_shown_are_those_that_were_given": [ShowsOthers],
    "test_without_demonstrations_it_answers_or_says_what_to_do": [NeedsDemonstrations],
}


def given(backend: type[Dictionary]) -> dict[str, Any]:
    return {"make": backend, "annotator": lambda: backend(SCHEMA, Settings())}


def test_every_promise_has_a_backend_that_breaks_it() -> None:
    assert sorted(BREAKS) == promises_of(AnnotatorContract)


@pytest.mark.parametrize(("promise", "broken"), [(promise, one) for promise, all_ in BREAKS.items() for one in all_])
def test_a_backend_that_breaks_a_promise_fails_there(promise: str, broken: type[Dictionary]) -> None:
    assert breaks(AnnotatorContract(), promise, given(broken))


@pytest.mark.parametrize("promise", BREAKS)
def test_a_backend_that_keeps_all_passes(promise: str) -> None:
    run(AnnotatorContract(), promise, given(Dictionary))
