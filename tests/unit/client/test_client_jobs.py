"""Jobs through the client."""

import pytest
from failing_proxy import Cuts, Says
from served import sentences

from allabel.client import ApiError, JobState, Text, WaitError
from allabel.errors import InputError

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def job(client):
    texts = [Text(d.text, f"t{n}") for n, d in enumerate(sentences("test", 60))]
    return client.jobs.wait(client.jobs.submit(texts), timeout_s=60)


def test_a_job_is_handed_in_waited_for_and_read_in_order(client):
    texts = [d.text for d in sentences("pool", 261)] + ["NaCl"] * 39
    seen = []
    job = client.jobs.submit(texts, shots=2)
    assert (job.n_texts, job.over) == (300, False)
    done = client.jobs.wait(job, seen.append, timeout_s=120)
    assert (done.state, done.n_done, done.n_failed) == (JobState.DONE, 300, 0)
    assert seen[-1] == done
    assert [one.n_done for one in seen] == sorted(one.n_done for one in seen)
    found = list(client.jobs.result(done))
    assert [(one.place, one.text) for one in found] == list(enumerate(texts))
    assert {len(one.demonstrations) for one in found} == {2}
    assert done in client.jobs.all()
    assert client.jobs.get(done.id) == done


def test_lines_are_cut_at_line_ends_alone(client):
    text = "NaCl\u2028in\u0085water 🧪"
    job = client.jobs.wait(client.jobs.submit([text]), timeout_s=60)
    assert [one.text for one in client.jobs.result(job)] == [text]


@pytest.mark.parametrize("clean", [False, True])
def test_a_result_that_breaks_off_is_read_on(through, proxy, job, clean):
    proxy.faults = [Says(503), Cuts(9000, clean), Cuts(3000, clean)]
    assert [one.id for one in through.jobs.result(job)] == [f"t{n}" for n in range(60)]


def test_a_result_that_stays_short_is_an_error(through, proxy, job):
    whole = through.jobs.get(job).n_done
    proxy.faults = [Says(200, _of(job))] + [Says(200, b"")] * 9
    with pytest.raises(ApiError, match=f"0 of {whole}"):
        list(through.jobs.result(job))


def _of(job):
    import json

    ended = job.ended.isoformat()
    about = {"id": job.id, "state": job.state, "n_texts": job.n_texts, "n_done": job.n_done, "n_failed": 0}
    return json.dumps({**about, "error": "", "at": job.at.isoformat(), "ended": ended}).encode()


def test_a_cancelled_job_gives_what_was_tagged_by_then(client):
    texts = [d.text for d in sentences("test", 50)] * 60
    job = client.jobs.cancel(client.jobs.submit(texts))
    assert client.jobs.wait(job).state is JobState.CANCELLED
    with pytest.raises(ApiError) as told:
        list(client.jobs.result(job))
    assert told.value.status == 409
    found = list(client.jobs.result(job, partial=True))
    assert len(found) == client.jobs.get(job).n_done < 3000
    assert [one.text for one in found] == texts[: len(found)]


def test_waiting_ends_after_the_seconds_and_the_job_goes_on(client):
    job = client.jobs.submit([d.text for d in sentences("test", 50)] * 20)
    with pytest.raises(WaitError, match="of 1,000 texts") as told:
        client.jobs.wait(job, timeout_s=0)
    assert isinstance(told.value, TimeoutError)
    assert client.jobs.wait(job, timeout_s=120).state is JobState.DONE


def test_no_such_job_is_told(client):
    with pytest.raises(ApiError, match="no job") as told:
        client.jobs.get("0" * 32)
    assert told.value.status == 404
    with pytest.raises(InputError, match="no id of a job"):
        client.jobs.get("../labels")
