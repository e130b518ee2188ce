"""The tables of `active_learning.py`: means over seeds, differences with intervals, words needed for a share of F1."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from intervals import interval

from eval.bootstrap import mean_interval

Row = Mapping[str, Any]
Arms = Mapping[str, Mapping[int, Row]]  # arm to seed to run


def direction(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Breaking ties against random; the ways to learn from parts; words needed at each level."""
    found = []
    for corpus, arms in _corpora(rows, "direction"):
        print(f"\n{corpus}: pools of {_n_seeds(arms)} seeds; the whole pool {_whole(arms):.1f} F1")
        _curves(arms)
        for ours, theirs in (
            ("breaking_ties sentence", "random sentence"),
            ("breaking_ties entity", "entity drop_unknowns"),
            ("breaking_ties entity", "entity mask_entity_like"),
            ("breaking_ties entity", "entity drop_entity_like"),
        ):
            found += _compare(corpus, arms, ours, theirs)
        found += _needed(corpus, arms, ("random sentence", "breaking_ties sentence", "breaking_ties entity"), 0.95)
    return found


def starts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Guided starts against the random one, which is the sentence arm of `direction`."""
    found = []
    of_direction = dict(_corpora(rows, "direction"))
    for corpus, arms in _corpora(rows, "starts"):
        random = of_direction.get(corpus, {}).get("breaking_ties sentence", {})
        print(f"\n{corpus}: first 1 % of the sentences, then breaking ties")
        both = {**arms, "random": random}
        _curves(both)
        for arm in arms:
            found += _compare(corpus, both, arm, "random")
        for arm, runs in both.items():
            if len(runs) > 1:
                spread = [np.std([run["rounds"][i]["f1"] for run in runs.values()], ddof=1) for i in range(3)]
                print(f"  standard deviation over seeds, {arm:12} " + " ".join(f"{100 * s:5.1f}" for s in spread))
    return found


def deep(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """MNLP and BALD against random, by words."""
    found = []
    for corpus, arms in _corpora(rows, "deep"):
        print(f"\n{corpus}, CNN-CNN-LSTM: {_n_seeds(arms)} seeds; the whole pool {_whole(arms):.1f} F1")
        _curves(arms)
        for arm in ("mnlp", "bald"):
            found += _compare(corpus, arms, arm, "random")
        for share in (0.95, 0.99):
            found += _needed(corpus, arms, ("random", "mnlp", "bald"), share)
    return found


def genres(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """How many of the first picks are tweets, with tweets left out of the start and with them in it."""
    found = []
    for corpus, arms in _corpora(rows, "genres"):
        for arm, runs in arms.items():
            picked = [run["rounds"][0]["picked"] / run["rounds"][0]["of"] for run in runs.values()]
            share = [run["rounds"][0]["share_left"] for run in runs.values()]
            found.append({"corpus": corpus, "arm": arm, "picked": picked, "share_left": share})
            ratios = ", ".join(f"{p / s:.2f}" for p, s in zip(picked, share, strict=True))
            print(
                f"  tweets {arm:12}: {100 * np.mean(picked):.1f} % of MNLP's picks, "
                f"{100 * np.mean(share):.1f} % of what could be picked; times their share, by seed: {ratios}"
            )
    return found


def f1(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The table of what mattered for 456 sentences of bc5cdr."""
    found = []
    for corpus, arms in _corpora(rows, "f1"):
        print(f"\n{corpus}: 456 uniform sentences, all test sentences, strict micro F1")
        plain = arms.get("plain", {})
        for arm, runs in arms.items():
            values = [run["rounds"][0]["f1"] for run in runs.values()]
            seconds = np.mean([run["rounds"][0]["train_s"] for run in runs.values()])
            each = ", ".join(f"{100 * value:.1f}" for value in values)
            line = f"  {arm:44} {100 * np.mean(values):5.1f} ({each}), {seconds:4.0f} s"
            both = sorted(set(runs) & set(plain))
            if arm != "plain" and len(both) > 1:
                gain = interval([_counts(runs[s], 0) for s in both], [_counts(plain[s], 0) for s in both])
                line += f"  {gain[0]:+.1f} ({gain[1]:+.1f} to {gain[2]:+.1f})"
            print(line)
            found.append({"corpus": corpus, "arm": arm, "f1": values, "seconds": float(seconds)})
    return found


