"""The annotator of language models with a transport that answers by a script."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm import annotator as module
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator, Splitting
from allabel.annotate.llm.base import Answer, Check, Request, Token, nothing_wrong
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.forms.markup_form import MarkupForm
from allabel.annotate.llm.memory import Asked, AsksModel
from allabel.annotate.llm.prompt import messages
from allabel.annotate.llm.window import Window, estimate
from allabel.annotate.stale import digest
from allabel.document import DocId, Span
from allabel.errors import ServerError
from allabel.reply import Grounding, Reply, Status
from allabel.schema import LabelSchema
from retrieval.bm25 import Bm25

SCHEMA = LabelSchema.of(["Chemical", "Disease"])
Script = Callable[[str], Answer]


def entities(*mentions: str, p: float = 0.5, label: str = "Chemical") -> Answer:
    content = json.dumps({"entities": [{"text": m, "label": label} for m in mentions]}, ensure_ascii=False)
    tokens = tuple(Token(c.encode(), math.log(p)) for c in content)
    return Answer(Status.OK, content, tokens=tokens, n_prompt_tokens=10, n_output_tokens=len(tokens))


class Fake:
    """Answers each text by a script; asks once more where the check finds something wrong."""

    model, identity = "m", {"model": "m"}

    def __init__(self, script: Script, *, most: int | None = None) -> None:
        self.script, self.most, self.stopped = script, most, ""
        self.requests: list[Request] = []

    def report(self) -> str:
        return f"{len(self.requests)} requests"

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        for i in reversed(range(len(requests))):
            if self.most is not None and len(self.requests) >= self.most:
                self.stopped = "budget reached"
                got(i, Answer(Status.FAILED, error="not sent: budget reached", n_attempts=0))
                continue
            self.requests.append(requests[i])
            answer = self.script(requests[i].messages[-1]["content"])
            if answer.status is Status.OK and (problem := check(i, answer)):
                answer = Answer(Status.UNPARSEABLE, answer.content, problem, answer.tokens)
            got(i, answer)

    @property
    def texts(self) -> list[str]:
        return [request.messages[-1]["content"] for request in self.requests]


class Kept:
    """Remembers in a dict."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        known = {a.key: a.answer for a in self.asked if a.answer.status is not Status.FAILED}
        return {key: known[key] for key in keys if key in known}

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Asked], None]]:
        yield self.asked.append


def annotator(fake: Fake, schema: LabelSchema = SCHEMA, **options: Any) -> LlmAnnotator:
    return LlmAnnotator(schema, fake, options.pop("form", JsonForm()), Bm25, **options)


def demonstration(id: str, text: str) -> Demonstration:
    return Demonstration(DocId(id), text, (Span(0, len(text.split(maxsplit=1)[0]), "Chemical"),))


CORPUS = [demonstration("a", "HCl in water"), demonstration("b", "NaCl in air")]


def test_it_is_known_as_one_that_asks_a_model() -> None:
    assert isinstance(annotator(Fake(lambda text: entities())), AsksModel)


def test_a_reply_names_the_demonstrations_as_they_were_shown() -> None:
    (reply,) = annotator(Fake(lambda text: entities("HCl")), choosing=Choosing(1)).annotate(["dry HCl gas"], CORPUS)
    assert reply.shown == (("a", digest(CORPUS[0])),)
    assert reply.demonstrations == ("a",)
    assert reply.spans == (Span(4, 7, "Chemical"),)


def test_a_mention_is_scored_by_the_tokens_that_wrote_it() -> None:
    answer = entities("HCl")
    at = answer.content.index("HCl")
    tokens = tuple(Token(t.bytes, math.log(0.25)) if at <= i < at + 3 else t for i, t in enumerate(answer.tokens))
    fake = Fake(lambda text: Answer(Status.OK, answer.content, tokens=tokens))
    (reply,) = annotator(fake).annotate(["dry HCl"], [])
    assert [p.score for p in reply.proposals] == [pytest.approx(0.25)]


def test_equal_requests_are_sent_once_and_their_tokens_counted_once() -> None:
    fake = Fake(lambda text: entities("HCl"))
    replies = annotator(fake).annotate(["HCl", "NaCl", "HCl"], [])
    assert sorted(fake.texts) == ["HCl", "NaCl"]
    assert [reply.n_prompt_tokens for reply in replies] == [10, 10, 0]
    assert replies[0].proposals == replies[2].proposals


