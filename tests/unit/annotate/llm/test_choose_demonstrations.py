import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from allabel.annotate.backends import build
from allabel.annotate.base import Demonstration
from allabel.annotate.demonstrations import Demonstrations
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.choose_demonstrations import DemonstrationChooser
from allabel.config import Settings
from allabel.document import DocId, Document, Span
from allabel.schema import LabelSchema
from retrieval.alike import alike, features
from retrieval.base import TopK
from retrieval.bm25 import Bm25
from retrieval.fusion import Fused


class Told:
    """An index that ranks by the scores it was told, with vectors of its own."""

    def __init__(self, scores: Sequence[float], vectors: np.ndarray | None = None) -> None:
        self._scores, self._vectors = np.array(scores), vectors
        self.asked: list[int] = []

    def __call__(self, texts: Sequence[str]) -> "Told":
        return self

    def __len__(self) -> int:
        return len(self._scores)

    def search(self, queries: Sequence[str], k: int) -> TopK:
        self.asked.append(k)
        ids = np.tile(np.argsort(-self._scores, kind="stable")[:k], (len(queries), 1))
        return TopK(ids, self._scores[ids])

    def vectors(self) -> np.ndarray:
        assert self._vectors is not None
        return self._vectors


def shown(name: str, text: str, labels: str = "") -> Demonstration:
    return Demonstration(DocId(name), text, tuple(Span(i, i + 1, label) for i, label in enumerate(labels)))


def ids(found: list[list[Demonstration]]) -> list[str]:
    (row,) = found
    return [d.id for d in row]


ABCD = [shown(name, f"text {name}", labels) for name, labels in zip("abcd", ["A", "A", "AB", "C"], strict=True)]
FALLING = [1.0, 0.9, 0.5, 0.2]


def corpus(bc5cdr: Callable[[str, int], list[Document]], n: int) -> list[Demonstration]:
    return [Demonstration(d.id, d.text, d.entities or ()) for d in bc5cdr("train", n)]


