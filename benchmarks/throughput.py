"""How much of a server's speed we leave: bare AsyncOpenAI calls against transport, store and annotator, in one run.

python benchmarks/throughput.py [--quick] [--json] [--texts 2000] [--at-once 64] [--latency 0.2]

A server in another process answers every request after a fixed latency. All ways ask as often, in turns. Then the CPU
of our own part by itself, step by step, and what HTTP adds to it: see own_cpu.py.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import own_cpu

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import LlmAnnotator
from allabel.annotate.llm.base import Answer, Request
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.keys import answer_to_json, cache_key, prompt_hash
from allabel.document import DocId, Document
from allabel.reply import Status
from allabel.schema import LabelSchema
from allabel.store import Call, Store
from allabel.store.writer import Writer
from allabel.tagging import StoreMemory, tag
from retrieval.bm25 import Bm25

BAR = 0.95
CONTENT = json.dumps({"entities": [{"text": f"compound {i}", "label": "Chemical", "occurrence": 1} for i in range(4)]})
SCHEMA = {"type": "object", "properties": {"entities": {"type": "array", "items": {"type": "object"}}}}
DEMONSTRATION = "A solution of compound 7 in dry methanol was stirred with sodium cyanoborohydride at 20 °C for 2 h. "


def requests(n: int) -> list[Request]:
    shown = [{"role": role, "content": DEMONSTRATION * 2} for _ in range(5) for role in ("user", "assistant")]
    fixed = ({"role": "system", "content": "Extract every named entity. " * 20}, *shown)
    return [Request((*fixed, {"role": "user", "content": f"{i}: {DEMONSTRATION}"}), SCHEMA) for i in range(n)]


def serve(latency_s: float) -> None:
    """Answer on a free port, which is printed, until standard input ends: sentences of BC5CDR with their gold."""
    entities = own_cpu.body(CONTENT)
    gold = {text: own_cpu.body(content) for text, content in own_cpu.Work.of(own_cpu.MOST).answers.items()}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                data = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
                asked = json.loads(data)["messages"][-1]["content"]
                out = gold.get(asked, entities)
                if b'"canary"' in data:
                    schema = json.loads(data)["response_format"]["json_schema"]["schema"]
                    word = json.dumps({"word": schema["properties"]["word"]["enum"][0]})
                    out = json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": word}}]}).encode()
                await asyncio.sleep(latency_s)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                writer.write(head + str(len(out)).encode() + b"\r\n\r\n" + out)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(run())


def bare(url: str, asked: list[Request], at_once: int) -> None:
    """Send what ChatTransport sends, with nothing around it but a semaphore."""
    from openai import AsyncOpenAI

    async def run() -> None:
        gate = asyncio.Semaphore(at_once)
        async with AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:

            async def one(request: Request) -> None:
                async with gate:
                    completion = await client.chat.completions.create(
                        model="m",
                        messages=list(request.messages),
                        temperature=0.0,
                        seed=0,
                        max_tokens=1024,
                        logprobs=True,
                        response_format={
                            "type": "json_schema",
                            "json_schema": {"name": "entities", "strict": True, "schema": dict(SCHEMA)},
                        },
                    )
                    assert completion.choices[0].message.content == CONTENT

            await asyncio.gather(*map(one, asked))

    asyncio.run(run())


def ours(url: str, asked: list[Request], at_once: int) -> None:
    got: list[int] = []

    def take(i: int, answer: Answer) -> None:
        assert answer.status is Status.OK, answer
        got.append(i)

    sender = ChatTransport(url, "m", api_key="k", concurrency=at_once)
    sender.send(asked, take, lambda i, answer: "" if answer.content == CONTENT else "wrong")
    assert sorted(got) == list(range(len(asked)))


def ours_stored(url: str, asked: list[Request], at_once: int) -> None:
    """As `ours`, and every answer goes to cache and journal as it comes."""
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "project.db") as store:
        sender = ChatTransport(url, "m", api_key="k", concurrency=at_once)
        identity = sender.identity

        def keep(answers: list[tuple[str, dict[str, Any], Call]]) -> None:
            with store.transaction():
                store.add_cached({key: answer for key, answer, _ in answers})
                store.add_calls([call for *_, call in answers])

        def take(i: int, answer: Answer) -> None:
            assert answer.status is Status.OK, answer
            tokens = (answer.n_prompt_tokens, answer.n_output_tokens)
            what = (prompt_hash(asked[i]), "m", "chat", answer.status.value, answer.n_attempts)
            call = Call(datetime.now(UTC), None, *what, *tokens, answer.latency_s)
            writer.put((cache_key(asked[i], identity), answer_to_json(answer), call))

        with Writer(keep) as writer:
            sender.send(asked, take)
        assert store.calls_summary().n_calls == len(asked)


def ours_whole(url: str, asked: list[Request], at_once: int) -> None:
    """The whole annotator: retrieve, prompt, send, read, ground, score, and store answers, calls and replies."""
    shown = [Demonstration(DocId(f"d{i}"), f"{i} {DEMONSTRATION * 2}", ()) for i in range(456)]
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "project.db") as store:
        documents = [Document(DocId(str(i)), request.messages[-1]["content"]) for i, request in enumerate(asked)]
        store.add_documents(documents)
        sender = ChatTransport(url, "m", api_key="k", concurrency=at_once)
        memory = StoreMemory(store, "chat")
        annotator = LlmAnnotator(LabelSchema.of(["Chemical"]), sender, JsonForm(), Bm25, memory=memory)
        tagged = list(tag(store, annotator, documents, shown, lambda _: None))
        assert {one.reply.status for one in tagged} == {Status.OK}
        assert len(store.tagged()) == len(asked)


def with_http(url: str, n: int, at_once: int) -> dict[str, Any]:
    """Measure the CPU of our own part, and of the same work with answers that come over HTTP."""
    found = own_cpu.measure(n, 3)
    work = own_cpu.Work.of(n)
    taken = [work.tag(ChatTransport(url, "m", api_key="k", concurrency=at_once))[0] for _ in range(2)]
    found["http_cpu_ms"] = 1000 * taken[-1] / n - found["cpu_ms"]
    return found


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(url: str, n: int, at_once: int, rounds: int) -> dict[str, Any]:
    asked = requests(n)
    ways = {"bare": bare, "ours": ours, "ours_stored": ours_stored, "ours_whole": ours_whole}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for way in ways.values():
        way(url, asked[:at_once], at_once)  # imports and first connections
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(timed(lambda way=way: way(url, asked, at_once)))
    found: dict[str, Any] = {"texts": n, "at_once": at_once, "rounds": rounds}
    for name, pairs in seconds.items():
        wall, cpu = np.median(pairs, axis=0)
        found[name] = {"s": float(wall), "texts_per_s": n / float(wall), "cpu_ms_per_text": 1000 * float(cpu) / n}
    # In each round the two ran one after the other, on the same machine with the same neighbours.
    for name in ("ours", "ours_stored", "ours_whole"):
        ratios = [b[0] / o[0] for b, o in zip(seconds["bare"], seconds[name], strict=True)]
        found[name]["ratio"] = float(np.median(ratios))
        found[name]["cpu_ms_over_bare"] = found[name]["cpu_ms_per_text"] - found["bare"]["cpu_ms_per_text"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds the server takes")
    parser.add_argument("--quick", action="store_true", help="400 texts, one round")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.latency)
        return
    n, rounds = (400, 1) if options.quick else (options.texts, 3)
    command = [sys.executable, __file__, "--serve", "--latency", str(options.latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        found = measure(url, n, options.at_once, rounds)
        found["own"] = with_http(url, n, options.at_once)
        server.stdin.close()
    found |= {"latency_s": options.latency, "floor_s": -(-n // options.at_once) * options.latency}
    found |= {"ratio": found["ours"]["ratio"], "bar": None if options.quick else BAR}
    found["met"] = None if options.quick else found["ratio"] >= BAR
    if options.json:
        print(json.dumps(found))
        return
    for name in ("bare", "ours", "ours_stored", "ours_whole"):
        row = found[name]
        ratio = f"  {row['ratio']:.2f} of bare" if "ratio" in row else ""
        cpu = f"{row['cpu_ms_per_text']:.2f} ms CPU a text"
        print(f"{name:12} {row['s']:6.2f} s  {row['texts_per_s']:6.0f} texts/s  {cpu}{ratio}")
    print(f"no faster than {found['floor_s']:.2f} s; bar {BAR} of bare: {found['met']}")
    own_cpu.printed(found["own"])


if __name__ == "__main__":
    main()
