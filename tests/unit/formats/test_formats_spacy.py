import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError, MissingExtraError
from allabel.formats.base import FormatWarning
from allabel.formats.spacy_docs import Spacy

needs_spacy = pytest.mark.skipif(find_spec("spacy") is None, reason="spaCy is in the extra spacy, which is not here")
FLAT = Document(
    DocId("a/1"),
    " 🧪  NaCl in\r\nwater. ",
    (Span(1, 2, "E"), Span(4, 8, "Chemical")),
    {"v": ("x",)},
    {"k": [2**70, None]},
    2.5,
)
OPEN, NONE, EMPTY = Document(DocId("b"), "open"), Document(DocId("c"), "none", ()), Document(DocId("d"), "", ())
OVERLAPPING = Document(DocId("e"), "sodium chloride", (Span(0, 6, "A"), Span(0, 15, "B")))


def read(path: Path) -> list[Document]:
    return [record.document for record in Spacy().read(path)]


@needs_spacy
@pytest.mark.parametrize(
    "documents", [[FLAT, OPEN, NONE, EMPTY, Document(DocId("f"), "")], [FLAT, OPEN, OVERLAPPING, NONE]]
)
def test_documents_come_back_from_a_doc_bin(tmp_path: Path, documents: list[Document]):
    path = tmp_path / "a.spacy"
    Spacy().write(documents, path)
    assert read(path) == documents


@needs_spacy
def test_spacy_reads_our_entities_at_our_offsets(tmp_path: Path):
    import spacy
    from spacy.tokens import DocBin

    path = tmp_path / "a.spacy"
    Spacy().write([FLAT, NONE, OPEN], path)
    first, none, unset = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    assert first.text == FLAT.text
    assert [(e.start_char, e.end_char, e.label_) for e in first.ents] == [(1, 2, "E"), (4, 8, "Chemical")]
    assert (none.has_annotation("ENT_IOB"), unset.has_annotation("ENT_IOB")) == (True, False)
    assert "sc" not in first.spans


@needs_spacy
def test_where_any_text_overlaps_every_text_has_its_spans_in_the_group(tmp_path: Path):
    import spacy
    from spacy.tokens import DocBin

    path = tmp_path / "a.spacy"
    Spacy().write([OVERLAPPING, NONE], path)
    nested, none = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    assert [(s.start_char, s.end_char, s.label_) for s in nested.spans["sc"]] == [(0, 6, "A"), (0, 15, "B")]
    assert [(e.start_char, e.end_char) for e in nested.ents] == [(0, 15)]
    assert len(none.spans["sc"]) == 0


@needs_spacy
def test_a_token_is_cut_where_an_entity_ends_inside_it_and_that_is_said(tmp_path: Path):
    path = tmp_path / "a.spacy"
    document = Document(DocId("a"), "NaCl-doped x", (Span(0, 2, "A"), Span(10, 12, "B")))
    with pytest.warns(FormatWarning, match="entities that begin or end inside a token"):
        Spacy().write([document], path)
    assert read(path) == [document]


@needs_spacy
def test_a_doc_bin_made_by_spacy_is_read_and_its_other_groups_are_told(tmp_path: Path):
    import spacy
    from spacy.tokens import DocBin

    nlp, path = spacy.blank("en"), tmp_path / "train.spacy"
    doc = nlp("NaCl in water")
    doc.ents = [doc.char_span(0, 4, label="C")]
    doc.spans["sc"] = [doc.char_span(0, 13, label="S")]
    doc.spans["mine"] = []
    DocBin(docs=[doc, nlp("plain")]).to_disk(path)
    with pytest.warns(FormatWarning, match="1 span groups other than 'sc'"):
        first, second = read(path)
    assert first == Document(DocId("train-1"), "NaCl in water", (Span(0, 4, "C"), Span(0, 13, "S")))
    assert second == Document(DocId("train-2"), "plain")


@needs_spacy
def test_entities_that_spacy_set_since_are_read(tmp_path: Path):
    import spacy
    from spacy.tokens import DocBin

    path, vocab = tmp_path / "a.spacy", spacy.blank("en").vocab
    Spacy().write([OPEN], path)
    (doc,) = DocBin().from_disk(path).get_docs(vocab)
    doc.ents = [doc.char_span(0, 4, label="C")]
    DocBin(docs=[doc], store_user_data=True).to_disk(path)
    assert read(path) == [Document(OPEN.id, OPEN.text, (Span(0, 4, "C"),))]


@needs_spacy
def test_what_is_no_doc_bin_is_an_input_error(tmp_path: Path):
    path = tmp_path / "a.spacy"
    with pytest.raises(InputError, match="no such file"):
        read(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="is not a DocBin"):
        read(path)
    with pytest.raises(InputError, match="half of a surrogate pair"):
        Spacy().write([Document(DocId("a"), "x\ud83d")], path)
    Spacy().write([NONE, NONE], path)
    with pytest.raises(InputError, match="document 2 has the id 'c', and so has document 1"):
        read(path)


def test_without_spacy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for job in (lambda: read(tmp_path / "a.spacy"), lambda: Spacy().write([FLAT], tmp_path / "a.spacy")):
            with pytest.raises(MissingExtraError, match=r"pip install 'allabel\[spacy\]'"):
                job()
