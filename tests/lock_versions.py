"""Write the versions that CI tests, with the hash of each file, to locked/: python tests/lock_versions.py

locked/dev.txt is what the fast suite and the browser's need; locked/torch.txt what comes on top where torch is needed.
Both are for Python 3.11 on Linux x86-64. uv asks PyPI; torch's CPU build is looked for in --find-links, where it is not
there already.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = ROOT / "locked"
DEV = ("dev", "dev-e2e", "dev-audit", "docs")
TORCH = "dev-dense"


def compiled(*more: str) -> str:
    """Return what uv finds for pyproject.toml and what builds our own wheel."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", "pyproject.toml", "locked/build.in", "--quiet", "--generate-hashes"]
    command += ["--python-version", "3.11", "--no-annotate", "--no-header", *more]
    command += [part for extra in DEV for part in ("--extra", extra)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def blocks(text: str) -> list[str]:
    """Return each package with its hashes."""
    return [one for one in re.split(r"(?m)^(?=\S)", text) if one.strip() and not one.startswith("#")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--find-links", default="", help="where torch's CPU build lies")
    parser.add_argument("--upgrade", action="store_true", help="take the newest; else what is locked stays")
    options = parser.parse_args()
    kept = [] if options.upgrade else ["--constraint", "locked/dev.txt"]
    dev = compiled(*(kept if (LOCKED / "dev.txt").exists() else []))
    write("dev.txt", "the fast suite, the browser and the audit", blocks(dev))
    where = ["--find-links", options.find_links] if options.find_links else []
    both = compiled("--constraint", "locked/dev.txt", "--constraint", "constraints-cpu.txt", "--extra", TORCH, *where)
    more = [one for one in blocks(both) if one not in blocks(dev)]
    names = {one.partition("==")[0] for one in blocks(dev)}
    assert not names & {one.partition("==")[0] for one in more}, "the two files differ in a version"
    write("torch.txt", "what needs torch, on top of dev.txt; torch is its CPU build, which PyPI does not have", more)


def write(name: str, what: str, found: list[str]) -> None:
    head = f"# For {what}. Python 3.11, Linux x86-64.\n# Written by: make lock\n"
    (LOCKED / name).write_text(head + "".join(found), encoding="utf-8")


if __name__ == "__main__":
    main()
