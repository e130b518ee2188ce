"""The service behind every address: a project, its corpus kept up to date, and what tags texts."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from allabel.annotate.base import Demonstration
from allabel.annotate.demonstrations import Demonstrations
from allabel.annotate.retrievers import retriever
from allabel.config import Serve
from allabel.discreet import in_a_line
from allabel.document import DocId
from allabel.errors import AllabelError
from allabel.formats.tagged import tagged_line
from allabel.project import Project
from allabel.reply import Proposal, Reply, TaggedDocument
from allabel.schema import LabelSchema
from allabel.server.corpus import Corpus
from allabel.server.engines import Engine
from allabel.server.metrics import REPLIES, TEXTS
from allabel.server.problems import ProblemError
from allabel.server.wire import Options, TextIn

# What another process annotated is retrieved here so many seconds later at most, and what it takes to index it.
LOOK_S = 0.25
logger = logging.getLogger(__name__)


class Service:
    """Tags for callers. engines: by the names that callers know them by; the first is used where none is named."""

    def __init__(self, project: Project, engines: Mapping[str, Engine], limits: Serve) -> None:
        self.project, self.engines, self.limits = project, engines, limits
        self.draining = False
        self.corpus = Corpus(self.project.store)
        self.calibrations = self.project.calibrations()
        self._looking = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._problem = ""
        # What each engine was shown last: one that could not take it is shown it again.
        self._shown: dict[str, tuple[Demonstration, ...]] = {}
        self._index: Demonstrations | None = None

    @property
    def schema(self) -> LabelSchema:
        """The project's labels, as they were when the server started."""
        return self.project.schema

    async def start(self) -> None:
        """Begin, and watch for annotations."""
        for engine in self.engines.values():
            await engine.start()
        await self.catch_up()
        self._watch = asyncio.create_task(self._watching(), name="allabel-watch")

    def drain(self) -> None:
        """Tell callers from now on that the server is about to stop."""
        self.draining = True

    async def stop(self) -> None:
        """End; texts under way are finished first."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for engine in self.engines.values():
            await engine.stop()

    def waits_for(self) -> list[str]:
        """Say what is missing before texts can be tagged, one thing a line."""
        stopping = "the server is stopping" if self.draining else ""
        return [one for one in (self.known(None).waits_for, self._problem, stopping) if one]

    async def look(self) -> None:
        """Take in what was annotated since; when this returns it is retrieved.

        Raises AllabelError where the store does not answer, or an engine cannot take what was annotated.
        """
        async with self._looking:
            await asyncio.to_thread(self.corpus.refresh)
            now, wrong = self.corpus.demonstrations, list[AllabelError]()
            for name, engine in self.engines.items():
                if self._shown.get(name) is now:
                    continue
                try:
                    await engine.show(now)
                    self._shown[name] = now
                except AllabelError as error:  # the others are shown it all the same
                    wrong.append(error)
            if wrong:
                raise wrong[0]
            self._problem = ""

    async def tag(self, documents: Sequence[TextIn], options: Options, *, behind: bool = False) -> list[dict[str, Any]]:
        """Return a line of tagged output for each document, in order. behind: when nobody else waits.

        Raises ProblemError where an option names what is not there, a text is too long, or too many wait.
        """
        engine = self.engine(options.backend)
        self.check(documents, options)
        replies = await engine.tag([one.text for one in documents], options.shots, behind=behind)
        TEXTS.labels(engine.name).inc(len(documents))
        return [self._line(one, reply, engine, options) for one, reply in zip(documents, replies, strict=True)]

    def engine(self, name: str | None) -> Engine:
        """Return what a caller names, the first where they name none. Raises ProblemError where it cannot tag."""
        engine = self.known(name)
        if engine.waits_for:
            raise ProblemError(503, f"this waits for {engine.waits_for}", retry_after_s=5)
        return engine

    def known(self, name: str | None) -> Engine:
        """Return what a caller names, whether or not it can tag now. Raises ProblemError for a name nobody knows."""
        if name is not None and name not in self.engines:
            raise ProblemError(
                422, f"there is no backend {name!r} here", remedy=f"one of {', '.join(self.engines)}, or leave it out"
            )
        return next(iter(self.engines.values())) if name is None else self.engines[name]

    def nearest(self, text: str, k: int) -> list[Demonstration]:
        """Return the annotated texts that the project's retriever finds for a text, best first."""
        if self._index is None or self._index.all is not self.corpus.demonstrations:
            index = self._index or Demonstrations((), retriever(self.project.settings))
            self._index = index.changed(self.corpus.demonstrations)
        return self._index.nearest([text], k)[0]

    def check(self, documents: Sequence[TextIn], options: Options) -> None:
        """Raise ProblemError for a label that the schema lacks and for a text that is too long."""
        for label in options.labels or ():
            if label not in self.schema.names:
                known = ", ".join(self.schema.names)
                raise ProblemError(422, f"there is no label {label!r} here", remedy=f"the labels are {known}")
        longest = self.limits.max_characters
        for n, one in enumerate(documents):
            if len(one.text) > longest:
                raise ProblemError(
                    422,
                    f"text {n} ({one.id or 'without an id'}) has {len(one.text):,} characters; {longest:,} is the most",
                    remedy="split it, for example by paragraph",
                )

    def _line(self, one: TextIn, reply: Reply, engine: Engine, options: Options) -> dict[str, Any]:
        REPLIES.labels(engine.name, reply.status.value).inc()
        id = DocId(one.id if one.id is not None else text_id(one.text))
        tagged = TaggedDocument(id, one.text, reply, engine.name, engine.model, one.meta)
        return tagged_line(chosen(self.calibrations.apply(tagged), options))

    async def _watching(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.catch_up()

    async def catch_up(self) -> None:
        """Do what `look` does; what goes wrong is told by `waits_for` and the log, and tried again soon."""
        try:
            await self.look()
        except Exception as error:  # noqa: BLE001  whoever watches goes on watching, and says what is wrong
            if not self._problem:
                logger.warning("what was annotated cannot be taken in: %s", error)
            self._problem = f"what was annotated to be taken in: {in_a_line(error)}"


def chosen(tagged: TaggedDocument, options: Options) -> TaggedDocument:
    """Return it with the entities that were asked for."""
    if options.labels is None and options.threshold is None:
        return tagged

    def wanted(one: Proposal) -> bool:
        enough = options.threshold is None or one.score is None or one.score >= options.threshold
        return enough and (options.labels is None or one.label in options.labels)

    kept = tuple(filter(wanted, tagged.reply.proposals))
    return replace(tagged, reply=replace(tagged.reply, proposals=kept))


def text_id(text: str) -> str:
    """Return the id of a text that came without one: the same for the same text."""
    return "text-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
