"""What the client gives: results that cannot be mistaken, data frames, and how little importing it costs."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from allabel.client import (
    AnnotatedText,
    Entity,
    Grounding,
    NotTaggedError,
    Span,
    Status,
    Tagged,
    Ungrounded,
    frames,
    to_dataframe,
    to_dataframes,
)
from allabel.errors import MissingExtraError, SpanError

SALT = Entity(2, 6, "Salt", "NaCl", "NaCl", 0.9, Grounding.EXACT, ("d1",))
WATER = Entity(10, 15, "Solvent", "water", "Water", None, Grounding.NORMALISED)
FOUND = Tagged(0, "a", "😀 NaCl in water", Status.OK, (SALT, WATER))
EMPTY = Tagged(1, "b", "Nothing", Status.OK, (), (Ungrounded("Salt", "KCl", None, Grounding.MISSING),))
FAILED = Tagged(2, "c", "Long", Status.TRUNCATED, error="the window is full")


def test_a_failed_text_is_no_empty_one():
    assert (FOUND.ok, EMPTY.ok, FAILED.ok) == (True, True, False)
    assert EMPTY.entities == ()
    assert FAILED.found is None
    with pytest.raises(NotTaggedError, match=r"text 2 \(c\) .* truncated: the window is full"):
        _ = FAILED.entities
    with pytest.raises(NotTaggedError):
        FAILED.annotated()
    with pytest.raises(NotTaggedError):
        FAILED.dataframe()


def test_results_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        FOUND.status = Status.FAILED


def test_a_confirmed_text_has_the_entities_found_or_those_of_the_person():
    assert FOUND.annotated() == AnnotatedText(FOUND.text, (Span(2, 6, "Salt"), Span(10, 15, "Solvent")), "a")
    assert FOUND.annotated([WATER, Span(2, 6, "Acid")]).entities == (Span(2, 6, "Acid"), Span(10, 15, "Solvent"))
    assert FOUND.annotated([]).entities == ()
    with pytest.raises(SpanError, match="14 code points"):
        AnnotatedText("😀 NaCl in wate", (Span(10, 15, "Solvent"),))


def test_entities_are_rows_and_every_text_is_a_document():
    entities, documents = to_dataframes(iter([FOUND, EMPTY, FAILED]))
    assert list(entities.columns) == ["place", "id", "start", "end", "label", "text", "score", "grounding", "status"]
    assert entities.values.tolist()[0] == [0, "a", 2, 6, "Salt", "NaCl", 0.9, "exact", "ok"]
    assert list(entities["score"].isna()) == [False, True]
    assert list(documents["id"]) == ["a", "b", "c"]
    assert list(documents["status"]) == ["ok", "ok", "truncated"]
    assert list(documents["n_entities"].isna()) == [False, False, True]
    assert list(documents["n_entities"].fillna(-1)) == [2, 0, -1]
    assert list(documents["n_ungrounded"]) == [0, 1, 0]
    assert documents["error"].iloc[2] == "the window is full"


def test_frames_of_nothing_have_the_columns_and_types_of_others():
    some, none = to_dataframes([FOUND]), to_dataframes([])
    for one, other in zip(some, none, strict=True):
        assert list(one.dtypes) == list(other.dtypes)
        assert list(one.columns) == list(other.columns)
    assert len(EMPTY.dataframe()) == 0
    assert to_dataframe([FOUND]).equals(FOUND.dataframe())


def test_without_pandas_its_installation_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        frames.to_dataframe([FOUND])


def test_importing_the_client_imports_nothing_heavy():
    heavy = ["httpx", "numpy", "pandas", "fastapi", "sqlalchemy", "pydantic", "click", "scipy", "asyncio"]
    code = f"import sys, allabel.client; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # asyncio is the standard library's, and AsyncClient's.
    assert done.stdout.strip() in {"[]", "['asyncio']"}


def test_a_client_needs_httpx_and_none_of_the_servers_packages():
    wrong = ["numpy", "pandas", "fastapi", "uvicorn", "sqlalchemy", "pydantic", "scipy", "openai"]
    code = (
        "import sys\nfrom allabel.client import AsyncClient, Client\nClient(); AsyncClient()\n"
        f"print([n for n in {wrong} if n in sys.modules])\n"
        "sys.modules['httpx'] = None\ntry:\n    Client()\nexcept Exception as e:\n    print(type(e).__name__, e)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "[]",
        "MissingExtraError the client needs httpx: pip install 'allabel[client]'",
    ]
