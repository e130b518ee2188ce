"""A plan says what a selection takes, and takes nothing itself."""

from collections.abc import Callable, Sequence

import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import LlmAnnotator, Splitting
from allabel.annotate.llm.base import Answer, Check, Request
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.prompt import messages
from allabel.document import DocId, Document, Span
from allabel.reply import Reply, Status
from allabel.schema import LabelSchema
from allabel.select import plan as plan_module
from allabel.select.base import Pool, Tools
from allabel.select.budget import Budget, count_tokens
from allabel.select.chain import Chain
from allabel.select.cost import CostModel
from allabel.select.plan import Plan, plan_stages
from allabel.select.tagging import estimate_tagging
from retrieval.bm25 import Bm25

SCHEMA = LabelSchema.of(["Chemical", "Disease"])


def refuse(texts: Sequence[str]) -> list[Reply]:
    raise AssertionError("a plan tags nothing")


TOOLS = Tools(Bm25, refuse)


@pytest.fixture(scope="module")
def pool(bc5cdr: Callable[[str, int], list[Document]]) -> Pool:
    documents = bc5cdr("devel", 120)
    return Pool(tuple(DocId(str(i)) for i in range(120)), tuple(d.text for d in documents))


def test_stages_that_need_no_annotation_are_run_and_the_others_estimated(pool: Pool) -> None:
    chain, budget = Chain.parse("allabel", TOOLS), Budget.parse("25")
    d, s, u = plan_stages(chain, pool, budget, [], 0)
    steps = chain.advance(pool, budget, [], 0)
    for planned, step in zip((d, s), steps, strict=True):
        texts = [pool.texts[c.position] for c in step.choices]
        assert not planned.estimated
        assert (planned.stage, planned.n_texts) == (step.stage, len(texts))
        assert planned.n_tokens == sum(map(count_tokens, texts))
        assert planned.minutes == pytest.approx(
            sum(CostModel().minutes(count_tokens(t), 0.1 * count_tokens(t)) for t in texts)
        )
    assert (u.stage, u.n_texts, u.estimated, u.n_tagged) == ("perplexity", 5, True, 100)
    assert Plan((d, s, u), budget).total.n_texts == 25


def test_the_cap_bounds_what_is_tagged_in_each_round(pool: Pool) -> None:
    chain = Chain.parse("uniform:1,perplexity:1,perplexity:1", Tools(Bm25, refuse, cap=40))
    plans = plan_stages(chain, pool, Budget.parse("9"), [], 0)
    assert [(p.stage, p.n_texts, p.n_tagged) for p in plans] == [
        ("uniform", 3, 0),
        ("perplexity", 3, 40),
        ("perplexity#2", 3, 40),
    ]


def test_what_is_done_is_not_planned_again(pool: Pool) -> None:
    chain, budget = Chain.parse("allabel", TOOLS), Budget.parse("25")
    left = plan_stages(chain, pool.with_chosen(range(20)), budget, ["core_set", "sum_rank"], 0)
    assert [(p.stage, p.n_tagged) for p in left] == [("perplexity", 100)]
    assert plan_stages(chain, pool, budget, list(chain.keys), 0) == []


