"""Label Studio JSON: a list of tasks with regions; also its JSON-MIN, where a task is flat."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from allabel.document import Document, Span
from allabel.formats.base import Losses, Record
from allabel.formats.dialects import dialect_of
from allabel.formats.json_list import read_items, write_items
from allabel.formats.native import Place, parse_document
from allabel.formats.places import Item, UniqueIds
from allabel.formats.units import in_units, said_text

# As in Label Studio's own template for named entities.
_FROM, _TO = "label", "text"
_OWN_KEYS = {"id", "text", "meta", "values"}
_MIN_KEYS = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}


class LabelStudio:
    """Reads and writes tasks whose text is `data.text`; the answer is the newest annotation that was not cancelled.

    part: `annotations`, people's answers, or `predictions`, a model's; the other is left out, with a warning.
    Offsets are code points. Where a region's own text says so, older files in UTF-16 units are read too, with a
    warning. Times go to `lead_time`; id, values and meta stand in `data`.
    """

    suffixes: tuple[str, ...] = (".json",)

    def __init__(self, part: str = "annotations"):
        self.part = part
        self.name = "label_studio" if part == "annotations" else "label_studio_predictions"

    def read(self, path: Path) -> Iterator[Record]:
        """Yield one document a task. Raises InputError where offsets and text disagree, naming the task."""
        losses, ids = Losses(path), UniqueIds()
        for n, (item, task) in enumerate(read_items(path, "task"), start=1):
            data, answer = self._parts(task, item, losses)
            document = _document(data, answer, f"{path.stem}-{n}", item, losses)
            ids.take(document.id, item.name, item)
            yield Record(item.line, document)
        losses.tell()

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write a task a line; a document nobody annotated is a task without an answer."""
        losses = Losses(path)
        tasks = ((f"document {d.id!r}", self._task(n, d, losses)) for n, d in enumerate(documents, start=1))
        write_items(tasks, path)
        losses.tell()

    def _parts(
        self, task: dict[str, Any], item: Item, losses: Losses
    ) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        """Split a task into its data and the answer that counts, None where there is none."""
        if "data" not in task:
            return _flat_parts(task, item)
        data = task["data"]
        if not isinstance(data, dict):
            raise item.wrong(f"has the data {data!r:.40}", 'for example "data": {"text": "NaCl in water"}')
        data = {"id": task.get("id"), **data}
        other = "predictions" if self.part == "annotations" else "annotations"
        losses.add(f"tasks whose {other} were left out", item.name, int(bool(_dicts(task, other, item))))
        # "completions" is what annotations were called before version 1.
        key = "completions" if self.part == "annotations" and self.part not in task else self.part
        answers = [one for one in _dicts(task, key, item) if not one.get("was_cancelled")]
        losses.add(f"older or further {self.part} of a task left out", item.name, max(0, len(answers) - 1))
        answers.sort(key=lambda one: (bool(one.get("ground_truth")), _when(one)))
        return data, answers[-1] if answers else None

    def _task(self, number: int, document: Document, losses: Losses) -> dict[str, Any]:
        data: dict[str, Any] = {"text": document.text, "id": document.id}
        if document.values is not None:
            data["values"] = {label: list(strings) for label, strings in document.values.items()}
        # Label Studio's own converter asks for a number; the document's id stands in the data.
        task: dict[str, Any] = {"id": number, "data": {**data, "meta": dict(document.meta)}}
        timed = document.seconds is not None and (document.entities is None or self.part == "predictions")
        losses.add("times (`seconds`) without an annotation left out", f"document {document.id!r}", int(timed))
        if document.entities is not None:
            answer: dict[str, Any] = {"result": [_region(n, s, document.text) for n, s in enumerate(document.entities)]}
            if document.seconds is not None and not timed:
                answer["lead_time"] = document.seconds
            task[self.part] = [answer]
        return task


