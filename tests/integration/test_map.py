"""`allabel map`: the page, its data, and that nothing in a text can break out of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.layout import nearest, plane
from allabel.pool_map import GRID, STATES, draw_map
from allabel.select.base import Pool
from retrieval.bm25 import Bm25

NASTY = ["<nUm> mg of </script><script>alert(1)</script>", "<!-- a & b ' \" \u2028 {{ x }} -->", "\\u003c \\ \t 😀 İ"]


def data_of(page: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    data: dict[str, Any] = json.loads(found)
    return data


@pytest.fixture
def page(tmp_path: Path, bc5cdr: Callable[[str, int], list[Document]], allabel: Callable[..., Any]) -> str:
    """The page of 60 sentences and three that would break it: 5 annotated, 6 queued."""
    file, folder, out = tmp_path / "in.jsonl", tmp_path / "project", tmp_path / "map.html"
    documents = [{"id": d.id, "text": d.text, "entities": []} for d in bc5cdr("train", 60)]
    documents += [{"id": f"<b>{i}", "text": text, "entities": []} for i, text in enumerate(NASTY)]
    file.write_text("".join(json.dumps(d) + "\n" for d in documents), encoding="utf-8")
    allabel("init", folder, "--labels", "Chemical")
    allabel("-p", folder, "import", file)
    allabel("-p", folder, "select", "--budget", "5", "--strategy", "uniform")
    allabel("-p", folder, "annotate", "--from-gold")
    allabel("-p", folder, "select", "--budget", "6", "--strategy", "core_set")
    ended = allabel("-p", folder, "map", "-o", out)
    assert (ended.status, ended.out) == (0, "")
    assert "5 annotated, 6 queued" in ended.err
    return out.read_text(encoding="utf-8")


def test_every_text_is_on_the_page_with_its_state_and_reason(page: str) -> None:
    data = data_of(page)
    assert len(data["ids"]) == len(data["x"]) == len(data["y"]) == 63
    counts = [data["states"].count(i) for i in range(4)]
    assert counts[:2] == [5, 6]
    assert sum(counts) == 63
    assert [bool(reason) for reason in data["reasons"]] == [state < 2 for state in data["states"]]
    assert {reason.split(":")[0] for reason in data["reasons"]} == {"", "uniform", "core_set"}
    assert f"63 texts: 5 annotated, 6 queued, {counts[2]} covered, {counts[3]} uncovered" in page
    assert all(0 <= value <= GRID for value in [*data["x"], *data["y"]])


def test_no_text_or_id_can_break_out_of_the_page(page: str) -> None:
    data = data_of(page)
    assert data["texts"][-3:] == [" ".join(text.split()) for text in NASTY]
    assert data["ids"][-1] == "<b>2"
    assert page.count("<script") == page.count("</script>") == 2
    assert "<nUm>" not in page
    assert "<b>2" not in page
    assert "<!-- a" not in page
    assert "\u2028" not in page


def test_the_page_needs_no_network(page: str) -> None:
    assert not re.findall(r"(?:https?:)?//[a-z]", page.split('<script id="data"', maxsplit=1)[0])
    assert "default-src 'none'" in page


def test_the_map_does_not_overwrite_the_project(tmp_path: Path, allabel: Callable[..., Any]) -> None:
    allabel("init", tmp_path / "p", "--labels", "Chemical")
    assert allabel("-p", tmp_path / "p", "map", "-o", tmp_path / "p" / "labels.toml").status == 2
    empty = allabel("-p", tmp_path / "p", "map", "-o", tmp_path / "map.html")
    assert empty.status == 2
    assert "allabel import" in empty.err
    assert not (tmp_path / "map.html").exists()


def test_covered_means_a_chosen_text_among_the_ten_closest() -> None:
    near = [f"aspirin induced asthma in patient {i}" for i in range(5)]
    far = [f"the liver of rat {i} was weighed" for i in range(40)]
    texts = (*near, *far)
    pool = Pool(tuple(DocId(str(i)) for i in range(45)), texts, frozenset({0}))
    drawn = draw_map(pool, annotated=frozenset(), reasons={}, similarity=Bm25)
    assert [STATES[s] for s in drawn.states] == ["queued"] + ["covered"] * 4 + ["uncovered"] * 40
    with pytest.raises(InputError):
        draw_map(Pool((), ()), annotated=frozenset(), reasons={}, similarity=Bm25)


def test_a_larger_pool_is_drawn_in_part_with_all_chosen_texts(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    documents = bc5cdr("train", 120)
    pool = Pool(tuple(d.id for d in documents), tuple(d.text for d in documents), frozenset({3, 99}))
    drawn = draw_map(pool, annotated={documents[3].id}, reasons={}, similarity=Bm25, most_points=50)
    assert drawn.sampled
    assert len(drawn.ids) == len(set(drawn.ids)) == 50
    assert drawn.counts[:2] == [1, 1]
    assert sum(drawn.counts) == 50


def test_neighbours_stay_together_and_the_picture_is_the_same_twice() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(4, 20)[np.repeat(np.arange(4), 30)]
    vectors = (centres + 0.1 * rng.normal(size=(120, 20))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    here = plane(vectors, np.random.default_rng(1))
    assert (here == plane(vectors, np.random.default_rng(1))).all()
    assert 0 <= here.min() <= here.max() <= 1
    distance = np.linalg.norm(here[:, None] - here[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    group = np.repeat(np.arange(4), 30)
    assert (group[distance.argmin(axis=1)] == group).mean() > 0.95


def test_a_few_odd_texts_do_not_squeeze_the_others(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    # Sixteen of these sentences are what the main axis tells from all others.
    vectors = Bm25([d.text for d in bc5cdr("train", 300)]).vectors()
    here = plane(vectors, np.random.default_rng(0))
    low, high = np.quantile(here, [0.25, 0.75], axis=0)
    assert (high - low).min() > 0.25


def test_nearest_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 6)).astype(np.float32)
    scores = vectors @ vectors.T
    for i, found in enumerate(nearest(vectors, 3)):
        assert set(found.tolist()) == set([j for j in np.argsort(-scores[i]).tolist() if j != i][:3])


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_few_texts_have_a_picture_too(n: int) -> None:
    pool = Pool(tuple(DocId(str(i)) for i in range(n)), ("same text",) * n)
    drawn = draw_map(pool, annotated=frozenset(), reasons={}, similarity=Bm25)
    assert len(drawn.x) == len(drawn.y) == n
    assert drawn.counts == [0, 0, 0, n]
