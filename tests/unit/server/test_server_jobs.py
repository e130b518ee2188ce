"""Jobs: handed in, done behind the others, cancelled, taken over, forgotten."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from served import sentences, served, taught
from sqlalchemy import update

from allabel.project import Project
from allabel.server.job_store import JobStore, JobText, State
from allabel.store.tables import jobs as table

TEXTS = [d.text for d in sentences("test", 20)]


def done(api, id: str) -> dict:
    until = time.monotonic() + 120
    while (job := api.get(f"/v1/jobs/{id}").json())["state"] not in ("done", "cancelled"):
        assert time.monotonic() < until, job
        time.sleep(0.05)
    return job


@pytest.mark.enable_socket
def test_a_job_gives_what_tagging_at_once_gives_in_the_same_order(api):
    texts = [{"id": f"j{i}", "text": text, "meta": {"n": i}} for i, text in enumerate(TEXTS)]
    handed_in = api.post("/v1/jobs", json={"texts": texts, "shots": 3})
    assert handed_in.status_code == 202
    job = done(api, handed_in.json()["id"])
    assert (job["state"], job["n_texts"], job["n_done"], job["n_failed"], job["error"]) == ("done", 20, 20, 0, "")
    answer = api.get(f"/v1/jobs/{job['id']}/result")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    at_once = api.post("/v1/tag", json={"texts": texts, "shots": 3}).json()["documents"]
    assert [json.loads(line) for line in answer.text.splitlines()] == at_once
    assert job["id"] in [one["id"] for one in api.get("/v1/jobs").json()["jobs"]]


@pytest.mark.enable_socket
def test_a_job_that_is_not_done_has_no_result_but_a_partial_one(tmp_path):
    with served(taught(tmp_path / "p", 0), wait=False) as url:
        import httpx

        with httpx.Client(base_url=url, timeout=120) as api:
            id = api.post("/v1/jobs", json={"texts": TEXTS}).json()["id"]
            refused = api.get(f"/v1/jobs/{id}/result")
            assert refused.status_code == 409
            assert "0 of 20" in refused.json()["detail"]
            assert api.get(f"/v1/jobs/{id}/result?partial=true").text == ""
            cancelled = api.delete(f"/v1/jobs/{id}").json()
            assert cancelled["state"] == "cancelled"
            assert api.delete(f"/v1/jobs/{id}").json() == cancelled


@pytest.mark.enable_socket
def test_a_job_waits_for_what_is_missing_and_says_so(tmp_path):
    import httpx

    with served(taught(tmp_path / "p", 0), wait=False) as url, httpx.Client(base_url=url, timeout=120) as api:
        id = api.post("/v1/jobs", json={"text": TEXTS[0]}).json()["id"]
        until = time.monotonic() + 120
        while not (error := api.get(f"/v1/jobs/{id}").json()["error"]):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert "annotated text" in error


@pytest.mark.enable_socket
@pytest.mark.parametrize("what", ["", "/result"])
def test_a_job_that_is_not_there_is_not_found(api, what):
    assert api.get(f"/v1/jobs/{'0' * 32}{what}").status_code == 404


@pytest.fixture
def store(tmp_path):
    with Project.open(taught(tmp_path / "p", 0)) as project:
        yield project.store


def texts(n: int) -> list[JobText]:
    return [JobText(i, f"d{i}", f"text {i}", {}) for i in range(n)]


def line(n: int, status: str = "ok") -> tuple[int, dict]:
    return n, {"id": f"d{n}", "status": status}


def test_two_processes_never_have_the_same_job(store):
    one, other = JobStore(store, "one"), JobStore(store, "other")
    first, second = one.add("k", texts(2), {}), one.add("k", texts(2), {})
    assert [one.claim().id, other.claim().id, one.claim()] == [first.id, second.id, None]


def test_what_was_kept_is_not_done_again_by_who_takes_over(store):
    one, other = JobStore(store, "one", lease_s=-1), JobStore(store, "other")
    job = one.add("k", texts(5), {"shots": 2})
    one.claim()
    assert one.keep(job.id, [line(0), line(1, "failed")])
    taken = other.claim()
    assert (taken.id, taken.n_done, taken.n_failed, taken.options) == (job.id, 2, 1, {"shots": 2})
    assert [text.n for text in other.next_texts(job.id, 10)] == [2, 3, 4]
    assert not one.keep(job.id, [line(2)]), "it is no longer this process's"
    assert other.keep(job.id, [line(2), line(3), line(4)])
    ended = other.get(job.id, "k")
    assert (ended.state, ended.n_done) == (State.DONE, 5)
    assert [n for n, _ in other.lines(job.id, -1, 100)] == [0, 1, 2, 3, 4]


def test_what_is_kept_twice_counts_once_and_a_text_without_a_line_keeps_the_job_open(store):
    jobs = JobStore(store, "one")
    job = jobs.add("k", texts(3), {})
    jobs.claim()
    for _ in range(2):
        assert jobs.keep(job.id, [line(0), line(1, "failed")])
    there = jobs.get(job.id, "k")
    assert (there.state, there.n_done, there.n_failed) == (State.RUNNING, 2, 1)
    assert [text.n for text in jobs.next_texts(job.id, 10)] == [2]


def test_nothing_is_kept_of_a_cancelled_job(store):
    jobs = JobStore(store, "one")
    job = jobs.add("k", texts(3), {})
    jobs.claim()
    assert jobs.cancel(job.id, "k").state is State.CANCELLED
    assert not jobs.keep(job.id, [line(0)])
    assert jobs.claim() is None


def test_a_job_is_its_callers_alone(store):
    jobs = JobStore(store, "one")
    job = jobs.add("k", texts(1), {})
    assert jobs.get(job.id, "other") is None
    assert jobs.cancel(job.id, "other") is None
    assert jobs.all("other") == []
    assert jobs.get(job.id, "k").state is State.QUEUED


@pytest.mark.enable_socket
def test_the_same_idempotency_key_makes_one_job(api):
    headers = {"Idempotency-Key": "job-1"}
    ids = {api.post("/v1/jobs", json={"text": TEXTS[0]}, headers=headers).json()["id"] for _ in range(3)}
    (id,) = ids
    assert done(api, id)["n_texts"] == 1
    assert api.post("/v1/jobs", json={"text": TEXTS[0]}).json()["id"] != id


def test_old_jobs_are_forgotten_and_open_ones_never(store):
    jobs = JobStore(store, "one")
    ended, open_ = jobs.add("k", texts(1), {}), jobs.add("k", texts(1), {})
    jobs.cancel(ended.id, "k")
    assert jobs.forget(1) == 0
    with store.writes() as connection:
        connection.execute(update(table).values(at=datetime.now(UTC) - timedelta(days=9)))
        connection.execute(
            update(table).where(table.c.id == ended.id).values(ended=datetime.now(UTC) - timedelta(days=8))
        )
    assert jobs.forget(7) == 1
    assert [job.id for job in jobs.all("k")] == [open_.id]


def test_a_job_that_has_to_wait_lets_others_before_it(store):
    jobs = JobStore(store, "one")
    first, second = jobs.add("k", texts(1), {}), jobs.add("k", texts(1), {})
    assert jobs.claim().id == first.id
    jobs.wait(first.id, "the model is away", 60)
    assert jobs.get(first.id, "k").error == "the model is away"
    assert jobs.claim().id == second.id
    assert jobs.claim() is None


def test_who_works_longer_than_a_lease_keeps_the_job_by_saying_so(store):
    one, other = JobStore(store, "one", lease_s=0.2), JobStore(store, "other")
    job = one.add("k", texts(1), {})
    one.claim()
    for _ in range(4):
        time.sleep(0.1)
        assert one.renew(job.id)
        assert other.claim() is None
    one.cancel(job.id, "k")
    assert not one.renew(job.id)


@pytest.mark.enable_socket
def test_a_job_that_can_never_be_done_is_cancelled_with_the_reason_and_holds_nobody_up(api, project):
    with Project.open(project) as here:
        wrong = JobStore(here.store, "elsewhere").add("api", texts(1), {"labels": ["Removed"]})
    right = api.post("/v1/jobs", json={"text": TEXTS[0]}).json()
    assert done(api, right["id"])["state"] == "done"
    ended = done(api, wrong.id)
    assert ended["state"] == "cancelled"
    assert "'Removed'" in ended["error"]
