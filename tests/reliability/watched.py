"""Our programs under watch: every address that a process or its children connect to or look up, and what they leave.

Two ways: an audit hook in every Python process, which is quick, and `strace`, which hears of everything.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Texts, a password and keys that are to be found nowhere but where they belong.
CANARY = "Zyxocanarine"
KEY = "sk-canary-0d3c2f5e7b"
TEXTS = [f"{CANARY}-{n} (5 g) was dissolved in {n} mL of water." for n in range(30)]
# Where a look-up goes that another process makes for us.
_RESOLVERS = ("nscd", "systemd/resolve")
_HOOK = """
import os, sys
_WATCHED = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}

def _note(event, args):
    if event not in _WATCHED:
        return
    # A connection and a datagram: the socket, then the address. A look-up: host and port.
    place = args[:2] if event.startswith("socket.get") else args[1]
    if isinstance(place, (tuple, list)) and len(place) > 1:
        out = os.open(os.environ["ALLABEL_WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(out, f"{place[0]} {place[1]}\\n".encode())
        os.close(out)

sys.addaudithook(_note)
"""
_ADDRESS = re.compile(
    r'sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"'
)
Place = tuple[str, int]


class Watched:
    """A home, a folder for temporary files and the variables of a person of whom nothing is known but what they set."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.home, self.tmp, self._log = folder / "home", folder / "tmp", folder / "watched.log"
        hook = folder / "hook"
        for one in (self.home, self.tmp, hook):
            one.mkdir(parents=True)
        (hook / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "OMP_NUM_THREADS") if name in os.environ}
        self.env = {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "PYTHONPATH": os.pathsep.join(map(str, (hook, ROOT / "tests", ROOT / "tests" / "reliability"))),
            "ALLABEL_WATCHED": str(self._log),
            **variables,
        }

    def run(self, program: Sequence[str], **how: object) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end."""
        return subprocess.run(program, env=self.env, capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload]  # passed on

    @property
    def places(self) -> set[Place]:
        """Host and port of all that was connected to or looked up, as the audit hook heard it."""
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        return {(host, int(port)) for host, _, port in (line.rpartition(" ") for line in lines) if port.isdigit()}

    def left(self) -> list[Path]:
        """The files in the home and among the temporary files that hold a canary."""
        return [*holding((self.home, self.tmp))]


def ours(*arguments: object) -> list[str]:
    """The command line as a program."""
    return [sys.executable, "-c", "from allabel.cli import main; main()", *map(str, arguments)]


def traced(program: Sequence[str], out: Path) -> list[str]:
    """The program under strace; skips where there is none, or it may not look."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed: apt-get install strace")
    options = ["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none", "-s", "0"]
    if subprocess.run([found, *options, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not look at processes here")
    return [found, *options, "-o", str(out), *program]


def traced_places(out: Path) -> set[Place]:
    """Host and port of all that strace saw addressed, and ("lookup", 0) where another process was asked for a name."""
    text = out.read_text(encoding="utf-8", errors="replace")
    found = {(host, int(port)) for port, host in _ADDRESS.findall(text)}
    asked = (line for line in text.splitlines() if any(one in line for one in _RESOLVERS) and line.endswith("= 0"))
    return found | {("lookup", 0) for _ in asked}


def holding(folders: Sequence[Path], canaries: Sequence[str] = (CANARY, KEY)) -> Iterator[Path]:
    """Give the files in which a canary stands."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and any(one.encode() in path.read_bytes() for one in canaries):
                yield path


def of_process(pid: int) -> str:
    """What anybody on the machine may read of a process: the arguments of it."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def clean(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that switch reports off: whoever runs the tests may have set them."""
    from allabel.telemetry import VARIABLES

    return {name: value for name, value in variables.items() if name not in VARIABLES}
