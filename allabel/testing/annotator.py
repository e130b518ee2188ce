"""The promises of the seam `Annotator`: backends of `allabel tag`."""

import math
from collections.abc import Callable

import pytest

from allabel.annotate.base import Annotator
from allabel.config import Settings
from allabel.errors import InputError
from allabel.reply import Grounding, Reply, Status
from allabel.schema import LabelSchema
from allabel.testing.lessons import SCHEMA, demonstrations, lessons

Make = Callable[[LabelSchema, Settings], Annotator]
TEXTS = (*(s.text for s in lessons(6)), "they gave codeine and insulin in New Lima", "nothing of it")
ODD_TEXTS = ("", " ", "\n", "…", "aspirin", "🧪 aspirin in Rome 😀", "e\u0301 Heparin", "we gave " * 400, "x" * 5000)
_PLACELESS = (Grounding.MISSING, Grounding.OVERLAPPING)


class AnnotatorContract:
    """What every backend promises. Inherit it as a class `Test…` that gives `make`, and `settings` where it needs some.

    The schema has the labels drug and place; demonstrations are some twenty short annotated texts.
    """

    @pytest.fixture
    def make(self) -> Make:
        """Return what gives the annotator when it is called with the schema and the settings: the backend."""
        raise NotImplementedError("give a fixture `make` that returns the backend: called with (schema, settings)")

    @pytest.fixture
    def settings(self) -> Settings:
        """Return the settings that the backend is given."""
        return Settings()

    @pytest.fixture
    def annotator(self, make: Make, settings: Settings) -> Annotator:
        """Make the annotator."""
        return make(SCHEMA, settings)

    def test_it_names_itself_and_its_model(self, annotator: Annotator) -> None:
        """Both stand beside each tagged text."""
        annotator.annotate(TEXTS[:1], demonstrations())
        for word in (annotator.name, annotator.model):
            assert isinstance(word, str)
            assert word

    def test_there_is_one_reply_a_text_in_order(self, annotator: Annotator) -> None:
        """A grounded mention stands in the very text that was asked about, at its offsets, in code points."""
        replies = annotator.annotate(TEXTS, demonstrations())
        assert len(replies) == len(TEXTS)
        for text, reply in zip(TEXTS, replies, strict=True):
            _check(text, reply)

    def test_what_a_text_gets_does_not_depend_on_its_place(self, annotator: Annotator) -> None:
        """The last text alone gets the mentions that it gets among others."""
        together = annotator.annotate(TEXTS, demonstrations())
        (alone,) = annotator.annotate(TEXTS[-2:-1], demonstrations())
        assert alone.spans == together[-2].spans

    def test_no_text_gets_no_reply(self, annotator: Annotator) -> None:
        """And no error."""
        assert annotator.annotate([], demonstrations()) == []

    def test_odd_texts_get_a_reply_each(self, annotator: Annotator) -> None:
        """Blank ones, one word, emoji, combining marks, long ones; a reply may say that it failed."""
        replies = annotator.annotate(ODD_TEXTS, demonstrations())
        assert len(replies) == len(ODD_TEXTS)
        for text, reply in zip(ODD_TEXTS, replies, strict=True):
            _check(text, reply)

    def test_a_reply_that_failed_says_why_and_proposes_nothing(self, annotator: Annotator) -> None:
        """It is never an empty annotation: `error` has the reason in words."""
        for reply in annotator.annotate([*TEXTS, *ODD_TEXTS], demonstrations()):
            assert isinstance(reply.status, Status)
            if reply.status is not Status.OK:
                assert reply.error
                assert not reply.proposals

    def test_labels_are_those_of_the_schema(self, annotator: Annotator) -> None:
        """Whatever a model makes up."""
        for reply in annotator.annotate([*TEXTS, *ODD_TEXTS], demonstrations()):
            assert {proposal.label for proposal in reply.proposals} <= set(SCHEMA.names)

    def test_equal_texts_get_a_reply_each(self, annotator: Annotator) -> None:
        """The same one."""
        one, two = annotator.annotate([TEXTS[0], TEXTS[0]], demonstrations())
        assert one.spans == two.spans

    def test_a_text_is_never_its_own_demonstration(self, annotator: Annotator) -> None:
        """What is among the demonstrations, character for character, is not shown for itself."""
        shown = demonstrations()
        for demonstration, reply in zip(shown, annotator.annotate([d.text for d in shown], shown), strict=True):
            assert demonstration.id not in reply.demonstrations

    def test_demonstrations_shown_are_those_that_were_given(self, annotator: Annotator) -> None:
        """Also when the next call brings others."""
        for given in (demonstrations(24), demonstrations(6)):
            for reply in annotator.annotate(TEXTS, given):
                assert set(reply.demonstrations) <= {demonstration.id for demonstration in given}

    def test_without_demonstrations_it_answers_or_says_what_to_do(self, annotator: Annotator) -> None:
        """A reply a text, or an InputError in words: what learns from annotated texts needs some."""
        try:
            replies = annotator.annotate(TEXTS, [])
        except InputError:
            return
        assert len(replies) == len(TEXTS)


def _check(text: str, reply: Reply) -> None:
    """Look at everything that a reply says of a text."""
    assert isinstance(reply, Reply)
    assert reply.perplexity is None or reply.perplexity >= 1
    for proposal in reply.proposals:
        assert proposal.mention
        assert proposal.score is None or (0 <= proposal.score <= 1 and not math.isnan(proposal.score))
        assert (proposal.span is None) == (proposal.grounding in _PLACELESS)
        if proposal.span is not None:
            assert proposal.span.label == proposal.label
            assert proposal.span.end <= len(text)
            found = text[proposal.span.start : proposal.span.end]
            assert found == proposal.mention or proposal.grounding is not Grounding.EXACT, (found, proposal.mention)
