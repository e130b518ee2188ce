"""Label Studio's ML backend: predictions for its tasks, and its annotations as demonstrations."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from allabel.document import DocId
from allabel.errors import AllabelError, InputError
from allabel.server.callers import Annotating, Caller, Tagging
from allabel.server.problems import ProblemError, documented
from allabel.server.protocols.label_config import Labelling, labelling, named
from allabel.server.protocols.label_studio_wire import (
    Event,
    EventAnswer,
    Health,
    NoPrediction,
    PredictAnswer,
    PredictRequest,
    SetupAnswer,
    SetupRequest,
    Task,
    TheirAnnotation,
    Versions,
)
from allabel.server.protocols.regions import prediction, spans
from allabel.server.routes.corpus import annotate
from allabel.server.routes.tag import ServiceOf, refuse_too_many, unless_left
from allabel.server.service import Service, text_id
from allabel.server.wire import AnnotationIn, AnnotationsRequest, Options, TextIn

# Not ANNOTATIONS_CREATED, which is sent when predictions are made annotations by the hundred: nobody confirmed them.
KEPT = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")
logger = logging.getLogger(__name__)
router = APIRouter(prefix="/label-studio", tags=["Label Studio"])
USUAL = documented(400, 401, 403, 413, 422, 429, 503)


@router.get("/health", responses=documented(401, 403, 429, 503))
@router.get("/", responses=documented(401, 403, 429, 503))
async def health(caller: Tagging) -> Health:
    """Say that there is a backend; it needs a key, so that Label Studio notices a missing one when it connects."""
    return Health()


@router.get("/versions", responses=documented(401, 403, 429, 503))
async def versions(caller: Tagging, service: ServiceOf) -> Versions:
    """Give the model's version, the only one there is."""
    return Versions(versions=[version(service)])


@router.post("/setup", responses=USUAL)
async def setup(asked: SetupRequest, caller: Tagging, service: ServiceOf) -> SetupAnswer:
    """Take a project, if any of its labels is ours; `warning` says what becomes of those that are not shared."""
    ours = service.schema.names
    try:
        theirs = labelling(asked.config, ours).labels
    except InputError as error:
        # Label Studio shows the status alone, and asks its people to look here.
        logger.warning("a project of Label Studio cannot be connected: %s", error)
        raise
    only_here, only_there = [n for n in ours if n not in theirs], [n for n in theirs if n not in ours]
    warning = _warning(only_here, only_there)
    if warning:
        logger.warning("a project of Label Studio is connected: %s", warning)
    return SetupAnswer(
        model_version=version(service),
        labels=[n for n in ours if n in theirs],
        only_here=only_here,
        only_there=only_there,
        warning=warning,
    )


@router.post("/predict", responses=USUAL | documented(502, 504))
async def predict(asked: PredictRequest, request: Request, caller: Tagging, service: ServiceOf) -> PredictAnswer:
    """Tag tasks. One that cannot be tagged has an `error` in place of a `result`, and the others theirs."""
    refuse_too_many(len(asked.tasks), service.limits.max_texts, "ask for predictions of fewer tasks at once")
    request.app.state.callers.rates.texts(caller.id, len(asked.tasks))
    where, now = labelling(asked.label_config, service.schema.names), version(service)
    options = Options(labels=[name for name in service.schema.names if name in where.labels])
    read = [_text(task, where, service) for task in asked.tasks]
    documents = [one for one in read if isinstance(one, TextIn)]
    lines = iter(await unless_left(request, service.tag(documents, options), service.limits.timeout_s))
    results = [
        prediction(next(lines), where, now) if isinstance(one, TextIn) else NoPrediction(model_version=now, error=one)
        for one in read
    ]
    return PredictAnswer(model_version=now, results=results)


@router.post("/webhook", responses=USUAL | documented(409))
async def webhook(asked: Event, caller: Annotating, service: ServiceOf) -> EventAnswer:
    """Keep annotations that were made or changed, as `/v1/annotations` does; other events change nothing.

    The same state of an annotation, told by its id and time of change, is kept once. An annotation is kept where the
    project there has all labels of this one, for others would be missing from it.
    """
    if asked.action not in KEPT:
        return EventAnswer(status="ignored", ids=[], left_out=0, why=f"{asked.action} changes nothing here")
    try:
        return await _keep(asked, caller, service)
    except AllabelError as error:
        # Label Studio reads no answer of a webhook: who looks for the reason looks into the log.
        logger.warning("an annotation of Label Studio was not kept: %s", error)
        raise


def version(service: Service) -> str:
    """Name what predicts now: predictions of another version Label Studio asks for anew."""
    engine = service.known(None)
    return f"{engine.name} {engine.model}, {len(service.corpus.demonstrations)} texts"


def _warning(only_here: Sequence[str], only_there: Sequence[str]) -> str | None:
    told = []
    if only_here:
        told.append(f"{named(only_here)} are missing there: they are not predicted, and annotations are not kept")
    if only_there:
        told.append(f"{named(only_there)} are not labels here: they are never predicted, nor kept")
    return "; ".join(told) or None


def _text(task: Task, where: Labelling, service: Service) -> TextIn | str:
    """Return a task's text, or why it cannot be tagged."""
    text = where.text(task.data)
    if text is None:
        return f"the task has no text in the field {where.field!r} of its data"
    try:
        document = TextIn(text=text)
        service.check([document], Options())
    except ValidationError as error:
        return error.errors()[0]["msg"]
    except ProblemError as error:
        return error.detail
    return document


async def _keep(asked: Event, caller: Caller, service: Service) -> EventAnswer:
    annotation, task, ours = asked.annotation, asked.task, service.schema.names
    if not isinstance(annotation, TheirAnnotation) or not isinstance(task, Task):
        raise ProblemError(422, "the event has no annotation or no task", remedy="let the webhook send its payload")
    if annotation.was_cancelled:
        return EventAnswer(status="ignored", ids=[], left_out=0, why="the task was skipped")
    where = labelling(asked.project.label_config if asked.project else "", ours)
    if missing := [name for name in ours if name not in where.labels]:
        raise ProblemError(
            422,
            f"the project there lacks the labels {named(missing)}, so its annotations are incomplete",
            remedy="add them to its labelling configuration",
        )
    document, left_out = await asyncio.to_thread(_document, annotation, task, where, service)
    kept = await annotate(AnnotationsRequest(documents=[document]), caller, service, _save_id(annotation))
    return EventAnswer(status="kept", ids=kept.ids, left_out=left_out)


def _document(annotation: TheirAnnotation, task: Task, where: Labelling, service: Service) -> tuple[AnnotationIn, int]:
    text = where.text(task.data)
    if not text:
        raise ProblemError(422, f"the task has no text in the field {where.field!r} of its data")
    entities, left_out = spans(annotation.result, text, where, service.schema.names)
    try:
        return AnnotationIn(text=text, entities=entities, id=_id(task.data, text, service)), left_out
    except ValidationError as error:
        raise ProblemError(422, f"the task's text cannot be kept: {error.errors()[0]['msg']}") from error


def _id(data: dict[str, Any], text: str, service: Service) -> str:
    """Return the id of the text: that of our own text where the task was made from it, as our export does."""
    given = data.get("id")
    if isinstance(given, str) and given:
        known = service.project.store.documents_of([DocId(given)]).get(DocId(given))
        if known is not None and known.text == text:
            return given
    return text_id(text)


def _save_id(annotation: TheirAnnotation) -> str:
    state = f"{annotation.id} {annotation.updated_at}"
    return "label-studio-" + hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()[:32]
