"""Tagged output: a document and a backend's reply on one line, and back again."""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from allabel.document import DocId, Span
from allabel.errors import InputError
from allabel.formats.files import read_lines, write_atomically
from allabel.formats.named import by_suffix
from allabel.formats.native import Place, dump_json, parse_document, parse_object, parse_span
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument

_E = TypeVar("_E", Status, Grounding)


def write_tagged(tagged: Iterable[TaggedDocument], path: Path) -> None:
    """Write one line a document, whole or not at all; a failed reply keeps its status and error."""
    with write_atomically(path) as handle:
        for one in tagged:
            handle.write(dump_json(tagged_line(one), f"document {one.id!r}", path) + "\n")


def refuse_other_format(path: Path) -> None:
    """Raise InputError where a file's suffix is that of another format: tagged output is JSONL, whatever its name."""
    named = by_suffix(path.suffix)
    if named is not None and named.name != "jsonl":
        jsonl = path.with_suffix(".jsonl")
        raise InputError(
            f"tagged output is JSONL, and {path.suffix!r} names {named.name}",
            file=path,
            remedy=f"write {jsonl.name}, then allabel convert {jsonl.name} {path.name}",
        )


def tagged_line(tagged: TaggedDocument) -> dict[str, Any]:
    """Give the JSON of a tagged document; it has `entities` only where the reply's status is `ok`.

    Proposals without a span go to `ungrounded`. `mention` stands beside an entity's `text` where the two differ.
    """
    reply = tagged.reply
    shown = list(reply.demonstrations)
    data: dict[str, Any] = {"id": tagged.id, "text": tagged.text}
    # A failed reply is never an empty annotation: without the key nobody can mistake it for one.
    if reply.status is Status.OK:
        data["entities"] = [{**_entity(s, p, tagged.text), "demonstrations": shown} for s, p in tagged.placed]
        data["ungrounded"] = [_ungrounded(p) for p in reply.proposals if p.span is None]
    data |= {"status": reply.status.value, "backend": tagged.backend, "model": tagged.model}
    if reply.status is not Status.OK:
        data["error"] = reply.error
    data |= {"perplexity": _finite(reply.perplexity), "demonstrations": shown}
    data |= {"n_prompt_tokens": reply.n_prompt_tokens, "n_output_tokens": reply.n_output_tokens}
    return {**data, "meta": dict(tagged.meta)}


def read_tagged(path: Path) -> Iterator[tuple[int, TaggedDocument]]:
    """Yield line number and tagged document, as `write_tagged` got it but for `raw` and grounded proposals first.

    A native document reads as a reply that went well, each of its entities exact. Raises InputError where a line has
    neither entities nor a status: nothing is known of it, and that is not the same as nothing found.
    """
    for line, source in read_lines(path):
        if source.strip():
            at = Place(path, line)
            yield line, _tagged(parse_object(source, at), f"{path.stem}-{line}", at)


def _tagged(data: dict[str, Any], default_id: str, at: Place) -> TaggedDocument:
    document = parse_document(data, default_id, at)
    status = _choice(Status, data.get("status", Status.OK), "status", at)
    if status is Status.OK and document.entities is None:
        raise at.wrong(
            "has neither `entities` nor a `status` that says why", 'write "entities": [] where there are none'
        )
    proposals: list[Proposal] = []
    if status is Status.OK:
        proposals += [_grounded_proposal(entity, document.text, at) for entity in data["entities"]]
        proposals += [_missing_proposal(entity, at) for entity in _list(data, "ungrounded", at)]
    reply = Reply(
        status=status,
        proposals=tuple(proposals),
        perplexity=_number(data, "perplexity", at),
        shown=tuple(Shown(DocId(str(id))) for id in _list(data, "demonstrations", at)),
        error=str(data.get("error") or ""),
        n_prompt_tokens=int(_number(data, "n_prompt_tokens", at) or 0),
        n_output_tokens=int(_number(data, "n_output_tokens", at) or 0),
    )
    backend, model = str(data.get("backend") or ""), str(data.get("model") or "")
    return TaggedDocument(document.id, document.text, reply, backend, model, document.meta)


def _entity(span: Span, proposal: Proposal, text: str) -> dict[str, Any]:
    found = text[span.start : span.end]
    data: dict[str, Any] = {"start": span.start, "end": span.end, "label": proposal.label, "text": found}
    if proposal.mention != found:
        data["mention"] = proposal.mention
    return {**data, "score": _finite(proposal.score), "grounding": proposal.grounding.value}


def _ungrounded(proposal: Proposal) -> dict[str, Any]:
    data = {"label": proposal.label, "mention": proposal.mention, "score": _finite(proposal.score)}
    return data if proposal.grounding is Grounding.MISSING else {**data, "grounding": proposal.grounding.value}


def _grounded_proposal(entity: Any, text: str, at: Place) -> Proposal:
    span = parse_span(entity, text, at)
    mention = _string(entity, "mention", text[span.start : span.end], at)
    grounding = _choice(Grounding, entity.get("grounding", Grounding.EXACT), "grounding", at)
    return Proposal(span.label, mention, span, grounding, _number(entity, "score", at))


def _missing_proposal(entity: Any, at: Place) -> Proposal:
    if not isinstance(entity, dict):
        raise at.wrong(f"has {entity!r} in `ungrounded`", 'for example {"label": "Chemical", "mention": "NaCl"}')
    grounding = _choice(Grounding, entity.get("grounding", Grounding.MISSING), "grounding", at)
    label, mention = _string(entity, "label", None, at), _string(entity, "mention", None, at)
    return Proposal(label, mention, None, grounding, _number(entity, "score", at))


def _choice(kind: type[_E], value: Any, key: str, at: Place) -> _E:
    if value not in list(kind):
        raise at.wrong(f"has the {key} {value!r}", f"one of {', '.join(member.value for member in kind)}")
    return kind(value)


def _string(data: Mapping[str, Any], key: str, default: str | None, at: Place) -> str:
    value = data.get(key, default)
    if not isinstance(value, str):
        raise at.wrong(f"has the {key} {value!r}", f"`{key}` is a string")
    return value


def _number(data: Mapping[str, Any], key: str, at: Place) -> float | None:
    value = data.get(key)
    # A whole number can be too large for a float.
    if value is None or (type(value) in (int, float) and abs(value) < sys.float_info.max):
        return value
    raise at.wrong(f"has the {key} {value!r:.80}", f"`{key}` is a number, or null where nobody knows")


def _list(data: Mapping[str, Any], key: str, at: Place) -> list[Any]:
    value = data.get(key) or []
    if not isinstance(value, list):
        raise at.wrong(f"has the {key} {value!r}", f"`{key}` is a list")
    return value


def _finite(number: float | None) -> float | None:
    # JSON has no infinity; a perplexity that overflowed says no more than one that nobody knows.
    return number if number is not None and math.isfinite(number) else None
