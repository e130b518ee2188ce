"""`POST /v1/tag`, over real HTTP."""

import httpx
import pytest
from served import sentences

from allabel.formats.tagged import tagged_line
from allabel.project import Project

pytestmark = pytest.mark.enable_socket
TEXTS = [d.text for d in sentences("test", 12)]


def tagged(api: httpx.Client, **body) -> list[dict]:
    answer = api.post("/v1/tag", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["documents"]


def test_entities_are_those_of_the_annotator_in_this_process(api, project):
    with Project.open(project) as here:
        documents = sentences("test", 12)
        expected = [tagged_line(one) for one in here.tag(documents)]
    found = tagged(api, texts=[{"id": d.id, "text": d.text} for d in documents])
    for one in (*expected, *found):
        one.pop("meta")
    assert found == expected
    assert any(one["entities"] for one in found)


def test_one_text_gets_an_id_of_its_own_that_is_the_same_next_time(api):
    (first,), (second,) = tagged(api, text=TEXTS[0]), tagged(api, texts=[TEXTS[0]])
    assert first == second
    assert first["id"].startswith("text-")


def test_offsets_count_code_points(api):
    (plain,) = tagged(api, text=TEXTS[0])
    (shifted,) = tagged(api, text="🧪🧪 " + TEXTS[0])
    for entity in shifted["entities"]:
        assert shifted["text"][entity["start"] : entity["end"]] == entity["text"]
    assert {e["text"] for e in plain["entities"]} & {e["text"] for e in shifted["entities"]}


def test_labels_and_threshold_choose_among_what_was_found(api):
    everything = [e for one in tagged(api, texts=TEXTS) for e in one["entities"]]
    label = everything[0]["label"]
    found = [e for one in tagged(api, texts=TEXTS, labels=[label]) for e in one["entities"]]
    assert found == [e for e in everything if e["label"] == label]
    sure = sorted(e["score"] for e in everything)[len(everything) // 2]
    found = [e for one in tagged(api, texts=TEXTS, threshold=sure) for e in one["entities"]]
    assert found == [e for e in everything if e["score"] >= sure]
    assert 0 < len(found) < len(everything)


def test_shots_say_how_many_demonstrations_are_shown(api):
    assert [len(tagged(api, text=TEXTS[0], shots=n)[0]["demonstrations"]) for n in (0, 2, 5)] == [0, 2, 5]


def test_texts_of_different_shots_asked_for_at_once_come_back_to_whom_they_belong(url):
    import asyncio

    async def ask():
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            bodies = [{"texts": [TEXTS[i % 12]], "shots": i % 3} for i in range(60)]
            return await asyncio.gather(*(client.post("/v1/tag", json=body) for body in bodies))

    for i, answer in enumerate(asyncio.run(ask())):
        (one,) = answer.json()["documents"]
        assert (one["text"], len(one["demonstrations"])) == (TEXTS[i % 12], i % 3)


@pytest.mark.parametrize("text", ["", " \n", "\x00", "a\u0301\u0327", "👩‍🔬" * 50, "x" * 100_000])
def test_any_text_is_answered(api, text):
    (one,) = tagged(api, text=text)
    assert one["text"] == text
    assert one["status"] == "ok"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 422, "texts"),
        ({"text": "a", "texts": ["b"]}, 422, "texts"),
        ({"texts": []}, 422, "body/texts"),
        ({"text": 5}, 422, "body/text"),
        ({"text": "a", "shot": 3}, 422, "body/shot"),
        ({"text": "a", "shots": 101}, 422, "body/shots"),
        ({"text": "a", "threshold": 2}, 422, "body/threshold"),
        ({"text": "a", "labels": ["Nonsense"]}, 422, "'Nonsense'"),
        ({"text": "a", "backend": "chat"}, 422, "'chat'"),
        ({"texts": ["a"] * 1025}, 413, "1,025"),
        ({"text": "x" * 100_001}, 422, "100,001"),
    ],
)
def test_a_wrong_request_is_a_problem_that_names_the_place_and_the_remedy(api, body, status, named):
    answer = api.post("/v1/tag", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert named in problem["detail"]
    assert problem["instance"].endswith(answer.headers["x-request-id"])


def test_half_a_surrogate_pair_is_refused_and_named(api):
    answer = api.post("/v1/tag", content=b'{"text": "a\\ud800b"}', headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "surrogate" in answer.json()["detail"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[" * 5000, b'{"text": 1e9999}', b'{"meta": NaN, "text": "a"}']
)
def test_what_is_no_json_is_refused(api, content):
    answer = api.post("/v1/tag", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused_also_where_it_does_not_say_its_length(api):
    def chunks():
        for _ in range(40):
            yield b" " * 2**19

    told = api.post("/v1/tag", content=b" " * 17 * 2**20, headers={"content-type": "application/json"})
    untold = api.post("/v1/tag", content=chunks(), headers={"content-type": "application/json"})
    assert (told.status_code, untold.status_code) == (413, 413)
    assert told.json()["detail"] == untold.json()["detail"]


def test_a_request_id_of_the_callers_comes_back_and_one_that_is_none_does_not(api):
    assert api.get("/healthz", headers={"x-request-id": "a-1"}).headers["x-request-id"] == "a-1"
    assert "<" not in api.get("/healthz", headers={"x-request-id": "<b>"}).headers["x-request-id"]


def test_an_unknown_address_and_method_are_problems_too(api):
    assert api.get("/nowhere").json()["status"] == 404
    assert api.get("/v1/tag").json()["status"] == 405


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("PUT", "/v1/jobs", "GET, POST"),
        ("POST", f"/v1/jobs/{'0' * 32}", "GET, DELETE"),
        ("GET", "/v1/tag", "POST"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_all_that_the_address_takes(api, method, path, takes):
    answer = api.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, takes)
