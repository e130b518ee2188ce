"""Look for secrets in every file of the repository: python tests/scan_secrets.py

What looks like one and is none stands in tests/not_secrets.json: file, SHA-1 of the string as detect-secrets gives it,
and why. Anything else fails. Whoever has looked at what was found adds it with: --accept "WHY"
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
KNOWN = ROOT / "tests" / "not_secrets.json"
# The shipped corpus; hashes of packages, and of strings that are none.
SKIPPED = ("eval/demo/data/", "locked/", "tests/not_secrets.json")


def found_in(files: list[str], command: str) -> dict[tuple[str, str], str]:
    """Return what looks like a secret: (file, hash) and where it is."""
    scanned = subprocess.run([command, "scan", *files], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {
        (file, one["hashed_secret"]): f"{file}:{one['line_number']}: {one['type']}"
        for file, some in json.loads(scanned)["results"].items()
        for one in some
    }


def every_file() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    return sorted({one for one in listed if one and not one.startswith(SKIPPED) and (ROOT / one).is_file()})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accept", metavar="WHY", default="", help="keep what is new as known, for this reason")
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("detect-secrets")))
    options = parser.parse_args()
    files = every_file()
    found, known = found_in(files, options.command), json.loads(KNOWN.read_text(encoding="utf-8"))
    new = {key: told for key, told in found.items() if key[1] not in known.get(key[0], {})}
    if options.accept:
        for file, digest in new:
            known.setdefault(file, {})[digest] = options.accept
        still = {file: {h: why for h, why in some.items() if (file, h) in found} for file, some in known.items()}
        written = {file: dict(sorted(some.items())) for file, some in sorted(still.items()) if some}
        KNOWN.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new = {}
    print("\n".join(new.values()) or f"no secret in {len(files):,} files; {len(found)} strings are known to be none")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
