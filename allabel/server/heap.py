"""How the C library hands memory to a server that runs for weeks."""

import ctypes
import os
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_one_heap() -> None:
    """Have all threads share one heap, where glibc gives each its own, which stays as large as it ever was.

    Says nothing where the operator has set it (MALLOC_ARENA_MAX), or the C library knows no such heaps.
    """
    if sys.platform != "linux" or "MALLOC_ARENA_MAX" in os.environ:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
