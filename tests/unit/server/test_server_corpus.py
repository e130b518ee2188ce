"""What the server tags with, and annotations that become demonstrations at once."""

import httpx
import pytest
from served import served, taught

from allabel.project import Project
from allabel.schema import LabelSchema

pytestmark = pytest.mark.enable_socket
NEW = {
    "text": "Zorblaxine was dissolved in frobnol.",
    "entities": [{"start": 0, "end": 10, "label": "Chemical"}, {"start": 28, "end": 35, "label": "Chemical"}],
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = taught(tmp_path_factory.mktemp("corpus") / "p")
    with served(folder) as url, httpx.Client(base_url=url, timeout=120) as api:
        yield folder, api


def label_of(folder) -> str:
    return LabelSchema.read(folder / "labels.toml").names[0]


def new(folder, n: int | str = 0) -> dict:
    """Return an annotated text; another one for each n."""
    label = label_of(folder)
    return {"text": f"{NEW['text']} ({n})", "entities": [{**e, "label": label} for e in NEW["entities"]]}


def n_shown(api) -> int:
    return api.get("/v1/demonstrations").json()["n"]


def test_the_labels_are_those_of_the_project(api, project):
    found = api.get("/v1/labels").json()
    assert [one["name"] for one in found["labels"]] == list(LabelSchema.read(project / "labels.toml").names)
    assert found["backends"] == ["embedded"]


def test_demonstrations_come_in_pages_and_near_a_text(api):
    first = api.get("/v1/demonstrations", params={"limit": 30}).json()
    second = api.get("/v1/demonstrations", params={"limit": 30, "after": first["next"]}).json()
    assert (len(first["demonstrations"]), len(second["demonstrations"]), second["next"]) == (30, 10, None)
    some = first["demonstrations"][7]
    near = api.get("/v1/demonstrations", params={"near": some["text"] + " indeed", "limit": 3}).json()
    assert near["demonstrations"][0] == some


def test_a_confirmed_text_is_shown_to_the_very_next_request(own):
    folder, api = own
    before = n_shown(api)
    answer = api.post("/v1/annotations", json={"documents": [new(folder)]})
    assert (answer.status_code, answer.json()["n_demonstrations"]) == (201, before + 1)
    (id,) = answer.json()["ids"]
    (one,) = api.post("/v1/tag", json={"text": "Frobnol and zorblaxine (0).", "shots": 1}).json()["documents"]
    assert one["demonstrations"] == [id]
    with Project.open(folder) as project:
        kept = project.store.history(id)
        assert [(a.author, a.source, len(a.entities)) for a in kept] == [("api", "api", 2)]


def test_an_edited_text_is_shown_as_it_is_now_and_its_history_stays(own):
    folder, api = own
    (id,) = api.post("/v1/annotations", json={"documents": [new(folder, 1)]}).json()["ids"]
    api.post("/v1/annotations", json={"documents": [{**new(folder, 1), "entities": []}]})
    near = api.get("/v1/demonstrations", params={"near": "frobnol", "limit": 10}).json()["demonstrations"]
    assert {"id": id, "text": new(folder, 1)["text"], "entities": []} in near
    with Project.open(folder) as project:
        assert len(project.store.history(id)) == 2


def test_what_another_process_annotates_is_retrieved_soon(own):
    import time

    folder, api = own
    with Project.open(folder) as project:
        text = new(folder, 2) | {"id": "elsewhere", "text": "Blonk, grelk and twonk.", "entities": []}
        file = folder.parent / "more.jsonl"
        import json

        from allabel.formats.registry import read_documents

        file.write_text(json.dumps(text) + "\n", encoding="utf-8")
        project.import_records(read_documents(file), file, "annotations")
    until = time.monotonic() + 120
    while True:
        (one,) = api.post("/v1/tag", json={"text": "twonk grelk", "shots": 1}).json()["documents"]
        if one["demonstrations"] == ["elsewhere"]:
            return
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("key", ["save-1", "2026-11-22T10:", ":"])
def test_the_same_idempotency_key_keeps_nothing_twice(own, key):
    folder, api = own
    headers = {"Idempotency-Key": key}
    body = {"documents": [new(folder, key)]}
    ids = {api.post("/v1/annotations", json=body, headers=headers).json()["ids"][0] for _ in range(3)}
    other = api.post("/v1/annotations", json={"documents": [{**new(folder, key), "entities": []}]}, headers=headers)
    assert other.status_code == 409
    more = api.post(
        "/v1/annotations", json={"documents": [new(folder), {"text": "x", "entities": []}]}, headers=headers
    )
    assert more.status_code == 409, "a second document under the same key would be lost"
    (id,) = ids
    with Project.open(folder) as project:
        assert len(project.store.history(id)) == 1


def test_the_same_idempotency_key_with_another_text_under_the_id_is_refused(own):
    _, api = own
    headers = {"Idempotency-Key": "other-text"}
    first = {"id": "one", "text": "NaCl in water", "entities": []}
    assert api.post("/v1/annotations", json={"documents": [first]}, headers=headers).status_code == 201
    other = api.post("/v1/annotations", json={"documents": [first | {"text": "KBr in water"}]}, headers=headers)
    assert other.status_code == 409
    assert "'one'" in other.json()["detail"]


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"entities": [{"start": 0, "end": 4, "label": "Nonsense"}]}, 422, "'Nonsense'"),
        ({"entities": [{"start": 30, "end": 90, "label": None}]}, 422, "outside"),
        ({"entities": [{"start": 4, "end": 4, "label": None}]}, 422, "empty"),
        ({"entities": [{"start": 0, "end": 4, "label": None}, {"start": 2, "end": 6, "label": None}]}, 422, "overlap"),
        ({"text": ""}, 422, "text"),
        ({"id": "taken", "text": "another text", "entities": []}, 409, "'taken'"),
    ],
)
def test_an_annotation_that_cannot_be_is_refused_and_nothing_is_kept(own, change, status, named):
    folder, api = own
    api.post("/v1/annotations", json={"documents": [{**new(folder, 4), "id": "taken"}]})
    before = n_shown(api)
    wrong = new(folder, 5) | change
    wrong["entities"] = [{**e, "label": e["label"] or label_of(folder)} for e in wrong["entities"]]
    good = {"text": "A good one beside it.", "entities": []}
    answer = api.post("/v1/annotations", json={"documents": [good, wrong]})
    assert answer.status_code == status, answer.text
    assert named in answer.json()["detail"]
    assert n_shown(api) == before


def test_a_server_without_annotations_says_what_it_waits_for_and_begins_with_the_first(tmp_path):
    folder = taught(tmp_path / "p", 0)
    with served(folder, wait=False) as url, httpx.Client(base_url=url, timeout=120) as api:
        ready = api.get("/readyz")
        assert ready.status_code == 503
        assert "annotated text" in ready.json()["waits_for"][0]
        refused = api.post("/v1/tag", json={"text": "NaCl"})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        api.post("/v1/annotations", json={"documents": [new(folder)]})
        import time

        until = time.monotonic() + 120
        while api.get("/readyz").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert api.post("/v1/tag", json={"text": "NaCl"}).status_code == 200
