import json

import pytest
from click.testing import CliRunner
from made_measured import made

from allabel.errors import InputError, UnknownNameError
from eval.bootstrap import Interval
from eval.commands.compare import compare as command
from eval.compare.advice import advice
from eval.compare.compare import compare
from eval.compare.compared import AtBudget, Crossing
from eval.compare.of_run import compare_run


class Run:
    """A run whose results are at hand."""

    def __init__(self, measured, pairs=()):
        self._measured, self._pairs = measured, list(pairs)

    def measured(self):
        return self._measured

    def pairs(self):
        return self._pairs


def at(budget, low, high, p=0.001, n_seeds=5):
    middle = (low + high) / 2
    return AtBudget(budget, 0.5 + middle, 0.5, Interval(middle, low, high), p, p, 0, n_seeds, 161)


def sentences(text):
    return text.count(". ") + text.endswith(".")


def test_advice_names_the_arm_of_each_decided_budget_with_its_interval_and_what_is_undecided():
    crossings = [Crossing("texts", 216.4, 157.2, 411.0, 0.98, "llm", "tagger")]
    found = advice(
        "llm",
        "tagger",
        [at("2%", 0.1, 0.2), at("10%", -0.02, 0.04, 0.6), at("all", -0.08, -0.04)],
        crossings,
        of="bc5cdr",
    )
    assert found == (
        "Take llm at a budget of 2% (15.0, 10.0 to 20.0), and tagger at a budget of all (6.0, 4.0 to 8.0): the lead in "
        "points of F1 and its 95 % interval; tagger overtakes llm at about 216 annotated texts (seen in 98% of "
        "resamples, 157 to 411). This is of bc5cdr alone, on 161 test texts, undecided at a budget of 10%; with 5 "
        "seeds."
    )


def test_advice_says_may_where_few_resamples_cross():
    crossings = [Crossing("texts", 216.4, 20.0, 411.0, 0.6, "llm", "tagger")]
    found = advice("llm", "tagger", [at("2%", 0.1, 0.2), at("all", -0.08, 0.04, 0.4)], crossings, of="bc5cdr")
    assert "; tagger may overtake llm at about 216 annotated texts (seen in 60% of resamples, 20 to 411). " in found


def test_advice_says_plainly_that_nothing_is_decided():
    found = advice("llm", "tagger", [at("2%", -0.1, 0.02, 0.2), at("5%", 0.001, 0.03, 0.06)], [], of="bc5cdr")
    assert found.startswith(
        "Nothing is decided between llm and tagger once p is corrected for 2 budgets: the 95 % intervals of llm less "
        "tagger, in points of F1, are -10.0 to 2.0 at a budget of 2% and 0.1 to 3.0 at a budget of 5%. "
    )
    assert sentences(found) == 2


@pytest.mark.parametrize(
    ("n_seeds", "said"),
    [
        (1, "with one seed, so intervals are of the test texts alone and say nothing of other pools."),
        (3, "with 3 seeds, which are few: intervals may be too narrow, take 5 or more."),
        (5, "with 5 seeds."),
    ],
)
def test_advice_says_how_many_seeds_it_rests_on(n_seeds, said):
    found = advice("llm", "tagger", [at("2%", 0.1, 0.2, n_seeds=n_seeds), at("5%", 0.1, 0.2)], [], of="bc5cdr")
    assert found.endswith(said)
    assert sentences(found) == 2


def test_a_difference_that_the_correction_takes_back_is_no_lead():
    assert at("5%", 0.01, 0.3, p=0.08).leader == 0
    assert at("5%", -0.3, -0.01, p=0.04).leader == -1


def test_a_crossing_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="cannot overtake itself"):
        Crossing("texts", 100, 90, 110, 1, "llm", "llm")
    with pytest.raises(InputError, match=r"a share of 0\.5 with the interval None to None"):
        Crossing("texts", None, None, None, 0.5, "llm", "llm")
    with pytest.raises(InputError, match=r"a share of 1[.]5"):
        Crossing("texts", 100, 90, 110, 1.5, "llm", "tagger")


