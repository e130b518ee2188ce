"""Long work over a whole project, each a function of its folder, so that it can run in a process of its own."""

from pathlib import Path
from typing import Any

import numpy as np

from allabel.active.questions import Wanted
from allabel.annotate.backends import embedded
from allabel.annotate.tagger import Learned as OnBoard
from allabel.finetuning import ask
from allabel.project import Project
from allabel.refreshing import Learned, Refreshed, learned_from, refresh
from allabel.review.doubts import Doubted, doubts, held_out_replies

Flags = dict[str, Any]


def refresh_suggestions(folder: Path, flags: Flags, learned: Learned | None, ahead: int) -> Refreshed:
    """Do what `allabel.refreshing.refresh` promises; seconds, and longer where a language model is asked."""
    with Project.open(folder, **flags) as project:
        return refresh(project, learned, ahead)


def ask_people(folder: Path, flags: Flags, wanted: str) -> int:
    """Keep questions on what the tuned model is least sure of, such as "50entities"; returns how many.

    Raises InputError where there is no tuned model, or it cannot be read.
    """
    with Project.open(folder, **flags) as project:
        return ask(project, Wanted.parse(wanted))


def learn_on_board(folder: Path, flags: Flags) -> tuple[OnBoard, str, Learned]:
    """Train the annotator on board on the annotated texts; returns what it learned, its name, and from what.

    Seconds: 0.5 for 200 sentences, 5.0 for 2,000. Raises InputError where nothing is annotated.
    """
    with Project.open(folder, **flags) as project:
        annotated = project.demonstrations()
        annotator = embedded(project.schema, project.settings)
        return annotator.fit(annotated).learned, annotator.model, learned_from(annotated)


def doubts_of(folder: Path, flags: Flags, seed: int = 0) -> list[Doubted]:
    """List where the annotator on board, trained on the other texts, disagrees with the annotations; seconds.

    Raises InputError below two distinct annotated texts.
    """
    with Project.open(folder, **flags) as project:
        annotated = project.demonstrations()
        annotator = embedded(project.schema, project.settings)
        return doubts(annotated, held_out_replies(annotator, annotated, np.random.default_rng(seed)))
