"""Starts `allabel …` as processes that have loaded its rooms already, so that what a kill hits is work, not imports.

Run as a program: each line on standard input is a JSON list of arguments and a file for messages; a process of its own
is forked for it, and the lines "pid N" and "ended STATUS" say which and how it ended.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

_STARTER = pytest.StashKey["Starter"]()
LOADED = (
    *("allabel.cli", "allabel.project", "allabel.tagging", "allabel.finetuning", "allabel.formats.registry"),
    *(
        "allabel.commands.finetune",
        "allabel.commands.select",
        "allabel.commands.tag",
        "allabel.active.taggers.crfsuite",
    ),
    *("allabel.formats.jsonl", "allabel.formats.tagged", "allabel.annotate.embedded", "alembic.command", "psycopg"),
    *("allabel.store.upgrading", "eval.commands.run", "eval.experiments.running", "eval.experiments.checks"),
    *("eval.experiments.forecast", "app.sitting", "crash_sitter", "sqlalchemy.dialects.postgresql.psycopg"),
)


class Starter:
    """The process that starts the others. Use as a context manager."""

    def __init__(self, messages: Path) -> None:
        self._messages = messages
        self._last: Started | None = None

    def __enter__(self) -> "Starter":
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)

    def start(self, arguments: list[str]) -> "Started":
        """Start one; the one before has ended, or is killed now."""
        if self._last is not None:
            self._last.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._messages.write_text("", encoding="utf-8")
        self._process.stdin.write(json.dumps([arguments, str(self._messages)]) + "\n")
        self._process.stdin.flush()
        self._last = Started(self._process, self._messages)
        return self._last


class Started:
    """A process that runs. `said` is what it wrote, `status` how it ended: -9 where it was killed."""

    def __init__(self, starter: "subprocess.Popen[str]", messages: Path) -> None:
        assert starter.stdout is not None
        self._messages = messages
        self.pid = int(starter.stdout.readline().removeprefix("pid "))
        self.status: int | None = None
        self._ended = threading.Thread(target=self._wait, args=(starter.stdout.readline,))
        self._ended.start()

    def wait(self, most_s: float) -> bool:
        """Wait for its end, so long at most; tells whether it ended."""
        self._ended.join(most_s)
        return not self._ended.is_alive()

    def kill(self) -> bool:
        """Kill it; tells whether it was still running."""
        if self.wait(0):
            return False
        os.kill(self.pid, 9)
        assert self.wait(60)
        return self.status == -9

    def said(self) -> str:
        """Return what it wrote so far."""
        return self._messages.read_text(encoding="utf-8")

    def _wait(self, line) -> None:
        self.status = int(line().removeprefix("ended "))


def starter_of(config: pytest.Config) -> Starter:
    """Return the session's starter, made when it is first asked for: to load all rooms takes seconds."""
    if _STARTER not in config.stash:
        folder = Path(tempfile.mkdtemp(prefix="allabel-crash-"))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        starter = Starter(folder / "messages").__enter__()
        config.add_cleanup(starter.__exit__)
        config.stash[_STARTER] = starter
    return config.stash[_STARTER]


def _run(arguments: list[str], messages: str) -> None:
    with Path(messages).open("w", encoding="utf-8", buffering=1) as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    program = importlib.import_module("crash_sitter" if arguments[0] == "sit" else "allabel.cli")
    program.main(arguments[1:] if arguments[0] == "sit" else arguments)


def main() -> None:
    """Fork for each line until there are no more."""
    tests = Path(__file__).parents[1]
    sys.path += [str(tests), str(Path(__file__).parent)]
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        arguments, messages = json.loads(line)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _run(arguments, messages)
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        print("pid", pid, flush=True)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
