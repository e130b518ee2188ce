import pytest
from made_report import LABELS, Made

from allabel.document import DocId, Document, Span
from allabel.reply import Grounding, Proposal, Reply, Status
from eval.experiments.measured import Cost, Spot
from eval.report.looked import look

TEXT = "NaCl beside fever beside TP53 beside water"
SALT, FEVER, GENE = Span(0, 4, "Chemical"), Span(12, 17, "Disease"), Span(25, 29, "Gene")
MISSED, INVENTED, TYPE, BOUNDARY, BOTH = range(1, 6)


def _gold(name="a"):
    return Document(DocId(name), TEXT, (SALT, FEVER, GENE))


def _said(*spans, score=None):
    return Reply(Status.OK, tuple(Proposal(s.label, TEXT[s.start : s.end], s, Grounding.EXACT, score) for s in spans))


def _made(*arms, seed=0):
    """arms: of each, its gold and replies by text."""
    made = Made()
    for i, (gold, replies) in enumerate(arms):
        made.add(Spot("made", seed, "uniform", "5%", f"arm{i}"), Cost(5, 50, 5, 2.0), gold, replies)
    return made


def _look(made, **more):
    return look(made, made.measured(), **more)


def test_each_kind_of_error_has_its_number_and_missed_ones_their_place() -> None:
    reply = _said(Span(0, 4, "Gene"), Span(12, 24, "Disease"), Span(36, 41, "Chemical"))
    looked = _look(_made(([_gold()], [reply])))
    assert looked.labels == list(LABELS)
    assert looked.texts == [["a", TEXT, [[0, 4, 0], [12, 17, 1], [25, 29, 2]]]]
    assert looked.cells == [[[[[0, 4, 2, TYPE], [12, 24, 1, BOUNDARY], [36, 41, 0, INVENTED]], [2]]]]


def test_another_type_with_other_bounds_is_both() -> None:
    looked = _look(_made(([_gold()], [_said(Span(0, 11, "Gene"), FEVER, GENE)])))
    assert looked.cells[0][0][0][0] == [0, 11, 2, BOTH]


def test_texts_that_every_arm_has_right_are_left_out_and_right_cells_are_zero() -> None:
    right, wrong = _said(SALT, FEVER, GENE), _said(SALT)
    looked = _look(_made(([_gold("a"), _gold("b")], [right, right]), ([_gold("a"), _gold("b")], [right, wrong])))
    assert [text[0] for text in looked.texts] == ["b"]
    assert (looked.n_docs, looked.n_wrong, looked.n_left_out) == (2, 1, 0)
    assert looked.cells[0] == [0]


def test_a_text_that_an_arm_was_not_given_is_none_there() -> None:
    looked = _look(_made(([_gold("a"), _gold("b")], [_said(), _said()]), ([_gold("b")], [_said(SALT)])))
    assert looked.cells[1][0] is None
    assert looked.cells[1][1] is not None


def test_a_failed_reply_predicts_nothing_and_is_named() -> None:
    failed = Reply(Status.TRUNCATED, _said(SALT).proposals)
    looked = _look(_made(([_gold()], [failed])))
    assert looked.cells == [[[[], [0, 1, 2], "truncated"]]]
    assert looked.confusion[0]["kinds"]["missed"] == 3


def test_at_most_so_many_texts_come_along_those_of_most_arms_first_and_the_rest_is_counted() -> None:
    gold = [_gold(f"d{i}") for i in range(20)]
    made = _made((gold, [_said()] * 20), (gold[10:14], [_said()] * 4))
    looked = _look(made, n_texts=6)
    assert (len(looked.texts), looked.n_wrong, looked.n_left_out) == (6, 20, 14)
    assert {"d10", "d11", "d12", "d13"} <= {text[0] for text in looked.texts}
    assert looked == _look(made, n_texts=6)


def test_the_seed_with_most_cells_is_looked_at() -> None:
    made = _made(([_gold()], [_said()]))
    for arm in ("x", "y"):
        made.add(Spot("made", 7, "uniform", "5%", arm), Cost(5, 50, 5, 2.0), [_gold()], [_said()])
    looked = _look(made, pair=[("y", "5%", "uniform"), ("x", "5%", "uniform")])
    assert (looked.seed, looked.names) == (7, ["x, 5% by uniform", "y, 5% by uniform"])
    assert looked.pair == [1, 0]


def test_values_are_compared_as_strings_with_even_white_space() -> None:
    gold = Document(DocId("a"), "of Na  Cl and X", None, {"Chemical": ("Na Cl", "KBr")})
    made = Made()
    reply = Reply(
        Status.OK,
        (
            Proposal("Chemical", "Na  Cl", Span(3, 9, "Chemical"), Grounding.EXACT, 0.9),
            Proposal("Gene", "X", None, Grounding.MISSING, 0.2),
        ),
    )
    made.add(Spot("made", 0, "uniform", "5%", "llm"), Cost(5, 50, 5, 2.0), [gold], [reply])
    looked = _look(made)
    assert looked.confusion is None
    assert looked.texts == [["a", gold.text, [["KBr", 0], ["Na Cl", 0]]]]
    assert looked.cells == [[[[["Na Cl", 0, 0], ["X", 2, INVENTED]], [0]]]]
    assert looked.calibration[0]["bins"] == [
        [0.2, 0.0, 0.0, pytest.approx(0.793, abs=1e-3), 1],
        [0.9, 1.0, pytest.approx(0.207, abs=1e-3), 1.0, 1],
    ]


def test_the_confusion_counts_gold_against_predicted_and_nothing() -> None:
    reply = _said(Span(0, 4, "Gene"), Span(12, 24, "Disease"), Span(36, 41, "Chemical"))
    (found,) = _look(_made(([_gold()], [reply]))).confusion
    assert found["labels"] == ["Chemical", "Disease", "Gene", "nothing"]
    assert found["matrix"] == [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert found["kinds"] == {"right": 0, "missed": 1, "invented": 1, "type": 1, "boundary": 1, "both": 0}


def test_scores_are_held_against_the_truth_and_those_without_one_are_counted() -> None:
    made = _made(([_gold("a"), _gold("b")], [_said(SALT, Span(36, 41, "Gene"), score=0.5), _said(FEVER)]))
    (found,) = _look(made).calibration
    assert (found["n_scored"], found["n_unscored"], found["ece"], found["brier"]) == (2, 1, 0.0, 0.25)
