from functools import partial

import numpy as np
import pytest
from made_measured import LABELS, made

from allabel.document import DocId
from allabel.errors import InputError, UnknownNameError
from eval.compare.compare import compare
from eval.experiments.measured import Cost, Measured, Spot

compared = partial(compare, data="bc5cdr", n=300)


def test_only_test_texts_that_both_have_count():
    # the llm has the first two texts: 1 of 2; the tagger has 1 of these 2, and 3 of all 4
    found = compared([made("llm", [1, 0]), made("tagger", [0, 1, 1, 1])], "llm", "tagger")
    (at,) = found.at_budgets
    assert (at.a, at.b, at.n_docs) == (0.5, 0.5, 2)
    assert found.curves[1].points[0].mean == 0.5
    assert found.notes[0].startswith("left out: 2 of the 4 test texts of tagger (all seeds added up)")


def test_texts_are_paired_by_id_whatever_their_order():
    one = made("llm", [1, 1, 0], docs=["x", "y", "z"])
    other = made("tagger", [0, 1, 1], docs=["z", "y", "x"])
    (at,) = compared([one, other], "llm", "tagger").at_budgets
    assert (at.difference.difference, at.difference.low, at.difference.high) == (0, 0, 0)


def test_seeds_of_one_arm_are_left_out_and_named():
    measured = [made("llm", [1, 1], seed=s, budget="5%") for s in (0, 1, 2)] + [made("tagger", [0, 1], budget="5%")]
    found = compared(measured, "llm", "tagger")
    assert [point.n_seeds for curve in found.curves for point in curve.points] == [1, 1]
    assert "left out, as tagger has no result on these texts: llm at 5% (seed 1, 2)" in found.notes


def test_a_budget_of_one_arm_is_in_its_curve_alone():
    measured = [made(arm, [1, 0], n_texts=n) for arm, n in (("llm", 10), ("llm", 20), ("llm", 40), ("tagger", 20))]
    found = compared(measured, "llm", "tagger")
    assert [[p.budget for p in curve.points] for curve in found.curves] == [["10", "20", "40"], ["20"]]
    assert [one.budget for one in found.at_budgets] == ["20"]
    assert {one.budget for one in found.types} == {"20"}
    assert "in the curve of llm only, as tagger has nothing to hold against it: 10, 40" in found.notes


def test_a_cell_that_is_not_done_leaves_the_other_budgets_their_seeds():
    measured = [made(arm, [1, s], n_texts=n, seed=s) for arm in ("llm", "tagger") for n in (10, 20) for s in (0, 1)]
    found = compared(measured[:-1], "llm", "tagger")
    assert [(one.budget, one.n_seeds) for one in found.at_budgets] == [("10", 2), ("20", 1)]


def test_budgets_go_by_their_texts_not_by_their_names():
    measured = [made(arm, [1], n_texts=n, budget=k) for arm in ("llm", "tagger") for k, n in _BUDGETS.items()]
    found = compared(measured, "llm", "tagger")
    assert [one.budget for one in found.at_budgets] == ["5%", "20%", "all"]


_BUDGETS = {"all": 500, "20%": 100, "5%": 25}


def test_the_first_strategy_of_both_is_taken_unless_one_is_named():
    measured = [
        made("llm", [1, 1], strategy="allabel"),
        made("llm", [0, 1], strategy="uniform"),
        made("tagger", [0, 0], strategy="uniform"),
        made("llm", [0, 0], strategy="core_set"),
        made("tagger", [1, 1], strategy="core_set"),
    ]
    first = compared(measured, "llm", "tagger")
    assert (first.strategy, first.at_budgets[0].a, first.at_budgets[0].b) == ("uniform", 0.5, 0)
    named = compared(measured, "llm", "tagger", strategy="core_set")
    assert (named.strategy, named.at_budgets[0].a, named.at_budgets[0].b) == ("core_set", 0, 1)


