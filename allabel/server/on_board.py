"""The embedded annotator in a running server: new demonstrations at once, new weights from a process beside it."""

import asyncio
import gc
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from allabel import jobs
from allabel.annotate.base import Demonstration
from allabel.annotate.demonstrations import Demonstrations, RetrieverFactory
from allabel.annotate.embedded import EmbeddedAnnotator, replies
from allabel.annotate.tagger import Learned, Tagger
from allabel.apart import NICE, Apart, StoppedError
from allabel.errors import AllabelError
from allabel.refreshing import Learned as Digests
from allabel.refreshing import is_old, learned_from
from allabel.reply import Reply
from allabel.server.line import Line

# Between two trainings: one over 2,000 sentences takes 5 s of a processor.
REST_S = 30.0
logger = logging.getLogger(__name__)


class OnBoard:
    """Tags with a CRF whose weights are learned in a process of low priority, while this one goes on answering.

    A demonstration is retrieved as soon as `show` returns; the weights learn it when a tenth is new (as suggestions
    do), and not more often than every `rest_s` seconds. Without an annotation there is nothing to tag with. The first
    weights are learned at the priority of the server itself, since it can tag nothing before.
    """

    name = EmbeddedAnnotator.name

    def __init__(
        self,
        folder: Path,
        flags: dict[str, Any],
        *,
        shots: int,
        retriever: RetrieverFactory,
        most: int,
        rest_s: float = REST_S,
    ) -> None:
        self._folder, self._flags, self._shots, self._rest_s = folder, flags, shots, rest_s
        self._line = Line(self._tag, most)
        self._apart = Apart()
        self._shown = Demonstrations((), retriever)
        self._learned: Learned | None = None
        self._digests: Digests = {}
        self._tagger: Tagger | None = None
        self._learning: asyncio.Task[None] | None = None
        self._problem = ""
        self.model = "crf"

    @property
    def waits_for(self) -> str:
        """Say that there is nothing to learn from, or that it is being learned, or why it could not be."""
        if self._tagger is not None:
            return ""
        if not self._shown.all:
            return "a first annotated text: POST /v1/annotations, or allabel app"
        return self._problem or "the annotator on board to learn from the annotated texts"

    async def start(self) -> None:
        """Begin."""
        self._line.start()

    async def stop(self) -> None:
        """End; training is given up."""
        await asyncio.to_thread(self._apart.stop)
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)
        await self._line.stop()

    async def show(self, demonstrations: Sequence[Demonstration]) -> None:
        """Take these as demonstrations; learn from them too when enough of them are new."""
        await self._line.in_thread(partial(self._show, demonstrations))
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn(), name="allabel-learning")

    async def tag(self, texts: Sequence[str], shots: int | None, *, behind: bool = False) -> list[Reply]:
        """Return one reply a text, in order."""
        return await self._line.tag(texts, shots, behind=behind)

    def _tag(self, texts: Sequence[str], shots: int | None) -> Sequence[Reply]:
        if self._tagger is None:
            raise AllabelError(f"texts cannot be tagged yet; this waits for {self.waits_for}")
        return replies(self._tagger, texts, shots)

    def _show(self, demonstrations: Sequence[Demonstration]) -> None:
        self._shown = self._shown.changed(demonstrations)
        if self._tagger is not None:
            self._tagger = self._tagger.showing(self._shown)

    async def _learn(self) -> None:
        while await asyncio.to_thread(self._is_old):
            self._apart.nice = 0 if self._tagger is None else NICE
            try:
                taught = await asyncio.to_thread(self._apart.call, jobs.learn_on_board, self._folder, self._flags)
            except StoppedError:
                return
            except AllabelError as error:
                self._problem = f"the annotator on board, which could not learn: {error}"
                logger.warning("%s", self._problem)
                await asyncio.sleep(self._rest_s)
                continue
            await self._line.in_thread(partial(self._take, *taught))
            await asyncio.sleep(self._rest_s)

    def _is_old(self) -> bool:
        shown = self._shown.all
        return bool(shown) and (self._learned is None or is_old(self._digests, learned_from(shown)))

    def _take(self, learned: Learned, model: str, digests: Digests) -> None:
        self._learned, self._digests, self.model, self._problem = learned, digests, model, ""
        self._tagger = Tagger(self._shown, self._shots, learned)
        # The weights stay: the collector need not walk through them again and again. It cost a fifth of the texts.
        gc.collect()
        gc.freeze()
