"""`stream`: any number of texts, results as they are done, whatever breaks off on the way."""

import itertools
import json
import time

import pytest
from failing_proxy import Cuts, Resets, Says, problem
from served import sentences

from allabel.client import ApiError, NotTaggedError, Status, Text
from allabel.errors import InputError

pytestmark = pytest.mark.enable_socket


def texts(n):
    return [Text(d.text, id=f"t{i % 5}" if i % 2 else None, meta={"n": i}) for i, d in enumerate(sentences("pool", n))]


def whole(found, given):
    """Each text is answered once, with its own id and meta."""
    assert sorted(one.place for one in found) == list(range(len(given)))
    for one in found:
        wanted = given[one.place]
        assert (one.text, one.meta, one.ok) == (wanted.text, wanted.meta, True)
        assert one.id == wanted.id if wanted.id else one.id.startswith("text-")


def test_every_text_is_answered_once_with_its_place(client):
    given = texts(100)
    whole(list(client.stream(given, at_once=7)), given)


def test_equal_texts_are_each_answered(client):
    found = list(client.stream(["NaCl"] * 20 + [Text("NaCl", "a")] * 5, at_once=12))
    assert sorted(one.place for one in found) == list(range(25))
    assert all((one.id == "a") == (one.place >= 20) for one in found)


def test_odd_characters_come_back_as_they_went(client):
    odd = ["🧪 NaCl 👩‍🔬", "Cafe\u0301 K₂CO₃", "NaCl\u2028in\u0085water\x0b", "\n\r\n", "", "\x00"]
    found = {one.place: one.text for one in client.stream(odd)}
    assert [found[n] for n in range(len(odd))] == odd


def test_a_stream_without_end_is_pulled_as_it_is_read(client):
    n_pulled = 0

    def endless():
        nonlocal n_pulled
        for n in itertools.count():
            n_pulled += 1
            yield f"NaCl {n} in water"

    found = list(itertools.islice(client.stream(endless(), at_once=10), 25))
    assert len({one.place for one in found}) == 25
    assert n_pulled <= 40


def test_whoever_leaves_half_way_leaves_nothing_open(through, proxy):
    results = through.stream(texts(60), at_once=20)
    next(results)
    results.close()
    assert len(proxy.heard) == 2
    assert through.tag("NaCl").ok


def test_an_error_of_the_callers_own_texts_reaches_the_caller(client):
    def broken():
        yield "NaCl"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(client.stream(broken()))
    with pytest.raises(InputError, match="text 1 is a NoneType"):
        list(client.stream(["NaCl", None]))


def test_nothing_gives_nothing(through, proxy):
    assert list(through.stream([])) == []
    assert not proxy.heard


def test_options_reach_the_server(client):
    label = next(e.label for d in sentences("pool", 20) for e in d.entities)
    found = list(client.stream([d.text for d in sentences("pool", 20)], labels=[label], shots=2, threshold=0.0))
    assert {e.label for one in found for e in one.entities} == {label}
    assert {len(one.demonstrations) for one in found} == {2}


def test_a_wrong_option_is_told_before_any_result(client):
    with pytest.raises(ApiError, match="Nonsense"):
        next(client.stream(["NaCl"], labels=["Nonsense"]))


@pytest.mark.parametrize("n_bytes", [0, 1, 700, 2500, 4000])
@pytest.mark.parametrize("clean", [False, True], ids=["broken", "as if that were all"])
def test_what_a_cut_answer_lacks_is_asked_for_again_and_nothing_twice(through, proxy, n_bytes, clean):
    given = texts(30)
    proxy.faults = [Cuts(n_bytes, clean)]
    found = list(through.stream(given, at_once=20))
    whole(found, given)
    assert len(proxy.heard) == 3
    assert proxy.heard[2].body.count(b"\n") <= 20