def test_arms_without_a_common_strategy_are_compared_and_the_notes_say_what_that_means():
    measured = [made("gpt-3", [1, 1], strategy="recorded"), made("embedded", [0, 1], strategy="uniform")]
    found = compared(measured, "gpt-3", "embedded")
    assert found.strategy == "recorded / uniform"
    assert found.notes[0].startswith("gpt-3 was taught by recorded and embedded by uniform")


@pytest.mark.parametrize(
    ("a", "data", "strategy", "said"),
    [
        ("lm", "bc5cdr", None, "the arm 'lm' was not measured on bc5cdr\n  remedy: did you mean 'llm'"),
        ("llm", "bc5cdt", None, "the data set 'bc5cdt' was not measured anywhere\n  remedy: did you mean 'bc5cdr'"),
        (
            "llm",
            "bc5cdr",
            "unifrom",
            "the strategy 'unifrom' was not measured for llm on bc5cdr\n  remedy: did you mean",
        ),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(a, data, strategy, said):
    with pytest.raises(UnknownNameError) as caught:
        compare([made("llm", [1]), made("tagger", [1])], a, "tagger", data=data, strategy=strategy)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "other",
    [made("tagger", [1], n_texts=20), made("tagger", [1], seed=1), made("tagger", [1], docs=["another"])],
    ids=["budget", "seed", "text"],
)
def test_arms_that_share_nothing_are_refused_with_what_each_has(other):
    with pytest.raises(InputError, match=r"remedy: finish the run.*llm has 100 \(seed 0\); tagger has"):
        compared([made("llm", [1]), other], "llm", "tagger")


def test_results_that_cannot_be_held_against_each_other_are_refused():
    with pytest.raises(InputError, match="compared with itself"):
        compared([made("llm", [1])], "llm", "llm")
    with pytest.raises(InputError, match="measured twice at one budget of one seed"):
        compared([made("llm", [1]), made("llm", [0]), made("tagger", [0])], "llm", "tagger")
    with pytest.raises(InputError, match="other labels"):
        compared([made("llm", [1]), made("tagger", [[1, 1]])], "llm", "tagger")


def test_wins_are_seeds_in_which_a_is_ahead_and_even_is_no_win():
    rights = [([1, 1], [0, 1]), ([0, 1], [1, 0]), ([0, 0], [1, 1])]
    measured = [made(arm, pair[i], seed=s) for s, pair in enumerate(rights) for i, arm in enumerate(("llm", "tagger"))]
    (at,) = compared(measured, "llm", "tagger").at_budgets
    assert (at.a, at.b, at.wins, at.n_seeds) == (0.5, pytest.approx(2 / 3), 1, 3)


def test_holm_corrects_p_over_the_budgets():
    # at 20 texts every replicate is ahead: p is 1 / (n + 1), and 2 / (n + 1) corrected; the larger stays as it is
    measured = [made("llm", [1, 1, 0] * 10, n_texts=10), made("tagger", [1, 0, 1] * 10, n_texts=10)]
    measured += [made("llm", [1] * 30, n_texts=20), made("tagger", [0] * 30, n_texts=20)]
    even, ahead = compared(measured, "llm", "tagger", n=999).at_budgets
    assert (ahead.p, ahead.p_holm, ahead.leader) == (0.001, 0.002, 1)
    assert even.p_holm == even.p > 0.5
    assert even.leader == 0


def test_seeds_over_the_same_texts_do_not_make_up_for_few_texts():
    rights = {"llm": [1, 1, 1, 0, 0, 1], "tagger": [0, 1, 0, 0, 1, 1]}
    one, five = (
        compared([made(arm, right, seed=s) for arm, right in rights.items() for s in range(k)], *rights) for k in (1, 5)
    )
    alone, together = one.at_budgets[0].difference, five.at_budgets[0].difference
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))


