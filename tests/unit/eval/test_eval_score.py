import json
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import Record
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from eval.counts import Counts
from eval.pairing import Pair, pair
from eval.score import read_scorable, score
from eval.semeval import Tally

GOLD, PRED = Path("gold.jsonl"), Path("pred.jsonl")
TEXT = "NaCl in water"
SALT, WATER = Span(0, 4, "Chemical"), Span(8, 13, "Solvent")


def _document(id_="a", entities=(SALT, WATER), values=None, text=TEXT):
    return Document(DocId(id_), text, entities, values)


def _grounded(*spans, text=TEXT):
    return tuple(Proposal(s.label, text[s.start : s.end], s, Grounding.EXACT) for s in spans)


def _ungrounded(label, mention):
    return Proposal(label, mention, None, Grounding.MISSING)


def _reply(*proposals):
    return Reply(Status.OK, tuple(proposals))


def _tagged(id_="a", text=TEXT, reply=None):
    return TaggedDocument(DocId(id_), text, reply or Reply(Status.OK), backend="fake", model="")


def _pair(gold, predicted):
    return pair([Record(i, d) for i, d in enumerate(gold, 1)], list(enumerate(predicted, 1)), GOLD, PRED)


def test_every_measure_of_a_small_corpus():
    gold = [_document("a"), _document("b")]
    replies = [_reply(*_grounded(SALT, Span(5, 13, "Solvent"))), _reply(*_grounded(SALT, WATER, Span(5, 7, "Other")))]
    report = score([Pair(g, r) for g, r in zip(gold, replies, strict=True)])
    assert report.strict is not None
    assert report.strict.per_label == {
        "Chemical": Counts(2, 2, 2),
        "Other": Counts(0, 1, 0),
        "Solvent": Counts(1, 2, 2),
    }
    assert report.strict.micro == Counts(3, 5, 4)
    assert report.strict.macro_f1 == pytest.approx(0.5)
    assert report.semeval is not None
    assert report.semeval.partial == Tally(correct=3, partial=1, spurious=1)
    assert report.semeval.type == Tally(correct=4, spurious=1)
    assert report.semeval.exact == Tally(correct=3, incorrect=1, spurious=1)
    assert report.values.micro == Counts(3, 5, 4)
    assert report.note == ""


def test_a_failed_reply_predicts_nothing_and_is_counted():
    failed = Reply(Status.TRUNCATED, _grounded(SALT), error="cut off")
    report = score([Pair(_document("a"), failed), Pair(_document("b"), _reply(*_grounded(SALT)))])
    assert report.strict is not None
    assert report.strict.micro == Counts(1, 1, 4)
    assert report.values.micro == Counts(1, 1, 4)
    assert (report.n_documents, report.n_failed) == (2, 1)
    assert report.statuses[Status.TRUNCATED] == 1
    assert report.statuses[Status.OK] == 1
    assert report.n_proposals == 1


def test_a_document_nobody_tagged_is_missing_not_dropped():
    report = score(_pair([_document("a"), _document("b")], [_tagged("b", reply=_reply(*_grounded(SALT)))]))
    assert report.missing == ("a",)
    assert (report.n_documents, report.n_failed) == (2, 0)
    assert report.strict is not None
    assert report.strict.micro == Counts(1, 1, 4)


def test_an_ungrounded_mention_is_a_predicted_value_and_raises_the_rate():
    gold = Document(DocId("a"), TEXT, values={"Chemical": ("NaCl", "sodium chloride")})
    report = score(
        [
            Pair(
                gold,
                _reply(*_grounded(SALT), _ungrounded("Chemical", "brine"), _ungrounded("Chemical", "sodium chloride")),
            )
        ]
    )
    assert report.values.micro == Counts(2, 3, 2)
    assert (report.n_ungrounded, report.n_proposals, report.ungrounded_rate) == (2, 3, pytest.approx(2 / 3))


def test_a_mention_that_stands_across_another_is_not_ungrounded():
    across = Proposal("Chemical", "Na", None, Grounding.OVERLAPPING)
    report = score([Pair(_document(), _reply(*_grounded(SALT), across))])
    assert (report.n_ungrounded, report.n_proposals) == (0, 2)


def test_an_ungrounded_mention_is_no_span():
    report = score([Pair(_document(), _reply(*_grounded(SALT), _ungrounded("Chemical", "brine")))])
    assert report.strict is not None
    assert report.strict.micro == Counts(1, 1, 2)
    assert report.values.micro == Counts(1, 2, 2)


def test_a_grounded_proposal_predicts_the_string_that_stands_in_the_text():
    mention = Proposal("Chemical", "NACL", SALT, Grounding.NORMALISED)
    report = score([Pair(Document(DocId("a"), TEXT, values={"Chemical": ("NaCl",)}), _reply(mention))])
    assert report.values.micro == Counts(1, 1, 1)


