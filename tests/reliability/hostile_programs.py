"""What programs send rather than files: models' replies, requests over HTTP, the browser's outbox, tuned folders."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile_mutators as mutators
from hostile_readers import KINDS, SCHEMA, Files, Reader, files_of

from allabel.active.sentence import Sentence
from allabel.document import DocId

TEXT = "NaCl dissolves in water; 1,2-dichloroethane and NaCl do not \U0001d4b3."
LABELS = SCHEMA.names


def readers() -> list[Reader]:
    """Return the readers of this module."""
    return [*_replies(), *_outboxes(), *_wire(), *_tuned()]


def _of(name: str, *texts: Any) -> Callable[[Path], list[Files]]:
    given = [text if isinstance(text, str) else json.dumps(text) for text in texts]
    return lambda _: [{name: text.encode()} for text in given]


def _replies() -> list[Reader]:
    from allabel.annotate.ground import ground_mentions
    from allabel.annotate.llm.completion import CompletionError, read
    from allabel.annotate.llm.forms.error import ReplyFormatError
    from allabel.annotate.llm.forms.grouped_form import GroupedForm
    from allabel.annotate.llm.forms.json_form import JsonForm
    from allabel.annotate.llm.forms.markup_form import MarkupForm
    from allabel.annotate.llm.scores import scores
    from allabel.annotate.perplexity import perplexity
    from allabel.client import reading

    def form(one: Any) -> Callable[[Path], None]:
        def check(path: Path) -> None:
            content = path.read_bytes().decode("utf-8", "surrogateescape")
            for overlap in (False, True):
                mentions = one.read(content, TEXT, SCHEMA)
                found = ground_mentions(TEXT, mentions, overlap=overlap)
                for proposal in found.proposals:
                    assert proposal.span is None or proposal.span.end <= len(TEXT)

        return check

    def completion(path: Path) -> None:
        answer = read(path.read_bytes(), 100)
        perplexity([token.logprob for token in answer.tokens])
        mentions = GroupedForm().read(answer.content, TEXT, SCHEMA)
        for score in scores(answer.content, answer.tokens, mentions):
            assert score is None or score >= 0
        json.dumps(answer.error).encode()

    def client(path: Path) -> None:
        reading.read(path.read_bytes(), lambda data: reading.documents(data, ["NaCl"], 0))

    grouped = {"Chemical": ["NaCl", "1,2-dichloroethane"], "Solvent": ["water"]}
    listed = {"entities": [{"text": "NaCl", "label": "Chemical", "occurrence": 2}]}
    marked = TEXT.replace("water", "<<Solvent>>water<</Solvent>>").replace(
        "NaCl d", "<<Chemical#1>>NaCl<</Chemical#1>> d"
    )
    token = {"token": "{", "logprob": -0.1, "bytes": [123]}
    content = json.dumps(grouped)
    message = {"role": "assistant", "content": content, "refusal": None}
    whole = {"choices": [{"message": message, "finish_reason": "stop", "logprobs": {"content": [token, token]}}]}
    whole["usage"] = {"prompt_tokens": 5, "completion_tokens": 6}  # type: ignore[assignment]  # JSON of several kinds
    entity = {"start": 0, "end": 4, "label": "A", "text": "NaCl", "score": 0.5, "grounding": "exact"}
    line = {"id": "0", "text": "NaCl", "status": "ok", "entities": [entity], "backend": "b", "model": "m"}
    assert CompletionError
    assert ReplyFormatError
    return [
        Reader("reply grouped", "x.json", form(GroupedForm()), _of("x.json", grouped), KINDS, 2.0),
        Reader("reply json", "x.json", form(JsonForm()), _of("x.json", listed), KINDS, 2.0),
        Reader("reply markup", "x.txt", form(MarkupForm()), _of("x.txt", marked), KINDS, 2.0),
        Reader("completion", "x.json", completion, _of("x.json", whole), KINDS, 2.0),
        Reader("client answer", "x.json", client, _of("x.json", {"documents": [line]}), KINDS),
    ]


def _outboxes() -> list[Reader]:
    from app.components.question.data import read_replies
    from app.components.span_editor.ops import read_ops

    def ops(path: Path) -> None:
        try:
            sent = json.loads(path.read_bytes())
        except (ValueError, RecursionError):  # the browser's side is Streamlit's to parse
            return
        for op in read_ops(sent):
            # What a database holds: whole numbers of 32 bits, see `allabel.store.tables`.
            assert all(-(2**31) <= n < 2**31 for n in (op.version, op.n, *(s.end for s in op.entities)))

    def replies(path: Path) -> None:
        try:
            sent = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return
        for reply in read_replies(sent):
            assert all(0 <= n < 2**31 for n in (reply.question, reply.first, reply.end))

    span = {"start": 0, "end": 4, "label": "Chemical"}
    op = {"id": "1", "op": "save", "doc_id": "a", "version": 0, "n": 1, "pairs": [60], "entities": [span], "seconds": 2}
    op |= {"rejected": [span], "note": "n", "text": "t", "label": "l", "said_none": False, "ids": ["x"]}
    reply = {"id": "1", "question": 3, "says": "entity", "label": "A", "first": 0, "end": 2, "seconds": 1.5}
    return [
        Reader("editor", "x.json", ops, _of("x.json", {"ops": [op, {**op, "op": "flag"}]}), KINDS),
        Reader("questions", "x.json", replies, _of("x.json", {"ops": [reply], "replies": [reply]}), KINDS),
    ]


def _wire() -> list[Reader]:
    from pydantic import BaseModel, ValidationError

    from allabel.document import Span
    from allabel.server.protocols.doccano import Example
    from allabel.server.protocols.huggingface import TokenClassification
    from allabel.server.protocols.label_config import labelling
    from allabel.server.protocols.label_studio_wire import Event, PredictRequest
    from allabel.server.protocols.regions import spans
    from allabel.server.wire import AnnotationsRequest, TagRequest, TextIn

    def model(kind: type[BaseModel]) -> Callable[[Path], None]:
        def check(path: Path) -> None:
            try:
                found = kind.model_validate_json(path.read_bytes())
            except ValidationError:
                return
            found.model_dump_json().encode()

        return check

    def config(path: Path) -> None:
        labelling(path.read_bytes().decode("utf-8", "replace"), LABELS)

    def event(path: Path) -> None:
        try:
            found = Event.model_validate_json(path.read_bytes())
        except ValidationError:
            return
        if found.project is None or not found.annotation or isinstance(found.annotation, list):
            return
        where = labelling(found.project.label_config, LABELS)
        for one in spans(found.annotation.result, TEXT, where, LABELS)[0]:
            Span(one.start, one.end, one.label)

    labels = '<Labels name="label" toName="text"><Label value="Chemical"/></Labels>'
    xml = f'<View>{labels}<Text name="text" value="$text"/></View>'
    span = {"start": 0, "end": 4, "label": "A"}
    region = {"type": "labels", "from_name": "label", "to_name": "text"}
    region["value"] = {"start": 0, "end": 4, "text": "NaCl", "labels": ["Chemical"]}  # type: ignore[assignment]  # JSON
    annotation = {"id": 3, "updated_at": "2026", "result": [region]}
    sent = {"action": "ANNOTATION_CREATED", "project": {"id": 1, "label_config": xml}, "annotation": annotation}
    task = {"id": 7, "data": {"text": "NaCl"}}
    text = {"text": "x", "id": "a", "meta": {"n": [1, {}]}}
    return [
        Reader("wire tag", "x.json", model(TagRequest), _of("x.json", {"texts": ["a", text], "shots": 3}), KINDS, 2.0),
        Reader("wire text", "x.json", model(TextIn), _of("x.json", text), KINDS),
        Reader(
            "wire annotations",
            "x.json",
            model(AnnotationsRequest),
            _of("x.json", {"documents": [{"text": "NaCl", "entities": [span], "id": "a", "meta": {}}]}),
            KINDS,
        ),
        Reader("wire doccano", "x.json", model(Example), _of("x.json", {"text": "NaCl"}), KINDS, 0.5),
        Reader(
            "wire huggingface",
            "x.json",
            model(TokenClassification),
            _of("x.json", {"inputs": ["NaCl"], "parameters": {"aggregation_strategy": "none", "ignore_labels": ["O"]}}),
            KINDS,
        ),
        Reader(
            "wire label studio",
            "x.json",
            model(PredictRequest),
            _of("x.json", {"tasks": [task], "label_config": xml, "project": "1.1", "params": {}}),
            KINDS,
        ),
        Reader("event label studio", "x.json", event, _of("x.json", {**sent, "task": task}), KINDS),
        Reader("labelling config", "x.xml", config, _of("x.xml", xml), KINDS),
    ]


def _tuned() -> list[Reader]:
    from allabel.active.taggers.crfsuite import CrfTagger
    from allabel.active.tuning import _digest, describe, open_tagger

    words = ["we", "gave", "aspirin", "in", "Paris"]
    lessons = [Sentence.of_words(DocId(str(n)), words, ["O", "O", "B-drug", "O", "B-place"]) for n in range(6)]

    def read(path: Path) -> None:
        found = describe(path)
        if found is None:
            return
        # A hostile hand would have made the name of the model fit its files.
        whole = replace(found, model=f"{found.tagger}-{_digest(found.folder)}")
        open_tagger(whole).predict_both(lessons[:2])

    def crf(folder: Path) -> list[Files]:
        tagger = CrfTagger(["drug", "place"])
        tagger.fit(lessons, seed=0)
        return [_kept(folder / "crf", tagger, "crf")]

    def softmax(folder: Path) -> list[Files]:
        from allabel.active.taggers.softmax import SoftmaxTagger

        tagger = SoftmaxTagger(["drug", "place"])
        tagger.fit(lessons, seed=0)
        return [_kept(folder / "softmax", tagger, "softmax")]

    kinds = {".json": mutators.JSON, ".npz": mutators.BINARY}
    return [
        Reader("tuned crf", "", read, crf, kinds, 0.15),
        Reader("tuned softmax", "", read, softmax, kinds, 0.15),
    ]


def _kept(folder: Path, tagger: Any, name: str) -> Files:
    from datetime import UTC, datetime

    from allabel.active.tuning import Lesson, keep

    lesson = Lesson(("drug", "place"), {DocId("1"): "digest"}, {}, "options")
    keep(folder, tagger, name, lesson, datetime(2026, 1, 1, tzinfo=UTC))
    return files_of(folder)
