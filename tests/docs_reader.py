"""A reader who carries out a page's blocks to the letter, in a fresh folder, in order.

What a block of shell exports, and the folder it goes to, hold for the next ones; Python blocks share their names, as
they would in one session. Addresses of this machine that pages name are moved to free ports, and moved back in what
was printed; `allabel app` opens no browser.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from docs_blocks import Block, Page
from served import free_port

# The ports that pages name: app, server, a language model's server.
PORTS = (8501, 8200, 8000)
START_S, BLOCK_S, END_S = 180, 900, 60
_ADDRESS = re.compile(r"(127\.0\.0\.1|localhost):(\d+)")
_APP = re.compile(r"^(allabel(?: -p \S+)? app)\b", re.MULTILINE)
# Runs the blocks that it is sent, in one set of names, and says after each whether it went well.
_SESSION = """
import contextlib, io, json, sys, traceback
names = {"__name__": "__main__"}
for line in sys.stdin:
    told, fine = io.StringIO(), True
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            exec(compile(json.loads(line), "block", "exec"), names)
        except BaseException:
            traceback.print_exc()
            fine = False
    print(json.dumps([fine, told.getvalue()]), flush=True)
"""


class BlockError(AssertionError):
    """A block did not do what the page says."""


class Reader:
    """Carries out one page in a folder; `kept` is another folder, for what is carried over from block to block."""

    def __init__(self, folder: Path, kept: Path, ports: Mapping[int, int]) -> None:
        self.folder, self.ports, self._kept = folder, dict(ports), kept
        self._servers: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        self._python: subprocess.Popen[str] | None = None
        self.printed = ""
        moved = f'{{"port": {self.ports[8200]}}}'
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ALLABEL_", "OPENAI_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ALLABEL_SERVE": moved,
            "ALLABEL_SERVER_URL": f"http://127.0.0.1:{self.ports[8200]}",
        }

    def follow(self, page: Page) -> None:
        """Carry out every block of the page. Raises BlockError naming the page and the line."""
        for block in page.to_run:
            try:
                self.take(block)
            except BlockError as error:
                raise BlockError(f"{page.name}:{block.line}: {error}") from None

    def take(self, block: Block) -> None:
        """Carry out one block, or compare what the last one printed."""
        if block.language == "prints":
            if missing := not_printed(block.text, self.printed):
                raise BlockError(f"this line was not printed: {missing!r}\n--- printed ---\n{self.printed}")
        elif block.until:
            self._serve(block)
        elif block.language == "sh":
            self._shell(block)
        else:
            self._say(block)

    def close(self) -> None:
        """End what still runs as Ctrl+C would."""
        if self._python is not None:
            self._python.communicate(timeout=END_S)
        for server, log in reversed(self._servers):
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(END_S)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(END_S)
            log.close()

    def _script(self, block: Block, *, keeps: bool) -> list[str]:
        state, place = shlex.quote(str(self._kept / "state.sh")), shlex.quote(str(self._kept / "place"))
        before = f'if [ -e {state} ]; then . {state}; cd "$(cat {place})"; fi'
        after = f"export -p > {state}\npwd > {place}" if keeps else ""
        text = _APP.sub(rf"\1 --no-browser --port {self.ports[8501]}", self._moved(block.text))
        return ["bash", "-euo", "pipefail", "-c", f"{before}\n{text}\n{after}"]

    def _moved(self, text: str) -> str:
        return _ADDRESS.sub(lambda found: f"{found[1]}:{self.ports.get(int(found[2]), found[2])}", text)

    def _moved_back(self, text: str) -> str:
        back = {there: here for here, there in self.ports.items()}
        return _ADDRESS.sub(lambda found: f"{found[1]}:{back.get(int(found[2]), found[2])}", text)

    def _shell(self, block: Block) -> None:
        command = self._script(block, keeps=True)
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                timeout=BLOCK_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BlockError(f"it did not end within {BLOCK_S} s:\n{block.text}") from error
        self.printed = self._moved_back(done.stdout)
        if done.returncode:
            raise BlockError(f"exit status {done.returncode}:\n{block.text}\n--- printed ---\n{self.printed}")

    def _serve(self, block: Block) -> None:
        log = (self._kept / f"server-{len(self._servers)}.log").open("w+b")
        command = self._script(block, keeps=False)
        server = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._servers.append((server, log))
        url, until = self._moved(str(block.until)), time.monotonic() + START_S
        while not _answers(url):
            if server.poll() is not None or time.monotonic() > until:
                raise BlockError(f"nothing answers at {block.until}:\n{block.text}\n{self._log(log)}")
            time.sleep(0.1)
        self.printed = self._log(log)

    def _log(self, log: IO[bytes]) -> str:
        return self._moved_back(Path(log.name).read_text(encoding="utf-8", errors="replace"))

    def _say(self, block: Block) -> None:
        if self._python is None:
            command = self._script(Block("sh", f"exec python -c {shlex.quote(_SESSION)}", 0), keeps=False)
            self._python = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self._environment, "PYTHONPATH": ""},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        assert self._python.stdin is not None
        assert self._python.stdout is not None
        self._python.stdin.write(json.dumps(self._moved(block.text)) + "\n")
        self._python.stdin.flush()
        answer = self._python.stdout.readline()
        if not answer:
            raise BlockError(f"Python ended:\n{block.text}")
        fine, told = json.loads(answer)
        self.printed = self._moved_back(told)
        if not fine:
            raise BlockError(f"it failed:\n{block.text}\n--- printed ---\n{told}")


@contextmanager
def reading(folder: Path, kept: Path) -> Iterator[Reader]:
    """Give a reader in a folder, and end all that it started."""
    reader = Reader(folder, kept, {port: free_port() for port in PORTS})
    try:
        yield reader
    finally:
        reader.close()


def not_printed(shown: str, printed: str) -> str | None:
    """Return the first line of `shown` that is not among the printed ones after those before it; None where all are.

    … stands for anything. A number with a decimal point may differ by 0.02, or by 2 % where it is larger than 1:
    processors do not agree to the last digit.
    """
    left = iter(printed.splitlines())
    for line in shown.splitlines():
        if line.strip() in {"", "…"}:
            continue
        if not any(_same(line.strip(), other.strip()) for other in left):
            return line
    return None


_DECIMAL = re.compile(r"\d+\.\d+")


def _same(shown: str, printed: str) -> bool:
    parts = [re.escape(part) for part in _DECIMAL.sub("\0", shown).split("…")]
    # Runs of blanks are laid out by the longest word beside them.
    pattern = re.sub(r"(?:\\ )+", r"\\s+", ".*".join(parts)).replace(re.escape("\0"), r"(\d+\.\d+)")
    found = re.fullmatch(pattern, printed)
    if found is None:
        return False
    pairs = zip(map(float, _DECIMAL.findall(shown)), map(float, found.groups()), strict=True)
    return all(abs(one - other) <= 0.02 * max(1, abs(one)) for one, other in pairs)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status < 300)
    except (OSError, urllib.error.URLError):
        return False
