"""Ask whether a locked version has a known hole: python tests/audit.py

pip-audit says "no known vulnerabilities" of packages that it could not ask about. So it is first asked about a version
with a hole that everybody knows: who does not see that one sees nothing. Where no source can be asked, that is said
loudly and is no failure, unless ALLABEL_AUDIT=required.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = (ROOT / "locked" / "dev.txt", ROOT / "locked" / "torch.txt")
SOURCES = ("pypi", "osv")
KNOWN, HOLE = "jinja2==3.1.4", "CVE-2024-56326"
# Holes that do not concern us: the id, and why.
ACCEPTED: dict[str, str] = {}


def asked(command: str, source: str, file: Path) -> subprocess.CompletedProcess[str]:
    ignored = [part for id in ACCEPTED for part in ("--ignore-vuln", id)]
    options = ["--vulnerability-service", source, "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    return subprocess.run(
        [command, *options, "--timeout", "20", *ignored, "--requirement", str(file)],
        check=False,
        capture_output=True,
        text=True,
    )


def pinned(file: Path) -> str:
    """Return the versions alone: a build of our own name, as torch's +cpu, is the version that it was built of."""
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+==[^\s;+]+)", file.read_text(encoding="utf-8"))
    return "\n".join(found) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("pip-audit")))
    command = parser.parse_args().command
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "canary.txt"
        canary.write_text(KNOWN + "\n", encoding="utf-8")
        seeing = next((one for one in SOURCES if HOLE in asked(command, one, canary).stdout), None)
        if seeing is None:
            print(f"\n*** NOT AUDITED: {' and '.join(SOURCES)} do not know the hole of {KNOWN} from here. ***")
            print("*** Run `make audit` where pypi.org's JSON or osv.dev can be asked. ***\n")
            return 1 if os.environ.get("ALLABEL_AUDIT") == "required" else 0
        status = 0
        for file in LOCKED:
            bare = Path(folder) / file.name
            bare.write_text(pinned(file), encoding="utf-8")
            told = asked(command, seeing, bare)
            n_skipped = told.stdout.count("could not be audited")
            print(f"{file.relative_to(ROOT)} by {seeing}, {n_skipped} not to be asked about:")
            print(told.stdout or told.stderr)
            status = status or told.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
