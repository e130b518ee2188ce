import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.llm.long_texts import Merged, Window, merge, windows
from allabel.document import Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal

FOUR = "We added NaCl. It was 2.5 g of it. Then the mixture was heated. Water was removed."


def proposal(text: str, label: str = "C", start: int | None = 0, score: float | None = None) -> Proposal:
    span = None if start is None else Span(start, start + len(text), label)
    return Proposal(label, text, span, Grounding.MISSING if span is None else Grounding.EXACT, score)


def test_a_text_that_fits_is_one_window() -> None:
    assert windows(FOUR, len(FOUR)) == [Window(0, len(FOUR))]
    assert windows("", 10) == [Window(0, 0)]


def test_windows_are_whole_sentences() -> None:
    assert [w.of(FOUR) for w in windows(FOUR, 40)] == [
        "We added NaCl. It was 2.5 g of it. ",
        "Then the mixture was heated. ",
        "Water was removed.",
    ]


def test_windows_overlap_in_whole_sentences() -> None:
    assert [w.of(FOUR) for w in windows(FOUR, 50, overlap=30)] == [
        "We added NaCl. It was 2.5 g of it. ",
        "It was 2.5 g of it. Then the mixture was heated. ",
        "Then the mixture was heated. Water was removed.",
    ]


def test_a_measure_counts_what_the_model_counts() -> None:
    found = [w.of(FOUR) for w in windows(FOUR, 9, measure=lambda text: len(text.split()))]
    assert [len(text.split()) for text in found] == [9, 8]


def test_a_sentence_that_is_too_long_is_cut_behind_white_space() -> None:
    assert [w.of("aaaa bbbb cccc dddd") for w in windows("aaaa bbbb cccc dddd", 11)] == ["aaaa bbbb ", "cccc dddd"]


def test_the_cuts_of_a_long_sentence_are_shown_twice() -> None:
    text = "aaaa bbbb cccc dddd"
    assert [w.of(text) for w in windows(text, 10, overlap=5)] == ["aaaa bbbb ", "bbbb cccc ", "cccc dddd"]


def test_a_word_that_is_too_long_is_cut_anywhere() -> None:
    assert [w.of("abcdefgh") for w in windows("abcdefgh", 3)] == ["abc", "def", "gh"]


@pytest.mark.parametrize(("size", "overlap"), [(5, 5), (5, 9), (5, -1), (0, 0)])
def test_an_overlap_that_cannot_be_is_refused(size: int, overlap: int) -> None:
    with pytest.raises(InputError, match="overlap"):
        windows("abc", size, overlap=overlap)


def n_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


PIECES = st.one_of(
    st.sampled_from(
        ["NaCl", "2.5 g", ". ", "? ", "! A", "\n\n", "\r\n", "İ", "🧪", "e\u0301", "et al. ", "\u2029", "\ufeff"]
    ),
    st.text(max_size=6),
)


@given(st.lists(PIECES, max_size=40).map("".join), st.data(), st.sampled_from([len, n_bytes]))
def test_windows_lose_nothing_repeat_no_more_than_asked_and_are_no_longer_than_asked(text, data, measure) -> None:
    size = data.draw(st.integers(4, 60))
    overlap = data.draw(st.integers(0, size - 1))
    cut = windows(text, size, overlap=overlap, measure=measure)
    assert cut[0].start == 0
    assert cut[-1].end == len(text)
    assert all(measure(w.of(text)) <= size for w in cut)
    for one, two in pairwise(cut):
        assert one.start < two.start <= one.end < two.end
        assert measure(text[two.start : one.end]) <= overlap


@given(st.text(min_size=1, max_size=30))
def test_a_code_point_that_measures_too_much_stands_alone(text: str) -> None:
    cut = windows(text, 1, measure=lambda t: 3 * len(t))
    assert [w.of(text) for w in cut] == list(text)


@given(st.lists(PIECES, min_size=1, max_size=30).map("".join).filter(bool), st.data())
def test_a_span_seen_in_several_windows_is_one_span_of_the_text(text: str, data: st.DataObject) -> None:
    size = data.draw(st.integers(4, 60))
    cut = windows(text, size, overlap=data.draw(st.integers(0, size - 1)))
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, min(len(text), start + 4))), "C")
    found = [
        [proposal(text[span.start : span.end], start=span.start - w.start)]
        if w.start <= span.start and span.end <= w.end
        else []
        for w in cut
    ]
    merged = merge(text, cut, found)
    assert [p.span for p in merged.proposals] == ([span] if any(found) else [])
    assert merged.conflicting == ()


