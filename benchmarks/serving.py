"""How fast does the server answer, what does it add, and whom does it send away? On loopback, one process.

python benchmarks/serving.py [--quick] [--json] [--data ../shared/data] [--shown 400] [--at 10000]

Sentences of BC5CDR; the annotator on board, taught by 400 of them; the server is a process of its own, the callers are
this one, so that both have a core where there are two.

single: one text a request, 100 requests a second whatever the answers do (open loop). many: 64 texts a request from 4
callers, beside the same texts through the same annotator in a process without a server. overload: twice as many texts
as it can do, of the same size. retrieved: annotations confirmed beside 10,000 demonstrations, until the next text is
shown them.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("OMP_NUM_THREADS", "1")

from corpora import DATA

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document
from allabel.formats.base import Record
from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema

PORT, AT_ONCE, CALLERS = 8399, 64, 4
# What stands in allabel.toml before the table [serve].
SETTINGS = ""


def read(data: Path) -> list[Document]:
    """Return the sentences of both splits that are not blank, each once."""
    files = [data / "bc5cdr" / "iob" / f"{split}.tsv" for split in ("train", "test")]
    found = (record.document for file in files for record in read_documents(file, "conll"))
    return list({d.text: d for d in found if d.text.strip()}.values())


def make(folder: Path, documents: list[Document]) -> None:
    with Project.create(folder, LabelSchema.of(["Chemical", "Disease"])) as project:
        project.import_records([Record(n, d) for n, d in enumerate(documents, 1)], Path("made"), "annotations")


class Serving:
    """A server of a project, as a process of its own."""

    def __init__(self, folder: Path, **table: int) -> None:
        (folder / "allabel.toml").write_text(
            SETTINGS + "[serve]\n" + "".join(f"{k} = {v}\n" for k, v in table.items()), encoding="utf-8"
        )
        code = "from allabel.cli import main; main()"
        command = [sys.executable, "-c", code, "-p", str(folder), "serve", "--port", str(PORT)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def __enter__(self) -> "Serving":
        import httpx

        until = time.monotonic() + 300
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{PORT}/readyz").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError("the server is not ready")
            time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


class Caller:
    """One connection, and as little work of its own as can be."""

    async def __aenter__(self) -> "Caller":
        host = urlsplit(f"http://127.0.0.1:{PORT}")
        self._reader, self._writer = await asyncio.open_connection(host.hostname, host.port, limit=2**26)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return int(answer.split()[1]), await self._reader.readexactly(length)


def body(texts: list[str]) -> bytes:
    return json.dumps({"texts": texts}).encode()


def centile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def single(texts: list[str], per_s: float, seconds: float) -> dict[str, float]:
    """Ask about one text after another, at the times that were set before."""
    free: asyncio.Queue[Caller] = asyncio.Queue()
    callers = [await Caller().__aenter__() for _ in range(64)]
    for caller in callers:
        free.put_nowait(caller)
    took: list[float] = []

    async def ask(text: str, due: float) -> None:
        caller = await free.get()
        status, _ = await caller.post("/v1/tag", body([text]))
        assert status == 200, status
        took.append(1000 * (time.perf_counter() - due))
        free.put_nowait(caller)

    began, tasks = time.perf_counter(), []
    for n in range(int(per_s * seconds)):
        due = began + n / per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(texts[n % len(texts)], due)))
    await asyncio.gather(*tasks)
    for caller in callers:
        await caller.__aexit__()
    return {f"p{share * 100:g}_ms": centile(took, share) for share in (0.5, 0.95, 0.99)}


async def many(texts: list[str], seconds: float) -> float:
    """Return sentences a second through CALLERS connections."""
    bodies = [body(texts[i : i + AT_ONCE]) for i in range(0, len(texts) - AT_ONCE, AT_ONCE)]
    until, n = time.perf_counter() + seconds, 0

    async def ask(first: int) -> None:
        nonlocal n
        async with Caller() as caller:
            i = first
            while time.perf_counter() < until:
                status, _ = await caller.post("/v1/tag", bodies[i % len(bodies)])
                assert status == 200, status
                n, i = n + AT_ONCE, i + CALLERS

    began = time.perf_counter()
    await asyncio.gather(*(ask(i) for i in range(CALLERS)))
    return n / (time.perf_counter() - began)


async def overload(texts: list[str], per_s: float, seconds: float) -> dict[str, Any]:
    """Ask for so many sentences a second, AT_ONCE a request, and tell the answers apart."""
    bodies = [body(texts[i : i + AT_ONCE]) for i in range(0, len(texts) - AT_ONCE, AT_ONCE)]
    statuses: Counter[int] = Counter()
    took: list[float] = []

    async def ask(content: bytes) -> None:
        began = time.perf_counter()
        async with Caller() as caller:
            status, _ = await caller.post("/v1/tag", content)
        statuses[status] += 1
        if status == 200:
            took.append(1000 * (time.perf_counter() - began))

    began, tasks = time.perf_counter(), []
    for n in range(int(per_s * seconds / AT_ONCE)):
        await asyncio.sleep(max(0.0, began + n * AT_ONCE / per_s - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(bodies[n % len(bodies)])))
    await asyncio.gather(*tasks)
    return {
        "asked_per_s": per_s,
        "statuses": dict(statuses),
        "served_per_s": statuses[200] * AT_ONCE / (time.perf_counter() - began),
        "p50_ms": centile(took, 0.5),
        "p99_ms": centile(took, 0.99),
    }


def in_process(shown: list[Document], texts: list[str], seconds: float) -> float:
    """Return sentences a second of the same annotator, AT_ONCE at a time, with nothing around it."""
    demonstrations = [Demonstration(d.id, d.text, d.entities or ()) for d in shown]
    from allabel.annotate.embedded import replies

    tagger = EmbeddedAnnotator().fit(demonstrations)
    replies(tagger, texts[:2000])
    until, n, i = time.perf_counter() + seconds, 0, 0
    began = time.perf_counter()
    while time.perf_counter() < until:
        n += len(replies(tagger, texts[i % 2000 : i % 2000 + AT_ONCE]))
        i += AT_ONCE
    return n / (time.perf_counter() - began)


async def retrieved(n_times: int) -> list[float]:
    """Return the seconds from sending an annotation until a text like it is shown it."""
    took = []
    async with Caller() as caller:
        for i in range(n_times):
            word = f"zorblaxine{time.time_ns()}x{i}"
            entity = {"start": 0, "end": len(word), "label": "Chemical"}
            confirmed = {"documents": [{"text": f"{word} was given to rats .", "entities": [entity]}]}
            began = time.perf_counter()
            status, answer = await caller.post("/v1/annotations", json.dumps(confirmed).encode())
            assert status == 201, answer
            (id,) = json.loads(answer)["ids"]
            while True:
                _, tagged = await caller.post("/v1/tag", json.dumps({"text": word, "shots": 1}).encode())
                if json.loads(tagged)["documents"][0]["demonstrations"] == [id]:
                    break
            took.append(time.perf_counter() - began)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--shown", type=int, default=400)
    parser.add_argument("--at", type=int, default=10_000, help="demonstrations beside which annotations are confirmed")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    seconds = 4.0 if options.quick else 20.0
    documents = read(options.data)
    shown, rest = documents[: options.shown], documents[options.shown :]
    texts = [d.text for d in rest]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "p"
        make(folder, shown)
        with Serving(folder, queue_texts=4096):
            asyncio.run(many(texts[:2000], 3.0))
            found["single"] = asyncio.run(single(texts, 100.0, seconds))
            found["many_per_s"] = asyncio.run(many(texts[:2000], seconds))
        found["in_process_per_s"] = in_process(shown, texts, seconds)
        found["ratio"] = found["many_per_s"] / found["in_process_per_s"]
        with Serving(folder, queue_texts=512):
            asyncio.run(many(texts[:2000], 3.0))
            found["overload"] = asyncio.run(overload(texts[:2000], 2 * found["many_per_s"], seconds))
        big = Path(temporary) / "big"
        at = 1000 if options.quick else options.at
        more = [Document(f"copy-{i}", f"{d.text} ({i})", d.entities) for i, d in enumerate(documents)]
        make(big, [*documents, *more][:at])
        with Serving(big):
            took = asyncio.run(retrieved(5 if options.quick else 30))
        found["retrieved"] = {"n": at, "median_s": statistics.median(took), "max_s": max(took)}
    if options.json:
        print(json.dumps(found))
        return
    print(f"single, 100 requests/s: {json.dumps({k: round(v, 1) for k, v in found['single'].items()})}")
    print(
        f"64 a request: {found['many_per_s']:,.0f} sentences/s; in process {found['in_process_per_s']:,.0f}; "
        f"ratio {found['ratio']:.2f}"
    )
    print(f"overload: {found['overload']}")
    print(f"retrieved beside {at:,}: {found['retrieved']}")


if __name__ == "__main__":
    main()
