"""The server with a real language model behind it (see ALLABEL_TEST_LLM)."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from served import sentences, served, taught
from with_vllm import URL

pytestmark = [pytest.mark.vllm, pytest.mark.enable_socket]


@pytest.fixture
def api(tmp_path, model) -> Iterator[httpx.Client]:
    flags = {"backend": "chat", "base_url": URL, "model": model, "max_output_tokens": 256}
    with served(taught(tmp_path / "p"), **flags) as url, httpx.Client(base_url=url, timeout=120) as client:
        yield client


def figure(name: str) -> float:
    found = httpx.get(f"{URL.removesuffix('/v1')}/metrics").text
    return sum(float(value) for value in re.findall(rf"^vllm:{name}.* (\S+)$", found, re.MULTILINE))


def test_texts_are_tagged_by_the_model_and_asked_about_once(api, model):
    texts = [d.text for d in sentences("test", 6)]
    first = api.post("/v1/tag", json={"texts": texts, "shots": 2}).json()["documents"]
    assert {(one["backend"], one["model"]) for one in first} == {("chat", model)}
    assert [one["text"] for one in first] == texts
    assert all(len(one["demonstrations"]) == 2 for one in first)
    assert any(one["status"] == "ok" for one in first)
    before = figure("request_success_total")
    assert api.post("/v1/tag", json={"texts": texts, "shots": 2}).json()["documents"] == first
    assert figure("request_success_total") == before
    assert api.get("/v1/labels").json()["backends"] == ["chat", "embedded"]


def test_the_annotator_on_board_can_be_named_beside_it(api):
    until = time.monotonic() + 60
    while True:
        answer = api.post("/v1/tag", json={"text": "NaCl in water", "backend": "embedded"})
        if answer.status_code == 200:
            break
        assert time.monotonic() < until, answer.text
        time.sleep(0.2)
    assert answer.json()["documents"][0]["backend"] == "embedded"


def test_a_caller_that_leaves_has_its_requests_ended_at_the_model(api):
    long = " ".join(d.text for d in sentences("test", 25))
    before = figure("request_success_total")
    with pytest.raises(httpx.ReadTimeout):
        api.post("/v1/tag", json={"texts": [f"{i} {long}" for i in range(8)]}, timeout=1.0)
    until = time.monotonic() + 10
    while figure("num_requests_running") or figure("num_requests_waiting{"):
        assert time.monotonic() < until
        time.sleep(0.1)
    # vLLM counts those that it finished, and not those that were broken off.
    assert figure("request_success_total") - before < 8
    assert "allabel_requests_under_way 1.0" in api.get("/metrics").text, "this request alone"


def test_a_confirmed_text_is_in_the_very_next_prompt(api):
    label = api.get("/v1/labels").json()["labels"][0]["name"]
    confirmed = {"text": "Zorblaxine in frobnol.", "entities": [{"start": 0, "end": 10, "label": label}]}
    (id,) = api.post("/v1/annotations", json={"documents": [confirmed]}).json()["ids"]
    (one,) = api.post("/v1/tag", json={"text": "Frobnol and zorblaxine", "shots": 1}).json()["documents"]
    assert one["demonstrations"] == [id]


def test_a_model_that_is_not_there_is_waited_for_and_said(tmp_path):
    flags = {"backend": "chat", "base_url": "http://127.0.0.1:9/v1", "model": "none"}
    with served(taught(tmp_path / "p"), wait=False, **flags) as url, httpx.Client(base_url=url) as client:
        until = time.monotonic() + 30
        while "no server" not in str(client.get("/readyz").json()) and "127.0.0.1:9" not in client.get("/readyz").text:
            assert time.monotonic() < until, client.get("/readyz").text
            time.sleep(0.2)
        answer = client.post("/v1/tag", json={"text": "NaCl"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
