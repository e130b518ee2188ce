"""Selection with a simulated expert: what it builds, what it leaves out, whom it asks."""

from collections.abc import Callable, Sequence

import pytest

from allabel.annotate.base import Demonstration
from allabel.document import Document
from allabel.errors import BudgetError
from allabel.reply import Reply, Status
from allabel.select.base import Choice
from allabel.select.budget import Budget
from eval.simulate import simulate
from retrieval.bm25 import Bm25


class Unsure:
    """Is the less sure the longer a text; keeps how many demonstrations it was shown at each call."""

    name = model = "unsure"

    def __init__(self) -> None:
        self.shown: list[int] = []

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        self.shown.append(len(demonstrations))
        return [Reply(Status.OK, (), 1 + len(text) / 1000) for text in texts]


@pytest.fixture
def documents(bc5cdr: Callable[[str, int], list[Document]]) -> list[Document]:
    return bc5cdr("train", 80)


def test_the_similarity_is_built_once(documents: list[Document]) -> None:
    built = []

    def similarity(texts: Sequence[str]) -> Bm25:
        built.append(len(texts))
        return Bm25(texts)

    chain = "coverage_per_token:2,uncertain_coverage:1,uncertain_coverage:1"
    chosen = simulate(documents, chain, Budget.parse("300tokens"), 0, annotator=Unsure(), similarity=similarity)
    assert len(chosen) > 4
    assert built == [80]


def test_each_round_is_shown_what_was_annotated_before(documents: list[Document]) -> None:
    annotator = Unsure()
    simulate(documents, "adaptive", Budget.parse("10"), 0, annotator=annotator, similarity=Bm25)
    assert annotator.shown == [2, 4, 6, 8]


def test_the_annotator_on_board_may_be_another(documents: list[Document]) -> None:
    in_use, on_board = Unsure(), Unsure()
    strategy = "uniform:1,uncertain_coverage:1,perplexity:1"
    simulate(documents, strategy, Budget.parse("9"), 0, annotator=in_use, similarity=Bm25, on_board=on_board)
    assert (in_use.shown, on_board.shown) == ([6], [3])


def test_near_duplicates_are_left_out_as_in_a_project(documents: list[Document]) -> None:
    twice = [*documents, *(Document(d.id, d.text.upper(), d.entities) for d in documents)]
    budget = Budget.parse("60")
    dropped = simulate(twice, "uniform", budget, 0, annotator=Unsure(), similarity=Bm25)
    assert max(dropped) < 80
    kept = simulate(twice, "uniform", budget, 0, annotator=Unsure(), similarity=Bm25, duplicates="keep")
    assert max(kept) >= 80
    with pytest.raises(BudgetError, match="near-duplicates left out"):
        simulate(twice, "uniform", Budget.parse("60%"), 0, annotator=Unsure(), similarity=Bm25)


class Nothing:
    """A stage that finds nothing worth choosing."""

    name = "nothing"
    needs_annotations = False

    def __init__(self, tools: object) -> None:
        pass

    def select(self, pool: object, n: int, rng: object) -> list[Choice]:
        return []


def test_a_first_stage_that_chooses_nothing_before_one_that_learns_is_an_error(documents: list[Document]) -> None:
    chain = "test_simulate:Nothing,perplexity:1"
    with pytest.raises(BudgetError, match="pays none"):
        simulate(documents, chain, Budget.parse("20"), 0, annotator=Unsure(), similarity=Bm25)
