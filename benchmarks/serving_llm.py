"""What the server adds to a language model's own seconds, at 8 requests at once.

python benchmarks/serving_llm.py [--quick] [--json] [--data ../shared/data] [--base-url http://127.0.0.1:8130/v1]
    [--model smol] [--rounds 3]

Sentences of BC5CDR, each asked about once; the annotator behind the server asks a real model through a proxy in this
process, which passes every byte on and notes when a request came and when its answer had gone. What the server adds to
a text is what its caller waited less that. The proxy's own work counts as the server's.
"""

import argparse
import asyncio
import json
import re
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import serving
from corpora import DATA
from serving import Caller, Serving, body, centile, make, read

PROXY = 8398


class Proxy:
    """Passes HTTP on, one connection to the model for each from the server; times chat completions by their text."""

    def __init__(self, base_url: str) -> None:
        self._at = urlsplit(base_url)
        self.seconds: dict[str, float] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        model_reader, model_writer = await asyncio.open_connection(self._at.hostname, self._at.port)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                content = await reader.readexactly(length(head))
                began = time.perf_counter()
                model_writer.write(head + content)
                answer = await model_reader.readuntil(b"\r\n\r\n")
                writer.write(answer + await model_reader.readexactly(length(answer)))
                await writer.drain()
                if b"chat/completions" in head:
                    text = json.loads(content)["messages"][-1]["content"]
                    self.seconds[text] = time.perf_counter() - began
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            model_writer.close()


def length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]) if found else 0


async def measured(texts: list[str], proxy: Proxy, at_once: int) -> list[tuple[float, float]]:
    """Return what each caller waited and what the model took of it, in milliseconds."""
    line, found = iter(texts), []

    async def ask() -> None:
        async with Caller() as caller:
            for text in line:
                began = time.perf_counter()
                status, answer = await caller.post("/v1/tag", body([text]))
                waited = time.perf_counter() - began
                assert status == 200, answer
                took = [seconds for asked, seconds in proxy.seconds.items() if text in asked]
                if len(took) == 1:
                    found.append((1000 * waited, 1000 * took[0]))

    await asyncio.gather(*(ask() for _ in range(at_once)))
    return found


async def run(options: argparse.Namespace, texts: list[str]) -> list[list[tuple[float, float]]]:
    proxy = Proxy(options.base_url)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", PROXY, limit=2**26)
    each = len(texts) // options.rounds
    async with server:
        serving_ = await asyncio.to_thread(Serving(options.folder).__enter__)
        try:
            return [await measured(texts[i * each : (i + 1) * each], proxy, 8) for i in range(options.rounds)]
        finally:
            await asyncio.to_thread(serving_.__exit__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--base-url", default="http://127.0.0.1:8130/v1")
    parser.add_argument("--model", default="smol")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    documents = read(options.data)
    texts = [d.text for d in documents[400 : 400 + options.rounds * (16 if options.quick else 64)]]
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = Path(temporary) / "p"
        make(options.folder, documents[:400])
        path = urlsplit(options.base_url).path
        settings = (
            f'backend = "chat"\nbase_url = "http://127.0.0.1:{PROXY}{path}"\nmodel = "{options.model}"\nshots = 3\n'
        )
        serving.SETTINGS = settings
        rounds = asyncio.run(run(options, texts))
    added = [[waited - took for waited, took in one] for one in rounds]
    result = {
        "texts": sum(map(len, rounds)),
        "model_p50_ms": [centile([took for _, took in one], 0.5) for one in rounds],
        "added_p50_ms": [centile(one, 0.5) for one in added],
        "added_p95_ms": [centile(one, 0.95) for one in added],
    }
    if options.json:
        print(json.dumps(result))
        return
    for i, one in enumerate(added):
        print(
            f"round {i + 1}: {len(one)} texts, the model took {result['model_p50_ms'][i]:,.0f} ms at the median; "
            f"the server added {centile(one, 0.5):.1f} ms at the median, {centile(one, 0.95):.1f} at p95"
        )


if __name__ == "__main__":
    main()
