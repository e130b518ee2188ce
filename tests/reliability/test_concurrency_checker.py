"""What decides on the histories of many writers finds each kind of fault, and nothing where there is none."""

import random

import pytest
from concurrent_history import Hold, Read, Write, hold_problems, order_problems, read_problems, unseen_s

ROWS = {1: "a", 2: "b", 3: "a", 4: "b"}
# Two writes of one answer each, then one of two answers together.
WRITES = [Write(0, 2, 1, 1), Write(1, 3, 2, 2), Write(4, 6, 3, 4)]


def test_what_happened_one_after_the_other_is_in_order() -> None:
    assert order_problems(WRITES) == []
    assert read_problems(ROWS, WRITES, [Read(1.5, 1.8, {"a": 1, "b": 0}), Read(5, 7, {"a": 3, "b": 4})]) == []


def test_a_write_that_is_numbered_before_one_that_had_ended_is_found() -> None:
    assert order_problems([Write(0, 1, 2, 2), Write(2, 3, 1, 1)])


def test_two_writes_under_one_number_are_found() -> None:
    assert order_problems([Write(0, 1, 1, 2), Write(0, 1, 2, 3)])


@pytest.mark.parametrize(
    ("fault", "reads"),
    [
        ("stale: a confirmed write is not seen", [Read(2.5, 2.8, {"a": 0, "b": 0})]),
        ("stale by one", [Read(6.5, 7, {"a": 1, "b": 2})]),
        ("from the future", [Read(0, 0.5, {"a": 1, "b": 2})]),
        ("half of what was kept together", [Read(5, 7, {"a": 3, "b": 2})]),
        ("torn: the later without the earlier", [Read(1.2, 1.8, {"a": 0, "b": 2})]),
        ("back in time", [Read(4.2, 4.4, {"a": 3, "b": 4}), Read(4.5, 5, {"a": 1, "b": 2})]),
    ],
)
def test_a_read_that_fits_no_moment_is_found(fault: str, reads: list[Read]) -> None:
    assert len(read_problems(ROWS, WRITES, reads)) == 1, fault


def test_how_late_a_read_is_counts_from_the_oldest_answer_it_lacks() -> None:
    assert unseen_s(ROWS, WRITES, Read(9, 9.5, {"a": 3, "b": 4})) == 0
    assert unseen_s(ROWS, WRITES, Read(9, 9.5, {"a": 1, "b": 2})) == 9 - 6
    assert unseen_s(ROWS, WRITES, Read(9, 9.5, {"a": 0, "b": 0})) == 9 - 2


def test_reads_that_overlap_may_see_different_moments() -> None:
    reads = [Read(4.2, 5, {"a": 3, "b": 4}), Read(4.5, 5.5, {"a": 1, "b": 2})]
    assert read_problems(ROWS, WRITES, reads) == []


def test_two_at_once_are_found_unless_there_are_two_seats() -> None:
    holds = [Hold("a", "ada", 0, 2), Hold("a", "bo", 1, 3), Hold("b", "cy", 1, 3), Hold("a", "cy", 3, 4)]
    assert hold_problems(holds, {}) == ["a was with ada, bo at 1.0000"]
    assert hold_problems(holds, {"a": 2}) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_history_that_was_made_in_order_passes_and_a_lost_answer_in_it_does_not(seed: int) -> None:
    """Writes and reads of a register for each of three documents, at random moments inside random times."""
    rng = random.Random(seed)
    rows: dict[int, str] = {}
    writes, reads = [], []
    for moment in range(60):
        begin, end = moment - rng.random() * 5, moment + rng.random() * 5
        if rng.random() < 0.5:
            first = len(rows) + 1
            rows |= {first + n: rng.choice("abc") for n in range(rng.choice([1, 1, 3]))}
            writes.append(Write(begin, end, first, len(rows)))
        else:
            seen = {one: max((seq for seq, of in rows.items() if of == one), default=0) for one in "abc"}
            reads.append(Read(begin, end, seen))
    assert order_problems(writes) == []
    assert read_problems(rows, writes, reads) == []
    late = Read(70, 71, {one: max((seq for seq, of in rows.items() if of == one), default=0) for one in "abc"})
    assert read_problems(rows, writes, [*reads, late]) == []
    lost = {seq: of for seq, of in rows.items() if of == "a"}
    before = Read(70, 71, {**late.seen, "a": sorted(lost)[-2]})
    assert len(read_problems(rows, writes, [*reads, before])) == 1
