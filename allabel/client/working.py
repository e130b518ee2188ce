"""Jobs: handed in, waited for, read."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from allabel.client import asking, reading
from allabel.client.asking import Options
from allabel.client.errors import ApiError, Failure, WaitError
from allabel.client.lines import Opened
from allabel.client.results import Job, JobState, Tagged, Text
from allabel.client.retrying import Retries
from allabel.client.steps import Call, Pause, Steps, asked, new_id
from allabel.errors import InputError

Progress = Callable[[Job], object]
FIRST_LOOK_S, MOST_S = 0.1, 5.0


def submitting(texts: Sequence[Text], options: Options, retries: Retries) -> Steps[Job]:
    """Hand in a job; a try that came through unseen makes no second one."""
    answer = yield from asked(asking.submit(texts, options, new_id()), retries)
    return reading.read(answer.body, reading.job, answer.headers)


def looking(job: Job | str, retries: Retries, method: str = "GET") -> Steps[Job]:
    """Get a job; DELETE cancels it."""
    answer = yield from asked(Call(method, _path(job)), retries)
    return reading.read(answer.body, reading.job, answer.headers)


def listing(retries: Retries) -> Steps[list[Job]]:
    """Get the jobs of the key, newest first."""
    answer = yield from asked(Call("GET", "/v1/jobs"), retries)
    return reading.read(answer.body, lambda data: [reading.job(one) for one in data["jobs"]], answer.headers)


def waiting(of: Job | str, progress: Progress | None, timeout_s: float | None, retries: Retries) -> Steps[Job]:
    """Look at a job until it is over. Raises WaitError after so many seconds."""
    began, pause_s, last = time.monotonic(), FIRST_LOOK_S, None
    while True:
        job = yield from looking(of, retries)
        if progress is not None and job != last:
            progress(job)
        if job.over:
            return job
        last = job
        left_s = float("inf") if timeout_s is None else began + timeout_s - time.monotonic()
        if left_s <= 0:
            waits = f"; it waits: {job.error}" if job.error else ""
            raise WaitError(f"job {job.id} has {job.n_done:,} of {job.n_texts:,} texts after {timeout_s:g} s{waits}")
        yield Pause(min(pause_s, left_s))
        pause_s = min(MOST_S, 1.5 * pause_s)


def results(of: Job | str, partial_: bool, retries: Retries) -> Steps[None]:
    """Emit the tagged texts of a job, in order. partial_: what there is, of one that is not done too."""
    job = yield from looking(of, retries)
    opened = Opened(_Results(job, partial_))
    yield from opened.open()
    yield from opened.read(retries)


class _Results:
    """The lines of a job's result; each answer has them from the first."""

    def __init__(self, job: Job, partial_: bool) -> None:
        self._job, self._partial = job, partial_
        self._n_line, self._n_taken = 0, 0

    def call(self) -> Call:
        self._n_line = 0
        return Call("GET", f"{_path(self._job)}/result", params=(("partial", "true"),) if self._partial else ())

    def take(self, line: bytes) -> Tagged | None:
        self._n_line += 1
        if self._n_line <= self._n_taken:
            return None
        found = reading.read(line, partial(reading.tagged, place=self._n_taken))
        self._n_taken += 1
        return found

    def missing(self) -> Failure | None:
        whole = self._job.n_texts if self._job.state is JobState.DONE else self._job.n_done
        if self._n_taken >= whole:
            return None
        return Failure(ApiError(f"the result ended after {self._n_taken:,} of {whole:,} texts"), again=True)

    def given_up(self, error: ApiError) -> Iterable[Tagged]:
        raise error


def _path(job: Job | str) -> str:
    id = job.id if isinstance(job, Job) else job
    if not (id.isascii() and id.isalnum()):
        raise InputError(f"{id!r} is no id of a job", remedy="hand in what jobs.submit returned, or its id")
    return f"/v1/jobs/{id}"