def test_gold_without_offsets_has_no_strict_score_and_the_report_says_why():
    report = score([Pair(Document(DocId("a"), TEXT, values={"Chemical": ("NaCl",)}), _reply())])
    assert report.strict is None
    assert report.semeval is None
    assert "without offsets" in report.note
    assert report.note in report.render()
    assert "strict micro" not in report.render()
    assert report.to_dict()["strict"] is None


def test_strict_leaves_out_documents_without_offsets_and_says_how_many():
    pairs = [Pair(_document("a"), _reply()), Pair(Document(DocId("b"), TEXT, values={"Chemical": ("NaCl",)}), _reply())]
    report = score(pairs)
    assert (report.n_documents, report.n_strict) == (2, 1)
    assert report.strict is not None
    assert report.strict.micro == Counts(0, 0, 2)
    assert report.values.micro == Counts(0, 0, 3)
    assert "cover the 1 documents" in report.note


def test_gold_values_go_before_those_derived_from_spans():
    gold = _document(entities=(SALT,), values={"Chemical": ("NaCl", "sodium chloride")})
    assert score([Pair(gold, _reply())]).values.micro == Counts(0, 0, 2)


def test_gold_that_says_none_here_is_gold():
    report = score([Pair(_document(entities=()), _reply(*_grounded(SALT)))])
    assert report.strict is not None
    assert report.strict.micro == Counts(0, 1, 0)


def test_a_document_without_gold_is_named_and_not_scored():
    report = score([Pair(_document("a", entities=None), _reply(*_grounded(SALT))), Pair(_document("b"), _reply())])
    assert report.unscored == ("a",)
    assert (report.n_documents, report.n_proposals) == (1, 0)
    assert "without gold" in report.render()


def test_no_pairs_score_zero():
    report = score([])
    assert (report.n_documents, report.ungrounded_rate, report.values.micro.f1) == (0, 0, 0)


def test_json_holds_everything_unrounded():
    report = score([Pair(_document("a"), _reply(*_grounded(SALT, Span(5, 7, "Chemical")))), Pair(_document("b"), None)])
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["strict"]["micro"] == {
        "precision": 0.5,
        "recall": 0.25,
        "f1": pytest.approx(1 / 3),
        "true_positive": 1,
        "predicted": 2,
        "gold": 4,
    }
    assert data["strict"]["per_label"]["Solvent"]["gold"] == 2
    assert data["partial"]["missed"] == 3
    assert data["missing"] == ["b"]
    assert data["statuses"] == {"ok": 1, "truncated": 0, "unparseable": 0, "refused": 0, "failed": 0}
    assert set(data) >= {"type", "exact", "value", "ungrounded_rate", "n_failed", "n_documents", "n_missing"}


def test_the_table_is_aligned_and_plain():
    report = score(
        [Pair(_document("a"), _reply(*_grounded(SALT, Span(5, 13, "Solvent")), _ungrounded("Chemical", "brine")))]
    )
    expected = """\
documents       1
not tagged      0
failed replies  0
replies         ok 1
ungrounded      1 of 3 proposals (0.3333)

              precision  recall      F1  right  predicted  gold
strict micro     0.5000  0.5000  0.5000      1          2     2
strict macro                     0.5000
  Chemical       1.0000  1.0000  1.0000      1          1     1
  Solvent        0.0000  0.0000  0.0000      0          1     1
partial          0.7500  0.7500  0.7500    1.5          2     2
type             1.0000  1.0000  1.0000      2          2     2
exact            0.5000  0.5000  0.5000      1          2     2
value micro      0.3333  0.5000  0.4000      1          3     2
value macro                      0.3333
  Chemical       0.5000  1.0000  0.6667      1          2     1
  Solvent        0.0000  0.0000  0.0000      0          1     1

entities
  right                      1
  other type                 0
  other boundaries           1
  other type and boundaries  0
  missed                     0
  invented                   0
"""
    assert report.render() == expected


def test_another_text_under_the_same_id_is_refused_with_both_places():
    with pytest.raises(InputError) as caught:
        _pair([_document("x"), _document("a")], [_tagged("a", text="NaCl in Water")])
    message = str(caught.value)
    for part in ("pred.jsonl, line 1", "gold.jsonl, line 2", "'a'", "code point 8", "remedy"):
        assert part in message


def test_a_text_that_is_cut_short_differs_too():
    with pytest.raises(InputError, match="from code point 4 on"):
        _pair([_document("a")], [_tagged("a", text="NaCl")])


def test_predictions_for_unknown_documents_are_refused():
    with pytest.raises(InputError, match=r"4 of 5 predicted ids are not in gold\.jsonl: 'p', 'q', 'r', …") as caught:
        _pair([_document("a")], [_tagged(x) for x in "apqrs"])
    assert (caught.value.file, caught.value.line) == (PRED, 2)


