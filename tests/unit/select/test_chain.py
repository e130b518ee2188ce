"""Chains: read, divided, interrupted and gone on with."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest

from allabel.document import DocId, Document
from allabel.errors import BudgetError, InputError, UnknownNameError
from allabel.reply import Reply, Status
from allabel.select.base import Pool, Tools
from allabel.select.budget import Budget, count_tokens
from allabel.select.chain import ABOUT, NAMED_CHAINS, Chain, Step, check_budget
from allabel.select.cost import CostModel
from retrieval.bm25 import Bm25


def unsure(texts: Sequence[str]) -> list[Reply]:
    return [Reply(Status.OK, (), 1 + crc32(text.encode()) % 1000 / 1000) for text in texts]


TOOLS = Tools(Bm25, unsure)


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


@pytest.fixture(scope="module")
def texts(bc5cdr: Callable[[str, int], list[Document]]) -> list[str]:
    return [document.text for document in bc5cdr("devel", 120)]


def flat(steps: Sequence[Step]) -> list[tuple[str, int]]:
    return [(step.stage, choice.position) for step in steps for choice in step.choices]


@pytest.mark.parametrize(
    ("text", "names", "weights"),
    [
        ("allabel", ["core_set", "sum_rank", "perplexity"], (1, 3, 1)),
        ("uniform", ["uniform"], (1,)),
        ("uniform:2, core_set:0.5", ["uniform", "core_set"], (2, 0.5)),
        ("core_set,sum_rank", ["core_set", "sum_rank"], (1, 1)),
        ("allabel.select.uniform:Uniform", ["uniform"], (1,)),
        ("allabel.select.uniform:Uniform:4,core_set", ["uniform", "core_set"], (4, 1)),
    ],
)
def test_a_chain_is_read(text: str, names: list[str], weights: tuple[float, ...]) -> None:
    chain = Chain.parse(text, TOOLS)
    assert [stage.name for stage in chain.stages] == names
    assert chain.weights == weights


@pytest.mark.parametrize(("wrong", "near"), [("core_sett", "core_set"), ("alabel", "allabel"), ("unifrom", "uniform")])
def test_an_unknown_strategy_names_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{wrong!r}") as refused:
        Chain.parse(wrong, TOOLS)
    assert f"did you mean {near!r}" in refused.value.remedy
    assert "perplexity" in refused.value.remedy


@pytest.mark.parametrize("weight", ["0", "-1", "0.0", "nan", "inf"])
def test_a_weight_is_a_finite_number_above_zero(weight: str) -> None:
    with pytest.raises(InputError, match=f"'core_set'.*has the weight {weight}") as refused:
        Chain.parse(f"uniform,core_set:{weight}", TOOLS)
    assert "above 0" in refused.value.remedy


def test_a_stage_that_stands_again_is_known_by_its_number() -> None:
    chain = Chain.parse("uniform:1,core_set:1,uniform:2,allabel.select.uniform:Uniform", TOOLS)
    assert chain.keys == ("uniform", "core_set", "uniform#2", "uniform#3")
    assert chain.reached(["uniform", "uniform#2"]) == ["uniform", "core_set", "uniform#2"]


def test_rounds_of_one_stage_wait_for_each_other_and_choose_anew(texts: list[str]) -> None:
    chain, budget, pool = Chain.parse("uniform:1,perplexity:1,perplexity:1", TOOLS), Budget.parse("9"), pool_of(texts)
    done: list[str] = []
    chosen: list[int] = []
    rounds = []
    while chain.unfinished(pool, budget, done):
        steps = chain.advance(pool.with_chosen(chosen), budget, done, 0, chosen=chosen)
        rounds.append([(step.stage, len(step.choices)) for step in steps])
        done += [step.stage for step in steps]
        chosen += [position for _, position in flat(steps)]
    assert rounds == [[("uniform", 3)], [("perplexity", 3)], [("perplexity#2", 3)]]
    assert len(set(chosen)) == 9
    assert chain.advance(pool.with_chosen(chosen[:6]), budget, done[:2], 0, waiting=True) == []


@pytest.mark.parametrize(
    ("text", "budget", "rounds"),
    [
        ("allabel", "25", [1, 1, 2]),
        ("adaptive", "25", [1, 2, 3, 4, 5]),
        ("perplexity:1,uniform:1,perplexity:1", "9", [1, 1, 2]),
        ("uniform:1,perplexity:1,perplexity:1", "2", [1, 2]),
    ],
)
def test_a_round_ends_where_the_expert_annotates(text: str, budget: str, rounds: list[int], texts: list[str]) -> None:
    found = Chain.parse(text, TOOLS).rounds(pool_of(texts), Budget.parse(budget))
    assert list(found.values()) == rounds


def test_the_first_stage_takes_the_cheapest_text_where_its_share_pays_none(texts: list[str]) -> None:
    chain, budget = Chain.parse("uniform:1,perplexity:99", TOOLS), Budget.parse("20tokens")
    (step,) = chain.advance(pool_of(texts), budget, [], 0)
    cheapest = min(map(count_tokens, texts))
    assert [count_tokens(texts[choice.position]) for choice in step.choices] == [cheapest]
    steps = chain.advance(pool_of(texts, labelled=[0]), budget, [], 0)
    assert [(step.stage, bool(step.choices)) for step in steps] == [("uniform", False), ("perplexity", True)]


def test_every_named_chain_has_its_line() -> None:
    assert set(ABOUT) == set(NAMED_CHAINS)
    for name in NAMED_CHAINS:
        assert len(Chain.parse(name, TOOLS).stages) > 1


@pytest.mark.parametrize("text", ["", "uniform,,core_set", "nowhere.at.all:Thing", "allabel.select.uniform:Nothing"])
def test_what_names_no_stage_is_refused(text: str) -> None:
    with pytest.raises(UnknownNameError):
        Chain.parse(text, TOOLS)


def test_the_stages_share_the_budget_and_choose_different_texts(texts: list[str]) -> None:
    steps = Chain.parse("allabel", TOOLS).advance(pool_of(texts), Budget.parse("25"), [], 0)
    assert [(step.stage, len(step.choices)) for step in steps] == [("core_set", 5), ("sum_rank", 15)]
    chosen = [position for _, position in flat(steps)]
    assert len(chosen) == len(set(chosen))


def test_a_stage_that_needs_annotations_waits_while_anything_is_queued(texts: list[str]) -> None:
    chain, budget, pool = Chain.parse("allabel", TOOLS), Budget.parse("25"), pool_of(texts)
    steps = chain.advance(pool, budget, [], 0)
    done = [step.stage for step in steps]
    chosen = [position for _, position in flat(steps)]
    pool = pool.with_chosen(chosen)
    assert chain.unfinished(pool, budget, done) == ["perplexity"]
    assert chain.advance(pool, budget, done, 0, chosen=chosen, waiting=True) == []
    (last,) = chain.advance(pool, budget, done, 0, chosen=chosen)
    assert (last.stage, len(last.choices)) == ("perplexity", 5)
    assert chain.unfinished(pool, budget, [*done, "perplexity"]) == []


@pytest.mark.parametrize("budget", ["30", "20%", "600tokens"])
def test_an_interrupted_chain_goes_on_as_an_uninterrupted_one(texts: list[str], budget: str) -> None:
    amount = Budget.parse(budget)
    chain = Chain.parse("core_set:1,uniform:2,sum_rank:1", TOOLS)
    whole = chain.advance(pool_of(texts), amount, [], 7)
    assert [step.stage for step in whole] == ["core_set", "uniform", "sum_rank"]
    assert all(step.choices for step in whole)
    for cut in (1, 2):
        kept = whole[:cut]
        chosen = [position for _, position in flat(kept)]
        pool = pool_of(texts).with_chosen(chosen)
        fresh = Chain.parse("core_set:1,uniform:2,sum_rank:1", TOOLS)
        rest = fresh.advance(pool, amount, [step.stage for step in kept], 7, chosen=chosen)
        assert flat([*kept, *rest]) == flat(whole)


def test_what_a_stage_leaves_of_its_share_goes_to_the_next() -> None:
    pool = pool_of(["a " * 7, "b " * 7, "c " * 7, "d " * 7])
    steps = Chain.parse("uniform:1,core_set:1", TOOLS).advance(pool, Budget.parse("21tokens"), [], 0)
    assert [len(step.choices) for step in steps] == [1, 2]


def test_the_seed_decides_what_is_drawn(texts: list[str]) -> None:
    chain, pool = Chain.parse("uniform", TOOLS), pool_of(texts)
    drawn = [flat(chain.advance(pool, Budget.parse("10"), [], seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    "strategy", ["uniform", "core_set", "sum_rank", "perplexity", "core_set:1,sum_rank:3,uniform:1"]
)
@pytest.mark.parametrize("n_tokens", [25, 100, 999])
def test_a_token_budget_is_never_exceeded_and_well_used(texts: list[str], strategy: str, n_tokens: int) -> None:
    chain = Chain.parse(strategy, TOOLS)
    steps = chain.advance(pool_of(texts), Budget.parse(f"{n_tokens}tokens"), [], 3)
    spent = [sum(count_tokens(texts[c.position]) for c in step.choices) for step in steps]
    assert sum(spent) <= n_tokens
    # A stage may spend what those before it left, and no more.
    for tokens, weight in zip(np.cumsum(spent), np.cumsum(chain.weights), strict=True):
        assert tokens <= n_tokens * weight / sum(chain.weights) + 1
    if n_tokens == 999:
        # What is left in the end is less than the longest text.
        assert sum(spent) > n_tokens - max(map(count_tokens, texts))


@pytest.mark.parametrize("strategy", ["uniform", "sum_rank", "core_set:1,uniform:1"])
@pytest.mark.parametrize("minutes", [0.6, 7.3, 20])
def test_a_minute_budget_is_never_exceeded_and_well_used(texts: list[str], strategy: str, minutes: float) -> None:
    cost = CostModel(fixed_s=2, per_token_s=1, per_entity_s=0)
    chain = Chain.parse(strategy, TOOLS)
    steps = chain.advance(pool_of(texts), Budget.parse(f"{minutes}min", cost), [], 3)
    dearest = max((2 + count_tokens(text)) / 60 for text in texts)
    cheapest = min((2 + count_tokens(text)) / 60 for text in texts)
    spent = np.cumsum([sum((2 + count_tokens(texts[c.position])) / 60 for c in step.choices) for step in steps])
    for until, weight in zip(spent, np.cumsum(chain.weights), strict=True):
        share = max(cheapest, minutes * weight / sum(chain.weights))
        assert share - dearest < until <= share + 1e-6


def test_minutes_for_the_whole_pool_take_the_whole_pool(texts: list[str]) -> None:
    budget = Budget.parse("1min")
    budget = Budget(float(budget.prices(texts).sum()), "minutes")
    check_budget(budget, pool_of(texts))
    steps = Chain.parse("uniform", TOOLS).advance(pool_of(texts), budget, [], 0)
    assert len(flat(steps)) == len(texts)


def test_a_share_that_buys_no_text_tags_none(texts: list[str]) -> None:
    def refuse(texts: Sequence[str]) -> list[Reply]:
        raise AssertionError("tagged")

    (step,) = Chain.parse("perplexity", Tools(Bm25, refuse)).advance(
        pool_of(texts), Budget(0.01, "minutes"), [], 0, waiting=False
    )
    assert step.choices == []


def test_a_token_share_is_spent_within_the_cap(texts: list[str]) -> None:
    # More than 20 texts may be asked for, and never more than the cap: the stage would refuse.
    n_tokens = int(20 * sum(map(count_tokens, texts)) / len(texts))
    chain = Chain.parse("perplexity", Tools(Bm25, unsure, 30))
    (step,) = chain.advance(pool_of(texts), Budget(n_tokens, "tokens"), [], 0)
    spent = sum(count_tokens(texts[c.position]) for c in step.choices)
    assert n_tokens - max(map(count_tokens, texts)) < spent <= n_tokens


def test_what_is_spare_is_never_chosen(texts: list[str]) -> None:
    pool = replace(pool_of(texts, labelled=[3]), spare=frozenset(range(40, 120)))
    for strategy in ("uniform", "core_set", "perplexity"):
        chain = Chain.parse(f"{strategy}:1,uniform:1", TOOLS)
        steps = chain.advance(pool, Budget.parse("39"), [], 0)
        assert sorted(p for _, p in flat(steps)) == [i for i in range(40) if i != 3]


def test_a_token_budget_for_the_whole_pool_takes_the_whole_pool(texts: list[str]) -> None:
    n_tokens = sum(map(count_tokens, texts))
    steps = Chain.parse("sum_rank", TOOLS).advance(
        pool_of(texts), Budget.parse(f"{n_tokens}tokens"), [], 0, waiting=False
    )
    assert len(flat(steps)) == len(texts)


def test_a_budget_for_the_whole_pool_takes_every_text_once(texts: list[str]) -> None:
    steps = Chain.parse("core_set:1,sum_rank:3", TOOLS).advance(
        pool_of(texts), Budget.parse("100%"), [], 0, waiting=False
    )
    assert sorted(position for _, position in flat(steps)) == list(range(len(texts)))


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("4", "a budget of 4 texts is over the pool, which has 3 texts left"),
        ("100%", "a budget of 5 texts is over the pool, which has 3 texts left"),
        ("10tokens", "a budget of 10 tokens is over the pool, which has 9 tokens left"),
        ("1tokens", "smaller than the shortest text, 2 tokens"),
        ("0.05min", r"a budget of 0.05 minutes is smaller than the shortest text, 0.10 minutes"),
        ("3min", r"a budget of 3 minutes is over the pool, which has 0.35 minutes left"),
    ],
)
def test_a_budget_that_the_pool_cannot_meet_is_refused_with_numbers(budget: str, says: str) -> None:
    pool = pool_of(["a", "b", "c d", "c d e", "c d e f"], labelled=[0, 1])
    with pytest.raises(BudgetError, match=says) as refused:
        check_budget(Budget.parse(budget), pool)
    assert refused.value.remedy


def test_near_duplicates_left_out_are_named_with_the_way_to_keep_them() -> None:
    pool = replace(pool_of(["a", "b", "b", "c", "c"], labelled=[3]), spare=frozenset([2, 4]))
    with pytest.raises(BudgetError, match="has 2 texts left to choose from, 2 near-duplicates left out") as refused:
        check_budget(Budget.parse("3"), pool)
    assert refused.value.remedy == "ask for at most 2, or --duplicates keep"
    check_budget(Budget.parse("2"), pool)


def test_an_empty_pool_is_refused_with_the_command_that_fills_it() -> None:
    with pytest.raises(BudgetError, match="the pool is empty") as refused:
        check_budget(Budget.parse("10%"), pool_of([]))
    assert "allabel import" in refused.value.remedy


def test_a_budget_that_the_pool_just_meets_is_taken() -> None:
    pool = pool_of(["a", "c d", "c d e"])
    for budget in ("3", "100%", "6tokens", "1tokens"):
        check_budget(Budget.parse(budget), pool)
