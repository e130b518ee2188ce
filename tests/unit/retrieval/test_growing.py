"""An index that takes in further texts answers as one built anew."""

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.demonstrations import Demonstrations
from allabel.document import DocId
from retrieval.bm25 import Bm25
from retrieval.fusion import Fused
from retrieval.mmr import Mmr

TEXTS = ["NaCl in water", "water and more water", "TiO2 heated in air", "", "the band gap of TiO2", "NaCl, NaCl"]
QUERIES = ["TiO2 in water", "unheard of", "heated NaCl"]


@pytest.mark.parametrize("n", [1, 3, 5])
def test_bm25_grown_equals_bm25_built_anew(n):
    grown, anew = Bm25(TEXTS[:n]).extended(TEXTS[n:]), Bm25(TEXTS)
    np.testing.assert_allclose(grown.scores(QUERIES), anew.scores(QUERIES), rtol=1e-12)
    assert (grown.search(QUERIES, 4).ids == anew.search(QUERIES, 4).ids).all()
    np.testing.assert_allclose(grown.means(), anew.means(), rtol=1e-12)


def test_the_index_that_was_grown_stays_as_it_was():
    index = Bm25(TEXTS[:3])
    before = index.scores(QUERIES)
    index.extended(TEXTS[3:])
    assert (index.scores(QUERIES) == before).all()
    assert len(index) == 3


def test_a_fusion_grows_by_its_parts():
    grown = Fused([Bm25(TEXTS[:2]), Bm25(TEXTS[:2], k1=0.9)]).extended(TEXTS[2:])
    anew = Fused([Bm25(TEXTS), Bm25(TEXTS, k1=0.9)])
    assert (grown.search(QUERIES, 3).ids == anew.search(QUERIES, 3).ids).all()


@pytest.mark.parametrize("retriever", [Bm25, Mmr])
@pytest.mark.parametrize("change", ["none", "edited", "added", "replaced", "fewer"])
def test_changed_demonstrations_are_those_that_are_built_anew(retriever, change):
    def shown(texts, mark=""):
        return [Demonstration(DocId(f"{mark}{i}"), text, ()) for i, text in enumerate(texts)]

    later = {
        "none": shown(TEXTS[:4]),
        "edited": shown(TEXTS[:4], "edited-"),
        "added": shown(TEXTS),
        "replaced": shown([TEXTS[0], "another text", *TEXTS[2:]]),
        "fewer": shown(TEXTS[:2]),
    }[change]
    changed = Demonstrations(shown(TEXTS[:4]), retriever).changed(later)
    assert changed.nearest(QUERIES, 2) == Demonstrations(later, retriever).nearest(QUERIES, 2)
    assert changed.all == tuple(later)