def test_the_interval_over_seeds_has_the_width_that_theory_gives():
    # texts of a seed are all alike, so seeds alone vary: differences of 0 and 1, sixteen each
    measured = [made("llm", [1, 1], seed=s) for s in range(32)] + [
        made("tagger", [s % 2] * 2, seed=s) for s in range(32)
    ]
    d = compared(measured, "llm", "tagger", n=4000).at_budgets[0].difference
    width = 1.96 * 0.5 / 32**0.5
    assert (d.difference, d.low, d.high) == (
        0.5,
        pytest.approx(0.5 - width, abs=0.03),
        pytest.approx(0.5 + width, abs=0.03),
    )


def test_the_same_seed_gives_the_same_comparison():
    measured = [made("llm", [[1, 0], [0, 1], [1, 1]]), made("tagger", [[0, 0], [1, 1], [1, 0]])]
    first, again, other = (compared(measured, "llm", "tagger", seed=s, n=50) for s in (0, 0, 1))
    assert first == again != other


def test_types_have_their_own_counts_differences_and_gold():
    # gold of Chemical: 3 in the first text, 1 in the second; Disease: 2 and 0; a third label occurs nowhere
    gold = np.array([[3, 2, 0], [1, 0, 0]])
    one = _measured("llm", [[2, 1, 0], [0, 0, 0]], [[2, 1, 0], [1, 1, 0]], gold)
    other = _measured("tagger", [[1, 0, 0], [1, 0, 0]], [[4, 0, 0], [1, 0, 0]], gold)
    found = compared([one, other], "llm", "tagger").types
    # Chemical: 2·2 / (3 + 4) against 2·2 / (5 + 4); Disease: 2·1 / (2 + 2) against 0
    assert [(t.label, t.n_gold, t.a, t.b) for t in found] == [
        ("Chemical", 4, pytest.approx(4 / 7), pytest.approx(4 / 9)),
        ("Disease", 2, 0.5, 0),
    ]
    assert found[0].difference.difference == pytest.approx(4 / 7 - 4 / 9)
    # drawn twice, the first text alone gives 1·2 / (1 + 2) for Disease, the second 0: no other draw is beyond these
    assert (found[1].difference.low, found[1].difference.high) == pytest.approx((0, 2 / 3))


def _measured(arm, right, predicted, gold):
    counts = np.stack([np.array(right), np.array(predicted), gold], axis=-1)
    labels = (*LABELS, "Gene")
    spot = Spot("bc5cdr", 0, "uniform", "5%", arm)
    return Measured(spot, Cost(5, 100, 15, 7.5), (DocId("x"), DocId("y")), labels, counts, {}, 0, 0)


def test_prices_are_of_a_thousand_texts_at_the_largest_shared_budget():
    def cost(n_texts, **more):
        return Cost(n_texts, n_texts, n_texts, 1, **more)

    measured = [
        made("llm", [1] * 4, n_texts=10, cost=cost(10, tag_s=99, money=9)),
        # 4 texts in 2 s, 800 tokens read and 20 written, for 0.1; the other seed in 4 s, with 1,600 and 60, for 0.3
        made("llm", [1] * 4, n_texts=20, cost=cost(20, tag_s=2, n_prompt_tokens=800, n_output_tokens=20, money=0.1)),
        made(
            "llm",
            [1] * 4,
            n_texts=20,
            seed=1,
            cost=cost(20, tag_s=4, n_prompt_tokens=1600, n_output_tokens=60, money=0.3),
        ),
        *(
            made("tagger", [1] * 8, n_texts=n, seed=s, cost=cost(n, tag_s=4, fit_s=30 + s))
            for n in (10, 20)
            for s in (0, 1)
        ),
        made("tagger", [1] * 8, n_texts=90, cost=cost(90, tag_s=77)),
    ]
    llm, tagger = compared(measured, "llm", "tagger").prices
    assert (llm.seconds_per_1000, llm.prompt_tokens_per_1000, llm.output_tokens_per_1000) == (750, 300_000, 10_000)
    assert (llm.money_per_1000, llm.fit_seconds) == (pytest.approx(50), 0)
    # eight texts of its own, although four are compared
    assert (tagger.seconds_per_1000, tagger.money_per_1000, tagger.fit_seconds) == (500, None, 30.5)