@pytest.mark.parametrize("budget", ["600tokens", "30min", "25"])
def test_a_large_pool_is_estimated_close_to_what_a_random_choice_takes(
    pool: Pool, budget: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, amount = Chain.parse("uniform:1,uniform:1", TOOLS), Budget.parse(budget)
    run = Plan(tuple(plan_stages(chain, pool, amount, [], 0)), amount).total
    monkeypatch.setattr(plan_module, "RUN_AT_MOST", 10)
    guessed = Plan(tuple(plan_stages(chain, pool, amount, [], 0)), amount).total
    assert guessed.estimated
    assert not run.estimated
    assert guessed.n_texts == pytest.approx(run.n_texts, rel=0.35)
    assert guessed.n_tokens == pytest.approx(run.n_tokens, rel=0.35)
    assert guessed.minutes == pytest.approx(run.minutes, rel=0.35)


def test_the_prompt_estimate_is_that_of_the_real_prompt() -> None:
    text = "NaCl was dissolved in water"
    shown = [Demonstration(DocId(str(i)), "KBr in air", (Span(0, 3, "Chemical"),)) for i in range(5)]
    got = estimate_tagging(1000, [text], "chat", SCHEMA, shown, 5, 0.2, JsonForm())
    characters = sum(len(m["content"]) for m in messages(JsonForm(), text, shown, SCHEMA))
    assert got.n_prompt_tokens == round(1000 * characters / 4)
    assert got.n_output_tokens == round(
        1000 * len('{"entities":[{"text":"NaCl","label":"Chemical","occurrence":1}]}') / 4
    )
    assert "an estimate" in str(got)


def test_more_shots_and_denser_entities_take_more_tokens() -> None:
    texts = ["NaCl was dissolved in water and then heated"] * 3
    few, many = (estimate_tagging(10, texts, "chat", SCHEMA, [], shots, 0.1, JsonForm()) for shots in (1, 5))
    dense = estimate_tagging(10, texts, "chat", SCHEMA, [], 1, 0.6, JsonForm())
    assert (few.n_prompt_tokens or 0) < (many.n_prompt_tokens or 0)
    assert few.n_output_tokens == many.n_output_tokens
    assert (few.n_output_tokens or 0) < (dense.n_output_tokens or 0)


def test_where_none_will_be_annotated_by_then_only_what_is_there_is_shown() -> None:
    text = "NaCl was dissolved in water"
    shown = [Demonstration(DocId(str(i)), "KBr in air", (Span(0, 3, "Chemical"),)) for i in range(2)]
    for n in (0, 2):
        got = estimate_tagging(1000, [text], "chat", SCHEMA, shown[:n], 5, 0.2, JsonForm(), stand_ins=False)
        characters = sum(len(m["content"]) for m in messages(JsonForm(), text, shown[:n], SCHEMA))
        assert got.n_prompt_tokens == round(1000 * characters / 4)
    more = estimate_tagging(1000, [text], "chat", SCHEMA, shown, 5, 0.2, JsonForm())
    assert (more.n_prompt_tokens or 0) > (got.n_prompt_tokens or 0)


def test_a_long_text_is_estimated_by_the_prompts_of_its_parts() -> None:
    text = "".join(f"Then NaCl was filtered off in water, step {i}. " for i in range(400))
    asked: list[int] = []

    class Counting:
        model, identity, stopped = "m", {"model": "m"}, ""

        def report(self) -> str:
            return ""

        def send(self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check) -> None:
            for i, request in enumerate(requests):
                asked.append(sum(len(m["content"]) for m in request.messages))
                got(i, Answer(Status.OK, '{"entities":[]}'))

    shown = [Demonstration(DocId(str(i)), "KBr in air", (Span(0, 3, "Chemical"),)) for i in range(3)]
    LlmAnnotator(SCHEMA, Counting(), JsonForm(), Bm25, splitting=Splitting(200, 40)).annotate([text], shown)
    got = estimate_tagging(1, [text], "chat", SCHEMA, shown, 5, 0.1, JsonForm(), Splitting(200, 40), stand_ins=False)
    assert len(asked) > 20
    assert got.n_prompt_tokens == round(sum(asked) / 4)


def test_what_takes_no_tokens_and_what_nobody_knows_are_told_apart() -> None:
    here = estimate_tagging(10, ["a"], "embedded", SCHEMA, [], 5, 0.1, JsonForm())
    assert (here.n_prompt_tokens, here.n_output_tokens) == (0, 0)
    assert "none, it runs here" in str(here)
    other = estimate_tagging(10, ["a"], "my.module:Backend", SCHEMA, [], 5, 0.1, JsonForm())
    assert other.n_prompt_tokens is None
    assert "not known" in str(other)
