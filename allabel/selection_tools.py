"""What a project lends the strategies of a selection: likeness of texts, its annotator, the one on board."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from allabel.annotate.backends import embedded, form
from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.llm.annotator import Splitting
from allabel.annotate.llm.memory import AsksModel
from allabel.annotate.retrievers import similarity
from allabel.config import Settings
from allabel.errors import AllabelError, InputError
from allabel.reply import Reply
from allabel.schema import LabelSchema
from allabel.select.base import Tools
from allabel.select.cost import CostModel
from allabel.select.tagging import ON_BOARD, Tagging, estimate_tagging
from retrieval.base import Similarity

Tell = Callable[[str], None]
ON_BOARD_BACKEND = "embedded"


class ProjectTools:
    """The tools of one project. annotator: the one in use, made when it is first needed."""

    def __init__(
        self,
        schema: LabelSchema,
        settings: Settings,
        annotator: Callable[[], Annotator],
        demonstrations: Callable[[], list[Demonstration]],
    ) -> None:
        self._schema, self._settings = schema, settings
        self._annotator, self._demonstrations = annotator, demonstrations
        self._similarity: tuple[tuple[str, ...], Similarity] | None = None

    def similarity(self, texts: Sequence[str]) -> Similarity:
        """Build the similarity of these texts, or give back the one built last where they are the same."""
        key = tuple(texts)
        if self._similarity is None or self._similarity[0] != key:
            self._similarity = (key, similarity(self._settings)(key))
        return self._similarity[1]

    def tools(self, strategy: str, cost: CostModel, tell: Tell) -> Tools:
        """Give the stages their tools; nothing is built before a stage asks for it."""

        def annotate(texts: Sequence[str]) -> list[Reply]:
            shown = self._demonstrations()
            if self._settings.backend == ON_BOARD_BACKEND and not shown:
                raise _nothing_to_learn_from(strategy)
            tell(str(self.tagging(len(texts), texts, cost, stand_ins=False)))
            annotator = self._annotator()
            replies = annotator.annotate(texts, shown)
            if isinstance(annotator, AsksModel):
                for line in annotator.report():
                    tell(line)
                if annotator.stopped:
                    raise AllabelError(
                        f"not all texts could be tagged to measure uncertainty: {annotator.stopped}\n"
                        "  remedy: run it again, and what was answered is not asked again"
                    )
            return replies

        @lru_cache(maxsize=1)  # a budget in tokens or minutes asks a stage several times, for more texts each time
        def on_board(texts: tuple[str, ...]) -> list[Reply]:
            shown = self._demonstrations()
            if not shown:
                raise _nothing_to_learn_from(strategy)
            tell(ON_BOARD)
            return self._on_board().annotate(texts, shown)

        cap = self._settings.uncertainty_cap
        return Tools(self.similarity, annotate, cap, lambda texts: on_board(tuple(texts)))

    def _on_board(self) -> Annotator:
        """Return the annotator that needs no server, whatever the one in use is."""
        if self._settings.backend == ON_BOARD_BACKEND:
            return self._annotator()
        return embedded(self._schema, self._settings)

    def tagging(self, n_texts: int, texts: Sequence[str], cost: CostModel, *, stand_ins: bool = True) -> Tagging:
        """Estimate what tagging so many of these texts takes; stand_ins: see `estimate_tagging`."""
        settings = self._settings
        return estimate_tagging(
            n_texts,
            texts,
            settings.backend,
            self._schema,
            self._demonstrations(),
            settings.shots,
            cost.entities_per_token,
            form(settings),
            Splitting(settings.part_tokens, settings.part_overlap),
            stand_ins=stand_ins,
        )


def _nothing_to_learn_from(strategy: str) -> InputError:
    return InputError(
        f"the strategy {strategy!r} asks the annotator on board, which learns from annotated texts, "
        "and there are none yet",
        remedy="begin with a strategy that needs none, --strategy adaptive for example (allabel select --list says "
        "which do), or allabel import FILE --as annotations",
    )
