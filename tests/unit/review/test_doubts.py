"""Where the model disagrees: kinds of difference, order, and replies that did not see what they are held against."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Status
from allabel.review.doubts import Doubt, Doubted, doubts, held_out_replies

TEXT = "sodium chloride in warm water"
SALT, SODIUM, WATER = Span(0, 15, "Chemical"), Span(0, 6, "Chemical"), Span(24, 29, "Chemical")


def demonstration(*spans: Span, id: str = "1", text: str = TEXT) -> Demonstration:
    return Demonstration(DocId(id), text, spans)


def reply(*scored: tuple[Span, float | None], perplexity: float | None = 1.1, status: Status = Status.OK) -> Reply:
    return Reply(status, tuple(Proposal(s.label, "", s, Grounding.EXACT, p) for s, p in scored), perplexity)


def found(confirmed: Sequence[Span], said: Reply) -> list[Doubted]:
    return doubts([demonstration(*confirmed)], {DocId("1"): said})


def test_each_kind_of_difference_is_named():
    solvent = Span(24, 29, "Solvent")
    assert found([SALT], reply((SODIUM, 0.9))) == [Doubted(DocId("1"), Doubt.OTHER_BOUNDS, SALT, SODIUM, 0.9)]
    assert found([WATER], reply((solvent, 0.8))) == [Doubted(DocId("1"), Doubt.OTHER_LABEL, WATER, solvent, 0.8)]
    assert found([], reply((WATER, 0.7))) == [Doubted(DocId("1"), Doubt.NOT_MARKED, None, WATER, 0.7)]
    [missed] = found([SALT], reply(perplexity=1.1))
    assert (missed.doubt, missed.confirmed, missed.proposed) == (Doubt.NOT_SEEN, SALT, None)
    assert missed.score == pytest.approx(1.1**-2)


def test_what_both_say_is_no_doubt():
    assert found([SALT, WATER], reply((SALT, 0.6), (WATER, 0.9))) == []


def test_the_surest_disagreement_comes_first_and_one_without_score_last():
    said = {
        DocId("1"): reply((WATER, 0.2)),
        DocId("2"): reply((WATER, None)),
        DocId("3"): reply((WATER, 0.99)),
    }
    listed = doubts([demonstration(id=i) for i in "123"], said)
    assert [one.doc_id for one in listed] == ["3", "1", "2"]


def test_an_inner_span_is_not_missed_by_a_model_that_proposes_flat_ones():
    assert found([SALT, SODIUM], reply((SALT, 0.9))) == []
    nested = reply((SALT, 0.9), (Span(16, 29, "Solution"), 0.9), (Span(24, 29, "Chemical"), 0.9))
    assert [one.doubt for one in found([SALT, SODIUM], nested)].count(Doubt.NOT_SEEN) == 1


def test_a_reply_that_failed_says_nothing():
    assert found([SALT], reply(status=Status.FAILED)) == []
    assert doubts([demonstration(SALT)], {}) == []


CHOICES = st.sets(st.sampled_from([SALT, SODIUM, WATER, Span(0, 15, "Solvent"), Span(16, 29, "Solvent")]))


@given(CHOICES, CHOICES)
def test_each_span_is_doubted_once_at_most_and_agreed_ones_never(confirmed: set[Span], proposed: set[Span]):
    listed = found(sorted(confirmed), reply(*((span, 0.5) for span in sorted(proposed))))
    mine = [one.confirmed for one in listed if one.confirmed]
    theirs = [one.proposed for one in listed if one.proposed]
    assert len(mine) == len({*mine})
    assert {*theirs} == proposed - confirmed
    assert len(theirs) == len({*theirs})
    assert {*mine} <= confirmed - proposed


class Seen:
    """Notes what it was shown for each text."""

    name, model = "seen", "seen"

    def __init__(self) -> None:
        self.shown: dict[str, set[str]] = {}

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        self.shown |= {text: {d.text for d in demonstrations} for text in texts}
        return [Reply(Status.OK) for _ in texts]


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=30), st.integers(2, 8))
def test_no_text_is_tagged_by_what_learned_from_it_nor_from_its_twin(texts: list[str], folds: int):
    annotated = [demonstration(id=str(i), text=text) for i, text in enumerate(texts)]
    annotator = Seen()
    if len({*texts}) < 2:
        with pytest.raises(InputError, match="cannot be held against each other"):
            held_out_replies(annotator, annotated, np.random.default_rng(0), folds)
        return
    replies = held_out_replies(annotator, annotated, np.random.default_rng(0), folds)
    assert list(replies) == [d.id for d in annotated]
    for text, shown in annotator.shown.items():
        assert text not in shown
        assert shown


def test_errors_put_into_real_annotations_stand_among_the_first_doubts(bc5cdr: Callable[[str, int], list[Document]]):
    other = {"Chemical": "Disease", "Disease": "Chemical"}
    rng = np.random.default_rng(0)
    annotated, wrong = [], set()
    for d in bc5cdr("train", 150):
        entities = list(d.entities or ())
        if entities and rng.random() < 0.1:
            entities[0] = Span(entities[0].start, entities[0].end, other[entities[0].label])
            wrong.add((d.id, entities[0]))
        annotated.append(Demonstration(d.id, d.text, tuple(entities)))
    listed = doubts(annotated, held_out_replies(EmbeddedAnnotator(), annotated, rng))
    relabelled = [one for one in listed if one.doubt is Doubt.OTHER_LABEL]
    right = [(one.doc_id, one.confirmed) in wrong for one in relabelled[: len(wrong)]]
    assert sum(right) > len(right) / 2
