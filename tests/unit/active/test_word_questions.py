"""Which words are asked about, what an answer makes known, and where a guessed entity ends."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from stand_in_tagger import ByHeart

from allabel.active.base import FloatArray
from allabel.active.questions import Wanted, check_query, choose, extent, with_answers
from allabel.active.sentence import Sentence, tag_set
from allabel.document import DocId, Document, Span
from allabel.errors import BudgetError, InputError, UnknownNameError
from allabel.store.questions import QuestionAnswer, Says

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TAGS = tag_set(["City", "Person"])


def sentence(text: str, id: str = "a") -> Sentence:
    return Sentence.of_document(Document(DocId(id), text))


def answer(seq: int, says: Says, start: int, end: int, label: str = "") -> QuestionAnswer:
    return QuestionAnswer(seq, DocId("a"), says, label, start, end, 1, "ada", NOW, seq=seq)


def taught(**known: str) -> ByHeart:
    made = ByHeart(["City", "Person"])
    made.known = known
    return made


@pytest.mark.parametrize(
    ("told", "n", "level"),
    [("200tokens", 200, "token"), ("1 token", 1, "token"), ("50entities", 50, "entity"), (" 1entity ", 1, "entity")],
)
def test_how_much_to_ask_is_read(told: str, n: int, level: str) -> None:
    assert Wanted.parse(told) == Wanted(n, level)


@pytest.mark.parametrize("told", ["", "50", "entities", "0tokens", "-3tokens", "1.5tokens", "10%", "5texts", "٣tokens"])
def test_what_says_no_amount_is_refused_with_an_example(told: str) -> None:
    with pytest.raises(BudgetError, match="200tokens"):
        Wanted.parse(told)


def test_an_entity_makes_its_words_known_and_no_others() -> None:
    known = with_answers(sentence("He saw New York today"), [answer(1, Says.ENTITY, 7, 15, "City")])
    assert known.tags == (None, None, "B-City", "I-City", None)


def test_a_single_word_is_begun_carried_on_or_outside() -> None:
    answers = [
        answer(1, Says.BEGINS, 7, 10, "City"),
        answer(2, Says.INSIDE, 11, 15, "City"),
        answer(3, Says.OUTSIDE, 0, 2),
    ]
    assert with_answers(sentence("He saw New York today"), answers).tags == ("O", None, "B-City", "I-City", None)


def test_the_later_of_two_answers_on_a_word_counts_and_the_earlier_wholly_gives_way() -> None:
    long, short = answer(1, Says.ENTITY, 3, 15, "Person"), answer(2, Says.ENTITY, 11, 15, "City")
    for given in ([long, short], [short, long]):
        assert with_answers(sentence("He saw New York today"), given).tags == (None, None, None, "B-City", None)


def test_the_least_sure_words_are_asked_about_first_and_known_ones_not_at_all() -> None:
    pool = [sentence("saw York"), sentence("saw Ann", "b").with_tags([None, "B-Person"])]
    found = choose(taught(saw="O"), pool, Wanted(10, "token"))
    assert (found[0].doc_id, found[0].start) == ("a", 4)
    assert {(one.doc_id, one.start) for one in found} == {("a", 0), ("a", 4), ("b", 0)}
    assert [one.score for one in found] == sorted(one.score for one in found)
    assert len(choose(taught(saw="O"), pool, Wanted(1, "token"))) == 1


def test_one_entity_is_asked_about_once_with_its_extent_as_the_guess() -> None:
    tagger = taught(New="B-City", York="I-City", saw="O")
    (first, *others) = choose(tagger, [sentence("saw New York")], Wanted(9, "entity"))
    found = sorted([first, *others], key=lambda one: one.start)
    assert [one.guess for one in found] == [Span(0, 3, "City"), Span(4, 12, "City")]
    assert len(choose(tagger, [sentence("saw New York")], Wanted(9, "token"))) == 3


def test_words_that_were_asked_about_are_not_asked_about_again() -> None:
    pool = [sentence("saw York")]
    assert [one.start for one in choose(taught(), pool, Wanted(9, "token"), asked={DocId("a"): {(0, 3)}})] == [4]


def test_no_sentence_goes_through_the_model_alone_where_its_first_words_are_asked_about() -> None:
    batches: list[int] = []

    class Watched(ByHeart):
        def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
            batches.append(len(sentences))
            return super().predict_proba(sentences)

    pool = [sentence(f"word{n}", str(n)) for n in range(9)]
    assert len(choose(Watched(["City"]), pool, Wanted(4, "token"))) == 4
    assert batches == [9, 4]


def test_the_same_seed_asks_the_same_and_ties_are_drawn() -> None:
    pool = [sentence("one two three four five six seven eight")]
    first = [one.start for one in choose(taught(), pool, Wanted(3, "token"), seed=1)]
    assert first == [one.start for one in choose(taught(), pool, Wanted(3, "token"), seed=1)]
    assert any(first != [one.start for one in choose(taught(), pool, Wanted(3, "token"), seed=n)] for n in (2, 3, 4))


def test_texts_without_a_word_are_no_hindrance() -> None:
    assert choose(taught(), [sentence("  "), sentence("")], Wanted(3, "entity")) == []


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("mnlp", InputError, "scores whole sentences"),
        ("bald", InputError, "dropout"),
        ("nope", UnknownNameError, "breaking_ties"),
    ],
)
def test_a_query_that_cannot_choose_words_here_is_refused_before_there_is_a_tagger(
    query: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        check_query(query, "token", ByHeart)


def rows(*tags: str, sure: float = 0.9) -> np.ndarray:
    found = np.full((len(tags), len(TAGS)), (1 - sure) / (len(TAGS) - 1))
    for i, tag in enumerate(tags):
        found[i, TAGS.index(tag)] = sure
    return found


@pytest.mark.parametrize(
    ("tags", "word", "expected"),
    [
        (("O", "B-City", "I-City", "O"), 1, (1, 3, "City")),
        (("O", "B-City", "I-City", "O"), 2, (1, 3, "City")),
        (("B-City", "B-City", "I-City", "I-City"), 3, (1, 4, "City")),
        (("B-Person", "I-Person", "B-City"), 2, (2, 3, "City")),
        (("O", "I-City", "O"), 1, (1, 2, "City")),
        (("B-City",), 0, (0, 1, "City")),
    ],
)
def test_a_guessed_entity_goes_as_far_as_the_model_carries_it(
    tags: tuple[str, ...], word: int, expected: tuple[int, int, str]
) -> None:
    assert extent(rows(*tags), TAGS, word) == expected


def test_a_word_that_is_likely_outside_still_gets_the_extent_it_would_have() -> None:
    probabilities = rows("B-City", "O", "O")
    probabilities[1] = [0.5, 0.0, 0.45, 0.05, 0.0]
    assert extent(probabilities, TAGS, 1) == (0, 2, "City")
