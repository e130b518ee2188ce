"""Run a command while a vLLM server answers: python with_vllm.py COMMAND…

A server named by ALLABEL_TEST_LLM is used as it is; else ../shared/llm/serve.sh is started on a free port and ended.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SERVE = Path(__file__).resolve().parents[1].parent / "shared" / "llm" / "serve.sh"
# The server that the tests ask.
URL = os.environ.get("ALLABEL_TEST_LLM", "http://127.0.0.1:8130/v1")
LIMIT_S = 900


def main() -> int:
    if os.environ.get("ALLABEL_TEST_LLM"):
        return subprocess.call(sys.argv[1:])
    if not SERVE.exists():
        print(f"no server to test against: {SERVE} is absent, and ALLABEL_TEST_LLM names none")
        return 1
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        # Not bound to one core: tests start servers of their own beside this one.
        apart = {**os.environ, "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
        command = [str(SERVE), str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log, env=apart, start_new_session=True)
        try:
            if not wait(f"http://127.0.0.1:{port}/health", server):
                log.seek(0)
                print(log.read().decode(errors="replace")[-4000:])
                return 1
            environment = {**os.environ, "ALLABEL_TEST_LLM": f"http://127.0.0.1:{port}/v1"}
            return subprocess.call(sys.argv[1:], env=environment)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=60)


def wait(url: str, server: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            print(f"the server ended with status {server.returncode}")
            return False
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    print(f"the server did not answer in {LIMIT_S} s")
    return False


if __name__ == "__main__":
    sys.exit(main())
