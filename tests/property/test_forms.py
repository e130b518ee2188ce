"""What a form writes it reads: the same spans, by mention and occurrence, whatever stands in the text."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allabel.annotate.base import Demonstration
from allabel.annotate.bounds import is_bounded
from allabel.annotate.ground import occurrences
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.forms.markup_form import MarkupForm
from allabel.annotate.llm.forms.occurrence import places
from allabel.document import DocId, Document, Span
from allabel.formats.registry import read_documents
from allabel.schema import LabelSchema

FORMS: tuple[Form, ...] = (JsonForm(), MarkupForm())
LABELS = ["A", "B/c d", "/#1", "<<A>>", "\\"]
# What a form might take for its own, what breaks offsets elsewhere, and repeats.
TRAPS = [
    *("<", "<<", "\\", "<<A>>", "<</A>>", "\\<<A>>", "<A>", ">>", "#2", '"', '\\"', '","label":"', '"text":"'),
    *(
        "<nUm>",
        "[111]",
        "##STR13##",
        "|",
        "[[",
        "]]",
        "\t",
        "\n",
        "\r\n",
        "\u2028",
        "\u00a0",
        "\u200b",
        "\x00",
        "\ufeff",
    ),
    *("🧪", "👩\u200d🔬", "e\u0301", "İ", "H", "H2O", "HH", " "),
]
texts = st.lists(
    st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=3)), max_size=10
).map("".join)


@st.composite
def demonstrations(draw: st.DrawFn) -> Demonstration:
    text = draw(texts.filter(bool))
    starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=6))
    spans = {Span(s, draw(st.integers(s + 1, len(text))), draw(st.sampled_from(LABELS))) for s in starts}
    return Demonstration(DocId("d"), text, tuple(spans))


def reread(form: Form, shown: Demonstration, schema: LabelSchema) -> set[Span]:
    """Return the spans that a demonstration's answer is read as; every mention is written where it says."""
    content = form.answer(shown)
    mentions = form.read(content, shown.text, schema)
    assert len(mentions) == len(set(shown.entities))
    spans = set()
    for mention in mentions:
        assert mention.occurrence is not None
        start, end = places(shown.text, mention.text)[mention.occurrence - 1]
        assert 0 <= mention.start < mention.end <= len(content)
        if is_bounded(shown.text, start, end) and mention.text == mention.text.strip():
            assert occurrences(shown.text, mention.text)[mention.occurrence - 1] == (start, end)
        spans.add(Span(start, end, mention.label))
    return spans


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@given(demonstrations())
@example(Demonstration(DocId("d"), "\\<<A>>\\<", (Span(1, 6, "A"), Span(0, 1, "A"), Span(7, 8, "<<A>>"))))
@example(Demonstration(DocId("d"), "abcd", (Span(0, 3, "A"), Span(1, 4, "A"), Span(1, 2, "A"), Span(2, 4, "A"))))
def test_any_spans_of_any_text_survive_writing_and_reading(form: Form, shown: Demonstration) -> None:
    assert reread(form, shown, LabelSchema.of(LABELS)) == set(shown.entities)


@given(texts, st.text(max_size=30))
def test_a_reply_that_says_nothing_wrong_of_the_text_is_the_text(text: str, content: str) -> None:
    """Whatever is read as markup without an error holds the text's visible characters, and mentions are of the text."""
    try:
        mentions = MarkupForm().read(content, text, LabelSchema.of(LABELS))
    except ReplyFormatError:
        return
    for mention in mentions:
        assert mention.text in text


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("name", ["nerre_general/spans.jsonl", "uspto_ord/spans.jsonl", "wnut17/wnut17train.conll"])
def test_the_spans_of_real_texts_survive_writing_and_reading(data: Path, name: str, form: Form) -> None:
    documents: list[Document] = [record.document for record in read_documents(data / name, "auto")][:200]
    schema = LabelSchema.of(sorted({span.label for d in documents for span in d.entities or ()}))
    for document in documents:
        shown = Demonstration(document.id, document.text, document.entities or ())
        assert reread(form, shown, schema) == set(shown.entities)
