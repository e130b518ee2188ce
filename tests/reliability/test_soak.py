"""The soak test's bar finds what it is for; and a minute of the run itself, which is `make soak` with a number."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from postgres import binary
from soak_bar import Times, covers, fitted, grown, slowed, table

MINUTES = float(os.environ.get("ALLABEL_SOAK_MINUTES", "1"))
SOAK = Path(__file__).with_name("soak.py")
HOUR = Times.of(60)


def memory(mb_per_h: float, seed: int = 0) -> list[tuple[float, float]]:
    """A process of 300 MB, looked at every 5 s, that wanders as processes do and grows."""
    rng = np.random.default_rng(seed)
    when = np.arange(5, 3600, 5)
    wander = np.convolve(rng.normal(0, 1, when.size), np.ones(12) / 12, "same")
    return [*zip(when.tolist(), (300 + wander + mb_per_h * when / 3600).tolist(), strict=True)]


def answers(slower_ms_per_h: float, seed: int = 0) -> list[tuple[float, float]]:
    rng = np.random.default_rng(seed)
    when = np.arange(0, 3600, 0.5)
    return [*zip(when.tolist(), (rng.gamma(2, 10, when.size) + slower_ms_per_h * when / 3600).tolist(), strict=True)]


def test_an_hour_is_judged_after_ten_minutes_in_windows_of_five() -> None:
    assert HOUR.windows[0] == (600, 900)
    assert HOUR.windows[-1] == (3300, 3600)
    assert len(HOUR.windows) == 10
    assert len(Times.of(3).windows) == 4


@pytest.mark.parametrize("seed", range(5))
def test_memory_that_stays_passes_and_a_leak_of_a_tenth_an_hour_does_not(seed: int) -> None:
    assert not grown("app", memory(0, seed), HOUR).missed
    leaking = grown("app", memory(30, seed), HOUR)
    assert leaking.missed
    # Between the middles of the first and the last twelfth of fifty minutes.
    assert leaking.line.rise == pytest.approx(30 * 50 / 60 * 11 / 12, abs=1)
    assert "MISSED" in table([leaking], [], {})
    assert "MISSED" not in table([leaking], [], {"app": "not judged"})


@pytest.mark.parametrize("seed", range(5))
def test_latency_that_wanders_passes_and_one_that_doubles_does_not(seed: int) -> None:
    assert not slowed("GET /x", answers(0, seed), HOUR).missed
    assert slowed("GET /x", answers(50, seed), HOUR).missed


def test_a_route_with_few_requests_is_told_and_not_judged() -> None:
    rare = slowed("GET /x", answers(50)[::600], HOUR)
    assert rare.line is None
    assert not rare.missed
    assert "too few" in table([], [rare], {})


def test_a_line_through_points_on_a_line_has_no_width() -> None:
    line = fitted([1.0, 2.0, 3.0, 4.0])
    assert (line.rise, line.low, line.high) == pytest.approx((3, 3, 3))


def test_what_was_not_looked_at_to_the_end_is_not_compared() -> None:
    assert covers(memory(0), HOUR)
    assert not covers(memory(0)[:300], HOUR)


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_minute_of_everything_at_once_goes_without_an_error(tmp_path: Path) -> None:
    binary("postgres")
    for needed in ("playwright", "psutil", "streamlit"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: pip install {needed}")
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    out = tmp_path / "soak.json"
    command = [sys.executable, str(SOAK), "--minutes", str(MINUTES), "--pace", "4", "--out", str(out)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    print(run.stdout, run.stderr[-2000:])
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["wrong"] == []
    assert {"app", "serve", "postgres"} <= {one["name"] for one in found["memory"]}
    assert found["done"]["requests"] > 0
    assert found["done"]["texts saved by people"] > 0
