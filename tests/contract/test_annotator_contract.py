"""The promises of the seam `Annotator`, over every registered backend; those that ask a model ask a scripted one."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allabel.active.taggers.crfsuite import CrfTagger
from allabel.active.tuning import Lesson, keep
from allabel.annotate.backends import asking
from allabel.annotate.base import Annotator
from allabel.annotate.llm.base import Answer, Check, Request, nothing_wrong
from allabel.config import Settings
from allabel.plugins import load, names
from allabel.reply import Status
from allabel.schema import LabelSchema
from allabel.testing import AnnotatorContract
from allabel.testing.annotator import Make
from allabel.testing.lessons import DRUGS, LABELS, PLACES, lessons

ASKING = {"chat", "vllm"}


class Knowing:
    """Carries requests to nobody: drugs and places that stand in the text are the answer, and "…" makes it fail."""

    model, identity, stopped = "knowing", {"model": "knowing"}, ""

    def report(self) -> str:
        return ""

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        for i in reversed(range(len(requests))):
            text = requests[i].messages[-1]["content"]
            if text == "…":
                got(i, Answer(Status.FAILED, error="the server answered 500"))
                continue
            found = [{"text": w, "label": "drug", "occurrence": 1} for w in DRUGS if w in text]
            found += [{"text": w, "label": "place", "occurrence": 1} for w in PLACES if w in text]
            answer = Answer(Status.OK, json.dumps({"entities": found}))
            got(i, Answer(Status.UNPARSEABLE, error=check(i, answer)) if check(i, answer) else answer)


def scripted(schema: LabelSchema, settings: Settings) -> Annotator:
    return asking(schema, settings, Knowing(), lambda: None, settings.backend)


class TestEveryBackend(AnnotatorContract):
    @pytest.fixture(params=names("backends"))
    def backend(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def make(self, backend: str) -> Make:
        made: Make = scripted if backend in ASKING else load("backends", backend)
        return made

    @pytest.fixture
    def settings(self, backend: str, tmp_path: Path) -> Settings:
        if backend == "tuned":
            tagger = CrfTagger(LABELS)
            tagger.fit(lessons(), seed=0)
            keep(tmp_path / "tuned", tagger, "crf", Lesson(LABELS, {}, {}, "{}"), datetime(2026, 1, 2, tzinfo=UTC))
        return Settings(backend=backend, form="json", tuned_model=tmp_path / "tuned")

    def test_it_is_called_by_its_registered_name(self, annotator: Annotator, backend: str) -> None:
        assert annotator.name == backend


def test_the_scripted_model_is_asked_and_may_fail() -> None:
    annotator = scripted(LabelSchema.of(LABELS), Settings(backend="chat", form="json"))
    found, failed = annotator.annotate(["aspirin in Rome", "…"], [])
    assert [p.mention for p in found.proposals] == ["aspirin", "Rome"]
    assert (failed.status, failed.error) == (Status.FAILED, "the server answered 500")
