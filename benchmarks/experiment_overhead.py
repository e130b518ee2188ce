"""What the harness adds to the annotators' and trainers' own time: `eval run` beside the same calls written out.

python benchmarks/experiment_overhead.py [--quick] [--json] [--data ../shared/data] [--rounds 3]

bc5cdr, the annotator on board and a CRF, two seeds, three budgets. Both ways alternate in one process, each from the
start: data are read, pools drawn, texts chosen, models trained, test texts tagged and scored. The harness also writes
everything down. Beside the ratio of the medians stands what a run took less what its own clock says that choosing,
learning and tagging took: that is of one and the same seconds, which other work on the machine disturbs alike.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from corpora import DATA

from allabel.annotate.base import Annotator
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.config import Finetune
from allabel.schema import LabelSchema
from allabel.select.budget import Budget
from eval.experiments.checks import check
from eval.experiments.experiment import Experiment
from eval.experiments.learned import LearnedAnnotator
from eval.experiments.run_folder import RunFolder
from eval.experiments.running import run_missing
from eval.experiments.sources import forget, opened, split_of
from eval.simulate import demonstrations, simulate
from eval.strict import strict
from retrieval.bm25 import Bm25

TEXT = """
name = "overhead"
seeds = 2
budgets = [{budgets}]
strategies = ["allabel"]
test_texts = {n_test}

[[data]]
source = "bc5cdr"
root = "{root}"
pool_texts = {n_pool}

[[annotators]]
name = "on board"
backend = "embedded"

[[annotators]]
name = "CRF"
tagger = "crf"
"""


def harness(experiment: Experiment, folder: Path, shares: list[float]) -> list[float]:
    """Run it all, and return F1 of each result. shares: gets what was added to choosing, learning and tagging."""
    forget()
    run = RunFolder.begin(folder, experiment)
    check(run)
    began = time.perf_counter()
    run_missing(run, 1, lambda line: None)
    seconds = time.perf_counter() - began
    costs = [one.cost for one in run.measured()]
    shares.append(seconds / sum(cost.choose_s + cost.fit_s + cost.tag_s for cost in costs) - 1)
    return [one.f1 for one in run.measured()]


def written_out(experiment: Experiment) -> list[float]:
    """Do the same by hand, and keep nothing."""
    forget()
    table = experiment.file.data[0]
    found = []
    for seed in experiment.file.seed_numbers:
        split = split_of(table, experiment.beside, seed)
        schema = LabelSchema.of(opened(table, experiment.beside).labels)
        index = Bm25([d.text for d in split.pool])
        test = split.test[: experiment.file.test_texts]
        for budget in experiment.file.budgets:
            chosen = simulate(
                split.pool,
                "allabel",
                Budget.parse(budget),
                seed,
                annotator=EmbeddedAnnotator(),
                similarity=lambda texts, index=index: index,
            )
            annotators: list[Annotator] = [
                EmbeddedAnnotator(),
                LearnedAnnotator(schema, Finetune(tagger="crf", seed=seed)),
            ]
            for annotator in annotators:
                taught = demonstrations([split.pool[i] for i in chosen])
                replies = annotator.annotate([d.text for d in test], taught)
                found.append(strict([d.entities or () for d in test], [r.spans for r in replies]).micro.f1)
    return found


def timed(work: Callable[[], list[float]]) -> tuple[float, list[float]]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a pool of 200, one round")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    n_pool, n_test, budgets, rounds = 1000, 800, '"5%", "10%", "20%"', options.rounds
    if options.quick:
        n_pool, n_test, budgets, rounds = 200, 100, '"10%"', 1
    times: dict[str, list[float]] = {"harness": [], "written out": []}
    shares: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "overhead.toml"
        file.write_text(TEXT.format(budgets=budgets, n_test=n_test, n_pool=n_pool, root=options.data.absolute()))
        experiment = Experiment.read(file)
        for _ in range(rounds):
            shutil.rmtree(Path(name) / "run", ignore_errors=True)
            seconds, one = timed(lambda: harness(experiment, Path(name) / "run", shares))
            times["harness"].append(seconds)
            seconds, other = timed(lambda: written_out(experiment))
            times["written out"].append(seconds)
            assert one == other, "the two ways give different scores"
    medians = {way: statistics.median(seconds) for way, seconds in times.items()}
    ratio, share = medians["harness"] / medians["written out"] - 1, statistics.median(shares)
    if options.json:
        print(json.dumps({"seconds": times, "ratio": ratio, "shares": shares, "share": share}))
        return
    for way, seconds in times.items():
        print(f"{way:12} {medians[way]:7.1f} s  ({', '.join(f'{s:.1f}' for s in seconds)})")
    print(f"ratio        {100 * ratio:+7.1f} %")
    print(f"within a run {100 * share:+7.1f} %  ({', '.join(f'{100 * s:.1f}' for s in shares)})")


if __name__ == "__main__":
    main()
