"""What a project holds in the end, without the moments and numbers that differ between any two runs."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text

from allabel.project import Project
from allabel.store import Store
from allabel.store.tables import metadata

# When, for how long, and what a database counts on its own account.
VOLATILE = {"at", "until", "latency_s", "seq", "position", "draw"}
# Appended each time; only the latest of a text counts.
LATEST = {"tagged": "doc_id"}


def rows_of(store: Store) -> dict[str, list[str]]:
    """Return each table's rows in words, in their order of writing where there is one, else sorted."""
    found = {}
    with store.reads() as connection:
        for name, table in metadata.tables.items():
            order = [table.c[one] for one in ("seq", "position", "id") if one in table.c][:1]
            rows = [dict(row) for row in connection.execute(table.select().order_by(*order)).mappings()]
            if name in LATEST:
                rows = list({row[LATEST[name]]: row for row in rows}.values())
            words = [json.dumps(_steady(row, table.name), sort_keys=True, default=str) for row in rows]
            found[name] = words if order and name not in LATEST else sorted(words)
    return found


def _steady(row: dict[str, Any], table: str) -> dict[str, Any]:
    # A number that a server's sequence gave out is spent also where the transaction was lost.
    numbered = {"selection_id"} | ({"id"} if table in {"selections", "askings", "questions"} else set())
    return {key: value for key, value in row.items() if key not in VOLATILE | numbered}


def state_of(folder: Path) -> dict[str, Any]:
    """Return what the project in a folder holds: its rows, its label schema, its tuned model, what was written."""
    with Project.open(folder) as project:
        found: dict[str, Any] = {"rows": rows_of(project.store), "labels": project.schema.to_toml()}
        with project.store.reads() as connection:
            found["schema"] = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            found["tables"] = sorted(inspect(connection).get_table_names())
    for file in sorted(folder.parent.glob("out*.jsonl")):
        found[file.name] = file.read_bytes()
    if (kept := folder / "tuned" / "tuned.json").exists():
        told = json.loads(kept.read_text(encoding="utf-8"))
        found["tuned"] = told["model"], told["tagger"], told["folder"], told["lesson"]["texts"]
    return found
