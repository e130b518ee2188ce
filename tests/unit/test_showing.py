"""What notebooks show of documents and predictions: all as text, every entity named, nothing that runs or asks."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.client import Entity, Tagged, Ungrounded
from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument
from allabel.schema import LabelSchema
from allabel.showing import COLOURS, MOST_CHARACTERS, Mark, marked, show

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "</mark></div><style>*{display:none}</style>",
    '" onmouseover="alert(3)" x=\'',
    "&lt;b&gt; &amp; &#60;i&#62;",
    "![x](http://198.51.100.7/i.png) $\\href{javascript:alert(4)}{z}$",
    "\u202egnihton\u202c 😀 İ",
)
CHEMISTRY = "NaCl and ZnCl2 in water"
GOLD = (Span(0, 4, "Reagent"), Span(9, 14, "Reagent"), Span(18, 23, "Solvent"))


class Seen(HTMLParser):
    """The elements of a page, their attributes, and its text outside of the names of labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text, self.names, self._open = "", [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes += attrs
        self._open.append(tag)
        if tag == "b":
            self.names.append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, "an element ends that another one holds"

    def handle_data(self, data):
        if "b" in self._open:
            self.names[-1] += data
        else:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]


def tagged(text: str, *proposals: Proposal, status: Status = Status.OK, error: str = "") -> TaggedDocument:
    return TaggedDocument(DocId("t1"), text, Reply(status, proposals, error=error), "chat", "model-1")


def proposal(text: str, start: int, end: int, label: str, score: float | None = None) -> Proposal:
    return Proposal(label, text[start:end], Span(start, end, label), Grounding.EXACT, score)


@st.composite
def texts_with_marks(draw):
    text = draw(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r"), min_size=1, max_size=40)
    )
    places = st.integers(0, len(text) - 1).flatmap(
        lambda start: st.tuples(st.just(start), st.integers(start + 1, len(text)))
    )
    drawn = draw(st.lists(st.tuples(places, st.sampled_from(["A", "B", "<b>C"])), max_size=8))
    return text, [Mark(start, end, label) for (start, end), label in drawn]


@given(texts_with_marks())
def test_the_text_stays_whole_and_every_mark_is_named_once_however_they_cross(drawn) -> None:
    text, marks = drawn
    seen = Seen(marked(text, marks, lambda _: ""))
    assert seen.text == text
    assert sorted(seen.names) == sorted(mark.label for mark in marks)
    assert seen.elements <= {"mark", "b"}


@pytest.mark.parametrize("evil", HOSTILE)
def test_whatever_a_text_a_name_or_a_label_holds_is_shown_as_text(evil: str) -> None:
    text = f"{evil} in water"
    document = Document(DocId(evil), text, (Span(0, len(evil), evil),), values={evil: (evil,)})
    predicted = tagged(text, Proposal(evil, evil, None, Grounding.MISSING), proposal(text, 0, 3, evil, 0.5))
    failed = TaggedDocument(DocId(evil), text, Reply(Status.FAILED, error=evil), evil, evil)
    for shown in (document, predicted, failed, predicted.reply, failed.reply, show([document, predicted])):
        seen = Seen(shown._repr_html_())
        assert seen.elements <= {"div", "mark", "b", "bdi", "i"}
        assert {name for name, _ in seen.attributes} <= {"class", "style", "title", "dir"}
        assert all("url" not in style and "alert" not in style for style in seen.values("style"))
    assert text in Seen(document._repr_html_()).text
    assert Seen(document._repr_html_()).names == [evil, evil]


def test_a_notebook_takes_no_dollar_in_a_text_for_a_formula() -> None:
    assert Document(DocId("a"), "$x$ and $y$")._repr_html_().startswith('<div class="tex2jax_ignore mathjax_ignore"')


def test_half_a_character_is_shown_as_a_question_mark_and_breaks_no_page() -> None:
    assert "a?b" in Document(DocId("1"), "a\ud800b")._repr_html_().encode("utf-8").decode("utf-8")


def test_a_document_says_whether_it_is_annotated_and_no_entity_is_an_answer_too() -> None:
    assert "not annotated" in Document(DocId("1"), "Water.")._repr_html_()
    assert "annotated: no entity" in Document(DocId("1"), "Water.", ())._repr_html_()
    assert "3 entities" in Document(DocId("1"), CHEMISTRY, GOLD)._repr_html_()
    assert Seen(Document(DocId("1"), CHEMISTRY, GOLD)._repr_html_()).names == ["1", "Reagent", "Reagent", "Solvent"]


def test_values_without_places_stand_under_the_text_the_first_ten_and_how_many_more() -> None:
    values = {"Reagent": tuple(f"salt {n}" for n in range(13)), "Product": ()}
    seen = Seen(Document(DocId("1"), CHEMISTRY, values=values)._repr_html_())
    assert "values without places" in seen.text
    assert "salt 9 and 3 more" in seen.text
    assert "salt 10" not in seen.text
    assert "Product: none" in seen.text


