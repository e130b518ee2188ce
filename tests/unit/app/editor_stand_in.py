"""Stands in for the span editor, which needs a browser: notes what it was given, and sends what a test lets it send."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from allabel.outlook import Outlook
from allabel.suggesting import Doing, State
from app import live
from app.components.span_editor.data import EditorData
from app.components.span_editor.ops import Op
from app.pages.annotate import editor


@dataclass
class Editor:
    """The editor of a page. given: what it was last given, None where the page drew none."""

    given: EditorData | None = None
    waiting: list[Op] = field(default_factory=list)

    def draw(self, data: EditorData, key: str, on_ops: Callable[[], None]) -> list[Op]:
        self.given = data
        if self.waiting:
            on_ops()
            self.waiting = []
        return []

    def send(self, page: AppTest, *ops: Op) -> EditorData | None:
        """Send what a person did; returns what the editor is given after it."""
        self.waiting = list(ops)
        page.run()
        self.given = None
        page.run()
        return self.given

    @property
    def data(self) -> EditorData:
        """What it was last given."""
        assert self.given is not None, "the page drew no editor"
        return self.given


class Beside:
    """What works beside the pages, without threads: nothing is found, and a job is done at once."""

    last: Outlook | None = None
    problem = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = State(Doing.IDLE, "suggestions stand on 2 annotated texts", "", datetime.now(UTC))

    def state(self) -> State:
        return self.now

    def poke(self, *, at_once: bool = False) -> None: ...

    def apart(self, job: Callable[[Path, dict[str, Any]], Any]) -> Any:
        return job(self.folder, {})


def stand_in(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Editor, Beside]:
    """Put the stand-ins where the pages look for the editor and for what works beside them."""
    made, beside = Editor(), Beside(folder)
    patch.setattr(editor, "span_editor", made.draw)
    patch.setattr(editor, "pending_ops", lambda _: made.waiting)
    patch.setattr(live, "suggestions", lambda _: beside)
    patch.setattr(live, "outlooks", lambda _: beside)
    return made, beside
