"""Label Studio's ML backend, asked as Label Studio 1.23 asks (the shapes were taken down from a running one)."""

import itertools
import json
import logging

import httpx
import pytest
from served import sentences, served, taught

from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.keys import Keys, Scope

pytestmark = pytest.mark.enable_socket
IDS = itertools.count(1)
EMOJI = "🧪 Cafe\u0301 👩‍🔬 𝛼: "


def config(labels) -> str:
    tags = "".join(f'<Label value="{name}" background="#0072B2"/>' for name in labels)
    return f'<View><Labels name="tags" toName="body">{tags}</Labels><Text name="body" value="$content"/></View>'


def names_of(folder) -> tuple[str, ...]:
    return LabelSchema.read(folder / "labels.toml").names


def setup_of(text: str) -> dict:
    return {
        "project": "1.1795356899",
        "schema": text,
        "hostname": "http://localhost:8080",
        "access_token": "theirs-to-keep",
        "extra_params": None,
    }


def predict_of(texts, text: str) -> dict:
    tasks = [
        {
            "id": n,
            "data": {"content": one},
            "meta": {},
            "annotations": [],
            "predictions": [],
            "project": 1,
            "overlap": 1,
        }
        for n, one in enumerate(texts, start=1)
    ]
    params = {"login": None, "password": None, "context": None}
    return {"tasks": tasks, "project": "1.1795356899", "label_config": text, "params": params}


def region(text: str, mention: str, label: str, **value) -> dict:
    start = text.index(mention)
    value = {"start": start, "end": start + len(mention), "text": mention, "labels": [label]} | value
    return {"id": "x", "from_name": "tags", "to_name": "body", "type": "labels", "origin": "manual", "value": value}


def event(folder, text: str, result, *, action="ANNOTATION_CREATED", labels=None, data=None, **annotation) -> dict:
    made = {"id": next(IDS), "updated_at": "2026-11-22T14:15:00.028430Z", "was_cancelled": False, "ground_truth": False}
    return {
        "action": action,
        "project": {"id": 1, "title": "play", "label_config": config(labels or names_of(folder))},
        "task": {"id": 7, "data": {"content": text} | (data or {})},
        "annotation": made | {"result": result, "completed_by": 1, "lead_time": 3.5} | annotation,
    }


