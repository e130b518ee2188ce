"""What the reader of a page has before its first block, by the names in `<!-- starts with: … -->`.

`NAME.jsonl` and `NAME.txt` are files of the shipped corpus, in the three labels that README names. `LLM` is a language
model's server at the address that pages name; `crf` has `allabel finetune` train a CRF, which needs no torch, where a
page leaves the tagger out. Any other name is a project of the texts of `gold.jsonl`, in all six labels: 30 annotated,
the rest tagged, and gold for all.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from faulty_server import FaultyServer, completion
from served import CORPUS

from allabel.document import DocId
from allabel.formats.base import Record
from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema

LABELS = ("Reagent", "Solvent", "Product")
N_TEXTS, N_ANNOTATED = 80, 30


class LanguageModel(FaultyServer):
    """Answers in the form that it is asked in: the first string that it may write, under the first label."""

    async def _answer(self, writer: Any, request: dict[str, Any]) -> None:
        schema = request.get("response_format", {}).get("json_schema", {}).get("schema", {})
        names = schema.get("$defs", {}).get("name", {}).get("enum", [])
        if not schema.get("required") or "word" in schema.get("properties", {}):
            await super()._answer(writer, request)
            return
        first, *others = schema["required"]
        content = json.dumps({first: names[:1], **dict.fromkeys(others, ())}, ensure_ascii=False)
        await self._send(writer, 200, completion(content), {})


def lay(names: Sequence[str], folder: Path, things: ExitStack, port: int) -> None:
    """Lay what a page starts with in its folder; a language model's server runs at `port` until `things` close."""
    for name in names:
        if name == "LLM":
            things.enter_context(LanguageModel(port=port))
        elif name == "crf":
            for labels in folder.glob("*/labels.toml"):
                labels.with_name("allabel.toml").write_text('[finetune]\ntagger = "crf"\n', encoding="utf-8")
        elif Path(name).suffix:
            (folder / name).write_text(_file(name), encoding="utf-8")
        else:
            _project(folder / name)


def _file(name: str) -> str:
    """Return a file of the first texts of the corpus; the name says whether all, some or none have entities."""
    rows = [{**row, "entities": [one for one in row["entities"] if one["label"] in LABELS]} for row in _rows()]
    if name.endswith(".txt"):
        return "".join(row["text"] + "\n" for row in rows)
    if name == "annotated.jsonl":
        rows = rows[:12]
    elif name == "texts.jsonl":
        rows = [{"id": row["id"], "text": row["text"]} for row in rows]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _rows() -> list[dict[str, Any]]:
    lines = (CORPUS / "pool.jsonl").read_text(encoding="utf-8").splitlines()[:N_TEXTS]
    return [{**json.loads(line), "id": f"texts-{n}"} for n, line in enumerate(lines, start=1)]


def _project(folder: Path) -> None:
    found = list(islice(read_documents(CORPUS / "pool.jsonl"), N_TEXTS))
    documents = [replace(one.document, id=DocId(f"texts-{one.line}")) for one in found]
    records = [Record(n, one) for n, one in enumerate(documents, start=1)]
    with Project.create(folder, LabelSchema.read(CORPUS / "labels.toml")) as project:
        project.import_records(records, Path("gold.jsonl"), "gold")
        project.import_records(records[:N_ANNOTATED], Path("annotated.jsonl"), "annotations")
        for _ in project.tag(project.rest(), keep=True):
            pass
