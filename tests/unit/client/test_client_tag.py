"""`Client.tag` and what a project says of itself, against a real server on loopback."""

import json

import pytest
from failing_proxy import Cuts, Says, problem
from served import sentences

from allabel.client import AnnotatedText, ApiError, Client, Limits, Span, Status, Text
from allabel.errors import InputError

pytestmark = pytest.mark.enable_socket
# A flag, a family, letters with marks of their own, a line separator that str.splitlines cuts at, no text at all.
ODD = [
    "🧪 NaCl (5 g) was dissolved in water 👩‍🔬.",
    "Cafe\u0301 and nai\u0308ve K₂CO₃",
    "NaCl\u2028in water\u0085now",
    "",
    "\x00 İ ß ﬁ",
]


def test_one_text_gives_one_result_with_offsets_in_code_points(client):
    text = "🧪 " + next(d for d in sentences("pool", 20) if d.entities).text
    one = client.tag(text)
    assert one.ok
    assert one.text == text
    assert one.entities
    assert all(text[e.start : e.end] == e.text for e in one.entities)
    assert all(0 <= e.score <= 1 and e.demonstrations for e in one.entities)


def test_many_texts_come_back_in_order_with_their_ids_and_places(through, proxy):
    texts = [Text(d.text, id=f"t{n % 3}", meta={"n": n}) for n, d in enumerate(sentences("pool", 150))]
    found = through.tag(texts)
    assert [one.text for one in found] == [one.text for one in texts]
    assert [one.place for one in found] == list(range(150)) == [one.meta["n"] for one in found]
    assert [one.id for one in found] == [one.id for one in texts]
    assert [len(json.loads(one.body)["texts"]) for one in proxy.heard] == [64, 64, 22]


def test_odd_characters_come_back_as_they_went(client):
    found = client.tag(ODD)
    assert [one.text for one in found] == ODD
    assert all(one.text[e.start : e.end] == e.text for one in found for e in one.entities)


def test_half_a_character_is_refused_before_it_is_sent(through, proxy):
    with pytest.raises(InputError, match="surrogate"):
        through.tag(["fine", "half \ud83d"])
    assert not proxy.heard


@pytest.mark.parametrize("wrong", [[None], [1], [b"NaCl"], [("a", "NaCl")]])
def test_what_is_no_text_is_refused_by_its_place(client, wrong):
    with pytest.raises(InputError, match="text 1 is a"):
        client.tag(["NaCl", *wrong])


def test_one_string_is_not_taken_for_its_characters(through, proxy):
    for ask in (through.stream, through.jobs.submit):
        with pytest.raises(InputError, match="texts is one string, 'NaCl'"):
            ask("NaCl")
    assert not proxy.heard


def test_requests_of_no_text_are_refused(client):
    with pytest.raises(InputError, match="texts_per_request is 0"):
        Client(texts_per_request=0)
    with pytest.raises(InputError, match="at_once is 0"):
        client.stream(["NaCl"], at_once=0)


def test_nothing_gives_nothing_and_asks_nothing(through, proxy):
    assert through.tag([]) == []
    assert not proxy.heard


def test_options_reach_the_server(client):
    text = next(d for d in sentences("pool", 20) if d.entities).text
    every = client.tag(text)
    label = every.entities[0].label
    assert {e.label for e in client.tag(text, labels=[label]).entities} == {label}
    assert len(client.tag(text, shots=2).demonstrations) == 2
    assert client.tag(text, threshold=1.0).entities == ()
    assert client.tag(text, backend="embedded").backend == "embedded"


def test_one_label_as_a_string_is_not_taken_for_its_letters(client):
    with pytest.raises(InputError, match=r"write \['Reagent'\]"):
        client.tag("NaCl", labels="Reagent")


def test_a_server_that_takes_fewer_texts_is_sent_fewer(through, proxy):
    texts = [d.text for d in sentences("test", 40)]
    proxy.faults = [problem(413, "40 texts, where 20 at once are allowed")]
    assert [one.text for one in through.tag(texts)] == texts
    assert [len(json.loads(one.body)["texts"]) for one in proxy.heard] == [40, 20, 20]


def test_a_single_text_that_is_too_large_is_told(through, proxy):
    proxy.faults = [problem(413, "the body is larger than 5 bytes")]
    with pytest.raises(ApiError, match="larger than 5 bytes") as told:
        through.tag("NaCl")
    assert (told.value.status, len(proxy.heard)) == (413, 1)


