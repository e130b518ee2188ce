"""Budgets as people write them, and how they are divided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.errors import BudgetError
from allabel.select.budget import Budget, count_tokens, shares
from allabel.select.cost import CostModel


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("10%", 10, "%"),
        ("100%", 100, "%"),
        ("0.5 %", 0.5, "%"),
        ("500", 500, "texts"),
        (" 1 ", 1, "texts"),
        ("5 texts", 5, "texts"),
        ("1text", 1, "texts"),
        ("20000tokens", 20000, "tokens"),
        ("1 token", 1, "tokens"),
        ("90min", 90, "minutes"),
        ("90 minutes", 90, "minutes"),
        ("1 minute", 1, "minutes"),
        ("2h", 120, "minutes"),
        ("1.5 hours", 90, "minutes"),
        ("1 hour", 60, "minutes"),
        ("0.5min", 0.5, "minutes"),
    ],
)
def test_a_budget_is_read(text: str, amount: float, unit: str) -> None:
    assert Budget.parse(text) == Budget(amount, unit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0%",
        "0tokens",
        "-5",
        "-10%",
        "abc",
        "150%",
        "100.1%",
        "2.5",
        "1e3",
        "1,000",
        "10%%",
        "5 words",
        "nan",
        "0min",
        "0h",
        "5m",
        "-1h",
        "2.5tokens",
        "min",
    ],
)
def test_what_is_no_budget_is_refused_with_the_value_and_a_remedy(text: str) -> None:
    with pytest.raises(BudgetError) as refused:
        Budget.parse(text)
    assert repr(text) in refused.value.problem
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("percent", "n_pool", "n"), [("10%", 100, 10), ("10%", 101, 11), ("1%", 7, 1), ("100%", 3, 3), ("7%", 100, 7)]
)
def test_per_cent_round_up(percent: str, n_pool: int, n: int) -> None:
    assert Budget.parse(percent).n_texts(n_pool) == n


def test_the_papers_chain_divides_one_three_one() -> None:
    assert shares(100, [1, 3, 1]) == [20, 60, 20]
    assert shares(7, [1, 3, 1]) == [2, 4, 1]
    assert shares(1, [1, 3, 1]) == [0, 1, 0]


@given(st.integers(0, 10**6), st.lists(st.floats(0.01, 1000), min_size=1, max_size=6))
def test_shares_sum_to_the_whole_and_lie_within_one_of_their_exact_value(total: int, weights: list[float]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1 + 1e-6


def test_minutes_are_divided_as_they_come_and_texts_in_whole_numbers() -> None:
    assert Budget.parse("1h").shares(100, [1, 3, 1]) == pytest.approx([12, 36, 12])
    assert Budget.parse("1min").shares(100, [1, 1]) == [0.5, 0.5]
    assert Budget.parse("7").shares(100, [1, 3, 1]) == [2, 4, 1]
    assert Budget.parse("10%").shares(70, [1, 3, 1]) == [2, 4, 1]


def test_the_price_of_a_text_is_in_the_budgets_unit() -> None:
    texts = ["NaCl in water", "lead"]
    cost = CostModel(fixed_s=6, per_token_s=3, per_entity_s=30, entities_per_token=0.1)
    assert Budget.parse("2").prices(texts).tolist() == [1, 1]
    assert Budget.parse("5tokens").prices(texts).tolist() == [3, 1]
    assert Budget.parse("5min", cost).prices(texts).tolist() == pytest.approx([24 / 60, 12 / 60])


def test_tokens_are_runs_without_white_space() -> None:
    assert count_tokens(" NaCl  in\u00a0water\n") == 3
    assert count_tokens("...") == 1
    assert count_tokens("") == 0
