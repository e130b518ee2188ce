"""The journal of calls and the cache of answers."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from allabel.document import DocId, Document
from allabel.errors import StoreError
from allabel.store import Call, ModelCalls, Store


def call(**parts: Any) -> Call:
    usual: dict[str, Any] = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "doc_id": None,
        "prompt_hash": "0" * 64,
        "model": "m",
        "backend": "chat",
        "status": "ok",
        "n_attempts": 1,
        "n_prompt_tokens": 100,
        "n_output_tokens": 10,
        "latency_s": 1.0,
    }
    return Call(**usual | parts)


def test_an_empty_journal_sums_to_nothing(store: Store) -> None:
    summary = store.calls_summary()
    assert (summary.n_calls, summary.n_requests, summary.n_prompt_tokens, summary.models) == (0, 0, 0, ())
    assert summary.by_status == {}
    assert summary.latency_p50_s is None


def test_the_journal_is_summed_by_status_model_and_latency(store: Store) -> None:
    store.add_documents([Document(DocId("a"), "HCl")])
    store.add_calls([call(doc_id=DocId("a"), latency_s=float(i)) for i in range(1, 101)])
    store.add_calls([call(model="n", status="failed", n_attempts=0, n_prompt_tokens=0, n_output_tokens=0, latency_s=0)])
    store.add_calls([call(model="n", status="truncated", n_attempts=3, latency_s=500.0)])
    summary = store.calls_summary()
    assert summary.by_status == {"failed": 1, "ok": 100, "truncated": 1}
    assert summary.models == (ModelCalls("m", 100, 10_000, 1000), ModelCalls("n", 2, 100, 10))
    assert (summary.n_calls, summary.n_requests) == (102, 103)
    assert (summary.latency_p50_s, summary.latency_p95_s) == (51.0, 96.0)


def test_the_journal_names_only_documents_there_are(store: Store) -> None:
    with pytest.raises(StoreError):
        store.add_calls([call(doc_id=DocId("nobody"))])
    assert store.calls_summary().n_calls == 0


@pytest.mark.parametrize("change", ["UPDATE calls SET status = 'ok'", "DELETE FROM calls"])
def test_the_journal_refuses_to_be_changed(store: Store, change: str) -> None:
    store.add_calls([call(status="failed")])
    with pytest.raises(StoreError, match="append-only"), store._database.write() as connection:
        connection.execute(text(change))
    assert store.calls_summary().by_status == {"failed": 1}


def test_answers_come_back_by_key_and_the_first_of_a_key_stays(store: Store) -> None:
    answer = {"content": "\u0000 Fe₂O₃", "tokens": [["\xe2", -math.pi], ["a", "-inf"]]}
    store.add_cached({"k": answer, "l": {}})
    store.add_cached({"k": {"content": "other"}, "n": {"content": ""}})
    assert store.cached(["k", "n", "nobody"]) == {"k": answer, "n": {"content": ""}}
    assert store.cached([]) == {}


def test_more_keys_than_a_statement_takes_are_found(store: Store) -> None:
    answers = {f"{i:064}": {"i": i} for i in range(2500)}
    store.add_cached(answers)
    assert store.cached(answers) == answers