def test_by_default_it_is_the_nearest(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    demonstrations = corpus(bc5cdr, 200)
    texts = [d.text for d in bc5cdr("test", 100)] + [d.text for d in demonstrations[:50]] + ["", "—"]
    chosen = DemonstrationChooser(demonstrations, Bm25, 5).choose(texts)
    assert chosen == Demonstrations(demonstrations, Bm25).nearest(texts, 5)


def test_two_thousand_texts_take_about_a_second(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    demonstrations, texts = corpus(bc5cdr, 456), [d.text for d in bc5cdr("test", 2000)]
    start = time.process_time()
    DemonstrationChooser(demonstrations, Bm25, 8).choose(texts)
    assert time.process_time() - start < 3


def test_never_the_text_itself_however_often_it_is_there() -> None:
    copies = [shown(f"copy{n}", "the text") for n in range(50)] + [shown("other", "another")]
    assert ids(DemonstrationChooser(copies, Told(np.linspace(1, 0.5, 51)), 2).choose(["the text"])) == ["other"]


def test_nothing_to_choose_from_and_nothing_asked_for() -> None:
    assert DemonstrationChooser([], Bm25, 5).choose(["x"]) == [[]]
    assert DemonstrationChooser(ABCD, Bm25, 0).choose(["x"]) == [[]]
    assert DemonstrationChooser(ABCD, Bm25, 5).choose([]) == []


def test_a_floor_ends_the_list_where_demonstrations_get_unlike() -> None:
    assert ids(DemonstrationChooser(ABCD, Told(FALLING), 4, floor=0.5).choose(["x"])) == ["a", "b", "c"]
    assert ids(DemonstrationChooser(ABCD, Told(FALLING), 2, floor=0.5).choose(["x"])) == ["a", "b"]
    assert ids(DemonstrationChooser(ABCD, Told(FALLING), 4, floor=1).choose(["x"])) == ["a"]


def test_the_floor_is_measured_from_the_best_that_may_be_shown() -> None:
    mine = [shown("copy", "x"), *ABCD]
    assert ids(DemonstrationChooser(mine, Told([9.0, *FALLING]), 4, floor=0.5).choose(["x"])) == ["a", "b", "c"]


def test_where_nothing_is_alike_the_floor_stands_aside() -> None:
    assert len(ids(DemonstrationChooser(ABCD, Told([0.0] * 4), 3, floor=0.9).choose(["x"]))) == 3


def test_diversity_passes_over_more_of_the_same() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert ids(DemonstrationChooser(ABCD, Told(FALLING, vectors), 2, diversity=0.5).choose(["x"])) == ["a", "c"]


def test_every_label_is_covered_by_the_nearest_that_can() -> None:
    chosen = DemonstrationChooser(ABCD, Told(FALLING), 3, cover_labels=True).choose(["x"])
    assert ids(chosen) == ["a", "c", "d"]
    assert ids(DemonstrationChooser(ABCD, Told(FALLING), 2, cover_labels=True).choose(["x"])) == ["c", "d"]


def test_diversity_and_labels_go_together() -> None:
    vectors = np.eye(4, dtype=np.float32)
    chooser = DemonstrationChooser(ABCD, Told(FALLING, vectors), 2, diversity=0.3, cover_labels=True)
    assert ids(chooser.choose(["x"])) == ["c", "d"]


# A is everywhere, R is the label of one demonstration: the sixth nearest.
COMMON = [shown(name, f"text {name}", "R" if name == "f" else "A") for name in "abcdefgh"]
GENTLE = [1.0, 0.9, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5]


def test_a_rare_label_of_the_sixth_nearest_comes_among_four() -> None:
    chosen = DemonstrationChooser(COMMON, Told(GENTLE), 4, cover_rare=True).choose(["x"])
    assert ids(chosen) == ["a", "b", "c", "f"]
    assert ids(DemonstrationChooser(COMMON, Told(GENTLE), 4).choose(["x"])) == ["a", "b", "c", "d"]


def test_the_setting_reaches_the_chooser() -> None:
    settings = Settings(backend="chat", base_url="http://127.0.0.1:1/v1", model="m", shots=4, cover_rare=True)
    annotator = build(LabelSchema.of(["A", "R"]), settings)
    assert isinstance(annotator, LlmAnnotator)
    choosing = annotator._choosing
    assert choosing == Choosing(4, cover_rare=True)
    assert ids(choosing.chooser(COMMON, Told(GENTLE)).choose(["x"])) == ["a", "b", "c", "f"]


def test_a_rare_label_that_only_a_far_demonstration_has_does_not_come() -> None:
    far = [1.0, 0.9, 0.8, 0.7, 0.65, 0.49, 0.4, 0.3]
    chosen = DemonstrationChooser(COMMON, Told(far), 4, cover_rare=True).choose(["x"])
    assert ids(chosen) == ["a", "b", "c", "d"]
    at_half = DemonstrationChooser(COMMON, Told([*far[:5], 0.5, 0.4, 0.3]), 4, cover_rare=True).choose(["x"])
    assert ids(at_half) == ["a", "b", "c", "f"]


def test_where_nothing_is_alike_no_rare_label_is_looked_for() -> None:
    chosen = DemonstrationChooser(COMMON, Told([0.0] * 8), 4, cover_rare=True).choose(["x"])
    assert ids(chosen) == ["a", "b", "c", "d"]


def test_a_rare_label_is_looked_for_among_the_candidates_only() -> None:
    many = [shown(f"d{n}", f"text {n}", "R" if n == 32 else "A") for n in range(40)]
    chooser = DemonstrationChooser(many, Told(np.linspace(1, 0.9, 40)), 2, cover_rare=True)
    assert ids(chooser.choose(["x"])) == ["d0", "d1"]


def test_a_frequent_label_is_not_made_room_for() -> None:
    labels = ["A", "A", "A", "B", "A", "B", "B", "R"]
    mine = [shown(name, f"text {name}", label) for name, label in zip("abcdefgh", labels, strict=True)]
    assert ids(DemonstrationChooser(mine, Told(GENTLE), 3, cover_rare=True).choose(["x"])) == ["a", "b", "h"]
    assert ids(DemonstrationChooser(mine, Told(GENTLE), 3, cover_labels=True).choose(["x"])) == ["a", "d", "h"]


def test_where_all_labels_are_to_be_covered_the_rare_ones_change_nothing() -> None:
    far = [1.0, 0.9, 0.8, 0.7, 0.65, 0.49, 0.4, 0.3]
    both = DemonstrationChooser(COMMON, Told(far), 4, cover_labels=True, cover_rare=True).choose(["x"])
    assert ids(both) == ids(DemonstrationChooser(COMMON, Told(far), 4, cover_labels=True).choose(["x"]))
    assert ids(both) == ["a", "b", "c", "f"]


def test_diversity_and_rare_labels_go_together() -> None:
    vectors = np.eye(8, dtype=np.float32)
    chooser = DemonstrationChooser(COMMON, Told(GENTLE, vectors), 4, diversity=0.3, cover_rare=True)
    assert ids(chooser.choose(["x"])) == ["a", "b", "c", "f"]


def test_a_floor_may_leave_a_rare_label_out() -> None:
    chooser = DemonstrationChooser(COMMON, Told(GENTLE), 4, floor=0.65, cover_rare=True)
    assert ids(chooser.choose(["x"])) == ["a", "b", "c", "d"]


def test_without_rare_labels_it_is_the_nearest() -> None:
    equal = [shown(name, f"text {name}", "A") for name in "abcdefgh"]
    assert ids(DemonstrationChooser(equal, Told(GENTLE), 3, cover_rare=True).choose(["x"])) == ["a", "b", "c"]


LONG = "to a solution of the acid in dry THF was added n-BuLi at low temperature and the mixture stirred overnight"


def test_a_near_duplicate_is_no_demonstration_in_evaluation() -> None:
    near = shown("near", LONG.replace("overnight", "overnight again"))
    mine = [near, *ABCD]
    assert ids(DemonstrationChooser(mine, Told([9.0, *FALLING]), 2).choose([LONG])) == ["near", "a"]
    strict = DemonstrationChooser(mine, Told([9.0, *FALLING]), 2, exclude_near_duplicates=True)
    assert ids(strict.choose([LONG])) == ["a", "b"]


def test_only_texts_whose_copies_took_the_places_are_searched_again() -> None:
    copies = [shown(f"near{n}", f"{LONG} x{n}") for n in range(9)] + ABCD
    index = Told([*np.linspace(9, 8, 9), *FALLING])
    chosen = DemonstrationChooser(copies, index, 2, exclude_near_duplicates=True).choose([LONG, "else"])
    assert [d.id for d in chosen[0]] == ["a", "b"]
    assert [d.id for d in chosen[1]] == ["near0", "near1"]
    assert index.asked == [3, 12]


def test_evaluation_shows_no_near_duplicate_of_real_texts(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    demonstrations = corpus(bc5cdr, 300)
    texts = [f"{d.text} indeed" for d in demonstrations[:60]]
    chooser = DemonstrationChooser(
        demonstrations, Bm25, 4, exclude_near_duplicates=True, diversity=0.3, cover_labels=True
    )
    for text, row in zip(texts, chooser.choose(texts), strict=True):
        assert len(row) == 4
        assert not any(alike(features(text), features(d.text)) for d in row)


def test_the_same_choice_every_time_alone_or_among_others(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    demonstrations, texts = corpus(bc5cdr, 150), [d.text for d in bc5cdr("test", 20)]

    def retriever(some: Sequence[str]) -> Fused:
        return Fused([Bm25(some), Bm25(some, b=0.2)])

    chooser = DemonstrationChooser(demonstrations, retriever, 4, floor=0.3, diversity=0.4, cover_labels=True)
    together = chooser.choose(texts)
    assert together == [chooser.choose([text])[0] for text in texts]


@pytest.mark.parametrize("options", [{"k": -1}, {"k": 1, "floor": 1.5}, {"k": 1, "diversity": -0.1}])
def test_settings_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        DemonstrationChooser(ABCD, Bm25, **options)