def n_demonstrations(api) -> int:
    return api.get("/v1/demonstrations", params={"limit": 1}).json()["n"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server whose corpus the tests of this module add to."""
    folder = taught(tmp_path_factory.mktemp("own") / "p")
    with served(folder) as url, httpx.Client(base_url=url, timeout=120) as api:
        yield folder, api


def test_health_and_versions_answer(api):
    assert api.get("/label-studio/health").json()["status"] == "UP"
    assert api.get("/label-studio/").json()["status"] == "UP"
    (version,) = api.get("/label-studio/versions").json()["versions"]
    assert version.startswith("embedded crf-")
    assert version.endswith(", 40 texts")


def test_a_project_with_our_labels_is_taken_without_a_warning(api, project):
    found = api.post("/label-studio/setup", json=setup_of(config(names_of(project)))).json()
    assert (found["labels"], found["warning"]) == (list(names_of(project)), None)
    assert found["model_version"] == api.get("/label-studio/versions").json()["versions"][0]


def test_labels_that_only_one_of_both_has_are_told(api, project):
    ours = names_of(project)
    found = api.post("/label-studio/setup", json=setup_of(config([*ours[1:], "Person"]))).json()
    assert (found["only_here"], found["only_there"]) == ([ours[0]], ["Person"])
    assert f"'{ours[0]}' are missing there" in found["warning"]
    assert "'Person' are not labels here" in found["warning"]


def test_a_project_without_any_of_our_labels_is_refused_and_the_log_says_why(api, caplog):
    with caplog.at_level(logging.WARNING, logger="allabel"):
        answer = api.post("/label-studio/setup", json=setup_of(config(["Person"])))
    assert answer.status_code == 422
    assert "there they are 'Person'" in answer.json()["detail"]
    assert "there they are 'Person'" in caplog.text
    assert "theirs-to-keep" not in caplog.text


def test_predictions_are_what_tag_finds_offset_by_offset(api, project):
    texts = [EMOJI + one.text for one in sentences("test", 12)]
    answer = api.post("/label-studio/predict", json=predict_of(texts, config(names_of(project)))).json()
    tagged = api.post("/v1/tag", json={"texts": texts}).json()["documents"]
    n = 0
    for text, result, ours in zip(texts, answer["results"], tagged, strict=True):
        found = [(r["value"]["start"], r["value"]["end"], *r["value"]["labels"], r["score"]) for r in result["result"]]
        assert found == [(e["start"], e["end"], e["label"], e["score"]) for e in ours["entities"]]
        for one in result["result"]:
            assert (one["from_name"], one["to_name"], one["type"]) == ("tags", "body", "labels")
            assert one["value"]["text"] == text[one["value"]["start"] : one["value"]["end"]]
        assert len({one["id"] for one in result["result"]}) == len(found)
        assert result["score"] == min((score for *_, score in found), default=None)
        assert result["model_version"] == answer["model_version"]
        n += len(found)
    assert n > 12, "the sentences were to have entities"


def test_labels_that_the_project_there_lacks_are_not_predicted(api, project):
    texts = [one.text for one in sentences("test", 20)]
    ours = names_of(project)
    every = api.post("/label-studio/predict", json=predict_of(texts, config(ours))).json()["results"]
    some = api.post("/label-studio/predict", json=predict_of(texts, config([*ours[:2], "Person"]))).json()["results"]
    wanted = [[r["value"] for r in one["result"] if r["value"]["labels"][0] in ours[:2]] for one in every]
    assert [[r["value"] for r in one["result"]] for one in some] == wanted
    assert any(wanted)
    assert wanted != [[r["value"] for r in one["result"]] for one in every]


def test_a_task_that_cannot_be_tagged_has_its_error_and_the_others_their_result(api, project):
    asked = predict_of(["in DMF", "x" * 100_001, "half \ud83e of one"], config(names_of(project)))
    asked["tasks"].append({"id": 9, "data": {"text": "in another field"}})
    body = json.dumps(asked)  # escapes what UTF-8 cannot hold, as other clients do
    answer = api.post("/label-studio/predict", content=body, headers={"Content-Type": "application/json"})
    good, long, half, elsewhere = answer.json()["results"]
    assert "result" in good
    assert not any("result" in one for one in (long, half, elsewhere))
    assert "100,001 characters" in long["error"]
    assert "surrogate" in half["error"]
    assert "'content'" in elsewhere["error"]


def test_more_tasks_than_texts_are_allowed_are_sent_away(api, project):
    answer = api.post("/label-studio/predict", json=predict_of(["x"] * 1025, config(names_of(project))))
    assert answer.status_code == 413
    assert "1,024" in answer.json()["detail"]


def test_a_confirmed_annotation_is_shown_to_the_very_next_prediction(own):
    folder, api = own
    label, other = names_of(folder)[:2]
    text = EMOJI + "Zorblaxine was dissolved in frobnol."
    result = [region(text, "frobnol", other), region(text, "Zorblaxine", label)]
    result += [{"type": "choices", "from_name": "c", "to_name": "body", "value": {"choices": ["good"]}}]
    result += [{"type": "relation", "from_id": "x", "to_id": "y", "direction": "right"}]
    before = api.get("/label-studio/versions").json()
    kept = api.post("/label-studio/webhook", json=event(folder, text, result)).json()
    assert (kept["status"], kept["left_out"]) == ("kept", 0)
    near = api.get("/v1/demonstrations", params={"near": "zorblaxine frobnol", "limit": 1}).json()["demonstrations"][0]
    assert near["id"] == kept["ids"][0]
    assert [(text[e["start"] : e["end"]], e["label"]) for e in near["entities"]] == [
        ("Zorblaxine", label),
        ("frobnol", other),
    ]
    (one,) = api.post("/v1/tag", json={"text": "Frobnol and zorblaxine.", "shots": 1}).json()["documents"]
    assert one["demonstrations"] == kept["ids"]
    assert api.get("/label-studio/versions").json() != before, "Label Studio asks anew for another version alone"


def test_an_event_that_comes_twice_is_kept_once_and_a_change_is_kept_too(own):
    folder, api = own
    text, label = "Zorblaxine was dissolved twice.", names_of(folder)[0]
    first = event(folder, text, [region(text, "Zorblaxine", label)])
    ids = {api.post("/label-studio/webhook", json=first).json()["ids"][0] for _ in range(3)}
    later = {"id": first["annotation"]["id"], "updated_at": "2026-11-22T14:16:00.000001Z"}
    changed = event(folder, text, [], action="ANNOTATION_UPDATED", **later)
    ids |= {api.post("/label-studio/webhook", json=changed).json()["ids"][0] for _ in range(2)}
    (id,) = ids
    with Project.open(folder) as project:
        assert [len(one.entities) for one in project.store.history(id)] == [1, 0]


def test_a_task_made_from_our_own_text_is_kept_as_an_annotation_of_it(own):
    folder, api = own
    ours = sentences("pool", 1)[0]
    kept = api.post("/label-studio/webhook", json=event(folder, ours.text, [], data={"id": ours.id})).json()
    assert kept["ids"] == [ours.id]
    stranger = event(folder, "Another text.", [], data={"id": ours.id})
    assert api.post("/label-studio/webhook", json=stranger).json()["ids"] != [ours.id]


def test_offsets_in_utf_16_units_are_read_where_the_regions_say_so(own):
    folder, api = own
    text, label = EMOJI + "in gribnol", names_of(folder)[0]
    start = len((EMOJI + "in ").encode("utf-16-le")) // 2
    api.post(
        "/label-studio/webhook", json=event(folder, text, [region(text, "gribnol", label, start=start, end=start + 7)])
    )
    near = api.get("/v1/demonstrations", params={"near": "gribnol", "limit": 1}).json()["demonstrations"][0]
    (entity,) = near["entities"]
    assert text[entity["start"] : entity["end"]] == "gribnol"


def test_regions_of_labels_that_we_lack_are_left_out_and_counted(own):
    folder, api = own
    text, ours = "Zorblaxine by Smith.", names_of(folder)
    result = [region(text, "Zorblaxine", ours[0]), region(text, "Smith", "Person")]
    kept = api.post("/label-studio/webhook", json=event(folder, text, result, labels=[*ours, "Person"])).json()
    assert (kept["status"], kept["left_out"]) == ("kept", 1)


def test_other_events_are_acknowledged_and_change_nothing(own):
    folder, api = own
    before = n_demonstrations(api)
    events = {
        "PROJECT_UPDATED": {"project": {"id": 1, "label_config": "<View/>"}},
        "TASKS_CREATED": {"tasks": [{"id": 1, "data": {}}], "project": {"id": 1}},
        "ANNOTATIONS_DELETED": {"annotations": [{"id": 3}], "project": {"id": 1}},
        "ANNOTATIONS_CREATED": {"annotation": [{"id": 3}], "task": [{"id": 1}], "project": {"id": 1}},
        "START_TRAINING": {"project": {"id": 1}},
    }
    for action, rest in events.items():
        answer = api.post("/label-studio/webhook", json={"action": action, **rest})
        assert (answer.status_code, answer.json()["status"]) == (200, "ignored"), action
    skipped = api.post("/label-studio/webhook", json=event(folder, "Skipped.", [], was_cancelled=True))
    assert (skipped.status_code, skipped.json()["why"]) == (200, "the task was skipped")
    assert n_demonstrations(api) == before


def test_an_annotation_that_cannot_be_kept_is_refused_and_the_log_says_why(own, caplog):
    folder, api = own
    text, ours, before = "Zorblaxine was dissolved.", names_of(folder), n_demonstrations(api)
    wrong = {
        "lacks the labels": event(folder, text, [], labels=ours[1:]),
        "says 'Zorblaxine' where": event(folder, text, [region(text, "Zorblaxine", ours[0], start=3, end=13)]),
        "overlap": event(folder, text, [region(text, "Zorblaxine", ours[0]), region(text, "laxine was", ours[1])]),
        "the offsets '/div' and 4": event(folder, text, [region(text, "Zorb", ours[0], start="/div")]),
        "no text in the field": event(folder, text, [], data={"content": None}),
        "cannot be kept": event(folder, text, [], data={"content": "half \ud83e of one"}),
        "no annotation or no task": {"action": "ANNOTATION_CREATED"},
    }
    for told, asked in wrong.items():
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="allabel"):
            answer = api.post(
                "/label-studio/webhook", content=json.dumps(asked), headers={"Content-Type": "application/json"}
            )
        assert answer.status_code == 422, told
        assert told in answer.json()["detail"]
        assert told in caplog.text
    assert n_demonstrations(api) == before


def test_the_key_comes_as_the_password_and_a_webhook_needs_the_scope_to_annotate(tmp_path):
    folder = taught(tmp_path / "p")
    with Project.open(folder) as project:
        _, tagging = Keys(project.store).add("tags", [Scope.TAG])
        _, both = Keys(project.store).add("both", [Scope.TAG, Scope.ANNOTATE])
    asked = event(folder, "Zorblaxine.", [])
    with served(folder) as url, httpx.Client(base_url=url, timeout=120) as api:
        assert api.get("/label-studio/health").status_code == 401
        assert api.get("/label-studio/health", auth=("any", tagging)).status_code == 200
        predicted = api.post("/label-studio/predict", json=predict_of(["in DMF"], config(names_of(folder))))
        assert predicted.status_code == 401
        assert api.post("/label-studio/webhook", json=asked).status_code == 401
        assert api.post("/label-studio/webhook", json=asked, auth=("any", tagging)).status_code == 403
        kept = api.post("/label-studio/webhook", json=asked, headers={"Authorization": f"Bearer {both}"}).json()
    with Project.open(folder) as project:
        assert [one.author for one in project.store.history(kept["ids"][0])] == ["both"]
