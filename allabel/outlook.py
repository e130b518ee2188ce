"""How the work stands as a whole, kept up to date beside the pages: time left, budget used, what the next are worth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allabel.annotate.backends import embedded
from allabel.apart import Apart
from allabel.beside import Beside
from allabel.project import Project
from allabel.worth import Spent, TimeLeft, Worth, logged, next_worth, spent, time_left

# It takes 1 s for 40 annotated sentences, 12 s for 600 and 16 s for 2,000 among 100,000 texts, of a processor that
# nobody waits for.
EVERY = 10


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was found when so many texts were annotated. spent: of the last selection; None where there is none."""

    n_annotated: int
    time_left: TimeLeft
    spent: Spent | None
    worth: Worth


def outlook(project: Project, seed: int = 0) -> Outlook:
    """Work the outlook out; seconds. The worth is measured with the annotator on board, whatever backend tags."""
    annotated, annotations = project.annotated(), project.store.annotations()
    texts = {document.id: document.text for document in project.store.documents()}
    queued = [texts[pick.doc_id] for pick in project.store.queue()]
    left = time_left(queued, logged(annotated), np.random.default_rng([seed, 0]))
    used = None
    if selections := project.store.selections():
        picks = project.store.picks(selections[-1].id)
        used = spent(selections[-1], picks, texts, annotations, project.cost_model())
    annotator = embedded(project.schema, project.settings)
    worth = next_worth(annotator, project.demonstrations(), np.random.default_rng([seed, 1]))
    return Outlook(len(annotated), left, used, worth)


def outlook_of(folder: Path, flags: dict[str, Any]) -> Outlook:
    """Open a project and work its outlook out: what runs apart."""
    with Project.open(folder, **flags) as project:
        return outlook(project)


class Outlooks:
    """Keeps the outlook of one project: a thread lets a process work it out at first and after each `every` answers."""

    def __init__(self, folder: Path, flags: dict[str, Any] | None = None, every: int = EVERY) -> None:
        self._folder, self._flags, self._every = folder, dict(flags or {}), every
        self._apart = Apart()
        self._beside = Beside(self._work, self._fail, "allabel-outlook")
        self._last: Outlook | None = None
        self._problem = ""

    @property
    def last(self) -> Outlook | None:
        """The newest outlook, None before the first; never waits."""
        return self._last

    @property
    def problem(self) -> str:
        """Why the newest outlook could not be worked out, with the remedy; "" where it could."""
        return self._problem

    def start(self) -> None:
        """Begin; a second call does nothing."""
        self._beside.start()

    def poke(self, *, at_once: bool = False) -> None:
        """Tell that a text was answered. at_once: look now, as after a selection."""
        self._beside.poke(at_once=at_once)

    def stop(self) -> None:
        """End the thread and what it has under way."""
        self._beside.stop(self._apart.stop)

    def _work(self) -> int:
        self._last = self._apart.call(outlook_of, self._folder, self._flags)
        self._problem = ""
        return self._every

    def _fail(self, problem: str, remedy: str) -> None:
        self._problem = f"{problem}; {remedy}" if remedy else problem
