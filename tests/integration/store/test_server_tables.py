"""The server's keys and jobs, on each database."""

from allabel.server.job_store import JobStore, JobText, State
from allabel.server.keys import Keys, Scope
from allabel.store.store import Store


def test_a_key_is_made_checked_and_revoked(store: Store):
    keys = Keys(store)
    key, token = keys.add("lab", [Scope.TAG, Scope.READ])
    assert (keys.check(token), keys.check(token + "x")) == (key, None)
    assert keys.all() == [key]
    keys.revoke("lab")
    assert keys.check(token) is None
    assert keys.all()[0].revoked is not None


def test_a_job_is_handed_in_taken_done_and_forgotten(store: Store):
    one, other = JobStore(store, "one"), JobStore(store, "other")
    texts = [JobText(n, f"d{n}", f"text {n} 🧪", {"n": n}) for n in range(3)]
    job = one.add("k", texts, {"labels": ["A"]}, "f" * 32)
    assert one.add("k", texts, {}, "f" * 32) == job, "the same id is the same job"
    taken = one.claim()
    assert taken is not None
    assert (taken.id, taken.state, taken.options) == (job.id, State.RUNNING, {"labels": ["A"]})
    assert other.claim() is None
    assert one.next_texts(job.id, 2) == texts[:2]
    assert one.keep(job.id, [(0, {"id": "d0", "status": "ok"}), (1, {"id": "d1", "status": "failed"})])
    one.release(job.id)
    again = other.claim()
    assert again is not None
    assert other.next_texts(job.id, 9) == texts[2:]
    assert other.keep(job.id, [(2, {"id": "d2", "status": "ok"})])
    done = one.get(job.id, "k")
    assert done is not None
    assert (done.state, done.n_done, done.n_failed) == (State.DONE, 3, 1)
    assert [line["id"] for _, line in one.lines(job.id, -1, 10)] == ["d0", "d1", "d2"]
    assert one.forget(-1) == 1
    assert one.all("k") == []
