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
