"""Token classification as Hugging Face's clients ask for it and read it."""

import pytest
from served import sentences

pytestmark = pytest.mark.enable_socket
TEXT = "🧪 Cafe\u0301: " + sentences("test", 1)[0].text


def tagged(api, text=TEXT) -> list[dict]:
    return api.post("/v1/tag", json={"text": text}).json()["documents"][0]["entities"]


def test_the_inference_client_gets_the_entities_of_tag(url, api):
    hub = pytest.importorskip("huggingface_hub", reason="Hugging Face's client: pip install huggingface_hub")
    found = hub.InferenceClient(token="hf_anything").token_classification(TEXT, model=f"{url}/huggingface")
    wanted = [(e["label"], e["score"], e["text"], e["start"], e["end"]) for e in tagged(api)]
    assert [(e.entity_group, e.score, e.word, e.start, e.end) for e in found] == wanted
    assert wanted, "the sentence was to have entities"


def test_one_text_gives_a_list_and_many_give_a_list_each(api):
    one = api.post("/huggingface", json={"inputs": TEXT}).json()
    many = api.post("/huggingface", json={"inputs": [TEXT, "Nothing.", TEXT]}).json()
    assert many == [one, [], one]
    assert set(one[0]) == {"entity_group", "score", "word", "start", "end"}


@pytest.mark.parametrize("strategy", ["simple", "first", "average", "max"])
def test_every_aggregation_gives_whole_entities(api, strategy):
    asked = {"inputs": TEXT, "parameters": {"aggregation_strategy": strategy}, "options": {"wait_for_model": True}}
    assert api.post("/huggingface", json=asked).json() == api.post("/huggingface", json={"inputs": TEXT}).json()


def test_without_aggregation_entities_come_as_the_tokens_they_consist_of(api):
    asked = {"inputs": TEXT, "parameters": {"aggregation_strategy": "none"}}
    tokens = api.post("/huggingface", json=asked).json()
    joined: list[dict] = []
    for token in tokens:
        assert token["word"] == TEXT[token["start"] : token["end"]]
        assert not any(c.isspace() for c in token["word"])
        prefix, label = token["entity"].split("-", 1)
        if prefix == "B":
            joined.append({"label": label, "start": token["start"]})
        assert joined[-1]["label"] == label
        joined[-1]["end"] = token["end"]
    assert joined == [{key: e[key] for key in ("label", "start", "end")} for e in tagged(api)]
    assert [one["index"] for one in tokens] == sorted({one["index"] for one in tokens})


def test_labels_can_be_ignored_or_asked_for(api):
    every = tagged(api)
    label = every[0]["label"]
    ignoring = api.post("/huggingface", json={"inputs": TEXT, "parameters": {"ignore_labels": [label]}}).json()
    only = api.post("/huggingface", json={"inputs": TEXT, "parameters": {"labels": [label]}}).json()
    assert [one["entity_group"] for one in ignoring] == [e["label"] for e in every if e["label"] != label]
    assert [one["entity_group"] for one in only] == [e["label"] for e in every if e["label"] == label]
    assert ignoring


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"inputs": []}, 422),
        ({"inputs": {"past_user_inputs": []}}, 422),
        ({}, 422),
        ({"inputs": "x", "parameters": {"aggregation_strategy": "all"}}, 422),
        ({"inputs": "x", "parameters": {"labels": ["Nonsense"]}}, 422),
        ({"inputs": ["x"] * 1025}, 413),
        ({"inputs": "x" * 100_001}, 422),
    ],
)
def test_what_cannot_be_answered_is_refused(api, asked, status):
    assert api.post("/huggingface", json=asked).status_code == status
