from collections.abc import Sequence

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Shown, Status
from eval.usefulness import planned, usefulness

SALTS = ("NaCl", "KCl", "LiCl", "CsCl", "RbCl", "NaBr", "KBr", "LiBr", "CsBr", "RbBr", "NaI", "KI", "LiI", "CsI")
SOLVENTS = ("water", "ethanol", "DMF", "toluene")


def _spans(text, *names):
    return tuple(sorted(Span(text.index(name), text.index(name) + len(name), "Chemical") for name in names))


def _dissolved(salt, solvent):
    return f"{salt} was dissolved in {solvent} at once"


@pytest.fixture(scope="module")
def demonstrations() -> list[Demonstration]:
    """Eight that are right, and one, the only one of its kind, whose annotator marked what is no chemical."""
    right = [
        Demonstration(DocId(f"right-{i}"), text, _spans(text, salt, SOLVENTS[i % 4]))
        for i, salt in enumerate(SALTS[:8])
        for text in [_dissolved(salt, SOLVENTS[i % 4])]
    ]
    text = "then the mixture with CsF was stirred for days"
    return [*right, Demonstration(DocId("wrong"), text, _spans(text, "mixture", "stirred", "days", "CsF"))]


@pytest.fixture(scope="module")
def held_out() -> list[Document]:
    dissolved = [_dissolved(salt, SOLVENTS[i % 4]) for i, salt in enumerate(SALTS[8:])]
    stirred = [f"then the mixture with {salt} was stirred for days" for salt in SALTS]
    return [
        Document(DocId(str(i)), text, _spans(text, *(name for name in SALTS + SOLVENTS if name in text.split())))
        for i, text in enumerate(dissolved + stirred)
    ]


def _annotated(annotator, held_out, demonstrations):
    return annotator.annotate([document.text for document in held_out], demonstrations)


def test_a_wrong_demonstration_comes_out_as_the_most_harmful(demonstrations, held_out):
    annotator = EmbeddedAnnotator(shots=2)
    replies = _annotated(annotator, held_out, demonstrations)
    found = usefulness(annotator, demonstrations, held_out, replies, np.random.default_rng(0))
    assert found[0].id == "wrong"
    assert found[0].hurts
    assert found[0].with_it < 0.5 < 0.6 < found[0].without_it
    assert not any(one.hurts for one in found[1:])
    assert [one.gain.difference for one in found] == sorted(one.gain.difference for one in found)


class Parrot:
    """Marks every name that its demonstrations mark; shows two of them to each text, by turns."""

    name = model = "parrot"

    def __init__(self) -> None:
        self.n_asked = 0

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        self.n_asked += len(texts)
        names = {d.text[s.start : s.end] for d in demonstrations for s in d.entities}
        replies = []
        for i, text in enumerate(texts):
            spans = _spans(text, *(name for name in names if name in text))
            shown = [demonstrations[(i + k) % len(demonstrations)] for k in range(2)]
            proposals = tuple(Proposal(s.label, text[s.start : s.end], s, Grounding.EXACT) for s in spans)
            replies.append(Reply(Status.OK, proposals, shown=tuple(Shown(d.id) for d in shown)))
        return replies


NAMED = [Demonstration(DocId(name), name, _spans(name, name)) for name in ("NaCl", "KCl", "water", "mixture", "LiI")]
TEXTS = [
    Document(DocId("0"), "NaCl in water", _spans("NaCl in water", "NaCl", "water")),
    Document(DocId("1"), "a mixture of KCl", _spans("a mixture of KCl", "KCl")),
    Document(DocId("2"), "water in the mixture", _spans("water in the mixture", "water")),
]


def test_the_difference_is_that_of_the_texts_it_was_shown_for():
    # Text 0 is shown NaCl and KCl, text 1 KCl and water, text 2 water and mixture; LiI serves none.
    replies = _annotated(Parrot(), TEXTS, NAMED)
    found = usefulness(Parrot(), NAMED, TEXTS, replies, np.random.default_rng(0))
    assert {one.id: (one.n_texts, one.with_it, one.without_it) for one in found} == {
        "mixture": (1, pytest.approx(2 / 3), 1.0),
        "KCl": (2, pytest.approx(6 / 7), pytest.approx(4 / 6)),
        "water": (2, pytest.approx(4 / 6), pytest.approx(2 / 5)),
        "NaCl": (1, 1.0, pytest.approx(2 / 3)),
    }
    assert [one.id for one in found] == ["mixture", "KCl", "water", "NaCl"]


def test_only_the_texts_that_were_shown_it_are_tagged_again_and_the_plan_says_how_many():
    replies = _annotated(Parrot(), TEXTS, NAMED)
    plan = planned(NAMED, replies)
    assert plan.served == {"NaCl": (0,), "KCl": (0, 1), "water": (1, 2), "mixture": (2,)}
    assert (plan.n_texts, plan.unused) == (6, ("LiI",))
    again = Parrot()
    usefulness(again, NAMED, TEXTS, replies, np.random.default_rng(0))
    assert again.n_asked == 6


def test_a_reply_that_fails_finds_nothing():
    failed = [Reply(Status.TRUNCATED, _annotated(Parrot(), TEXTS, NAMED)[0].proposals, shown=(Shown(DocId("NaCl")),))]
    (found,) = usefulness(Parrot(), NAMED, TEXTS[:1], failed, np.random.default_rng(0))
    assert (found.with_it, found.without_it) == (0, pytest.approx(2 / 3))


def test_what_does_not_belong_together_is_refused():
    replies = _annotated(Parrot(), TEXTS, NAMED)
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="'mixture', which is not among the 3"):
        planned(NAMED[:3], replies)
    with pytest.raises(InputError, match="share an id"):
        planned([*NAMED, NAMED[0]], replies)
    with pytest.raises(InputError, match="3 gold documents but 2 predicted"):
        usefulness(Parrot(), NAMED, TEXTS, replies[:2], rng)
    with pytest.raises(InputError, match="'x' has no gold spans"):
        usefulness(Parrot(), NAMED, [Document(DocId("x"), "water")], replies[:1], rng)
