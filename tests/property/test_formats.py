"""Spans survive every scheme of tags, documents every interchange format, and tagged replies their file."""

import tempfile
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.document import DocId, Document, Span, longest_spans
from allabel.formats.base import FormatWarning
from allabel.formats.conll import Conll
from allabel.formats.conll.tags import Scheme, TagCheck, decode, encode
from allabel.formats.registry import FORMATS
from allabel.formats.tagged import read_tagged, write_tagged
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument

LABELS = st.sampled_from(["Chemical", "Multi-tissue_structure", "é x"])
# Tokens as real files have them: delimiters of other formats, invisible characters, foreign line ends, emoji.
tokens = st.one_of(
    st.sampled_from(
        ["NaCl", "<nUm>", "[", "|", ",", '"', "##STR13##", "-", "O", "B-Chemical", "#", "\u200b", "🧪", "a\u0301"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\v\f"), min_size=1, max_size=4),
)


@st.composite
def token_spans(draw: st.DrawFn, n_tokens: int) -> list[Span]:
    edges = sorted(draw(st.sets(st.integers(0, n_tokens), max_size=8)))
    pairs = [(a, b) for a, b in pairwise(edges) if draw(st.booleans())]
    return [Span(a, b, draw(LABELS)) for a, b in pairs]


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[str], list[Span]]:
    words = draw(st.lists(tokens, min_size=1, max_size=10))
    return words, draw(token_spans(len(words)))


def as_document(n: int, words: list[str], spans: list[Span]) -> Document:
    starts = [len(" ".join([*words[:i], ""])) for i in range(len(words))]
    entities = tuple(Span(starts[s.start], starts[s.end - 1] + len(words[s.end - 1]), s.label) for s in spans)
    return Document(DocId(f"a-{n}"), " ".join(words), entities)


@given(st.integers(0, 12).flatmap(lambda n: st.tuples(st.just(n), token_spans(n))), st.sampled_from(Scheme))
def test_what_is_encoded_decodes_to_the_same_spans(case: tuple[int, list[Span]], scheme: Scheme):
    n_tokens, spans = case
    tags = encode(spans, n_tokens, scheme)
    TagCheck(Path("a")).see(tags, range(n_tokens))
    assert len(tags) == n_tokens
    assert decode(tags) == spans


@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIESLU" for t in "XY")]), max_size=10))
def test_decoding_covers_exactly_the_tagged_tokens_without_overlap(tags: list[str]):
    spans = decode(tags)
    covered = [i for span in spans for i in range(span.start, span.end)]
    assert covered == [i for i, tag in enumerate(tags) if tag != "O"]
    assert all(tags[i].endswith(span.label) for span in spans for i in range(span.start, span.end))


@pytest.mark.parametrize("scheme", list(Scheme))
@given(corpus=st.lists(sentences(), max_size=4))
def test_sentences_survive_a_conll_file_in_every_scheme(scheme: Scheme, corpus: list[tuple[list[str], list[Span]]]):
    documents = [as_document(n, *sentence) for n, sentence in enumerate(corpus, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.conll"
        Conll(scheme).write(documents, path)
        assert [record.document for record in Conll().read(path)] == documents


@given(st.text(st.sampled_from("aé🧪 \n\t\u00a0,-"), max_size=20), st.data())
def test_any_texts_flat_mentions_survive_conll_but_for_their_spacing(text: str, data: st.DataObject):
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), LABELS)
    drawn = data.draw(st.lists(ends, max_size=5))
    spans = tuple(sorted({Span(min(a, b), max(a, b), label) for a, b, label in drawn if a != b}))
    flat = [s for s in longest_spans(spans) if text[s.start : s.end].strip(" \t\n")]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        path = Path(folder) / "a.conll"
        Conll().write([Document(DocId("a"), text, spans)], path)
        back = [record.document for record in Conll().read(path)]
    found = [(squeezed(d.text[s.start : s.end]), s.label) for d in back for s in d.entities or ()]
    assert found == [(squeezed(text[s.start : s.end]), s.label) for s in flat]
    assert "".join(squeezed(d.text) for d in back) == squeezed(text)


def squeezed(text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, " \t\n\r\v\f")))


WORDS = st.sampled_from(
    [
        "🧪",
        "👨🏻\u200d🚒",
        "a\u0301",
        "\ufeff",
        "\u2028",
        "\r\n",
        "\n",
        "\t",
        " ",
        "  ",
        "NaCl",
        "-",
        "x.",
        "\\n",
        '"',
        "%2F",
    ]
)
META = st.dictionaries(st.sampled_from(["k", "doi", "é", "source"]), st.none() | st.integers() | WORDS, max_size=2)


