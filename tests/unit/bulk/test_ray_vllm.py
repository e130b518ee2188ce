"""Prompts out to `ray.data.llm` and answers back, with rows as its vLLM stage gives them; no Ray, no vLLM."""

import json
from typing import Any

import pytest

from allabel.annotate.base import Demonstration
from allabel.bulk.ray_vllm import ERROR, RayTransport, annotator_over, answered_row, request_rows
from allabel.bulk.source import Block
from allabel.bulk.task import Task
from allabel.calibrating import Calibrations
from allabel.config import Settings
from allabel.document import DocId, Document, Span
from allabel.reply import Status
from allabel.schema import LabelSchema

NACL = Demonstration(DocId("d"), "NaCl in water", (Span(0, 4, "Chemical"),))
TEXTS = ["KCl is a salt", "CsCl is a salt", "KCl is a salt", " "]


def task(**settings: Any) -> Task:
    asked = Settings(backend="vllm", model="m", form="grouped", max_output_tokens=64, **settings)
    return Task(LabelSchema.parse("Chemical,Disease"), asked, (NACL,), Calibrations())


def block(texts: list[str] = TEXTS, number: int = 0) -> Block:
    return Block(number, tuple(Document(DocId(str(i)), text) for i, text in enumerate(texts)))


def through(row: dict[str, Any], content: str | None = None, n_output: int = 9) -> dict[str, Any]:
    """Do with a row what vLLM's stage does: the columns that it adds, by their names in Ray 2.60."""
    text = row["messages"][-1]["content"].split()[0]
    content = json.dumps({"Chemical": [text], "Disease": []}) if content is None else content
    logprobs = [{7: {"logprob": -0.25, "rank": 1, "decoded_token": content}, 8: None}]
    told = {"generated_text": content, "generated_tokens": [7], "logprobs": logprobs}
    return answered_row({**row, **told, "num_input_tokens": 30, "num_generated_tokens": n_output})


def replies(of: Task, rows: list[dict[str, Any]], texts: list[str] = TEXTS) -> Any:
    return annotator_over(of, RayTransport(of.settings, iter(rows))).annotate(texts, of.demonstrations)


def test_every_prompt_of_a_block_is_a_row_once_with_its_schema_as_a_string():
    rows = request_rows(task(), block(number=3))
    assert [row["messages"][-1]["content"] for row in rows] == ["KCl is a salt", "CsCl is a salt"]
    assert {row["number"] for row in rows} == {3}
    assert rows[0]["messages"][1]["content"] == NACL.text
    assert rows[0]["sampling_params"]["max_tokens"] == 64
    assert "CsCl" in json.dumps(json.loads(rows[1]["sampling_params"]["structured_outputs"]["json"]))
    assert "structured_outputs" not in request_rows(task(structured="none"), block())[0]["sampling_params"]


def test_answers_come_back_to_the_texts_that_they_are_of_with_their_probabilities():
    rows = [through(row) for row in request_rows(task(), block())]
    found = replies(task(), rows)
    assert [reply.status for reply in found] == [Status.OK] * 4
    assert [[(s.start, s.end) for s in reply.spans] for reply in found] == [[(0, 3)], [(0, 4)], [(0, 3)], []]
    assert found[0].proposals[0].score == pytest.approx(0.7788, abs=1e-4)
    assert found[0].perplexity is not None
    assert found[0].n_prompt_tokens == 30


def test_an_answer_that_is_cut_off_malformed_or_not_given_says_so():
    first, second = request_rows(task(), block())
    texts = TEXTS[:2]
    (cut, bad) = replies(task(), [through(first, n_output=64), through(second, content='{"Chemical":')], texts)
    assert (cut.status, bad.status) == (Status.TRUNCATED, Status.UNPARSEABLE)
    (failed, lost) = replies(task(), [{**first, ERROR: "out of memory"}], texts)
    assert (failed.status, lost.status) == (Status.FAILED, Status.FAILED)
    assert "out of memory" in failed.error


def test_rows_that_nobody_wants_are_passed_over_and_forgotten():
    rows = [through(row) for row in [*request_rows(task(), block(["RbCl is"])), *request_rows(task(), block())]]
    transport = RayTransport(task().settings, iter(rows))
    annotator = annotator_over(task(), transport)
    assert [reply.status for reply in annotator.annotate(TEXTS, (NACL,))] == [Status.OK] * 4
    transport.forget()
    assert transport._came == {}
    assert "2 ok; 2 requests, 60 prompt and 18 output tokens" in transport.report()


def test_what_is_answered_here_is_not_taken_for_what_the_local_engine_was_told():
    from allabel.annotate.llm.offline_transport import OfflineTransport

    def load() -> Any:
        raise AssertionError("nothing is loaded")

    local = OfflineTransport("m", load, max_output_tokens=64)
    assert RayTransport(task().settings).identity != local.identity
    assert RayTransport(task(vllm={"dtype": "half"}).settings).identity != RayTransport(task().settings).identity