TEXT = "x" * 100
TWO = [Window(0, 60), Window(40, 100)]


def test_of_two_that_overlap_the_one_farther_from_a_border_stands() -> None:
    early, late = proposal("x" * 10, start=42), proposal("x" * 8, start=2)
    merged = merge(TEXT, TWO, [[early], [late]])
    assert [p.span for p in merged.proposals] == [Span(42, 52, "C")]
    assert [p.span for p in merged.conflicting] == [Span(42, 50, "C")]


def test_another_label_from_another_window_is_a_conflict_too() -> None:
    merged = merge(TEXT, TWO, [[proposal("xx", "C", 56)], [proposal("xx", "D", 16)]])
    assert [p.label for p in merged.proposals] == ["D"]
    assert [p.label for p in merged.conflicting] == ["C"]


def test_spans_of_one_window_may_overlap_as_they_did() -> None:
    nested = [proposal("xxxx", start=45), proposal("xx", start=45)]
    merged = merge(TEXT, TWO, [nested, [proposal("xxxx", start=5)]])
    assert [p.span for p in merged.proposals] == [Span(45, 47, "C"), Span(45, 49, "C")]
    assert merged.conflicting == ()


def test_the_score_is_that_of_the_window_that_sees_it_best_and_the_texts_ends_are_no_borders() -> None:
    merged = merge(TEXT, TWO, [[proposal("xx", start=58, score=0.1)], [proposal("xx", start=18, score=0.9)]])
    assert [p.score for p in merged.proposals] == [0.9]
    first = merge(
        TEXT, [Window(0, 60), Window(1, 100)], [[proposal("x", start=1, score=0.1)], [proposal("x", score=0.9)]]
    )
    assert [p.score for p in first.proposals] == [0.1]


def test_what_stands_nowhere_is_kept_for_each_window() -> None:
    lost = proposal("zinc", start=None)
    assert merge(TEXT, TWO, [[lost], [lost, proposal("x")]]) == Merged((proposal("x", start=40), lost, lost), ())


@st.composite
def windows_with_spans(draw: st.DrawFn) -> tuple[list[Window], list[list[Proposal]]]:
    shown, found = [], []
    for _ in range(draw(st.integers(1, 4))):
        window = Window(start := draw(st.integers(0, 30)), draw(st.integers(start + 6, 60)))
        places = st.tuples(st.integers(0, window.end - start - 6), st.integers(1, 6), st.sampled_from("CD"))
        shown.append(window)
        found.append([proposal("x" * n, label, at) for at, n, label in draw(st.lists(places, max_size=8))])
    return shown, found


@given(windows_with_spans())
def test_what_stands_shares_a_window_with_all_that_it_overlaps_and_what_yields_does_not(case) -> None:
    shown, found = case
    merged = merge("x" * 60, shown, found)
    seen: dict[Span, list[tuple[int, Window]]] = {}
    for n, (window, proposals) in enumerate(zip(shown, found, strict=True)):
        for p in proposals:
            assert p.span is not None
            span = Span(p.span.start + window.start, p.span.end + window.start, p.label)
            seen.setdefault(span, []).append((n, window))

    def together(one: Span, other: Span) -> bool:
        return bool({n for n, _ in seen[one]} & {n for n, _ in seen[other]})

    def room(span: Span) -> int:
        return max(
            min(span.start - w.start if w.start else 60, w.end - span.end if w.end < 60 else 60) for _, w in seen[span]
        )

    # Written out as it is defined: each span against all that stand already.
    stands: list[Span] = []
    for span in sorted(seen, key=lambda s: (-room(s), s.start - s.end, s)):
        if all(together(span, other) or not span.overlaps(other) for other in stands):
            stands.append(span)
    assert [p.span for p in merged.proposals] == sorted(stands)
    assert [p.span for p in merged.conflicting] == sorted({*seen} - {*stands})


def test_thousands_of_spans_are_put_together_in_no_time() -> None:
    n = 20_000  # 75 s where each is held against all that stand
    text, cut = "NaCl, KBr; " * n, [Window(0, 6 * n), Window(5 * n, 11 * n)]
    found = [[proposal("NaCl", start=i - w.start) for i in range(w.start, w.end - 4) if i % 11 == 0] for w in cut]
    began = time.perf_counter()
    merged = merge(text, cut, found)
    assert time.perf_counter() - began < 3
    assert len(merged.proposals) == n
