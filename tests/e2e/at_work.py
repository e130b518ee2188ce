"""A person at the annotation page in a real browser: what they see of a text, and how they say what is meant."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from editing import Case

from allabel.document import Span
from app.cli import flags
from app.settings import FOLDER

WORD = "correct horse battery"
Meant = Mapping[str, Sequence[Span]]


def meant_by(marked: str) -> tuple[str, tuple[Span, ...]]:
    """Read a text in which ⟦Label|…⟧ stands around each entity; they may nest."""
    text, open_ones, spans = "", [], []
    for piece in re.split(r"(⟦\w+\||⟧)", marked):
        if piece.startswith("⟦"):
            open_ones.append((len(text), piece[1:-1]))
        elif piece == "⟧":
            start, label = open_ones.pop()
            spans.append(Span(start, len(text), label))
        else:
            text += piece
    return text, tuple(sorted(spans))


def themed(folder: Path, **more: str) -> dict[str, str]:
    """Return the variables with which the app runs on a folder as its command would start it."""
    options = [one for one in flags(folder, 1, "127.0.0.1", browser=False) if one.startswith("--theme.")]
    return {FOLDER: str(folder), **more} | {
        "STREAMLIT_" + re.sub(r"(?<=[a-z])(?=[A-Z])|\.", "_", name.removeprefix("--")).upper(): value
        for name, _, value in (one.partition("=") for one in options)
    }


class Worker(Case):
    """One person's page. n_keys: pressed so far. at: the word that the cursor is on."""

    def __init__(self, folder: Path, server: Any, page: Any, labels: Mapping[str, str]):
        super().__init__(folder, server, page)
        self.label_keys = labels
        self.n_keys = self.at = 0

    def keys(self, *keys: str) -> "Worker":
        """Press keys, and count them."""
        self.n_keys += len(keys)
        super().keys(*keys)
        return self

    def sign_in(self, name: str, password: str = WORD) -> None:
        """Open the app and sign in."""
        if self.page.url == "about:blank":
            self.page.goto(self.server.url)
        self.page.get_by_role("textbox", name="Name", exact=True).fill(name)
        self.page.get_by_role("textbox", name="Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def ready(self) -> "Worker":
        """Wait for a text that can be worked on."""
        self.page.wait_for_selector(".se[data-ready=true][data-locked=false]")
        return self

    @property
    def text(self) -> str:
        """The text in hand, as it is in the store."""
        lines = self.page.evaluate("() => [...document.querySelectorAll('.se-line')].map((x) => x.textContent)")
        return "\n".join(line.removesuffix("\n") for line in lines)

    def spans(self, kind: str = "") -> set[Span]:
        """What is marked, in code points. kind: only what is confirmed, or suggested."""
        found = self.page.evaluate("() => [...document.querySelectorAll('.se-option')].map((x) => x.mark)")
        units = self.text.encode("utf-16-le")

        def at(unit: int) -> int:
            return len(units[: 2 * unit].decode("utf-16-le"))

        return {Span(at(x["start"]), at(x["end"]), x["label"]) for x in found if kind in {"", x["kind"]}}

    def to_text(self) -> None:
        """Put the focus back into the text, with nothing selected."""
        self.page.evaluate("() => document.querySelector('.se-scroller').focus()")
        self.keys("Escape")

    @property
    def doc(self) -> str:
        """The id of the text in hand, "" where there is none."""
        return str(self.page.evaluate("() => document.querySelector('.se')?.dataset.doc ?? ''"))

    @property
    def problem(self) -> str:
        """What stands above the text about something that went wrong."""
        box = self.page.locator(".se-problem")
        return str(box.inner_text()) if box.count() and box.is_visible() else ""

    def goes_on(self, before: str, last: bool = False) -> None:
        """Wait until another text than that stands there, or, at the last, none."""
        gone = "!se" if last else "false"
        self.page.wait_for_function(
            f"(id) => {{ const se = document.querySelector('.se[data-ready=true]');"
            f" return se ? se.dataset.doc !== id && se.dataset.locked === 'false' : {gone} || {str(last).lower()}; }}",
            arg=before,
        )

    def settled(self) -> None:
        """Wait until the server has dealt with all that was sent."""
        self.page.wait_for_function("() => !document.querySelector('.se-wait')?.textContent.startsWith('Sending')")

    def select(self, span: Span) -> int:
        """Select a span of whole words by the arrows; returns how many keys it took."""
        text, before = self.text, self.n_keys
        forward, back = ("ArrowLeft", "ArrowRight") if _is_rtl(text) else ("ArrowRight", "ArrowLeft")
        to = len(text[: span.start].split())
        self.keys(*[forward if to > self.at else back] * abs(to - self.at))
        self.at = to
        self.keys(*[f"Shift+{forward}"] * (len(text[span.start : span.end].split()) - 1))
        return self.n_keys - before

    def mark(self, *spans: Span, go_on: bool = False) -> None:
        """Mark spans by keyboard alone, in order. go_on: save with the last one's key."""
        for span in spans:
            self.select(span)
            self.at = len(self.text[: span.start].split())
            if go_on and span == spans[-1]:
                self.keys(f"Shift+{self.label_keys[span.label]}")
                self.at = 0
            else:
                self.keys(self.label_keys[span.label], "Escape")

    def drag_over(self, span: Span) -> None:
        """Drag over a span, with the pen of its label."""
        self.page.locator(f".se-label[data-label={span.label}]").click()
        start, end = (len(self.text[:at].encode("utf-16-le")) // 2 for at in (span.start, span.end))
        self.drag(start, end)

    def leave(self, *keys: str, last: bool = False) -> None:
        """Press keys that lead to another text, and wait for it."""
        before = self.doc
        self.keys(*keys)
        self.goes_on(before, last)
        self.at = 0


def _is_rtl(text: str) -> bool:
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return strong != "L"


def go(page: Any, name: str) -> None:
    """Open a page of the app by its link."""
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, level=1).wait_for()


def rest(page: Any) -> None:
    """Wait until the page's script has run to its end, and the page stands still."""
    page.wait_for_timeout(400)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(400)


def no_serious_issue(page: Any) -> None:
    """Hold the page as it stands against axe, in light and dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        rest(page)
        found = axe.Axe().run(page).response["violations"]
        serious = [
            (x["id"], x["nodes"][0]["html"], x["nodes"][0]["failureSummary"])
            for x in found
            if x["impact"] in {"serious", "critical"}
        ]
        assert not serious, f"{page.url}, {scheme}: {serious}"


def pictures(page: Any, folder: Path, name: str) -> None:
    """Take a page in light and dark, wide and narrow; it is left wide and light."""
    for width, scheme in ((420, "light"), (420, "dark"), (1400, "dark"), (1400, "light")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(350)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