def test_an_unknown_label_is_told_with_its_remedy_and_the_servers_request_id(through, proxy):
    with pytest.raises(ApiError) as told:
        through.tag("NaCl", labels=["Nonsense"])
    error = told.value
    assert (error.status, len(proxy.heard)) == (422, 1)
    assert "Nonsense" in error.detail
    assert error.remedy in str(error)
    assert error.request_id == proxy.heard[0].headers["x-request-id"]


@pytest.mark.parametrize("body", [b"<html>hello", b"[]", b'{"documents": [{}]}', b'{"documents": []}'])
def test_an_answer_of_another_form_is_an_error_and_no_result(through, proxy, body):
    proxy.faults = [Says(200, body)]
    with pytest.raises(ApiError, match="cannot read"):
        through.tag("NaCl")


def test_a_text_that_failed_has_no_entities(through, proxy):
    line = {"id": "a", "text": "NaCl", "status": "refused", "error": "I would rather not", "backend": "b", "model": "m"}
    proxy.faults = [Says(200, json.dumps({"documents": [line]}).encode())]
    one = through.tag(Text("NaCl", "a"))
    assert (one.ok, one.status, one.error) == (False, Status.REFUSED, "I would rather not")


def test_labels_and_demonstrations_are_the_projects(client):
    labels = client.labels()
    assert {e.label for d in sentences("pool", 40) for e in d.entities} <= set(labels.names)
    assert "embedded" in labels.backends
    assert labels.limits == Limits(1024, 100_000, 100_000, 16 * 1024 * 1024)
    shown = client.demonstrations()
    assert len(shown) >= 40
    assert [(d.id, d.text, d.entities) for d in shown[:40]] == [
        (d.id, d.text, d.entities) for d in sentences("pool", 40)
    ]
    assert client.demonstrations(limit=3) == shown[:3]
    # A text is no demonstration of itself.
    (nearest,) = client.demonstrations(near=f"{shown[7].text} It was left to stand.", limit=1)
    assert nearest == shown[7]


def test_demonstrations_are_read_page_by_page(through, proxy):
    pages = [
        {"demonstrations": [{"id": str(n), "text": "x", "entities": []}], "n": 2, "next": 1 if n == 0 else None}
        for n in range(2)
    ]
    proxy.faults = [Says(200, json.dumps(page).encode()) for page in pages]
    assert [d.id for d in through.demonstrations()] == ["0", "1"]
    assert ["after=0" in proxy.heard[0].path, "after=1" in proxy.heard[1].path] == [True, True]


def test_what_a_person_confirms_is_a_demonstration_at_once(client):
    text = "😀 Zorblaxine was stirred in frobnol."
    confirmed = client.tag(text).annotated([Span(2, 12, "Reagent")])
    kept = client.annotate([confirmed])
    (shown,) = client.demonstrations(near="zorblaxine", limit=1)
    assert (shown.id, shown.text, shown.entities) == (kept.ids[0], text, (Span(2, 12, "Reagent"),))
    assert text[2:12] == "Zorblaxine"


def test_annotations_that_cannot_be_are_refused_whole(client):
    n = client.annotate([AnnotatedText("Water.", ())]).n_demonstrations
    with pytest.raises(ApiError, match="Nonsense"):
        client.annotate([AnnotatedText("Water 2.", ()), AnnotatedText("NaCl", (Span(0, 4, "Nonsense"),))])
    with pytest.raises(InputError, match="is a str"):
        client.annotate(["NaCl"])
    assert client.annotate([AnnotatedText("Water.", ())]).n_demonstrations == n


def test_a_server_that_can_tag_is_ready(client):
    assert client.ready()
    assert client.ready().waits_for == ()


def test_half_an_answer_is_asked_for_again(through, proxy):
    proxy.faults = [Cuts(40)]
    assert through.tag("NaCl").text == "NaCl"
    assert len(proxy.heard) == 2


def test_a_path_before_the_server_is_kept(proxy):
    proxy.faults = [Says(404)]
    with Client(f"{proxy.url}/ner/") as client, pytest.raises(ApiError):
        client.tag("NaCl")
    assert proxy.heard[0].path == "/ner/v1/tag"