@pytest.mark.parametrize(("gold", "predicted", "file"), [("aa", "a", GOLD), ("a", "aa", PRED)])
def test_an_id_given_twice_is_refused_with_both_lines(gold, predicted, file):
    with pytest.raises(InputError, match="'a' stands on line 1 already") as caught:
        _pair([_document(x) for x in gold], [_tagged(x) for x in predicted])
    assert (caught.value.file, caught.value.line) == (file, 2)


def test_gold_without_documents_is_refused():
    with pytest.raises(InputError, match="holds no documents"):
        _pair([], [])


def test_only_tagged_leaves_out_what_was_not_tagged_and_keeps_what_failed(tmp_path):
    gold, predicted = tmp_path / "gold.jsonl", tmp_path / "tagged.jsonl"
    entities = '"entities": [{"start": 0, "end": 4, "label": "A"}]'
    gold.write_text("".join(f'{{"id": "{i}", "text": "NaCl", {entities}}}\n' for i in range(3)), encoding="utf-8")
    predicted.write_text(
        f'{{"id": "0", "text": "NaCl", {entities}}}\n{{"id": "1", "text": "NaCl", "status": "failed", "error": "x"}}\n',
        encoding="utf-8",
    )
    whole, part = score(read_scorable(gold, predicted)), score(read_scorable(gold, predicted, only_tagged=True))
    assert (whole.n_documents, len(whole.missing), whole.strict.micro) == (3, 1, Counts(1, 1, 3))
    assert (part.n_documents, len(part.missing), part.strict.micro) == (2, 0, Counts(1, 1, 2))
    assert part.n_failed == 1


def _scored(span, score):
    return Proposal(span.label, TEXT[span.start : span.end], span, Grounding.EXACT, score)


def test_types_taken_for_one_another_are_named_most_often_first():
    wrong = [Span(s.start, s.end, "Gas") for s in (SALT, WATER)]
    report = score([Pair(_document(), _reply(*_grounded(*wrong))), Pair(_document("b"), _reply(*_grounded(wrong[1])))])
    assert report.confusion is not None
    assert report.confusion.mistaken == [("Solvent", "Gas", 2), ("Chemical", "Gas", 1)]
    assert ("taken for another type\n  Solvent for   Gas  2\n  Chemical for  Gas  1\n") in report.render()
    data = report.to_dict()["confusion"]
    assert data["labels"] == ["Chemical", "Gas", "Solvent", "nothing"]
    assert data["matrix"] == [[0, 1, 0, 1], [0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0]]
    assert data["kinds"] == {"right": 0, "type": 3, "boundary": 0, "both": 0, "missed": 1, "invented": 0}


def test_the_table_names_five_mistaken_pairs_and_says_how_many_more_there_are():
    gold = [_document(str(i), entities=(Span(0, 4, f"T{i}"),)) for i in range(7)]
    report = score([Pair(g, _reply(*_grounded(SALT))) for g in gold])
    assert "  T4 for  Chemical  1\n  and 2 more pairs" in report.render()


def test_scores_are_held_against_truth():
    # 0.9 and 0.8 right, 0.8 wrong, one without a score, one not in the text with 0.1.
    brine = Proposal("Chemical", "brine", None, Grounding.MISSING, 0.1)
    one = _reply(_scored(SALT, 0.9), _scored(WATER, 0.8), brine)
    other = _reply(_scored(Span(5, 7, "Gas"), 0.8), *_grounded(SALT))
    report = score([Pair(_document(), one), Pair(_document("b"), other)])
    found = report.reliability
    assert (found.n_scored, found.n_unscored) == (4, 1)
    # 0.8 belongs to the bin that it begins: scores 0.8, 0.8, half right; 0.9 right; 0.1 wrong.
    assert found.ece == pytest.approx((2 * 0.3 + 0.1 + 0.1) / 4)
    assert found.brier == pytest.approx((0.01 + 0.04 + 0.64 + 0.01) / 4)
    text = report.render()
    assert "calibration error 0.2000, Brier 0.1750; 4 of 5 proposals have a score" in text
    assert "0.8 to 0.9          2      0.8000  0.5000     0.0945  0.9055" in text
    data = report.to_dict()["calibration"]
    assert [b["n"] for b in data["bins"]] == [1, 2, 1]


def test_values_without_offsets_have_scores_held_against_strings():
    gold = Document(DocId("a"), TEXT, values={"Chemical": ("NaCl", "sodium  chloride")})
    missing = Proposal("Chemical", "sodium chloride", None, Grounding.MISSING, 0.5)
    report = score([Pair(gold, _reply(_scored(SALT, 1.0), missing, _scored(WATER, 0.0)))])
    assert [(b.score, b.right) for b in report.reliability.bins] == [(0, 0), (0.5, 1), (1, 1)]
    assert report.to_dict()["confusion"] is None


def test_nothing_is_said_of_calibration_without_scores():
    report = score([Pair(_document(), _reply(*_grounded(SALT)))])
    assert report.to_dict()["calibration"] is None
    assert "calibration" not in report.render()