@st.composite
def documents(draw: st.DrawFn, number: int) -> Document:
    text = "".join(draw(st.lists(WORDS, max_size=8)))
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), LABELS)
    drawn = draw(st.none() | st.lists(ends, max_size=5))
    spans = None if drawn is None else {Span(min(a, b), max(a, b), label) for a, b, label in drawn if a != b}
    values = draw(st.none() | st.dictionaries(LABELS, st.lists(WORDS, max_size=2, unique=True).map(tuple), max_size=2))
    seconds = None if spans is None else draw(st.none() | st.floats(0.01, 1e6))
    id = DocId(f"{number}{draw(WORDS)}")
    return Document(id, text, None if spans is None else tuple(sorted(spans)), values, draw(META), seconds)


corpora = st.integers(0, 3).flatmap(lambda n: st.tuples(*(documents(number) for number in range(n)))).map(list)


@pytest.mark.parametrize("name", ["jsonl", "label_studio", "prodigy", "parquet", "spacy"])
@given(corpus=corpora)
def test_any_documents_survive_a_format_that_loses_nothing(name: str, corpus: list[Document]):
    assert there_and_back(name, corpus) == corpus


@pytest.mark.parametrize("name", ["doccano", "doccano_code_points", "label_studio_predictions"])
@given(corpus=corpora)
def test_any_texts_and_spans_survive_where_times_or_values_are_lost(name: str, corpus: list[Document]):
    kept = [replace(d, seconds=None, values=d.values if name.startswith("label") else None) for d in corpus]
    assert there_and_back(name, corpus) == kept


@given(corpus=corpora)
def test_any_texts_survive_brat_and_so_do_spans_that_begin_and_end_within_a_line(corpus: list[Document]):
    corpus = [replace(d, entities=None if d.entities is None else tuple(map(spaceless, d.entities))) for d in corpus]
    inner = [
        None
        if d.entities is None
        else tuple(s for s in d.entities if not {d.text[s.start], d.text[s.end - 1]} & {*"\r\n"})
        for d in corpus
    ]
    back = {document.id: document for document in there_and_back("brat", corpus)}
    assert {id: document.text for id, document in back.items()} == {d.id: d.text for d in corpus}
    for document, spans in zip(corpus, inner, strict=True):
        found = back[document.id].entities
        assert (found is None) == (spans is None)
        assert set(spans or ()) <= set(found or ())


@given(corpus=corpora)
def test_any_texts_flat_mentions_survive_hugging_face_but_for_their_spacing(corpus: list[Document]):
    back = there_and_back("huggingface", corpus)
    assert [d.id for d in back] == [d.id for d in corpus]
    for one, other in zip(corpus, back, strict=True):
        assert squeezed(one.text) == squeezed(other.text)
        assert (one.entities is None) == (other.entities is None)
        flat = [s for s in longest_spans(one.entities or ()) if squeezed(one.text[s.start : s.end])]
        found = [(squeezed(other.text[s.start : s.end]), s.label) for s in other.entities or ()]
        assert found == [(squeezed(one.text[s.start : s.end]), s.label) for s in flat]


def there_and_back(name: str, corpus: list[Document]) -> list[Document]:
    if name == "spacy":
        pytest.importorskip("spacy", reason="spaCy is in the extra spacy, which is not here")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        path = Path(folder) / "out"
        FORMATS[name].write(corpus, path)
        return [record.document for record in FORMATS[name].read(path)]


def spaceless(span: Span) -> Span:
    return replace(span, label=span.label.replace(" ", "_"))


@st.composite
def tagged_documents(draw: st.DrawFn) -> TaggedDocument:
    text = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10))
    probability = st.none() | st.floats(0, 1)
    mention = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    grounded, missing = [], []
    for start in draw(st.lists(st.integers(0, len(text) - 1), max_size=3)):
        span = Span(start, draw(st.integers(start + 1, len(text))), draw(LABELS))
        how = draw(st.sampled_from([Grounding.EXACT, Grounding.NORMALISED, Grounding.AMBIGUOUS]))
        grounded.append(Proposal(span.label, draw(mention), span, how, draw(probability)))
    for word in draw(st.lists(mention, max_size=3)):
        missing.append(Proposal(draw(LABELS), word, None, Grounding.MISSING, draw(probability)))
    status = draw(st.sampled_from(Status))
    reply = Reply(
        status,
        tuple(grounded + missing) if status is Status.OK else (),
        draw(st.none() | st.floats(1, 1e6)),
        tuple(Shown(DocId(d)) for d in draw(st.lists(st.text("ab", min_size=1), max_size=2))),
        "" if status is Status.OK else draw(mention),
        raw="not written",
        n_prompt_tokens=draw(st.integers(0, 9)),
    )
    return TaggedDocument(DocId(draw(st.text("xyz", min_size=1))), text, reply, "chat", "m", {"k": [1, None]})


@given(st.lists(tagged_documents(), max_size=3))
def test_tagged_documents_survive_their_file_but_for_the_raw_reply(tagged: list[TaggedDocument]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        write_tagged(tagged, path)
        back = [one for _, one in read_tagged(path)]
    assert back == [replace(one, reply=replace(one.reply, raw="")) for one in tagged]
