"""The HTTP server, sent bodies that were changed at random: each is answered, and none with an error of the server's.

ALLABEL_FUZZ_INPUTS: a hundredth of it is sent, 60 at least; ALLABEL_FUZZ_SEED where to begin.
"""

import os
import random
from pathlib import Path

import hostile_mutators as mutators
import httpx
import pytest
from hostile_readers import readers
from served import served, taught

pytestmark = pytest.mark.enable_socket
N_BODIES = max(60, int(os.environ.get("ALLABEL_FUZZ_INPUTS", "2000")) // 100)
SEED = int(os.environ.get("ALLABEL_FUZZ_SEED", "1"))
# Where a body goes, and the reader whose sound inputs it is made of.
ADDRESSES = {
    "/v1/tag": "wire tag",
    "/v1/annotations": "wire annotations",
    "/v1/jobs": "wire tag",
    "/v1/tag/stream": "wire text",
    "/huggingface": "wire huggingface",
    "/doccano": "wire doccano",
    "/label-studio/predict": "wire label studio",
    "/label-studio/setup": "wire label studio",
    "/label-studio/webhook": "event label studio",
}
LIMITS = {"max_body_mb": 0.5, "max_texts": 8}


def test_every_body_is_answered_and_the_server_stays_up(tmp_path: Path) -> None:
    seeds = {name: readers()[name].seeds(tmp_path) for name in set(ADDRESSES.values())}
    answers: dict[int, int] = {}
    rng = random.Random(SEED)
    with served(taught(tmp_path / "project", 20), serve=LIMITS) as url, httpx.Client(timeout=60) as api:
        for number in range(N_BODIES):
            address = rng.choice(sorted(ADDRESSES))
            bodies = [data for files in seeds[ADDRESSES[address]] for data in files.values()]
            body = mutators.JSON(random.Random(f"{SEED} {number}"), rng.choice(bodies), bodies)
            answer = api.post(url + address, content=body, headers={"content-type": "application/json"})
            assert answer.status_code < 500, (address, number, answer.text[:500], body[:500])
            if "json" in answer.headers.get("content-type", "") and address != "/v1/tag/stream":
                answer.json()
            answers[answer.status_code // 100] = answers.get(answer.status_code // 100, 0) + 1
        assert api.get(url + "/readyz").status_code == 200
    assert answers.get(4, 0) > 0
    assert answers.get(2, 0) > 0
