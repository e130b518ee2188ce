"""The application: a project's service with its addresses."""

import gc
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from allabel import __version__
from allabel.annotate.base import Annotator
from allabel.annotate.llm.annotator import LlmAnnotator
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.retrievers import retriever
from allabel.project import Project
from allabel.selection_tools import ON_BOARD_BACKEND
from allabel.server import problems
from allabel.server.asking import AskingEngine
from allabel.server.callers import Callers
from allabel.server.draining import drain_first
from allabel.server.engines import Engine, Threaded
from allabel.server.job_runner import JobRunner
from allabel.server.job_store import JobStore
from allabel.server.keys import Keys
from allabel.server.limits import Rates
from allabel.server.on_board import OnBoard
from allabel.server.outermost import Outermost
from allabel.server.protocols import doccano, huggingface, label_studio
from allabel.server.routes import corpus, health, jobs, stream, tag
from allabel.server.service import Service
from allabel.server.wire import Problem

DESCRIPTION = """
Texts in, entities out, with a project's annotated texts as demonstrations behind it.

Offsets count Unicode code points, from 0, the end exclusive. Errors are RFC 9457 problem details.
"""


def make_app(folder: Path, flags: dict[str, Any]) -> FastAPI:
    """Return the application of a project; flags override its settings.

    Raises InputError where there is no project, or its backend cannot be had.
    """
    project = Project.open(folder, **flags)
    limits = project.settings.serve
    service = Service(project, engines(project, flags), limits)
    store = JobStore(project.store, secrets.token_hex(8))
    runner = JobRunner(service, store, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        runner.start()
        drain_first(service.drain)
        # What is here stays: the collector need not walk through all of it again and again.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await runner.stop()
            await service.stop()
            project.close()

    app = FastAPI(
        title="allabel",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        # Their pages load scripts from elsewhere; /openapi.json is what tools read, and docs/ has it in words.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service, app.state.runner, app.state.jobs = service, runner, store
    app.state.callers = Callers(Keys(project.store), Rates(limits))
    problems.install(app)
    own = (tag.router, stream.router, jobs.router, corpus.router, health.router)
    for router in (*own, label_studio.router, huggingface.router, doccano.router):
        app.include_router(router)
    app.add_middleware(Outermost, most=limits.max_body_bytes)
    _document(app)
    return app


def engines(project: Project, flags: dict[str, Any]) -> dict[str, Engine]:
    """Return what callers may name: the backend of the settings first, and the annotator on board."""
    settings, most = project.settings, project.settings.serve.queue_texts
    found: dict[str, Engine] = {}
    if settings.backend != ON_BOARD_BACKEND:
        project.check_labels()
        found[settings.backend] = _engine(project.annotator, most)
    found[ON_BOARD_BACKEND] = OnBoard(
        project.folder, flags, shots=settings.shots, retriever=retriever(settings), most=most
    )
    return found


def _engine(annotator: Annotator, most: int) -> Engine:
    if isinstance(annotator, LlmAnnotator) and isinstance(annotator.transport, ChatTransport):
        return AskingEngine(annotator, annotator.transport, most, bound=annotator.is_bound)
    return Threaded(annotator, most)


def _document(app: FastAPI) -> None:
    """Put the problems into OpenAPI, in place of FastAPI's own words for them."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            schemas = schema["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to change it
