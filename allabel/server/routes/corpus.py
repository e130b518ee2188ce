"""What the server tags with: labels, demonstrations, and annotations that become demonstrations at once."""

import asyncio
import itertools
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query

from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import InputError, SpanError, StoreError
from allabel.schema import LabelSchema
from allabel.server.callers import Annotating, Reading
from allabel.server.problems import ProblemError, documented
from allabel.server.routes.tag import ServiceOf, refuse_too_many
from allabel.server.service import Service, text_id
from allabel.server.wire import (
    AnnotationIn,
    AnnotationsRequest,
    Confirmed,
    DemonstrationOut,
    DemonstrationsOut,
    LabelOut,
    LabelsOut,
    LimitsOut,
    SpanIn,
)
from allabel.store.annotations import annotation_saved
from allabel.store.store import Store

SOURCE = "api"
router = APIRouter(tags=["corpus"])
USUAL = documented(400, 401, 403, 422, 429, 503)


@router.get("/v1/labels", responses=USUAL)
async def labels(caller: Reading, service: ServiceOf) -> LabelsOut:
    """Give the label schema, the backends that may be named, and what one request may hold."""
    schema, limits = service.schema, service.limits
    return LabelsOut(
        labels=[LabelOut(**one.model_dump(exclude={"key"})) for one in schema.labels],
        guidelines=schema.guidelines,
        overlap=schema.overlap,
        backends=list(service.engines),
        limits=LimitsOut(
            max_texts=limits.max_texts,
            max_characters=limits.max_characters,
            max_job_texts=limits.max_job_texts,
            max_body_bytes=limits.max_body_bytes,
        ),
    )


@router.get("/v1/demonstrations", responses=USUAL)
async def demonstrations(
    caller: Reading,
    service: ServiceOf,
    after: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    near: Annotated[str | None, Query(min_length=1, max_length=10_000)] = None,
) -> DemonstrationsOut:
    """List the annotated texts. near: those that are found for a text instead, best first, without the very same
    text: what the text would be shown.
    """
    shown = service.corpus.demonstrations
    if near is not None:
        found = await asyncio.to_thread(service.nearest, near, limit)
        following = None
    else:
        found = list(shown[after : after + limit])
        following = after + limit if after + limit < len(shown) else None
    out = [
        DemonstrationOut(
            id=d.id, text=d.text, entities=[SpanIn(start=s.start, end=s.end, label=s.label) for s in d.entities]
        )
        for d in found
    ]
    return DemonstrationsOut(demonstrations=out, n=len(shown), next=following)


@router.post("/v1/annotations", status_code=201, responses=USUAL | documented(409, 413))
async def annotate(
    asked: AnnotationsRequest,
    caller: Annotating,
    service: ServiceOf,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200, pattern="^[!-~]+$")] = None,
) -> Confirmed:
    """Keep annotated texts, all of them or none; they are retrieved as demonstrations when this answers.

    The same Idempotency-Key again keeps nothing twice. An annotated text that is sent again has a new annotation, and
    the old one stays in its history.
    """
    refuse_too_many(len(asked.documents), service.limits.max_texts, "send them in several requests")
    documents = [_document(one, service.schema, n) for n, one in enumerate(asked.documents)]
    save_id = f"{caller.id}:{idempotency_key}" if idempotency_key else ""
    await asyncio.to_thread(_keep, service, documents, caller.name, save_id)
    # They are kept by now, whatever comes of showing them.
    await service.catch_up()
    return Confirmed(ids=[d.id for d in documents], n_demonstrations=len(service.corpus.demonstrations))


def _document(one: AnnotationIn, schema: LabelSchema, n: int) -> Document:
    """Return it as a document. Raises ProblemError naming the place for labels, offsets and overlaps that cannot be."""
    id = DocId(one.id if one.id is not None else text_id(one.text))
    try:
        for span in one.entities:
            schema.check(span.label)
        spans = sorted({Span(s.start, s.end, s.label) for s in one.entities})
        if not schema.overlap:
            for left, right in itertools.pairwise(spans):
                if left.overlaps(right):
                    raise SpanError(f"[{left.start}, {left.end}) and [{right.start}, {right.end}) overlap")
        return Document(id, one.text, tuple(spans), meta=one.meta)
    except InputError as error:
        raise ProblemError(422, f"documents/{n} ({id!r}): {error.problem}", remedy=error.remedy) from error


def _keep(service: Service, documents: list[Document], author: str, save_id: str) -> None:
    store, now = service.project.store, datetime.now(UTC)
    answers = [
        Annotation(d.id, d.entities or (), author, SOURCE, now, save_id=f"{save_id}:{n}" if save_id else "")
        for n, d in enumerate(documents)
    ]
    with store.transaction():
        kept = _kept(store, save_id) if save_id else []
        if kept and kept != [(one.doc_id, one.entities) for one in answers]:
            raise ProblemError(409, "this Idempotency-Key belongs to other annotations", remedy="make a new one")
        try:
            # Also where they are kept: the same key with another text would be confirmed and lost.
            store.add_documents(documents)
        except StoreError as error:
            raise ProblemError(409, error.problem, remedy=error.remedy) from error
        if not kept:
            store.add_annotations(answers)


def _kept(store: Store, save_id: str) -> list[tuple[DocId, tuple[Span, ...]]]:
    """Return what was kept under an Idempotency-Key, in order; nothing where it is new."""
    found: list[tuple[DocId, tuple[Span, ...]]] = []
    with store.reads() as connection:
        while (one := annotation_saved(connection, f"{save_id}:{len(found)}")) is not None:
            found.append((one.doc_id, one.entities))
    return found
