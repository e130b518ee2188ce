"""The annotation page in a real browser: from Enter to the next text drawn, with 100,000 texts in the store.

python benchmarks/app.py [--quick] [--json] [--texts 100000] [--saves 200] [--data ../shared/data]

Sentences of BC5CDR, numbered so that no two are alike; a tenth of them queued, 300 annotated, suggestions of the
annotator on board kept for those that are next. Enter accepts what is suggested and saves; where nothing is, `0` says
so. The time runs in the browser, from the key to the second animation frame after the next text stands there: script,
server, store with full synchronisation, suggestions made anew beside it.
Needs Chromium and: pip install -e '.[app,dev-e2e]'.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from corpora import DATA, read
from playwright.sync_api import Page, sync_playwright

from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.project import Project
from allabel.schema import LabelSchema

BAR_MS = 400
N_ANNOTATED, AHEAD = 300, 400
# Waits for the next text in the page itself: a driver that asks from outside would measure its own pace.
WATCH = """() => {
  window.enters = [];
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "0") return;
    const began = performance.now();
    const before = document.querySelector(".se-text").textContent;
    const look = () => {
      const text = document.querySelector(".se-text")?.textContent;
      if (text === undefined || text === before) { requestAnimationFrame(look); return; }
      requestAnimationFrame(() => requestAnimationFrame(() => window.enters.push(performance.now() - began)));
    };
    requestAnimationFrame(look);
  }, true);
}"""


def corpus(data: Path, n: int) -> Iterator[Document]:
    """Give n texts of the corpus with their gold, the number at the end."""
    sentences = read(data, ("bc5cdr/iob/train.tsv",))
    for i, one in enumerate(islice(cycle(sentences), n)):
        yield Document(DocId(f"s{i}"), f"{one.text} ({i})", one.entities)


def prepare(folder: Path, data: Path, n_texts: int, n_saves: int) -> None:
    """Make the project."""
    with Project.create(folder, LabelSchema.of(["Chemical", "Disease"])) as project:
        records = (Record(i + 1, document) for i, document in enumerate(corpus(data, n_texts)))
        project.import_records(records, Path("corpus"), "gold")
        project.select(str(N_ANNOTATED), "uniform")
        project.annotate_from_gold()
        project.select(str(max(n_saves + 50, n_texts // 10)), "uniform", seed=1)
        texts = {document.id: document for document in project.store.documents()}
        queued = [texts[pick.doc_id] for pick in project.store.queue()[: max(AHEAD, n_saves + 50)]]
        for _ in project.tag(queued, keep=True):
            pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run `allabel app` on the project; gives its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "from allabel.cli import main; main()"
    command = [sys.executable, "-c", program, "-p", str(folder), "app", "--port", str(port), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield f"http://localhost:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def annotate(page: Page, n_saves: int) -> list[float]:
    """Save so many texts one after the other; the milliseconds of each."""
    page.wait_for_selector(".se[data-ready=true]", timeout=60_000)
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    for i in range(n_saves):
        nothing = page.locator(".se-text .se-tag, .se-option").count() == 0
        page.keyboard.press("0" if nothing else "Enter")
        page.wait_for_function(f"window.enters.length > {i}", timeout=30_000, polling=20)
        page.wait_for_timeout(300)
    return [float(ms) for ms in page.evaluate("window.enters")]


def measure(data: Path, n_texts: int, n_saves: int) -> dict[str, Any]:
    """Prepare, serve, annotate."""
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp) / "project"
        prepare(folder, data, n_texts, n_saves)
        with serving(folder) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(url)
            took = annotate(page, n_saves)
            browser.close()
        with Project.open(folder) as project:
            kept = sum(answer.source == "app" for answer in project.store.annotations().values())
    p50, p95, worst = np.quantile(took, [0.5, 0.95, 1.0])
    return {"texts": n_texts, "saves": n_saves, "kept": kept, "p50_ms": p50, "p95_ms": p95, "max_ms": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    figures = measure(asked.data, *((2000, 20) if asked.quick else (asked.texts, asked.saves)))
    figures["ratio_to_bar"] = figures["p95_ms"] / BAR_MS
    if asked.json:
        print(json.dumps(figures))
        return
    print(f"{figures['texts']:,} texts, {figures['saves']} saves, {figures['kept']} kept")
    times = f"median {figures['p50_ms']:.0f} ms, p95 {figures['p95_ms']:.0f} ms, longest {figures['max_ms']:.0f} ms"
    print(f"Enter to the next text drawn: {times}; p95 is {figures['ratio_to_bar']:.2f} of the bar of {BAR_MS} ms")


if __name__ == "__main__":
    main()
