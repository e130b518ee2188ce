"""Pieces of the shared data sets through every interchange format and back."""

import io
import tarfile
import warnings
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from allabel.document import Document, longest_spans
from allabel.formats.base import FormatWarning
from allabel.formats.registry import FORMATS, detect, read_documents, write_documents

DATA = Path(__file__).parents[3].parent / "shared/data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shared data sets are not at {DATA}")
# Abstracts with nested spans and values; tweets with emoji; patents with the delimiters of every format.
CORPORA = ["nerre_general/spans.jsonl", "wnut17/emerging.dev.conll", "uspto_ord/spans.jsonl"]


@cache
def load(name: str) -> tuple[Document, ...]:
    return tuple(record.document for record in islice(read_documents(DATA / name), 300))


def there_and_back(documents: tuple[Document, ...], path: Path, name: str) -> list[Document]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        write_documents(documents, path, name)
        return [record.document for record in FORMATS[name].read(path)]


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("name", ["label_studio", "prodigy", "parquet", "spacy"])
def test_real_documents_survive_a_format_that_loses_nothing(tmp_path: Path, corpus: str, name: str):
    if name == "spacy":
        pytest.importorskip("spacy", reason="spaCy is in the extra spacy, which is not here")
    path = tmp_path / f"out{FORMATS[name].suffixes[0]}"
    assert there_and_back(load(corpus), path, name) == list(load(corpus))
    assert detect(path).name == name


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("name", ["doccano", "brat"])
def test_real_texts_and_spans_survive_where_meta_or_values_are_lost(tmp_path: Path, corpus: str, name: str):
    path = tmp_path / ("out.jsonl" if name == "doccano" else "out")
    back = {d.id: (d.text, d.entities) for d in there_and_back(load(corpus), path, name)}
    assert back == {d.id: (d.text, d.entities) for d in load(corpus)}
    assert detect(path).name == name


def test_tweets_survive_hugging_face_token_for_token(tmp_path: Path):
    documents = load("wnut17/emerging.dev.conll")
    back = there_and_back(documents, tmp_path / "out.parquet", "huggingface")
    assert [(d.text, d.entities) for d in back] == [(d.text, longest_spans(d.entities or ())) for d in documents]


def test_the_synthesis_corpus_is_read_as_brat_with_its_published_counts(tmp_path: Path):
    folder = DATA / "materials_synthesis/data"
    assert detect(folder).name == "brat"
    with pytest.warns(FormatWarning) as caught:
        documents = [record.document for record in read_documents(folder)]
    assert (len(documents), sum(len(d.entities or ()) for d in documents)) == (230, 21345)
    assert "events left out" in str(caught[0].message)
    assert "discontinuous" not in str(caught[0].message)
    write_documents(documents, tmp_path / "out", "brat")
    assert [record.document for record in read_documents(tmp_path / "out")] == documents


def test_anem_is_read_as_brat_with_its_published_count(tmp_path: Path):
    with tarfile.open(fileobj=io.BytesIO((DATA / "anem/standoff.tar.gz").read_bytes())) as archive:
        archive.extractall(tmp_path, filter="data")
    with pytest.warns(FormatWarning, match="relations left out"):
        documents = [record.document for record in FORMATS["brat"].read(tmp_path)]
    assert (len(documents), sum(len(d.entities or ()) for d in documents)) == (500, 3135)