def test_a_prediction_has_its_score_where_the_mouse_rests_and_names_what_is_not_in_the_text() -> None:
    twice = proposal(CHEMISTRY, 0, 4, "Reagent", 0.934)
    lost = Proposal("Reagent", "KCl", None, Grounding.MISSING, 0.2)
    across = Proposal("Solvent", "in water", None, Grounding.OVERLAPPING)
    one = tagged(CHEMISTRY, twice, twice, proposal(CHEMISTRY, 18, 23, "Solvent"), lost, across)
    seen = Seen(one._repr_html_())
    assert seen.values("title") == ["Reagent: score 0.93"]
    assert seen.names == ["t1", "Reagent", "Solvent"]
    assert "2 entities · chat model-1" in seen.text
    assert "not in the text: KCl (Reagent)" in seen.text
    assert "only across another entity: in water (Solvent)" in seen.text


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_a_reply_that_failed_says_so_in_words_and_marks_nothing(status: Status) -> None:
    one = tagged(CHEMISTRY, proposal(CHEMISTRY, 0, 4, "Reagent"), status=status, error="the window is full")
    for html in (one._repr_html_(), one.reply._repr_html_()):
        seen = Seen(html)
        assert "mark" not in seen.elements
        assert "not tagged" in seen.text
        assert "the window is full" in seen.text
        assert "nothing is known of its entities" in seen.text
        assert "no entity" not in seen.text


def test_the_demonstrations_behind_a_prediction_are_named() -> None:
    reply = Reply(Status.OK, shown=tuple(Shown(DocId(f"d{n}")) for n in range(12)))
    seen = Seen(TaggedDocument(DocId("1"), "Stirred.", reply, "chat", "m")._repr_html_())
    assert "tagged: no entity" in seen.text
    assert "d0, d1" in seen.text
    assert "d9 and 2 more" in seen.text


def test_a_reply_lists_its_mentions_fifty_of_them_and_how_many_more() -> None:
    reply = Reply(Status.OK, tuple(Proposal("A", f"m{n}.", None, Grounding.MISSING, 0.25) for n in range(60)))
    seen = Seen(reply._repr_html_())
    assert "m0. (A): score 0.25, not in the text" in seen.text
    assert "m49." in seen.text
    assert "m50." not in seen.text
    assert "and 10 more" in seen.text


def test_a_long_text_is_cut_with_what_is_left_out_and_a_mark_across_the_cut_stays() -> None:
    text = "x" * (MOST_CHARACTERS + 2000)
    spans = (Span(0, 4, "A"), Span(MOST_CHARACTERS - 2, MOST_CHARACTERS + 9, "B"), Span(6000, 6001, "A"))
    seen = Seen(Document(DocId("1"), text, spans)._repr_html_())
    assert seen.text.count("x") == MOST_CHARACTERS
    assert "2,000 characters more, with 1 entity" in seen.text
    assert seen.names == ["1", "A", "B"]


def test_many_texts_are_cut_with_their_number_and_a_terminal_gets_one_line() -> None:
    shown = show((Document(DocId(f"d{n}"), "Water.", (Span(0, 5, "Solvent"),)) for n in range(1261)), most=3)
    seen = Seen(shown._repr_html_())
    assert seen.names == ["d0", "Solvent", "d1", "Solvent", "d2", "Solvent"]
    assert "and 1,258 more texts" in seen.text
    assert repr(shown) == "<1,261 texts, which a notebook shows>"
    assert "more" not in show([])._repr_html_()
    with pytest.raises(InputError, match="most is 1 or more"):
        show([], most=0)


def test_labels_have_the_colours_of_the_schema_and_without_one_each_its_own_by_name() -> None:
    documents = [Document(DocId("1"), CHEMISTRY, GOLD)]
    schema = LabelSchema.of(["Solvent", "Reagent"])
    styles = "".join(Seen(show(documents, schema)._repr_html_()).values("style"))
    assert f"border-bottom:3px solid {COLOURS[0]}" in styles
    assert f"border-bottom:3px solid {COLOURS[1]}" in styles

    def colours(names: str) -> list[str]:
        spans = tuple(Span(n, n + 1, name) for n, name in enumerate(names))
        return re.findall(r"solid (#\w{6})", Document(DocId("1"), names, spans)._repr_html_())

    eight = colours("ABCDEFGH")
    assert sorted(eight) == sorted(COLOURS)
    assert colours("A") == colours("A")
    assert len(colours("ABCDEFGHI")) == 9


def test_a_colour_that_is_none_never_becomes_style() -> None:
    class Label:
        name, colour = "Reagent", "red;background:url(http://198.51.100.7/)"

    class Schema:
        labels = (Label(),)

    assert "198.51" not in show([Document(DocId("1"), CHEMISTRY, GOLD)], Schema())._repr_html_()


def test_what_the_client_brings_is_shown_as_what_the_project_tags() -> None:
    salt = Entity(0, 4, "Reagent", "NaCl", "NaCl", 0.9, Grounding.EXACT, ("d1",))
    lost = Ungrounded("Reagent", "KCl", 0.1, Grounding.MISSING)
    answer = Tagged(0, "t1", CHEMISTRY, Status.OK, (salt,), (lost,), backend="chat", model="model-1")
    here = tagged(CHEMISTRY, proposal(CHEMISTRY, 0, 4, "Reagent", 0.9), Proposal(*lost_as_proposal(lost)))
    assert answer._repr_html_() == here._repr_html_()
    failed = Tagged(2, "c", "Long", Status.TRUNCATED, error="the window is full")
    assert "not tagged" in failed._repr_html_()


def lost_as_proposal(lost: Ungrounded) -> tuple[str, str, None, Grounding, float | None]:
    return lost.label, lost.mention, None, lost.grounding, lost.score
