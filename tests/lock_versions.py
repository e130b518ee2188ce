"""Write the versions that CI tests, with the hash of each file, to locked/: python tests/lock_versions.py

locked/dev.txt is what the fast suite and the browser's need; locked/torch.txt what comes on top where torch is needed:
both for Python 3.11 on Linux x86-64. locked/container.txt is what the Dockerfile installs and locked/build.txt what it
builds our wheel with, of the same versions, for any machine. uv asks PyPI; torch's CPU build is looked for in
--find-links, where it is not there already.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = ROOT / "locked"
DEV = ("dev", "dev-e2e", "dev-audit", "docs")
TORCH = "dev-dense"
CONTAINER = ("app", "server", "postgres")
BUILD = "locked/build.in"
AS_TESTED = ("--constraint", "locked/dev.txt")
PLACE = "Python 3.11, Linux x86-64"


def compiled(files: Sequence[str], extras: Iterable[str], *more: str) -> str:
    """Return what uv finds for these files and extras."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", *files, "--quiet", "--generate-hashes"]
    command += ["--python-version", "3.11", "--no-annotate", "--no-header", *more]
    command += [part for extra in extras for part in ("--extra", extra)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def blocks(text: str) -> list[str]:
    """Return each package with its hashes."""
    return [one for one in re.split(r"(?m)^(?=\S)", text) if one.strip() and not one.startswith("#")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--find-links", default="", help="where torch's CPU build lies")
    parser.add_argument("--upgrade", action="store_true", help="take the newest; else what is locked stays")
    options = parser.parse_args()
    ours = ("pyproject.toml", BUILD)
    kept = AS_TESTED if not options.upgrade and (LOCKED / "dev.txt").exists() else ()
    dev = compiled(ours, DEV, *kept)
    write("dev.txt", "the fast suite, the browser and the audit", PLACE, blocks(dev))
    where = ["--find-links", options.find_links] if options.find_links else []
    both = compiled(ours, (*DEV, TORCH), *AS_TESTED, "--constraint", "constraints-cpu.txt", *where)
    more = [one for one in blocks(both) if one not in blocks(dev)]
    names = {one.partition("==")[0] for one in blocks(dev)}
    assert not names & {one.partition("==")[0] for one in more}, "the two files differ in a version"
    what = "what needs torch, on top of dev.txt; torch is its CPU build, which PyPI does not have"
    write("torch.txt", what, PLACE, more)
    for name, files, extras in (("container", ours[:1], CONTAINER), ("build", ours[1:], ())):
        found = blocks(compiled(files, extras, "--universal", *AS_TESTED))
        write(f"{name}.txt", "the Dockerfile", "Python 3.11 and later, any machine", found)


def write(name: str, what: str, place: str, found: list[str]) -> None:
    head = f"# For {what}. {place}.\n# Written by: make lock\n"
    (LOCKED / name).write_text(head + "".join(found), encoding="utf-8")


if __name__ == "__main__":
    main()
