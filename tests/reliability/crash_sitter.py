"""A person at the annotation page, without the browser: what it would send goes through the app's own sitting.

Each operation is told as `begin`, and as `kept` when the page would be told so. What an earlier process was not heard
of is sent first, as the browser does.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allabel.document import Span
from allabel.people.accounts import Person
from allabel.people.desk import Desk, Task
from allabel.people.roles import Role
from allabel.people.terms import Terms
from allabel.project import Project
from app.components.span_editor.ops import Op
from app.sitting import Sitting

NAME = "ada"


def entities_for(text: str) -> tuple[Span, ...]:
    """Return what this person marks in a text: its first and its last word."""
    words = text.split()
    first = Span(text.index(words[0]), text.index(words[0]) + len(words[0]), "Reagent")
    start = text.rindex(words[-1])
    return (first,) if start < first.end else (first, Span(start, start + len(words[-1]), "Solvent"))


def ops_of(task: Task, sent: set[str]) -> Iterator[Op]:
    """Yield what the browser sends while this person is at a text: some are flagged, some put off once."""
    id, marked = task.document.id, entities_for(task.document.text)
    number = sum(map(ord, id))
    if number % 7 == 0 and f"flag:{id}" not in sent:
        yield Op(f"flag:{id}", "flag", id, note="is this a salt?")
    n = 1 if task.draft is None else task.draft.n + 1
    yield Op(f"draft:{id}:{n}", "draft", id, version=task.version, n=n, entities=marked[:1])
    if number % 11 == 0 and f"skip:{id}" not in sent:
        yield Op(f"skip:{id}", "skip", id)
        return
    yield Op(f"save:{id}", "save", id, version=task.version, n=n + 1, entities=marked, seconds=2.5)


def main(arguments: Sequence[str]) -> None:
    """Work through the queue: the project's folder, and a JSON file with what was sent before."""
    folder, before = Path(arguments[0]), json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
    sent = set(before["sent"])
    with Project.open(folder) as project:
        desk = Desk(
            project.store, project.schema, Person(NAME, Role.ANNOTATOR, True, datetime.now(UTC)), project.settings
        )
        sitting = Sitting(desk, Terms(project.store, project.schema), desk.next)
        for told in before["unheard"]:
            _send(sitting, op_of(told))
        while task := sitting.current():
            for op in ops_of(task, sent):
                sent.add(op.id)
                _send(sitting, op)
    print("done", flush=True)


def _send(sitting: Sitting, op: Op) -> None:
    print("begin", json.dumps(asdict(op)), flush=True)
    sitting.take([op])
    if op.id in sitting.acked and sitting.problem is None:
        print("kept", op.id, flush=True)
    else:
        print("refused", op.id, sitting.problem, flush=True)


def op_of(told: dict[str, Any]) -> Op:
    """Read an operation that was told as JSON."""
    spans = {key: tuple(Span(**one) for one in told[key]) for key in ("entities", "rejected")}
    return Op(**{**told, **spans, "ids": tuple(told["ids"]), "problem": None})
