"""Rare entity types: does repeating, dropping or making sentences, or another loss, raise macro F1 on small corpora?

python benchmarks/imbalance.py [--corpora anem,wnut17,…] [--taggers softmax,crf,…] [--methods none,scr,…] [--seeds 3]
    [--sentences 400] [--test 600] [--jobs 2] [--out FILE] [--picture FILE.svg] [--report] [--quick] [--json]

Each cell draws its training sentences by the seed and scores strict spans on the same test sentences. `twice` repeats
every sentence once: what more updates alone do, beside methods that repeat some. Hyperparameters are the same for all
methods of a tagger. Intervals (95 %) resample seeds and, within each, test sentences. Runs are appended to FILE; a
rerun does what is missing.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from imbalance_report import picture, report
from tagged_sentences import CORPORA, DATA, draw, small_encoder

from allabel.active.base import TokenTagger
from allabel.active.imbalance.methods import LOSSES, METHODS, balanced
from allabel.active.sentence import Sentence
from eval.strict import by_label

TWICE = "twice"
# `augmentation` stands for the four of it, each of which is a method too.
SHOWN = ("none", TWICE, "sc", "scr", "scrd", "nscrd", "undersampling", "augmentation", "focal", "dice")


@dataclass(frozen=True)
class Cell:
    corpus: str
    tagger: str
    method: str
    seed: int
    n_sentences: int
    n_test: int


def encoder(labels: Sequence[str], *, crf: bool, **loss: Any) -> TokenTagger:
    """Two layers of all-MiniLM-L6-v2, eight epochs."""
    from allabel.active.taggers.encoder import EncoderTagger
    from allabel.active.taggers.fitting import Training

    training = Training(epochs=8, learning_rate=6e-4, held_out=0.0, patience=None)
    options: dict[str, Any] = {"crf": True, "constrained": True, "head_learning_rate": 2e-3} if crf else {}
    where = {"encoder": str(small_encoder()), "layers": 2, "freeze_embeddings": True, "training": training}
    return EncoderTagger(labels, **where, **options, **loss)


def recurrent(labels: Sequence[str], *, crf: bool, **loss: Any) -> TokenTagger:
    """The Bi-LSTM, twelve epochs."""
    from allabel.active.taggers.bilstm import BiLstmCrfTagger, BiLstmTagger
    from allabel.active.taggers.networks.tagger import TRAINING

    return (BiLstmCrfTagger if crf else BiLstmTagger)(labels, training=replace(TRAINING, epochs=12), **loss)


def shallow(labels: Sequence[str], *, crf: bool, **loss: Any) -> TokenTagger:
    """Features of the words' forms."""
    from allabel.active.taggers.crfsuite import CrfTagger
    from allabel.active.taggers.softmax import SoftmaxTagger

    return CrfTagger(labels) if crf else SoftmaxTagger(labels, **loss)


# Name: what makes it, and whether a CRF decides: then no loss of words is taken.
TAGGERS: Mapping[str, tuple[Callable[..., TokenTagger], bool]] = {
    "softmax": (shallow, False),
    "crf": (shallow, True),
    "bilstm": (recurrent, False),
    "bilstm_crf": (recurrent, True),
    "MiniLM": (encoder, False),
    "MiniLM-CRF": (encoder, True),
}


def run(cell: Cell, data: Path) -> dict[str, Any]:
    """Train, tag the test sentences, and return counts by test sentence and label."""
    began = time.perf_counter()
    labels = CORPORA[cell.corpus].labels
    given, test = draw(cell.corpus, cell.seed, cell.n_sentences, cell.n_test, data)
    learned = made(cell.method, given, labels, cell.seed)
    make, crf = TAGGERS[cell.tagger]
    loss = {"loss": cell.method} if cell.method in LOSSES else {}
    tagger = make(labels, crf=crf, **loss)
    tagger.fit(learned, seed=cell.seed)
    counts = []
    for i, (sentence, found) in enumerate(zip(test, tagger.predict(test), strict=True)):
        for label, count in by_label(sentence.spans(), sentence.spans(found.tags)).items():
            counts.append([i, labels.index(label), count.true_positive, count.predicted, count.gold])
    return {
        **cell.__dict__,
        "factor": len(learned) / len(given),
        "words": sum(map(len, learned)) / sum(map(len, given)),
        "gold": dict(Counter(label for s in given for label in (span.label for span in s.spans()))),
        "labels": labels,
        "counts": counts,
        "seconds": time.perf_counter() - began,
    }


def made(method: str, given: Sequence[Sentence], labels: Sequence[str], seed: int) -> list[Sentence]:
    """Return what is learned from."""
    return [s for s in given for _ in range(2)] if method == TWICE else balanced(method, given, labels, seed)


def work(cell: Cell, data: Path, out: Path) -> None:
    row = json.dumps(run(cell, data))
    with out.open("a", encoding="utf-8") as file:
        file.write(row + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", default="anem,wnut17,gmb_subset,bc5cdr")
    parser.add_argument("--taggers", default=",".join(TAGGERS))
    parser.add_argument("--methods", default=",".join(SHOWN), help=f"of {', '.join((TWICE, *METHODS))}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--test", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("imbalance.jsonl"))
    parser.add_argument("--picture", type=Path, help="write precision and recall, before and after, as SVG")
    parser.add_argument("--report", action="store_true", help="run nothing, report what is there")
    parser.add_argument("--quick", action="store_true", help="60 sentences, one seed, the shallow taggers")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not given.data.exists():
        print(f"skipped: the data are not at {given.data}")
        return
    if given.quick:
        given.seeds, given.sentences, given.test, given.taggers = 1, 60, 60, "softmax,crf"
    cells = [
        Cell(corpus, tagger, method, seed, given.sentences, given.test)
        for seed in range(given.seeds)
        for tagger in given.taggers.split(",")
        for corpus in given.corpora.split(",")
        for method in given.methods.split(",")
        if not (method in LOSSES and TAGGERS[tagger][1])
    ]
    kept = [json.loads(line) for line in given.out.open(encoding="utf-8")] if given.out.exists() else []
    done = {tuple(row[name] for name in Cell.__dataclass_fields__) for row in kept}
    missing = [cell for cell in cells if tuple(cell.__dict__.values()) not in done and not given.report]
    with ProcessPoolExecutor(given.jobs) as pool:
        waiting = [pool.submit(work, cell, given.data, given.out) for cell in missing]
        for n, future in enumerate(as_completed(waiting), start=1):
            if future.exception():
                pool.shutdown(cancel_futures=True)
                future.result()
            print(f"{n} of {len(waiting)} cells", file=sys.stderr, flush=True)
    rows = [json.loads(line) for line in given.out.open(encoding="utf-8")] if given.out.exists() else []
    rows = [row for row in rows if (row["n_sentences"], row["n_test"]) == (given.sentences, given.test)]
    stdout, sys.stdout = sys.stdout, sys.stderr if given.json else sys.stdout
    found = report(rows)
    sys.stdout = stdout
    if given.json:
        print(json.dumps(found))
    if given.picture is not None:
        given.picture.write_text(picture(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
