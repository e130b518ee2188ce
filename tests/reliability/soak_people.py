"""Two people at the real pages in Chromium, at a person's pace: annotate, look at other pages, sign out and in."""

import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from soak_notes import MB, Notes
from soak_parts import PASSWORD, PEOPLE

LOOKS = {"ada": ("Review", "Export", "Questions", "People", "Start"), "bo": ("Export", "Questions")}
READY = ".se[data-ready=true][data-locked=false]"
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"
_SEEN = """() => JSON.stringify({
    editor: {...(document.querySelector('.se')?.dataset ?? {})}, focus: document.activeElement?.className,
    state: document.querySelector('[data-testid=stApp]')?.dataset.testScriptState,
    problem: document.querySelector('.se-problem')?.innerText, page: document.body.innerText.slice(0, 200)})"""
# The pages' own mistakes, as their frame and Streamlit show them.
BROKEN = "[data-testid=stException], :text('Something went wrong that nobody foresaw')"


class Person:
    """One person at a page. kept: ids of the texts that they saved and saw replaced by the next."""

    def __init__(self, name: str, context: Any, url: str, notes: Notes, rng: np.random.Generator) -> None:
        self.name, self._url, self._notes, self._rng = name, url, notes, rng
        self.kept: list[str] = []
        self._page = context.new_page()
        self._page.set_default_timeout(60_000)
        self._page.on("pageerror", lambda error: notes.error(f"page of {name}", error))
        self._page.on("console", self._heard)
        self._devtools = context.new_cdp_session(self._page)
        self._devtools.send("Performance.enable")

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self._notes.error(f"console of {self.name}", message.text)

    def sign_in(self) -> None:
        """Open the app and sign in; returns when a text is there."""
        page, began = self._page, time.monotonic()
        if not page.url.startswith(self._url):
            page.goto(self._url)
        page.get_by_role("textbox", name="Name", exact=True).fill(self.name)
        page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_selector(READY)
        self._notes.spent("page: sign in", time.monotonic() - began)

    def sign_out(self) -> None:
        """Sign out, as at the end of a sitting."""
        self._page.get_by_role("button", name="Sign out").click()
        self._page.get_by_role("textbox", name="Password", exact=True).wait_for()

    def annotate(self) -> None:
        """Save the text in hand: what is suggested, now and then with a name of one's own."""
        page = self._page
        page.wait_for_selector(READY)
        doc = page.locator(".se").get_attribute("data-doc")
        if self._rng.random() < 0.25:
            for key in ("ArrowRight",) * int(self._rng.integers(1, 6)):
                page.keyboard.press(key)
            page.keyboard.press("1")
        nothing = page.locator(".se-text .se-tag, .se-option").count() == 0
        began = time.monotonic()
        page.keyboard.press("0" if nothing else "Enter")
        page.wait_for_function(
            "(id) => { const se = document.querySelector('.se[data-ready=true][data-locked=false]');"
            " return se && se.dataset.doc !== id; }",
            arg=doc,
        )
        self._notes.spent("page: save to the next text", time.monotonic() - began)
        self.kept.append(doc)
        self._look_for_trouble()

    def look_at_all(self) -> None:
        """Open every page once: what a page loads when it is first seen is loaded before anything is measured."""
        for name in LOOKS[self.name]:
            self.look_around(name)

    def look_around(self, name: str = "") -> None:
        """Open a page, one of all where none is named, and come back to the text in hand."""
        page, name = self._page, name or str(self._rng.choice(LOOKS[self.name]))
        began = time.monotonic()
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", level=1).first.wait_for()
        self._notes.spent("page: open another", time.monotonic() - began)
        # Nobody leaves a page before it is drawn, and some of it (code, tables) is fetched after its heading is there.
        page.wait_for_selector(DRAWN)
        page.wait_for_timeout(1_500)
        self._look_for_trouble()
        page.get_by_role("link", name="Annotate", exact=True).click()
        page.wait_for_selector(READY)

    def weigh(self) -> None:
        """Note how much the page's script holds once its rubbish is collected."""
        self._devtools.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in self._devtools.send("Performance.getMetrics")["metrics"]}
        self._notes.memory[f"page of {self.name}"].append((self._notes.now, found["JSHeapUsedSize"] / MB))

    def seen(self) -> str:
        """Say what stands on the page, for whoever has to find out why it did not go on."""
        return str(self._page.evaluate(_SEEN))

    def _look_for_trouble(self) -> None:
        problem = self._page.locator(".se-problem:visible, [data-testid=stAlertContentError], " + BROKEN)
        if problem.count():
            self._notes.error(f"page of {self.name}", problem.first.inner_text())


class AtWork(threading.Thread):
    """The people, in a thread with a browser of its own. pace_s: from one text of a person to their next."""

    def __init__(self, url: str, notes: Notes, minutes: float, pace_s: float) -> None:
        super().__init__(daemon=True)
        self._url, self._notes, self._seconds, self._pace_s = url, notes, 60 * minutes, pace_s
        self.kept: dict[str, list[str]] = {}
        self.n_visits = 0

    def run(self) -> None:
        """Work until the time is over."""
        from playwright.sync_api import sync_playwright

        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                self._work(browser)
                browser.close()
        except Exception as error:  # noqa: BLE001  it is told where the run is judged
            self._notes.error("browser", f"{type(error).__name__}: {error}")

    def _work(self, browser: Any) -> None:
        rng = np.random.default_rng(2)
        contexts = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in PEOPLE]
        people = [Person(name, one, self._url, self._notes, rng) for name, one in zip(PEOPLE, contexts, strict=True)]
        for one in people:
            self.kept[one.name] = one.kept
            one.sign_in()
            self._guarded(one, one.look_at_all)
        n = 0
        while self._notes.now < self._seconds:
            for i, one in enumerate(people):
                self._guarded(one, self._turn(one, n + 7 * i))
                time_ms = 1000 * self._pace_s * rng.uniform(0.6, 1.4) / len(people)
                # Playwright's own pause, in which the page's events are heard.
                one._page.wait_for_timeout(time_ms)
            n += 1

    def _turn(self, one: Person, n: int) -> Callable[[], None]:
        """Return what a person does in their nth turn: mostly a text."""

        def over() -> None:
            one.sign_out()
            one.sign_in()

        if n % 20 == 13:
            self.n_visits += 1
            return over
        if n % 8 == 5:
            self.n_visits += 1
            return one.look_around
        if n % 4 == 2:
            one.weigh()
        return one.annotate

    def _guarded(self, one: Person, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001  it is told where the run is judged
            self._notes.error(f"page of {one.name}", f"{type(error).__name__}: {error}; it shows {one.seen()}")
            one._page.goto(self._url)