def test_what_was_answered_is_asked_no_second_time_and_what_failed_is() -> None:
    memory, broken = Kept(), {"bad"}

    def script(text: str) -> Answer:
        return Answer(Status.FAILED, error="500") if text in broken else entities(text)

    fake = Fake(script)
    first = annotator(fake, memory=memory).annotate(["HCl", "bad", "NaCl"], CORPUS)
    assert [reply.status for reply in first] == [Status.OK, Status.FAILED, Status.OK]
    broken.clear()
    again = Fake(script)
    second = annotator(again, memory=memory).annotate(["HCl", "bad", "NaCl"], CORPUS)
    assert again.texts == ["bad"]
    assert second[0] == first[0]
    assert second[1].status is Status.OK
    assert {a.text for a in memory.asked} == {"HCl", "bad", "NaCl"}


@pytest.mark.parametrize(
    "other",
    [
        {"schema": LabelSchema.of(["Chemical", "Gas"])},
        {"form": MarkupForm()},
        {"choosing": Choosing(1)},
        {"form": JsonForm(max_length=50)},
    ],
    ids=str,
)
def test_anything_that_decides_a_reply_asks_anew(other: dict[str, Any]) -> None:
    memory, fake = Kept(), Fake(lambda text: entities())
    annotator(fake, memory=memory).annotate(["HCl in oil"], CORPUS)
    annotator(fake, memory=memory, **other).annotate(["HCl in oil"], CORPUS)
    assert len(fake.requests) == 2


def test_replies_come_one_by_one_and_those_from_memory_before_any_server_is_asked() -> None:
    memory, came = Kept(), list[int]()
    annotator(Fake(lambda text: entities()), memory=memory).annotate(["b"], [])

    def script(text: str) -> Answer:
        assert came == {"c": [1], "a": [1, 2]}[text]
        return entities()

    annotator(Fake(script), memory=memory).stream(["a", "b", "c"], [], lambda i, reply: came.append(i))
    assert came == [1, 2, 0]


def test_a_malformed_answer_is_unparseable_and_proposes_nothing() -> None:
    replies = annotator(Fake(lambda text: entities(text, label="Gas"))).annotate(["HCl"], [])
    assert replies[0].status is Status.UNPARSEABLE
    assert "'Gas'" in replies[0].error
    assert replies[0].proposals == ()


LONG = "".join(f"HCl was added to flask {i} slowly. " for i in range(40))
LONG += "".join(f"Then NaCl was filtered off {i} times. " for i in range(40))


def test_a_long_text_is_asked_in_parts_and_put_together_by_offsets() -> None:
    fake = Fake(lambda text: entities(*(m for m in ("HCl", "NaCl") if m in text)))
    (reply,) = annotator(fake, splitting=Splitting(200, 40)).annotate([LONG], [])
    assert reply.status is Status.OK
    assert len(fake.requests) > 3
    assert "".join(sorted(fake.texts, key=LONG.index))[:10] == LONG[:10]
    assert all(text in LONG for text in fake.texts)
    assert {LONG[s.start : s.end] for s in reply.spans} == {"HCl", "NaCl"}
    assert reply.n_prompt_tokens == 10 * len(fake.texts)


def test_the_perplexity_of_parts_is_weighted_by_their_tokens() -> None:
    weights: list[tuple[int, float]] = []

    def script(text: str) -> Answer:
        p = 0.5 if "HCl" in text else 0.25
        answer = entities(*(m for m in ("HCl", "NaCl") if m in text), p=p)
        weights.append((len(answer.tokens), math.log(p)))
        return answer

    (reply,) = annotator(Fake(script), splitting=Splitting(400, 0)).annotate([LONG], [])
    n, logs = np.array(weights).T
    assert len(weights) > 1
    assert 2 < math.exp(-(n @ logs) / n.sum()) < 4
    assert reply.perplexity == pytest.approx(math.exp(-(n @ logs) / n.sum()))


@pytest.mark.parametrize("status", [Status.FAILED, Status.TRUNCATED, Status.REFUSED, Status.UNPARSEABLE])
def test_a_part_that_fails_makes_the_whole_reply_that_status(status: Status) -> None:
    def script(text: str) -> Answer:
        return Answer(status, error="it did") if text.startswith("Then") else entities("HCl")

    (reply,) = annotator(Fake(script), splitting=Splitting(200, 0)).annotate([LONG], [])
    assert (reply.status, reply.error, reply.proposals) == (status, "it did", ())


def test_a_text_whose_parts_are_asked_is_not_its_own_demonstration() -> None:
    fake = Fake(lambda text: entities())
    (reply,) = annotator(fake, splitting=Splitting(200, 0)).annotate([LONG], [demonstration("self", LONG), *CORPUS])
    assert reply.shown
    assert "self" not in reply.demonstrations