REPORTS: Mapping[str, Callable[[Sequence[Row]], list[dict[str, Any]]]] = {
    "direction": direction,
    "starts": starts,
    "deep": deep,
    "genres": genres,
    "f1": f1,
}


def _corpora(rows: Sequence[Row], check: str) -> Iterator[tuple[str, Arms]]:
    by: dict[str, dict[str, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row["check"] == check:
            by[row["corpus"]][row["arm"]][row["seed"]] = row
    yield from by.items()


def _n_seeds(arms: Arms) -> str:
    counts = sorted({len(runs) for runs in arms.values()})
    return " to ".join(str(n) for n in counts[:: max(1, len(counts) - 1)])


def _whole(arms: Arms) -> float:
    runs = arms.get("whole pool", {}).values()
    return 100 * float(np.mean([run["rounds"][0]["f1"] for run in runs])) if runs else float("nan")


def _curves(arms: Arms) -> None:
    for arm, runs in arms.items():
        if arm == "whole pool" or not runs:
            continue
        n = min(len(run["rounds"]) for run in runs.values())
        of = [[run["rounds"][i] for run in runs.values()] for i in range(n)]
        points = [
            f"{100 * np.mean([r['share'] for r in some]):4.1f} % {100 * np.mean([r['f1'] for r in some]):4.1f}"
            for some in of
        ]
        print(f"  {arm:26} {'  '.join(points)}")


def _compare(corpus: str, arms: Arms, ours: str, theirs: str) -> list[dict[str, Any]]:
    """Say the difference of two arms, round by round, on the seeds that both were run on."""
    mine, other = arms.get(ours, {}), arms.get(theirs, {})
    both = sorted(set(mine) & set(other))
    if not both:
        return []
    found, told = [], []
    for i in range(min(len(run["rounds"]) for s in both for run in (mine[s], other[s]))):
        mean, low, high = interval([_counts(mine[s], i) for s in both], [_counts(other[s], i) for s in both])
        found.append(
            {"corpus": corpus, "ours": ours, "theirs": theirs, "round": i, "mean": mean, "low": low, "high": high}
        )
        told.append(f"{mean:+.1f} ({low:+.1f} to {high:+.1f})")
    print(f"  {ours} less {theirs}, by round: {'; '.join(told)}")
    return found


def _needed(corpus: str, arms: Arms, names: Sequence[str], share: float) -> list[dict[str, Any]]:
    """Say what share of the pool's words each arm needs for this share of the whole pool's F1 of the same seed."""
    whole, found = arms.get("whole pool", {}), []
    for arm in names:
        runs = arms.get(arm, {})
        needed = [_reached(runs[s], share * whole[s]["rounds"][0]["f1"]) for s in sorted(set(runs) & set(whole))]
        reached = [n for n in needed if n is not None]
        if not needed:
            continue
        found.append({"corpus": corpus, "arm": arm, "of_whole": share, "share_of_words": needed})
        if len(reached) < len(needed):
            told = f"not reached by {len(needed) - len(reached)} of {len(needed)} seeds"
        elif len(reached) > 1:
            mean = mean_interval(reached)
            told = f"{100 * mean.difference:.1f} % of the words ({100 * mean.low:.1f} to {100 * mean.high:.1f})"
        else:
            told = f"{100 * reached[0]:.1f} % of the words (one seed)"
        print(f"  {100 * share:.0f} % of the whole pool's F1, {arm}: {told}")
    return found


def _reached(run: Row, f1_wanted: float) -> float | None:
    """Return the share of words at which a run first reaches this F1, between rounds on a straight line."""
    last: tuple[float, float] | None = None
    for one in run["rounds"]:
        if one["f1"] >= f1_wanted:
            if last is None:
                return float(one["share"])
            part = (f1_wanted - last[1]) / (one["f1"] - last[1])
            return float(last[0] + part * (one["share"] - last[0]))
        last = one["share"], one["f1"]
    return None


def _counts(run: Row, i: int) -> np.ndarray:
    return np.array(run["rounds"][i]["counts"])
