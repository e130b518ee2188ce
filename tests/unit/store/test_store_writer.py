"""Items are written in order, all of them, at once where there is time."""

import time

import pytest

from allabel.store.writer import LONGEST_S, Writer


def test_everything_is_written_in_order() -> None:
    written: list[int] = []
    with Writer(written.extend) as writer:
        for i in range(1000):
            writer.put(i)
    assert written == list(range(1000))


def test_an_item_that_comes_alone_is_written_at_once() -> None:
    written: list[int] = []
    with Writer(written.extend) as writer:
        writer.put(1)
        deadline = time.monotonic() + 5
        while not written and time.monotonic() < deadline:
            time.sleep(0.001)
        assert written == [1]


def test_items_that_come_fast_share_a_commit() -> None:
    batches: list[int] = []

    def write(items: list[int]) -> None:
        time.sleep(0.02)
        batches.append(len(items))

    with Writer(write) as writer:
        for i in range(100):
            writer.put(i)
            time.sleep(0.002)
    assert sum(batches) == 100
    assert len(batches) < 20
    assert LONGEST_S < 1


def test_no_more_than_so_many_are_unwritten_at_once() -> None:
    written: list[int] = []

    def write(items: list[int]) -> None:
        time.sleep(0.002)
        written.extend(items)

    with Writer(write, most=4) as writer:
        for i in range(100):
            writer.put(i)
            assert i + 1 - len(written) <= 4
    assert written == list(range(100))


def test_what_writing_raises_reaches_one_who_waits_for_a_place() -> None:
    def full(items: list[int]) -> None:
        time.sleep(0.02)
        raise OSError("the disk is full")

    def keep() -> None:
        with Writer(full, most=1) as writer:
            for i in range(3):
                writer.put(i)

    with pytest.raises(OSError, match="the disk is full"):
        keep()


def test_items_that_may_wait_rest_as_long_as_is_said() -> None:
    batches: list[list[int]] = []
    with Writer(batches.append, rest_s=60.0) as writer:
        for i in range(50):
            writer.put(i)
            time.sleep(0.001)
    assert [i for batch in batches for i in batch] == list(range(50))
    assert len(batches) <= 2


def test_an_interruption_still_writes_what_came() -> None:
    written: list[int] = []

    def interrupted() -> None:
        with Writer(written.extend) as writer:
            writer.put(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert written == [1]


def test_what_writing_raises_is_raised_where_the_items_come_from() -> None:
    def full(items: list[int]) -> None:
        raise OSError("the disk is full")

    def put_many(writer: Writer[int]) -> None:
        for i in range(500):
            writer.put(i)
            time.sleep(0.01)

    with pytest.raises(OSError, match="disk is full"), Writer(full) as writer:
        put_many(writer)
    with pytest.raises(OSError, match="disk is full"), Writer(full) as writer:
        writer.put(1)
