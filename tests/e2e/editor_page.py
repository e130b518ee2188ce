"""The span editor alone, over a queue of texts in the file that `?case=` names; not a test itself.

The case: {"texts": [...], "labels": [...], "overlap": false}; each text has a "text", and may have "entities",
"suggestions", "rejected", "answered", "problem", "conflict" (once: the answer somebody else saved meanwhile).
What the person did is kept beside it: `ops.jsonl` (each op once) and `state.json` (drafts, answers, the place).
`refuse` beside it makes every op fail, as a locked project would.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from allabel.document import Span
from allabel.schema import Label
from app.components.span_editor.component import pending_ops, span_editor
from app.components.span_editor.data import EditorData, Problem, Suggestion
from app.components.span_editor.ops import Op

st.set_page_config(layout="wide")
CASE = Path(st.query_params["case"])
case = json.loads(CASE.read_text(encoding="utf-8"))
STATE, LOG = CASE.parent / "state.json", CASE.parent / "ops.jsonl"


def state() -> dict[str, Any]:
    if STATE.exists():
        return dict(json.loads(STATE.read_text(encoding="utf-8")))
    return {"at": 0, "seen": [], "drafts": {}, "answers": {}, "versions": {}}


def spans(of: Any) -> tuple[Span, ...]:
    return tuple(Span(*span) for span in of)


def deal(op: Op, now: dict[str, Any]) -> None:
    with LOG.open("a", encoding="utf-8") as log:
        log.write(json.dumps(asdict(op) | {"problem": op.problem and str(op.problem)}) + "\n")
    if op.op == "wrong":
        st.session_state.problem = Problem(str(op.problem))
        return
    place = op.doc_id
    version = now["versions"].get(place, 0)
    entities = [[s.start, s.end, s.label] for s in op.entities]
    if op.op == "draft" and op.version == version and op.n >= now["drafts"].get(place, {"n": 0})["n"]:
        rejected = [[s.start, s.end, s.label] for s in op.rejected]
        now["drafts"][place] = {"n": op.n, "entities": entities, "rejected": rejected}
    conflict = case["texts"][int(place)].get("conflict")
    if op.op == "save" and conflict and op.version == version == 0:
        now["versions"][place], now["answers"][place] = 1, conflict
        st.session_state.problem = Problem(
            "Somebody saved another answer for this text.", "conflict", spans(conflict), 1, "ben", "10:15"
        )
        return
    if op.op == "save":
        now["answers"][place], now["versions"][place] = entities, version + 1
    if op.op in {"save", "reload"}:
        now["drafts"].pop(place, None)
    if op.op in {"save", "reload", "skip"}:
        st.session_state.problem = None
    if op.op in {"save", "skip"} and place == str(now["at"]):
        now["at"] += 1
    if op.op == "back":
        now["at"] = max(now["at"] - 1, 0)


def take() -> None:
    if (CASE.parent / "refuse").exists():
        return
    now = state()
    for op in pending_ops("editor"):
        if op.id not in now["seen"]:
            now["seen"].append(op.id)
            deal(op, now)
    STATE.write_text(json.dumps(now), encoding="utf-8")


now = state()
place = str(now["at"])
st.text_input("Elsewhere", key="elsewhere")
if now["at"] >= len(case["texts"]):
    st.write("The queue is empty.")
else:
    text = case["texts"][now["at"]]
    answer = now["answers"].get(place)
    draft = now["drafts"].get(place) or {"n": 0, "entities": answer or text.get("entities", []), "rejected": []}
    suggested = text.get("suggestions", [])
    span_editor(
        EditorData(
            project=str(CASE),
            person="anna",
            doc_id=place,
            text=text["text"],
            version=now["versions"].get(place, 0),
            entities=spans(draft["entities"]),
            suggestions=tuple(Suggestion(**s) for s in suggested),
            rejected=spans(draft["rejected"]),
            labels=tuple(Label(**label) for label in case["labels"]),
            overlap=case.get("overlap", False),
            draft_n=draft["n"],
            acked=tuple(now["seen"][-300:]),
            problem=st.session_state.get("problem") or (Problem(text["problem"]) if "problem" in text else None),
            answered=answer is not None or text.get("answered", False),
            blind=text.get("blind", False),
            read_only=text.get("read_only", False),
            mode=case.get("mode", "annotate"),
        ),
        key="editor",
        on_ops=take,
    )
