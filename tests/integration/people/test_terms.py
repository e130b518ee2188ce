"""Terms are suggested wherever they stand as whole words in the queue."""

import pytest
from people_at_work import NOW, SCHEMA, queue

from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import InputError, LabelError
from allabel.people.terms import Terms
from allabel.schema import LabelSchema
from allabel.store import Store


def test_a_term_is_suggested_exactly_where_it_stands_by_itself(store: Store) -> None:
    terms = Terms(store, SCHEMA)
    terms.add("NaCl", "Salt", "ada")
    terms.add("DMF", "Solvent", "ada")
    text = "🧪 NaCl in DMF; NaCl2, KNaCl and nacl are not NaCl."
    assert terms.spans(text) == (
        Span(2, 6, "Salt"),
        Span(10, 13, "Solvent"),
        Span(45, 49, "Salt"),
    )
    assert all(text[s.start : s.end] in {"NaCl", "DMF"} for s in terms.spans(text))


def test_adding_says_in_how_many_queued_texts_a_term_stands(store: Store) -> None:
    queue(store, "abc")
    store.add_documents([Document(DocId("d"), "NaCl that nobody queued")])
    terms = Terms(store, SCHEMA)
    assert terms.add("NaCl", "Salt", "ada") == 3
    assert terms.add("Na", "Salt", "ada") == 0
    store.add_annotations([Annotation(DocId("a"), (), "ada", "app", NOW)])
    assert terms.add("NaCl", "Salt", "bo") == 2
    assert [(t.text, t.label, t.person) for t in terms.all()] == [("Na", "Salt", "ada"), ("NaCl", "Salt", "ada")]
    terms.remove("NaCl", "Salt")
    terms.remove("NaCl", "Salt")
    assert [t.text for t in terms.all()] == ["Na"]


def test_a_blank_term_or_an_unknown_label_is_refused(store: Store) -> None:
    for text in ("", " ", " NaCl"):
        with pytest.raises(InputError, match="blank or has white space"):
            Terms(store, SCHEMA).add(text, "Salt", "ada")
    with pytest.raises(LabelError):
        Terms(store, SCHEMA).add("NaCl", "Metal", "ada")


def test_a_term_whose_label_left_the_schema_is_suggested_nowhere(store: Store) -> None:
    Terms(store, SCHEMA).add("NaCl", "Salt", "ada")
    assert Terms(store, LabelSchema.of(["Solvent"])).spans("NaCl") == ()
