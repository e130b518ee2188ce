"""Does asking for the right words help? The papers' directions at reduced size, with fine-tuned taggers.

python benchmarks/active_learning.py direction|starts|deep|genres|f1 [--seeds 3] [--jobs 2] [--out FILE] [--report]
python benchmarks/active_learning.py … --encoder distilbert-base-cased --layers 0     (on a GPU)

direction: breaking ties against random, the four ways to learn from partly annotated sentences, entity level against
sentence level; pools of 1,500 sentences. starts: what the first 1 % should be. deep: CNN-CNN-LSTM, MNLP and BALD
against random, by words. genres: tweets left out of the start, among news. f1: 10 % of bc5cdr, and what mattered.
Intervals (95 %) resample seeds and, within each, test sentences. Runs are appended to FILE; a rerun does what is
missing. Speed is in benchmarks/tagger_speed.py.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from active_report import REPORTS
from active_runs import CHECKS, Job, Options, run
from tagged_sentences import DATA


def work(job: Job, options: Options, out: Path) -> None:
    row = run(job, options)
    # One short write a line, so that two processes may append to one file.
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def kept(out: Path, size: str) -> list[dict[str, Any]]:
    """Return the runs of this size that are there."""
    rows = [json.loads(line) for line in out.open(encoding="utf-8")] if out.exists() else []
    return [row for row in rows if row["size"] == size]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=[*CHECKS, "all"])
    parser.add_argument("--quick", action="store_true", help="one seed, pools of 120 sentences: does it run?")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("active_learning.jsonl"), help="where runs are kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--encoder", default="", help="name or folder; all-MiniLM-L6-v2 where none is given")
    parser.add_argument(
        "--layers", type=int, default=2, help="layers of it that are kept in direction and starts; 0: all"
    )
    parser.add_argument("--only", default="", help="only runs whose corpus and arm hold this")
    parser.add_argument("--report", action="store_true", help="run nothing, report what is there")
    given = parser.parse_args()
    if not given.data.exists():
        print(f"skipped: the data are not at {given.data}")
        return
    options = Options(given.data, given.encoder, given.layers, quick=given.quick)
    checks = list(CHECKS) if given.check == "all" else [given.check]
    seeds = 1 if given.quick else given.seeds
    jobs = [job for check in checks for job in CHECKS[check](seeds) if given.only in f"{job.corpus} {job.arm}"]
    done = {(row["check"], row["corpus"], row["arm"], row["seed"]) for row in kept(given.out, options.size)}
    missing = [job for job in jobs if (job.check, job.corpus, job.arm, job.seed) not in done and not given.report]
    with ProcessPoolExecutor(given.jobs) as pool:
        waiting = [pool.submit(work, job, options, given.out) for job in missing]
        for n, future in enumerate(as_completed(waiting), start=1):
            if future.exception():
                # The others would be run to their end before anybody heard of it.
                pool.shutdown(cancel_futures=True)
                future.result()
            print(f"{n} of {len(waiting)} runs", file=sys.stderr, flush=True)
    stdout, sys.stdout = sys.stdout, sys.stderr if given.json else sys.stdout
    rows = kept(given.out, options.size)
    found = {check: REPORTS[check](rows) for check in checks}
    sys.stdout = stdout
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
