from pathlib import Path

import pytest

from allabel.document import Span
from allabel.errors import InputError
from allabel.formats.conll.tags import Scheme, TagCheck, decode, encode

SAME_SPANS = {
    Scheme.IOB1: "I-X I-X B-X O I-Y I-X",
    Scheme.IOB2: "B-X I-X B-X O B-Y B-X",
    Scheme.IOBES: "B-X E-X S-X O S-Y S-X",
    Scheme.BILOU: "B-X L-X U-X O U-Y U-X",
}
SPANS = [Span(0, 2, "X"), Span(2, 3, "X"), Span(4, 5, "Y"), Span(5, 6, "X")]


def scheme_of(*sentences: str) -> Scheme:
    check = TagCheck(Path("f.conll"))
    for sentence in sentences:
        tags = sentence.split()
        check.see(tags, range(1, len(tags) + 1))
    return check.scheme


@pytest.mark.parametrize("scheme", list(Scheme))
def test_each_scheme_reads_to_the_same_spans_is_written_so_and_recognised(scheme: Scheme):
    tags = SAME_SPANS[scheme].split()
    assert decode(tags) == SPANS
    assert encode(SPANS, len(tags), scheme) == tags
    assert scheme_of(SAME_SPANS[scheme]) is scheme


def test_the_scheme_is_found_over_the_whole_file_not_the_first_sentence():
    assert scheme_of("I-X O", "O O", "B-X I-X") is Scheme.IOB2
    assert scheme_of("B-X I-X", "B-X E-X") is Scheme.IOBES
    assert scheme_of("I-X O", "I-X B-X") is Scheme.IOB1
    assert scheme_of("O O") is Scheme.IOB2


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O I-X I-X", [Span(1, 3, "X")]),
        ("B-X I-Y", [Span(0, 1, "X"), Span(1, 2, "Y")]),
        ("B-X B-X I-X", [Span(0, 1, "X"), Span(1, 3, "X")]),
        ("B-X I-X B-X", [Span(0, 2, "X"), Span(2, 3, "X")]),
        ("I-X E-X I-X", [Span(0, 2, "X"), Span(2, 3, "X")]),
        ("O E-X O L-X", [Span(1, 2, "X"), Span(3, 4, "X")]),
        ("S-X I-X", [Span(0, 1, "X"), Span(1, 2, "X")]),
        ("B-X E-Y", [Span(0, 1, "X"), Span(1, 2, "Y")]),
        ("B-Multi-tissue_structure", [Span(0, 1, "Multi-tissue_structure")]),
        ("", []),
    ],
)
def test_damaged_tags_still_mark_what_they_can(tags: str, spans: list[Span]):
    assert decode(tags.split()) == spans


@pytest.mark.parametrize("tags", ["S-X O U-X", "U-X O E-X", "B-X E-X B-X L-X"])
def test_two_schemes_in_one_file_are_refused_with_the_line(tags: str):
    with pytest.raises(InputError, match="two schemes") as caught:
        scheme_of(tags)
    assert caught.value.line is not None
    assert caught.value.line > 1


@pytest.mark.parametrize("tag", ["X", "B", "B-", "-X", "b-X", "M-X", "o", "B_X"])
def test_what_is_no_tag_is_refused_with_its_value(tag: str):
    with pytest.raises(InputError, match="neither O nor") as caught:
        scheme_of(f"O {tag}")
    assert repr(tag) in caught.value.problem
    assert caught.value.line == 2
