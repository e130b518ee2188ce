"""A run that stops for good in the middle of a round: python killed_run.py JOURNAL DESIGN ROUND WHERE.

WHERE: `fit`, or `kept`, between the weights of a round and its line. It prints "there" and waits to be killed.
"""

import json
import sys
import time
from pathlib import Path

from counting_tagger import CountingTagger, a_pool, accuracy

from allabel.active import keeping
from allabel.active.design import Design
from allabel.active.loop import active_learning


def stop() -> None:
    print("there", flush=True)
    time.sleep(600)


class Stopping(CountingTagger):
    """Waits in the training of one round."""

    n_fits = 0

    def fit(self, sentences, *, seed, tell=lambda line: None):
        if where == "fit" and Stopping.n_fits == stop_at:
            stop()
        Stopping.n_fits += 1
        return super().fit(sentences, seed=seed, tell=tell)


if __name__ == "__main__":
    journal, design, stop_at, where = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if where == "kept":
        append = keeping.Journal.append

        def stopping(self, entry):
            if entry.get("round") == stop_at:
                stop()
            append(self, entry)

        keeping.Journal.append = stopping
    test = a_pool(40, seed=9)
    list(active_learning(a_pool(), Stopping, Design(**design), lambda t: accuracy(t, test), journal=journal))