def test_demonstrations_that_do_not_fit_are_dropped_and_told_of() -> None:
    fake = Fake(lambda text: entities())
    corpus = [demonstration(str(i), f"HCl {'in water and oil ' * 40}{i}") for i in range(5)]
    window = Window(1100, 200)
    asking = annotator(fake, window=lambda: window)
    (reply,) = asking.annotate(["HCl in water"], corpus)
    assert 0 < len(reply.shown) < 5
    assert len(reply.shown) == (len(fake.requests[0].messages) - 2) / 2
    assert any("left out" in line for line in asking.report())


def test_a_text_that_fits_no_window_fails_alone_and_is_not_sent() -> None:
    fake, room = Fake(lambda text: entities()), estimate(messages(JsonForm(), "x", [], SCHEMA)) + 20
    replies = annotator(fake, window=lambda: Window(room + 60, 60)).annotate(["…" * 90, "x"], [])
    assert [reply.status for reply in replies] == [Status.FAILED, Status.OK]
    assert "the text alone makes a prompt" in replies[0].error
    assert fake.texts == ["x"]


def test_demonstrations_left_out_of_the_parts_of_a_text_are_those_of_one_text() -> None:
    fake, window = Fake(lambda text: entities()), Window(1100, 200)
    corpus = [demonstration(str(i), f"HCl {'in water and oil ' * 40}{i}") for i in range(5)]
    asking = annotator(fake, splitting=Splitting(200, 40), window=lambda: window)
    asking.annotate([LONG], corpus)
    assert len(fake.requests) > 3
    assert any("of the prompts of 1 of 1 texts" in line for line in asking.report())


def test_a_blank_text_has_no_entities_and_is_not_sent() -> None:
    fake, memory = Fake(lambda text: entities("HCl")), Kept()
    asking = annotator(fake, memory=memory)
    replies = asking.annotate(["", " \n\t\u00a0", "HCl"], CORPUS)
    assert [(reply.status, reply.spans, reply.error) for reply in replies[:2]] == [(Status.OK, (), "")] * 2
    assert replies[0].n_prompt_tokens == 0
    assert replies[2].spans == (Span(0, 3, "Chemical"),)
    assert fake.texts == ["HCl"]
    assert [asked.text for asked in memory.asked] == ["HCl"]
    asking.annotate([" "], CORPUS)
    assert fake.texts == ["HCl"]


def test_half_a_surrogate_pair_stops_no_batch() -> None:
    replies = annotator(Fake(lambda text: entities())).annotate(["HCl \ud800", "x"], CORPUS)
    assert [reply.status for reply in replies] == [Status.OK, Status.OK]


def test_what_overlaps_where_the_schema_forbids_it_is_told_apart_from_what_is_missing() -> None:
    fake = Fake(lambda text: entities("acetic acid", "acetic", "gold"))
    (flat,) = annotator(fake).annotate(["acetic acid"], [])
    assert [(p.mention, p.grounding) for p in flat.proposals] == [
        ("acetic acid", Grounding.EXACT),
        ("gold", Grounding.MISSING),
        ("acetic", Grounding.OVERLAPPING),
    ]
    assert flat.spans == (Span(0, 11, "Chemical"),)
    nested = SCHEMA.model_copy(update={"overlap": True})
    (both,) = annotator(fake, nested).annotate(["acetic acid"], [])
    assert len(both.spans) == 2


def test_markup_is_read_by_where_its_tags_stand() -> None:
    content = "HCl, <<Chemical>>HCl<</Chemical>>"
    fake = Fake(lambda text: Answer(Status.OK, content))
    (reply,) = annotator(fake, form=MarkupForm()).annotate(["HCl, HCl"], [])
    assert reply.spans == (Span(5, 8, "Chemical"),)
    assert fake.requests[0].json_schema is None


def test_a_limit_that_is_reached_fails_the_rest_by_name_and_keeps_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    memory, fake = Kept(), Fake(entities, most=3)
    asking = annotator(fake, memory=memory)
    replies = asking.annotate([f"t{i}" for i in range(8)], [])
    assert [reply.status is Status.OK for reply in replies].count(True) == 3
    assert {reply.error for reply in replies if reply.status is Status.FAILED} == {"not sent: budget reached"}
    assert asking.stopped == "budget reached"
    assert len(memory.asked) == 3


def test_a_server_that_is_not_there_is_raised_and_nothing_is_made_up() -> None:
    def script(text: str) -> Answer:
        raise ServerError("no server")

    came: list[Reply] = []
    with pytest.raises(ServerError):
        annotator(Fake(script)).stream(["a"], [], lambda i, reply: came.append(reply))
    assert came == []