def _region(n: int, span: Span, text: str) -> dict[str, Any]:
    value = {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
    return {"id": f"e{n}", "from_name": _FROM, "to_name": _TO, "type": "labels", "value": value}


def _document(
    data: Mapping[str, Any], answer: Mapping[str, Any] | None, default_id: str, item: Item, losses: Losses
) -> Document:
    if not isinstance(data.get("text"), str):
        found = ", ".join(map(repr, data)) or "nothing"
        raise item.wrong(f"has no string `text` in its data, which holds {found}", "rename the key of the text to text")
    meta = data.get("meta", {})
    others = {key: value for key, value in data.items() if key not in _OWN_KEYS}
    meta = {**others, **meta} if isinstance(meta, dict) else {**others, "meta": meta}
    native: dict[str, Any] = {"id": data.get("id"), "text": data["text"], "values": data.get("values"), "meta": meta}
    if answer is not None:
        regions = _regions(answer.get("result"), item, losses)
        native["entities"] = _entities(regions, data["text"], item, losses)
        # Answers that were imported have 0 there, which is no time.
        seconds = answer.get("lead_time")
        native["seconds"] = None if seconds == 0 else seconds
    return parse_document(native, default_id, item)


def _regions(result: Any, item: Item, losses: Losses) -> list[Mapping[str, Any]]:
    """The values of the regions that are labelled stretches of the text."""
    if not isinstance(result, list) or not all(isinstance(one, dict) for one in result):
        raise item.wrong(f"has the result {result!r:.40}", "a result is a list of regions")
    kept: list[Mapping[str, Any]] = []
    for region in result:
        value = region.get("value")
        if region.get("type", "labels") == "labels" and isinstance(value, dict) and value.get("labels"):
            kept.append(value)
        else:
            losses.add(f"regions of type {region.get('type')!r} without a text label left out", item.name)
    return kept


def _entities(regions: Sequence[Mapping[str, Any]], text: str, item: Item, losses: Losses) -> list[dict[str, Any]]:
    """Native entities, one for each label of a region, their offsets in code points."""
    places: list[tuple[Any, Any]] = [(one.get("start"), one.get("end")) for one in regions]
    said = [(one["start"], one["end"], one["text"]) for one in regions if _is_said(one)]
    bad = next((one for one in said if not said_text(text, *one)), None)
    if bad is not None:
        found = in_units(text, said)
        if found is None or len(said) != len(regions):
            start, end, words = bad
            raise item.wrong(
                f"has a region [{start}, {end}) that says {words!r:.60} where the text has {text[start:end]!r:.60}",
                "mend the offsets: they count code points from 0, and end is exclusive; UTF-16 units do not fit either",
            )
        places = [*found]
        losses.add("tasks counted in UTF-16 units, as Label Studio did before 2022, read as such", item.name)
    entities = []
    for (start, end), one in zip(places, regions, strict=True):
        labels = one["labels"] if isinstance(one["labels"], list) else [one["labels"]]
        entities += [{"start": start, "end": end, "label": label} for label in labels]
    return entities


def _is_said(region: Mapping[str, Any]) -> bool:
    return (type(region.get("start")), type(region.get("end")), type(region.get("text"))) == (int, int, str)


def predictions() -> LabelStudio:
    """Return the format of a model's answers."""
    return LabelStudio("predictions")


def _flat_parts(task: Mapping[str, Any], item: Item) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The parts of a task of JSON-MIN: what is a list of labelled stretches is the answer, the rest is data."""
    regions: list[dict[str, Any]] = []
    data: dict[str, Any] = {}
    for key, value in task.items():
        if isinstance(value, list) and value and all(isinstance(v, dict) and "labels" in v for v in value):
            regions += [{"type": "labels", "value": one} for one in value]
        elif key not in _MIN_KEYS:
            data[key] = value
    answered = bool(regions) or task.get("annotation_id") is not None
    dialect = "" if answered else dialect_of(data)[0]
    if dialect and (dialect != "jsonl" or "entities" in data):
        raise item.wrong(
            f"is no task of Label Studio: it has the keys of {dialect}, whose spans would be lost",
            f"write one object a line to a .jsonl file, and read it as {dialect}",
        )
    return data, {"result": regions, "lead_time": task.get("lead_time")} if answered else None


def _dicts(task: Mapping[str, Any], key: str, item: Place) -> list[dict[str, Any]]:
    value = task.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise item.wrong(f"has the {key} {value!r:.40}", f"`{key}` is a list of objects; export as JSON again")
    return value


def _when(answer: Mapping[str, Any]) -> str:
    return str(answer.get("updated_at") or answer.get("created_at") or "")