@pytest.mark.parametrize("fault", [problem(429, "full"), problem(503, "starting"), Resets(), Says(502)], ids=str)
def test_a_stream_that_is_refused_for_now_begins_again(through, proxy, fault):
    given = texts(30)
    proxy.faults = [fault, fault]
    whole(list(through.stream(given, at_once=20)), given)


def test_a_stream_that_never_comes_through_is_an_error_after_what_did(through, proxy):
    proxy.faults = [Cuts(10**6)] + [problem(503, "gone")] * 9
    found = []
    with pytest.raises(ApiError, match="gone"):
        found += [found.append(one) for one in through.stream(texts(30), at_once=10)]
    assert len(found) == 10


def test_a_text_that_the_server_refuses_failed_and_the_others_go_on(client):
    long = "NaCl " * 30_000
    found = {one.place: one for one in client.stream(["NaCl", Text(long, "long"), "KCl"])}
    assert [found[n].ok for n in range(3)] == [True, False, True]
    assert (found[1].id, found[1].status) == ("long", Status.FAILED)
    assert "characters" in found[1].error
    with pytest.raises(NotTaggedError, match="characters"):
        _ = found[1].entities


def lines(*ones):
    return Says(200, b"".join(json.dumps(one).encode() + b"\n" for one in ones))


def test_a_line_that_is_refused_for_now_is_sent_again_alone(through, proxy):
    proxy.faults = [lines({"line": 2, "problem": {"status": 429, "detail": "4,096 texts wait already"}})]
    found = list(through.stream(["NaCl", "KCl"]))
    assert sorted(one.text for one in found) == ["KCl", "NaCl"]
    proxy.heard.clear()
    tagged = {"id": "a", "text": "NaCl", "status": "ok", "entities": [], "backend": "b", "model": "m"}
    proxy.faults = [lines({"line": 2, "problem": {"status": 503, "detail": "x"}}, tagged)]
    assert len(list(through.stream([Text("NaCl", "a"), Text("KCl", "b")]))) == 2
    assert [json.loads(one.body.splitlines()[0])["id"] for one in proxy.heard] == ["a", "b"]


def test_a_line_says_when_to_come_back_and_what_to_do_as_a_header_would(through, proxy):
    soon = {"status": 429, "detail": "slowly", "remedy": "wait", "retry_after_s": 1}
    proxy.faults = [lines({"line": 1, "problem": soon})]
    began = time.monotonic()
    assert len(list(through.stream(["NaCl"]))) == 1
    assert time.monotonic() - began >= 1
    proxy.heard.clear()
    gone = {"status": 502, "detail": "the model is gone"}
    proxy.faults = [lines({"line": 1, "problem": gone}, {"line": 2, "problem": {**soon, "retry_after_s": 3600}})]
    with pytest.raises(ApiError, match="slowly") as told:
        list(through.stream(["NaCl", "KCl"]))
    assert (told.value.retry_after_s, told.value.remedy, len(proxy.heard)) == (3600, "wait", 1)


def test_a_line_that_the_model_never_answers_failed_and_one_sent_away_is_an_error(through, proxy):
    proxy.faults = [lines({"line": 1, "problem": {"status": 502, "detail": "the model is gone"}})] * 4
    (one,) = through.stream(["NaCl"])
    assert (one.status, one.error) == (Status.FAILED, "the model is gone")
    proxy.faults = [lines({"line": 1, "problem": {"status": 429, "detail": "too many"}})] * 4
    with pytest.raises(ApiError, match="too many"):
        list(through.stream(["NaCl"]))


@pytest.mark.parametrize(
    "line",
    [{"id": "x", "text": "never sent", "status": "ok"}, {"line": 99, "problem": {}}, {"line": 0, "problem": {}}, [1]],
)
def test_a_line_that_answers_nothing_is_no_result(through, proxy, line):
    proxy.faults = [lines(line)]
    (one,) = through.stream(["NaCl"])
    assert one.text == "NaCl"
