"""The published counts of the shared data sets: what their READMEs say, the readers must find."""

import io
import re
import tarfile
import warnings
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from allabel.document import Document
from allabel.formats.base import FormatWarning
from allabel.formats.registry import read_documents, write_documents

DATA = Path(__file__).parents[3].parent / "shared/data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shared data sets are not at {DATA}")


@cache
def load(name: str) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FormatWarning)
        documents = tuple(record.document for record in read_documents(DATA / name))
    return documents, tuple(str(warning.message) for warning in caught)


def counts(name: str) -> tuple[int, int, Counter[str]]:
    documents, _ = load(name)
    entities = Counter(span.label for document in documents for span in document.entities or ())
    return len(documents), sum(bool(document.entities) for document in documents), entities


WNUT = ("person", "location", "group", "corporation", "product", "creative-work")
MATSCHOLAR = ("MAT", "PRO", "DSC", "CMT", "SMT", "APL", "SPL")
NERRE = ("formula", "name", "acronym", "structure_or_phase", "description", "applications")


@pytest.mark.parametrize(
    ("name", "n_documents", "n_with_entities", "entities"),
    [
        ("bc5cdr/iob/train.tsv", 4560, 3807, {"Chemical": 5203, "Disease": 4182}),
        ("bc5cdr/iob/devel.tsv", 4581, 3809, {"Chemical": 5347, "Disease": 4246}),
        ("bc5cdr/iob_pos/devel.tsv", 4579, None, {"Chemical": 5347, "Disease": 4244}),
        ("bc5cdr/iob/test.tsv", 4797, 3974, {"Chemical": 5385, "Disease": 4424}),
        ("wnut17/wnut17train.conll", 3394, 1228, dict(zip(WNUT, (660, 548, 264, 221, 142, 140), strict=True))),
        ("wnut17/emerging.dev.conll", 1009, 628, dict(zip(WNUT, (470, 74, 39, 34, 114, 105), strict=True))),
        ("wnut17/emerging.test.annotated", 1287, 689, dict(zip(WNUT, (429, 150, 165, 66, 127, 142), strict=True))),
        (
            "matscholar/train.txt",
            4402,
            None,
            dict(zip(MATSCHOLAR, (5954, 5642, 3716, 1846, 1668, 1051, 509), strict=True)),
        ),
        ("matscholar/dev.txt", 511, None, dict(zip(MATSCHOLAR, (725, 641, 415, 190, 230, 96, 45), strict=True))),
        ("matscholar/test.txt", 546, None, dict(zip(MATSCHOLAR, (682, 772, 437, 195, 171, 170, 75), strict=True))),
        ("nerre_general/spans.jsonl", 611, 436, dict(zip(NERRE, (1411, 640, 199, 759, 808, 1056), strict=True))),
    ],
)
def test_the_published_counts_are_found(
    name: str, n_documents: int, n_with_entities: int | None, entities: dict[str, int]
):
    found_documents, found_with_entities, found = counts(name)
    assert found == entities
    assert found_documents == n_documents
    assert n_with_entities in {None, found_with_entities}


@pytest.mark.parametrize(
    ("name", "n_files", "n_sentences", "n_with_entities", "n_entities"),
    [
        ("anem/test/AnEM.train", 300, 2815, 996, 1879),
        ("anem/test/AnEM.test", 200, 1882, 699, 1256),
        ("anem/development/AnEM.train", 250, 2266, 854, 1616),
        ("anem/development/AnEM.test", 50, 549, 142, 263),
    ],
)
def test_anem_counts_and_documents(name: str, n_files: int, n_sentences: int, n_with_entities: int, n_entities: int):
    found_documents, found_with_entities, found = counts(name)
    assert (found_documents, found_with_entities, found.total()) == (n_sentences, n_with_entities, n_entities)
    assert load(name)[0][-1].meta["document"] == n_files


def test_anem_sentences_stand_verbatim_in_the_original_texts():
    names = (DATA / "anem/test/test-files.list").read_text().split()
    with tarfile.open(fileobj=io.BytesIO((DATA / "anem/standoff.tar.gz").read_bytes())) as archive:
        members = {Path(m.name).name: m for m in archive.getmembers() if m.name.endswith(".txt")}
        originals = [archive.extractfile(members[f"{name}.txt"]).read().decode() for name in names]  # type: ignore[union-attr]
    for document in load("anem/test/AnEM.test")[0]:
        # Where the original breaks a line, the token file can only tell the width of the gap.
        assert document.text in re.sub(r"\s", " ", originals[document.meta["document"] - 1])


def test_gmb_loses_only_its_cut_sentence_and_says_so():
    n_sentences, n_with_entities, entities = counts("gmb_subset/ner_dataset.csv")
    # Published with the cut sentence: 8301 sentences, 7083 with entities, geo 6276, tim 3370.
    assert (n_sentences, n_with_entities) == (8300, 7082)
    labels = ("geo", "org", "tim", "gpe", "per", "art", "eve", "nat")
    assert entities == dict(zip(labels, (6275, 3432, 3369, 3046, 2986, 100, 84, 47), strict=True))
    (warning,) = load("gmb_subset/ner_dataset.csv")[1]
    assert "cuts off" in warning


def test_matscholars_damage_is_reported_with_its_first_line():
    assert load("matscholar/train.txt")[1][0].endswith("line 35099 has no token and was left out (and 2 more)")
    assert load("matscholar/dev.txt")[1][0].endswith("line 287 has no tag and counts as O (and 31 more)")
    assert load("matscholar/test.txt")[1] == ()


def test_nerre_keeps_its_values_beside_its_spans():
    documents, _ = load("nerre_general/spans.jsonl")
    assert sum(len(strings) for document in documents for strings in (document.values or {}).values()) == 2782


@pytest.mark.parametrize("name", ["wnut17/emerging.dev.conll", "matscholar/test.txt", "nerre_general/spans.jsonl"])
def test_real_documents_survive_jsonl(tmp_path: Path, name: str):
    documents, _ = load(name)
    write_documents(documents, tmp_path / "out.jsonl")
    assert tuple(r.document for r in read_documents(tmp_path / "out.jsonl")) == documents


@pytest.mark.parametrize("name", ["wnut17/emerging.dev.conll", "bc5cdr/iob/devel.tsv"])
def test_real_sentences_survive_conll(tmp_path: Path, name: str):
    documents, _ = load(name)
    write_documents(documents, tmp_path / "out.conll")
    back = [r.document for r in read_documents(tmp_path / "out.conll")]
    assert [(d.text, d.entities) for d in back] == [(d.text, d.entities) for d in documents]
