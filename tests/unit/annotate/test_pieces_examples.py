"""Pieces by example: fine enough for the boundaries chemists annotate."""

import pytest

from allabel.annotate.pieces import iob2, pieces, runs
from allabel.document import Span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fe2O3 powder", ["Fe2O3", "powder"]),
        ("aspirin-induced", ["aspirin", "-", "induced"]),
        ("Zn(NO3)2·6H2O.", ["Zn", "(", "NO3", ")", "2", "·", "6H2O", "."]),
        ("a_b", ["a", "_", "b"]),
        ("e\u0301thanol", ["e\u0301thanol"]),
        ("😀 NaCl\u00a0in\r\nwater", ["😀", "NaCl", "in", "water"]),
        (" \u00a0\r\n", []),
    ],
)
def test_a_text_falls_into_these_pieces(text: str, expected: list[str]) -> None:
    assert [text[p.start : p.end] for p in pieces(text)] == expected


def test_a_piece_knows_its_chunk_and_its_place_there() -> None:
    piece = pieces("in aspirin-Induced asthma")[3]
    assert (piece.word, piece.chunk, piece.nth) == ("induced", "aspirin-Induced", 2)


def test_neighbouring_entities_of_one_label_stay_two() -> None:
    tokens = pieces("NaCl KCl")
    tags = iob2(tokens, [Span(0, 4, "Chemical"), Span(5, 8, "Chemical")])
    assert tags == ["B-Chemical", "B-Chemical"]
    assert runs(tags) == [(0, 1, "Chemical"), (1, 2, "Chemical")]


def test_a_span_over_white_space_alone_tags_nothing() -> None:
    assert iob2(pieces("NaCl  KCl"), [Span(4, 6, "Chemical")]) == ["O", "O"]


def test_an_orphan_inside_tag_starts_an_entity() -> None:
    assert runs(["O", "I-Chemical", "I-Chemical", "I-Disease"]) == [(1, 3, "Chemical"), (3, 4, "Disease")]


def test_a_label_may_hold_a_hyphen() -> None:
    assert runs(["B-Multi-tissue", "I-Multi-tissue"]) == [(0, 2, "Multi-tissue")]
