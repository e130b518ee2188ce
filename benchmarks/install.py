"""What installing takes without any extra and with each: python benchmarks/install.py [--quick] [--json]

Builds the wheel and installs it by pip into an environment of its own for each, as a user would, without pip's cache.
Counts the seconds of pip, by the clock and of a processor (which other programs do not lengthen), and the packages and
megabytes (10^6 bytes) beyond those of an empty environment. torch is its CPU build where pip knows one
(constraints-cpu.txt). vllm is measured only where it is named: it is gigabytes.
"""

import argparse
import json
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
NONE = "(none)"
NOT_FOR_USERS = ("dev", "dev-audit", "dev-dense", "dev-e2e", "bench", "docs", "testing")
# vLLM brings the torch that it was built with, for CUDA.
GIGABYTES = ("vllm",)
QUICK = (NONE, "client")
TIMES = 5


def build(folder: Path) -> Path:
    """Build the wheel and return it."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(pip, check=True)
    return next(folder.glob("allabel-*.whl"))


def measure(wheel: Path, extra: str, place: Path, *, cached: bool, limit_s: float) -> dict[str, Any]:
    """Install the wheel with an extra in a new environment, look, and take the environment away."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    try:
        n_before, before = content(place)
        command = [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        command += [] if cached else ["--no-cache-dir"]
        command += [] if extra in GIGABYTES else ["--constraint", str(ROOT / "constraints-cpu.txt")]
        command += [str(wheel) if extra == NONE else f"{wheel}[{extra}]"]
        begun, cpu_before = time.perf_counter(), processor_s()
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit_s)
        except subprocess.TimeoutExpired:
            return {"failed": f"not done after {limit_s:.0f} s"}
        seconds, cpu_s = time.perf_counter() - begun, processor_s() - cpu_before
        if done.returncode:
            return {"failed": done.stderr.strip().splitlines()[-1]}
        n, size = content(place)
        brought = {"mb": (size - before) / 1e6, "packages": n - n_before}
        return {"seconds": seconds, "cpu_s": cpu_s, **brought, "start_s": start(place)}
    finally:
        shutil.rmtree(place)


def content(place: Path) -> tuple[int, int]:
    """Return how many packages an environment has, and the bytes of their files."""
    inside = next((place / "lib").glob("python*")) / "site-packages"
    n = sum(1 for _ in inside.glob("*.dist-info"))
    return n, sum(file.stat().st_size for file in inside.rglob("*") if file.is_file() and not file.is_symlink())


def processor_s() -> float:
    """Return the processor seconds of all programs that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(place: Path) -> float:
    """Return the least seconds of `allabel --version`, which reads every entry point, of five."""
    least = float("inf")
    for _ in range(TIMES):
        begun = time.perf_counter()
        subprocess.run([str(place / "bin/allabel"), "--version"], check=True, capture_output=True)
        least = min(least, time.perf_counter() - begun)
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="no extra, and the smallest, from pip's cache")
    parser.add_argument("--json", action="store_true", help="print one object with every figure")
    parser.add_argument("--extras", default="", help="only these, with commas between; (none) for no extra")
    parser.add_argument("--cached", action="store_true", help="let pip take what it has fetched before")
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which an extra is given up")
    options = parser.parse_args()
    every = [NONE, *(extra for extra in EXTRAS if extra not in (*NOT_FOR_USERS, *GIGABYTES))]
    wanted = options.extras.split(",") if options.extras else list(QUICK) if options.quick else every
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        wheel = build(Path(temporary))
        print(f"wheel of {wheel.stat().st_size / 1e6:.2f} MB, Python {platform.python_version()}", file=sys.stderr)
        for extra in wanted:
            cached = options.cached or options.quick
            found = measure(wheel, extra, Path(temporary) / "venv", cached=cached, limit_s=options.limit)
            figures[extra] = found
            print(told(extra, found), file=sys.stderr if options.json else sys.stdout, flush=True)
        if options.json:
            print(json.dumps({"wheel_mb": wheel.stat().st_size / 1e6, "extras": figures}))


def told(extra: str, found: dict[str, Any]) -> str:
    if "failed" in found:
        return f"| `{extra}` | {found['failed']} | | | |"
    seconds = f"{found['seconds']:.0f} | {found['cpu_s']:.0f}"
    return f"| `{extra}` | {found['mb']:.0f} | {found['packages']} | {seconds} |  starts in {found['start_s']:.2f} s"


if __name__ == "__main__":
    main()
