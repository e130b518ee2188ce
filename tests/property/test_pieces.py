"""Pieces, tags and runs: what goes in comes out, in any text."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.pieces import Piece, iob2, pieces, runs
from allabel.document import Span

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("aB9é́-(),. \u00a0\r\n😀İ_"), max_size=40),
)


@st.composite
def annotated(draw: st.DrawFn) -> tuple[str, list[Piece], list[Span]]:
    text = draw(TEXTS)
    tokens = pieces(text)
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=8)))
    spans = [
        Span(tokens[first].start, tokens[end - 1].end, label)
        for first, end in pairwise(cuts)
        if (label := draw(st.sampled_from(["Chemical", "Disease", "B-cell", None])))
    ]
    return text, tokens, spans


@given(TEXTS)
def test_pieces_are_ordered_and_hold_every_character_but_white_space(text: str) -> None:
    found = pieces(text)
    assert all(left.end <= right.start for left, right in pairwise(found))
    assert "".join(text[p.start : p.end] for p in found) == "".join(text.split())
    assert [p.word for p in found] == [text[p.start : p.end].lower() for p in found]
    for p in found:
        assert text[: p.end].endswith(text[p.start : p.end])
        assert text[p.start : p.end] in p.chunk


@given(annotated())
def test_spans_on_piece_boundaries_survive_their_tags(case: tuple[str, list[Piece], list[Span]]) -> None:
    _, tokens, spans = case
    found = [Span(tokens[first].start, tokens[end - 1].end, label) for first, end, label in runs(iob2(tokens, spans))]
    assert found == spans


@given(annotated(), st.randoms(use_true_random=False))
def test_the_order_of_the_spans_does_not_matter(case: tuple[str, list[Piece], list[Span]], random: object) -> None:
    _, tokens, spans = case
    shuffled = list(spans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert iob2(tokens, shuffled) == iob2(tokens, spans)


@given(st.text("aB9-, \n", max_size=30), st.data())
def test_a_span_that_cuts_pieces_takes_them_whole(text: str, data: st.DataObject) -> None:
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    tokens = pieces(text)
    touched = [i for i, t in enumerate(tokens) if t.start < end and start < t.end]
    expected = [(touched[0], touched[-1] + 1, "X")] if touched else []
    assert runs(iob2(tokens, [Span(start, end, "X")])) == expected


@given(st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), max_size=12))
def test_runs_of_any_tags_are_ordered_and_cover_all_that_is_not_o(tags: list[str]) -> None:
    found = runs(tags)
    assert all(left[1] <= right[0] for left, right in pairwise(found))
    covered = {i: label for first, end, label in found for i in range(first, end)}
    assert covered == {i: tag[2:] for i, tag in enumerate(tags) if tag != "O"}
    assert {first for first, _, _ in found} >= {i for i, tag in enumerate(tags) if tag.startswith("B-")}