def arms(data="bc5cdr", strategy="uniform"):
    both = [("llm", 10, [[1, 1]] * 9 + [[1, 0]]), ("llm", 40, [[1, 1]] * 5 + [[0, 0]] * 5)]
    both += [("tagger", 10, [[0, 0]] * 8 + [[1, 0]] * 2), ("tagger", 40, [[1, 1]] * 9 + [[0, 1]])]
    return [made(arm, right, n_texts=n, data=data, strategy=strategy) for arm, n, right in both]


def test_it_prints_advice_first_then_aligned_tables_then_notes():
    text = compare(arms(), "llm", "tagger", data="bc5cdr").render()
    lines = text.splitlines()
    assert lines[0] == "llm against tagger on bc5cdr, taught by uniform"
    assert lines[2].startswith("Take llm at a budget of 10 (85.0, ")
    assert "10        10  0.9500  0.1000          +0.8500" in text
    assert "tokens         llm  tagger  " in text
    assert "type at 40     llm  tagger" in text
    assert "routing by type at 40, held out: F1 0.9500, the better arm alone 0.9500, gain +0.0000" in text
    assert lines[-1].startswith("note: ")
    assert all(line == line.rstrip() for line in lines)


def test_texts_of_both_arms_are_printed_where_they_differ():
    measured = [made("llm", [1], n_texts=10, budget="5%"), made("tagger", [1], n_texts=12, budget="5%")]
    assert "5%     10 / 12  1.0000" in compare(measured, "llm", "tagger", data="bc5cdr").render()


def test_data_for_json_hold_everything():
    found = compare(arms(), "llm", "tagger", data="bc5cdr")
    data = json.loads(json.dumps(found.to_dict()))
    assert data["advice"] == found.advice
    assert data["at_budgets"][0]["difference"]["low"] == found.at_budgets[0].difference.low
    assert data["crossings"][0]["at"] == found.crossings[0].at
    assert data["routing"]["choice"] == found.routing.choice
    assert len(data["types"]) == 4


def test_a_run_compares_its_own_pairs_on_every_data_set_of_both():
    measured = [*arms(), *arms("wnut17"), *arms("wnut17", "core_set"), made("llm", [1], data="anem")]
    found = compare_run(Run(measured, [("llm", "tagger", None)]), None)
    assert [(one.data, one.strategy) for one in found] == [("bc5cdr", "uniform"), ("wnut17", "uniform")]
    (named,) = compare_run(Run(measured, [("tagger", "llm", "core_set")]), None, data="wnut17")
    assert (named.a, named.data, named.strategy) == ("tagger", "wnut17", "core_set")
    (asked,) = compare_run(Run(measured), ("llm", "tagger"), data="wnut17", strategy="core_set")
    assert (asked.a, asked.strategy) == ("llm", "core_set")


def test_a_run_that_cannot_be_compared_says_why():
    with pytest.raises(InputError, match="no results yet"):
        compare_run(Run([]), ("llm", "tagger"))
    with pytest.raises(
        InputError, match=r"names no arms to compare\n  remedy: give --a and --b.*there are llm, tagger"
    ):
        compare_run(Run(arms()), None)
    with pytest.raises(
        UnknownNameError, match=r"the arm 'taggr' was not measured on bc5cdr\n  remedy: did you mean 'tagger'"
    ):
        compare_run(Run(arms()), ("llm", "taggr"))
    with pytest.raises(InputError, match="llm and crf share no data set"):
        compare_run(Run([*arms(), made("crf", [1], data="anem")]), ("llm", "crf"))


def test_the_command_wants_both_arms_and_a_folder_that_holds_a_run(tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path), "--a", "llm"])
    assert (result.exit_code, "--a and --b go together" in result.stderr) == (2, True)
    with pytest.raises(InputError, match="holds no run"):
        CliRunner().invoke(command, [str(tmp_path), "--a", "llm", "--b", "tagger"], catch_exceptions=False)
