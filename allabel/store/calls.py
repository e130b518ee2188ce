"""The journal of what was asked of language models: appended, never changed."""

import math
from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, insert, select

from allabel.store.documents import batches
from allabel.store.records import Call, CallsSummary, ModelCalls
from allabel.store.tables import calls

_COLUMNS = tuple(field.name for field in fields(Call))


def add_calls(connection: Connection, new: Sequence[Call]) -> None:
    """Append; a document the store does not hold raises StoreError."""
    for batch in batches(new):
        connection.execute(insert(calls), [{name: getattr(call, name) for name in _COLUMNS} for call in batch])


def calls_summary(connection: Connection) -> CallsSummary:
    """Work the journal out, in SQL."""
    statuses = connection.execute(select(calls.c.status, func.count()).group_by(calls.c.status))
    prompt, output = func.sum(calls.c.n_prompt_tokens), func.sum(calls.c.n_output_tokens)
    models = connection.execute(select(calls.c.model, func.count(), prompt, output).group_by(calls.c.model))
    return CallsSummary(
        n_requests=int(connection.execute(select(func.coalesce(func.sum(calls.c.n_attempts), 0))).scalar_one()),
        by_status={status: int(n) for status, n in sorted(tuple(row) for row in statuses)},
        models=tuple(ModelCalls(model, int(n), int(p), int(o)) for model, n, p, o in sorted(map(tuple, models))),
        latency_p50_s=_latency(connection, 0.5),
        latency_p95_s=_latency(connection, 0.95),
    )


def _latency(connection: Connection, share: float) -> float | None:
    # The nearest rank: SQLite has no percentile of its own. What was never sent took no time and says nothing.
    sent = calls.c.n_attempts > 0
    n = int(connection.execute(select(func.count()).select_from(calls).where(sent)).scalar_one())
    if not n:
        return None
    ranked = select(calls.c.latency_s).where(sent).order_by(calls.c.latency_s)
    return float(connection.execute(ranked.limit(1).offset(math.ceil(share * n) - 1)).scalar_one())
