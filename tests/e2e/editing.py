"""What the tests of the span editor share: a case on disk, the editor on a page, and what came out of it."""

import json
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("editor_page.py")
LABELS = [
    {"name": "Solvent", "colour": "#0072B2", "key": "1", "definition": "a liquid that dissolves the reactants"},
    {"name": "Reagent", "colour": "#E69F00", "key": "2", "definition": "what is added to bring the reaction about"},
    {"name": "Catalyst", "colour": "#009E73", "key": "c", "definition": "speeds up the reaction and is not used up"},
]


class Case:
    """One case of `editor_page.py`, in a folder of its own."""

    def __init__(self, folder: Path, server: Any, page: Any):
        self.folder, self.server, self.page = folder, server, page

    def show(self, *texts: Any, **more: Any) -> "Case":
        """Write the texts down and open them in the editor."""
        said = [text if isinstance(text, dict) else {"text": text} for text in texts]
        case = {"texts": said, "labels": LABELS, **more}
        (self.folder / "case.json").write_text(json.dumps(case), encoding="utf-8")
        self.open(self.page)
        return self

    def open(self, page: Any) -> None:
        """Open the case on a page and wait for the editor."""
        page.goto(f"{self.server.url}/?case={self.folder / 'case.json'}")
        page.wait_for_selector(".se[data-ready=true]")

    def keys(self, *keys: str) -> "Case":
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    @property
    def said(self) -> str:
        """What the editor said last."""
        return str(self.page.inner_text(".se-said")).rstrip("\u200b")

    @property
    def marks(self) -> list[tuple[str, ...]]:
        """The list beside the text: mention, label, state."""
        options = self.page.query_selector_all(".se-option")
        return [
            tuple(option.query_selector(f".se-{part}").text_content() for part in ("mention", "name", "state"))
            for option in options
        ]

    @property
    def mentions(self) -> list[tuple[str, str]]:
        """Mention and label of what is confirmed."""
        return [(mention, label) for mention, label, state in self.marks if state == "confirmed"]

    def ops(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What reached Python, each op once."""
        log = self.folder / "ops.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [op for op in map(json.loads, lines) if kind in {None, op["op"]}]

    def wait(self, kind: str, n: int = 1, timeout_s: float = 45) -> dict[str, Any]:
        """Wait until n ops of a kind reached Python; gives the last."""
        for _ in range(int(timeout_s * 20)):
            found = self.ops(kind)
            if len(found) >= n:
                return found[n - 1]
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{n} ops {kind!r} were awaited; came: {[op['op'] for op in self.ops()]}")

    def entities(self, op: dict[str, Any]) -> list[tuple[int, int, str]]:
        """The entities of an op, in code points."""
        return [(e["start"], e["end"], e["label"]) for e in op["entities"]]

    def point(self, at: int, *, after: bool = False) -> tuple[float, float]:
        """Where on the page the character at a UTF-16 place is: just inside its left (or right) edge."""
        script = """([at]) => {
          const lines = [...document.querySelectorAll('.se-line')];
          let left = at;
          for (const line of lines) {
            const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
              if (left < node.length) {
                const range = document.createRange();
                range.setStart(node, left);
                range.setEnd(node, left + 1);
                const box = range.getBoundingClientRect();
                return [box.left, box.right, (box.top + box.bottom) / 2];
              }
              left -= node.length;
            }
            left -= 1;
          }
        }"""
        left, right, y = self.page.evaluate(script, [at])
        inset = max((right - left) * 0.2, 0.5)
        return (right - inset if after else left + inset, y)

    def drag(self, start: int, end: int, *, alt: bool = False) -> None:
        """Drag from the character at start to the one before end."""
        self.page.mouse.move(*self.point(start))
        if alt:
            self.page.keyboard.down("Alt")
        self.page.mouse.down()
        self.page.mouse.move(*self.point((start + end) // 2))
        self.page.mouse.move(*self.point(end - 1, after=True))
        self.page.mouse.up()
        if alt:
            self.page.keyboard.up("Alt")

    def suggestion(self, start: int, end: int, label: str, **more: Any) -> dict[str, Any]:
        """One suggestion, for `show`."""
        return {"start": start, "end": end, "label": label, "score": 0.87, "source": "embedded", **more}


def picture(page: Any, folder: Path, name: str) -> Path:
    """Take a screenshot of the whole page."""
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
