"""`allabel serve` as a program: how it begins, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from served import free_port, taught

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_the_server_sees_no_failure_and_nothing_is_left_behind(
    tmp_path: Path, workers: int, how: signal.Signals
) -> None:
    folder, port, left = taught(tmp_path / "p", 5), free_port(), tmp_path / "left"
    left.mkdir()
    code = "from allabel.cli import main; main()"
    asked = ["-p", str(folder), "serve", "--port", str(port), "--workers", str(workers)]
    with subprocess.Popen([sys.executable, "-c", code, *asked], env=os.environ | {"TMPDIR": str(left)}) as server:
        until = time.monotonic() + 60
        while not answers(port):
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        server.send_signal(how)
        assert server.wait(60) == 0
    assert not list(left.iterdir())


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=10).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def test_a_port_in_use_is_told_with_another_before_anything_is_promised(tmp_path: Path, allabel) -> None:
    folder = taught(tmp_path / "p", 5)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = allabel("-p", folder, "serve", "--port", str(port))
    assert ended.status == 2
    assert f"listens on port {port} already" in ended.err
    assert f"--port {port + 1}" in ended.err
    assert "serving" not in ended.out + ended.err
