"""Every reader, fed with inputs that were changed at random: it reads them or refuses them in words, and nothing else.

ALLABEL_FUZZ_INPUTS says how many inputs (500; a million for `make fuzz`), ALLABEL_FUZZ_SEED where to begin.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

CHILD = Path(__file__).with_name("hostile_child.py")
N_INPUTS = int(os.environ.get("ALLABEL_FUZZ_INPUTS", "500"))
SEED = int(os.environ.get("ALLABEL_FUZZ_SEED", "1"))
# A process reads so many, so that one that is broken ends with its own share alone, and memory that leaks shows.
SHARE = 20_000
MOST_MB = 2048
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "OMP_NUM_THREADS": "1"}


def fed(folder: Path, seed: int, n: int) -> dict[str, Any]:
    """Feed n inputs to the readers in a process of their own, and give what it says. Fails where the process breaks."""
    folder.mkdir()
    asked = [sys.executable, str(CHILD), str(folder), str(seed), str(n)]
    ended = subprocess.run(
        asked, capture_output=True, text=True, env={**os.environ, **ENVIRONMENT}, timeout=60 + n, check=False
    )
    if ended.returncode:
        files = {p.name: p.read_bytes()[:2000] for p in (folder / "input").rglob("*") if p.is_file()}
        reading = (folder / "reading").read_text() if (folder / "reading").exists() else "nothing yet"
        pytest.fail(f"the process ended with {ended.returncode} at {reading}\n{ended.stderr[-3000:]}\n{files}")
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_no_reader_does_anything_but_read_or_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No other exception, no hang, no code, no file or program or address elsewhere, and no memory without bound."""
    counts: dict[str, Counter[str]] = {}
    slowest, peak = (0.0, ""), 0
    shares = [min(SHARE, N_INPUTS - done) for done in range(0, N_INPUTS, SHARE)]
    for number, n in enumerate(shares):
        told = fed(tmp_path / str(number), SEED + number, n)
        faults = [f"{f['reader']}, seed {SEED + number}, input {f['number']}: {f['fault']}" for f in told["faults"]]
        assert not faults, "\n\n".join(faults)
        for name, found in told["counts"].items():
            counts.setdefault(name, Counter()).update({k: v for k, v in found.items() if k in ("read", "refused")})
        slowest, peak = max(slowest, tuple(told["slowest"])), max(peak, told["peak_mb"])
    assert peak < MOST_MB
    n_read = sum(found["read"] for found in counts.values())
    n_refused = sum(found["refused"] for found in counts.values())
    assert n_read + n_refused == N_INPUTS
    # Were all refused, nothing behind the first check would be tried.
    assert n_read > 0.1 * N_INPUTS
    with capsys.disabled():
        if N_INPUTS > SHARE:
            print(f"\n{N_INPUTS:,} inputs to {len(counts)} readers: {n_read:,} read, {n_refused:,} refused")
            print(f"slowest {slowest[0]:.2f} s ({slowest[1]}), most memory {peak} MB")
            for name, found in sorted(counts.items()):
                print(f"  {name:26} {found['read']:>8,} read {found['refused']:>8,} refused")
