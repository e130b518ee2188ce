"""The nine public corpora, against what their folders' READMEs say of them."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pytest

from allabel.document import Document
from allabel.formats.registry import read_documents
from eval.datasets import open_data
from eval.datasets.base import About, assemble
from eval.datasets.catalogue import CORPORA

# Texts and entities (or values) of each published file that is read, as data/*/README.md has them.
PUBLISHED = {
    "nerre_general": [(611, 2782)],
    "nerre_mof": [(507, 2360)],
    "uspto_ord": [(1000, 7530)],
    "bc5cdr": [(4560, 5203 + 4182), (4797, 5385 + 4424)],
    "anem": [(2815, 1879), (1882, 1256)],
    "wnut17": [(3394, 1975), (1287, 1079)],
    "gmb_subset": [(8300, 19341)],
    "matscholar": [(4402, 20386), (546, 2502)],
    "materials_synthesis": [(200, 18896), (15, 1259)],
}
# Gold of the pool's file by label, where the README has a line a label.
BY_LABEL = {
    "nerre_general": {
        "formula": 703,
        "name": 371,
        "acronym": 84,
        "structure_or_phase": 529,
        "description": 489,
        "applications": 606,
    },
    "nerre_mof": {
        "mof_formula": 116,
        "name_of_mof": 576,
        "mof_description": 289,
        "guest_species": 227,
        "applications": 1152,
    },
    "uspto_ord": {"REACTANT": 3128, "SOLVENT": 1027, "CATALYST": 139, "PRODUCT": 893, "WORKUP": 2343},
    "bc5cdr": {"Chemical": 5203, "Disease": 4182},
    "anem": {
        "Cell": 472,
        "Multi-tissue_structure": 392,
        "Organ": 219,
        "Pathological_formation": 218,
        "Organism_substance": 169,
        "Cellular_component": 111,
        "Tissue": 109,
        "Organism_subdivision": 106,
        "Anatomical_system": 37,
        "Immaterial_anatomical_entity": 30,
        "Developing_anatomical_structure": 16,
    },
    "wnut17": {"person": 660, "location": 548, "group": 264, "corporation": 221, "product": 142, "creative-work": 140},
    "matscholar": {"MAT": 5954, "PRO": 5642, "DSC": 3716, "CMT": 1846, "SMT": 1668, "APL": 1051, "SPL": 509},
}
GMB = {"geo": 6276, "org": 3432, "tim": 3370, "gpe": 3046, "per": 2986, "art": 100, "eve": 84, "nat": 47}

pytestmark = pytest.mark.filterwarnings("ignore::allabel.formats.base.FormatWarning")


@lru_cache
def files_of(data: Path, name: str) -> list[tuple[Document, ...]]:
    corpus = CORPORA[name]
    return [tuple(corpus.read(data / name / file)) for file in corpus.layouts[0].files]


def labels_of(documents: Iterable[Document]) -> Counter[str]:
    return Counter(
        label
        for d in documents
        for label in (
            [s.label for s in d.entities or ()]
            if d.values is None
            else [label for label, strings in d.values.items() for _ in strings]
        )
    )


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "gmb_subset"])
def test_a_corpus_has_the_texts_and_entities_that_its_readme_counts(data: Path, name: str) -> None:
    files = files_of(data, name)
    assert [(len(docs), labels_of(docs).total()) for docs in files] == PUBLISHED[name]
    if name in BY_LABEL:
        assert labels_of(files[0]) == BY_LABEL[name]


def test_the_sentence_that_the_end_of_gmb_cuts_off_is_left_out(data: Path) -> None:
    (sentences,) = files_of(data, "gmb_subset")
    assert len(sentences) == PUBLISHED["gmb_subset"][0][0]
    assert sentences[0].text.startswith("Thousands of demonstrators have")
    assert not sentences[-1].text.startswith("Iran defied an August 31")
    # The README counts "Iran" (geo) and "August 31" (tim) of that sentence too.
    assert Counter(GMB) - labels_of(sentences) == {"geo": 1, "tim": 1}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_list_of_corpora_tells_labels_and_numbers_of_texts_as_they_are(data: Path, name: str) -> None:
    corpus, (pool, *test) = CORPORA[name], files_of(data, name)
    made = assemble(About(name, corpus.labels), pool, test[0] if test else ())
    assert (len(made.pool), len(made.test)) == corpus.n_texts
    texts = [d.text for d in (*made.pool, *made.test)]
    assert len(set(texts)) == len(texts) == len({d.text for part in (pool, *test) for d in part})
    assert set().union(*map(labels_of, (pool, *test))) == set(corpus.labels)
    spans = [s for d in (*made.pool, *made.test) for s in zip(d.entities or (), (d.entities or ())[1:], strict=False)]
    assert not any(left.overlaps(right) for left, right in spans)


@pytest.mark.parametrize("name", ["nerre_general", "nerre_mof", "uspto_ord"])
def test_spans_derived_from_the_original_are_those_that_were_derived_before(data: Path, name: str) -> None:
    (derived,) = files_of(data, name)
    before = [record.document for record in read_documents(data / name / "spans.jsonl")]
    assert list(derived) == before


def test_of_two_mof_texts_with_other_gold_the_first_wins_and_it_is_told(data: Path, tmp_path: Path) -> None:
    told: list[str] = []
    opened = open_data("nerre_mof", root=data, cache=tmp_path, tell=told.append)
    ids = {d.id for d in opened.pool}
    assert {f"nerre_mof-{n:04}" for n in (0, 2, 3, 4, 5)} <= ids
    assert not {f"nerre_mof-{n:04}" for n in (462, 374, 375, 376, 377)} & ids
    assert told == ["nerre_mof: 5 of 507 texts are blank or repeated and were left out"]
    assert opened.by_value
    assert opened.public


def test_brat_offsets_run_over_the_whole_file(data: Path, tmp_path: Path) -> None:
    opened = open_data("materials_synthesis", root=data, cache=tmp_path)
    document = next(d for d in opened.pool if d.id == "101002adma200903953")
    found = {(s.start, s.end, s.label, document.text[s.start : s.end]) for s in document.entities or ()}
    lines = (data / "materials_synthesis/data/101002adma200903953.ann").read_bytes().decode().split("\n")
    cells = [line.split("\t") for line in lines if line.startswith("T")]
    assert found == {(int(w.split()[1]), int(w.split()[2]), w.split()[0], mention) for _, w, mention in cells}
    assert not opened.by_value
