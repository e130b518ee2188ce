"""Lazy greedy choice: a gain is worked out again only when it comes to the top, since gains only fall.

Source: Minoux 1978.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator


def lazily(positions: Iterable[int], gain: Callable[[int], float]) -> Iterator[tuple[int, float]]:
    """Yield `(position, gain)`, the largest gain first, ties by position, until all are out.

    gain: of a position given what was yielded before, which the caller notes down before it asks for the next; it
    never rises.
    """
    heap = [(-gain(position), position) for position in positions]
    heapq.heapify(heap)
    while heap:
        position = heap[0][1]
        entry = (-gain(position), position)
        if len(heap) > 1 and entry > min(heap[1:3]):
            heapq.heapreplace(heap, entry)
        else:
            heapq.heappop(heap)
            yield position, -entry[0]
