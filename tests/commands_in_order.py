"""Several commands in one process of their own: what they import is imported once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PROGRAM = """
import json, sys
from allabel.cli import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"{arguments}: {ended.code}")
"""


def in_order(
    commands: Iterable[Sequence[object]], folder: Path | None = None, env: Mapping[str, str] = os.environ
) -> None:
    """Run commands of allabel one after the other. Raises AssertionError, with what was said, where one fails."""
    asked_for = json.dumps([[str(argument) for argument in command] for command in commands])
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, asked_for],
        check=False,
        env=dict(env),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
