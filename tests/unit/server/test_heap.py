"""A server's threads share one heap of the C library's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# malloc_info writes what glibc holds, a heap an element.
COUNT = """
import ctypes, sys, threading
from allabel.server.heap import share_one_heap
libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    sys.exit("no glibc")
share_one_heap()
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
all_there = threading.Barrier(6)
def work():
    all_there.wait()
    libc.malloc(5000)
    all_there.wait()
threads = [threading.Thread(target=work) for _ in range(6)]
for one in threads: one.start()
for one in threads: one.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.parametrize(("asked", "expected"), [({}, 1), ({"MALLOC_ARENA_MAX": "4"}, 4)])
def test_threads_share_one_heap_unless_the_operator_has_set_how_many(
    tmp_path: Path, asked: dict[str, str], expected: int
) -> None:
    file = tmp_path / "heaps.xml"
    here = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(file)], env=here | asked, check=False, capture_output=True, text=True
    )
    if "no glibc" in done.stderr:
        pytest.skip("the C library has no malloc_info to count with")
    assert done.returncode == 0, done.stderr
    assert file.read_text().count("<heap nr=") == expected
