"""A language-model server on this machine that fails by script: one fault by name for each request, or none.

Use as a context manager. The text of a request is its first `user` message; what it was asked before decides nothing
but `n_before`, which the script is told.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

# Of a text and how often it was asked for before: a fault's name, "" for none.
Script = Callable[[str, int], str]
OFFERED = "m"


def content_for(text: str) -> str:
    """The right answer to a text."""
    return json.dumps({"echo": text})


def completion(content: str | None, *, finish: str = "stop", refusal: str | None = None, logprob: float = -0.5) -> Any:
    tokens = [{"token": content, "logprob": logprob, "bytes": list(content.encode())}] if content else []
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "finish_reason": finish, "message": message, "logprobs": {"content": tokens}}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": OFFERED, "choices": [choice], "usage": usage}


def error(message: str, code: str | int) -> Any:
    return {"error": {"message": message, "type": "x", "code": code}}


def _in_a_second() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)


# A fault that is a whole response: status, body, headers.
RESPONSES: dict[str, Callable[[str], tuple[int, Any, dict[str, str]]]] = {
    "": lambda text: (200, completion(content_for(text)), {}),
    "429": lambda text: (429, error("slow down", 429), {}),
    "429-after": lambda text: (429, error("slow down", 429), {"Retry-After": "0.05"}),
    "429-date": lambda text: (429, error("slow down", 429), {"Retry-After": _in_a_second()}),
    "429-hour": lambda text: (429, error("slow down", 429), {"Retry-After": "3600"}),
    "429-quota": lambda text: (429, error("pay first", "insufficient_quota"), {}),
    "400": lambda text: (400, error("the context is too long", 400), {}),
    "400-quote": lambda text: (400, error(f"cannot make sense of {text!r}", 400), {}),
    "401": lambda text: (401, error("wrong key sk-very-secret", 401), {}),
    "403": lambda text: (403, error("not for you", 403), {}),
    "404": lambda text: (404, error("the model does not exist", 404), {}),
    "500": lambda text: (500, error("out of memory", 500), {}),
    "502": lambda text: (502, "<html>bad gateway</html>", {"Content-Type": "text/html"}),
    "503": lambda text: (503, error("full", 503), {}),
    "html": lambda text: (200, "<!DOCTYPE html><p>Sign in", {"Content-Type": "text/html"}),
    "cut body": lambda text: (200, json.dumps(completion(content_for(text)))[:60], {}),
    "cut content": lambda text: (200, completion(content_for(text)[:-4]), {}),
    "wrong schema": lambda text: (200, completion('{"other": 1}'), {}),
    "no choices": lambda text: (200, {**completion("x"), "choices": []}, {}),
    "no message": lambda text: (200, {**completion("x"), "choices": [{"index": 0}]}, {}),
    "list": lambda text: (200, [1, 2], {}),
    "null content": lambda text: (200, completion(None), {}),
    "nan": lambda text: (200, completion(content_for(text), logprob=float("nan")), {}),
    "length": lambda text: (200, completion(content_for(text)[:5], finish="length"), {}),
    "refusal": lambda text: (200, completion(None, refusal="I would rather not."), {}),
    "filter": lambda text: (200, completion(None, finish="content_filter"), {}),
    "no usage": lambda text: (200, {**completion(content_for(text)), "usage": None}, {}),
}
# Faults below HTTP: `hang` never answers, `drip` sends a byte each 50 ms, `reset` breaks off in the middle.
RAW = ("hang", "drip", "reset")


class FaultyServer:
    """Listens on a port of its own. binds: the fields of a request by which the canary's schema is kept to."""

    def __init__(self, script: Script = lambda text, n_before: "", *, delay_s: float = 0.0, port: int = 0) -> None:
        self.script, self.delay_s, self._port = script, delay_s, port
        self.n_heard = 0  # requests of any kind, canaries too
        self.requests: list[dict[str, Any]] = []
        self.faults: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.binds = ("response_format", "structured_outputs")
        self.canary: list[str] = []  # faults of the first canaries, taken one by one
        self.url, self.most_at_once, self._at_once = "", 0, 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=1024)
        )
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower():
                if head.startswith("get"):
                    await self._send(writer, 200, {"object": "list", "data": [{"id": OFFERED, "object": "model"}]}, {})
                    continue
                length = int(head.split("content-length:")[1].split("\r\n")[0])
                request = json.loads(await reader.readexactly(length))
                self.n_heard += 1
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    await self._answer(writer, request)
                finally:
                    self._at_once -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, writer: asyncio.StreamWriter, request: dict[str, Any]) -> None:
        text = next(m["content"] for m in request["messages"] if m["role"] == "user")
        word = self._canary_word(request)
        if word is not None or text.startswith("Answer with JSON only"):
            fault = self.canary.pop(0) if self.canary else ""
            if not fault:
                content = json.dumps({"word": word}) if word else "hello"
                await self._send(writer, 200, completion(content), {})
                return
        else:
            self.requests.append(request)
            fault = self.script(text, self.asked[text])
            self.asked[text] += 1
            self.faults[fault] += 1
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if fault in RAW:
            await getattr(self, f"_{fault}")(writer, text)
        else:
            await self._send(writer, *RESPONSES[fault](text))

    def _canary_word(self, request: dict[str, Any]) -> str | None:
        schema = request.get("response_format", {}).get("json_schema", {}).get("schema")
        if "response_format" not in self.binds:
            schema = None
        if "structured_outputs" in request and "structured_outputs" in self.binds:
            schema = request["structured_outputs"]["json"]
        properties = (schema or {}).get("properties", {})
        return properties["word"]["enum"][0] if "word" in properties else None

    async def _send(self, writer: asyncio.StreamWriter, status: int, body: Any, headers: dict[str, str]) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        whole = {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in whole.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + data)
        await writer.drain()

    async def _hang(self, writer: asyncio.StreamWriter, text: str) -> None:
        await asyncio.sleep(3600)

    async def _drip(self, writer: asyncio.StreamWriter, text: str) -> None:
        data = json.dumps(completion(content_for(text))).encode()
        writer.write(
            f"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        )
        for i in range(len(data)):
            writer.write(data[i : i + 1])
            await writer.drain()
            await asyncio.sleep(0.05)

    async def _reset(self, writer: asyncio.StreamWriter, text: str) -> None:
        writer.write(b'HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"choices": [')
        await writer.drain()
        raise ConnectionError
