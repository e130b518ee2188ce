"""Running what is missing of an experiment, in several processes; every cell that is done stays done."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path

from allabel.errors import AllabelError, ServerError
from allabel.store.store import Store
from eval.experiments import cell as cells
from eval.experiments import rounds
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.plan import ActiveCell, Cell
from eval.experiments.run_folder import RunFolder

Tell = Callable[[str], None]
Work = Cell | ActiveCell


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: what was done in it, and what failed, with the reason."""

    n_done: int
    failed: tuple[tuple[str, str], ...]


def run_missing(run: RunFolder, jobs: int, tell: Tell) -> Ended:
    """Do what is not done yet, and say of each cell that it is. What fails is told, and the rest goes on.

    jobs: how many processes work at once. Raises InputError where another run is at work in the folder.
    """
    run.write()
    with run.files.alone():
        if any(arm.asks_model for arm in run.experiment.arms):
            _make_store(run.files.answers)
        todo: list[Work] = [*_by_pool(run.missing()), *run.missing_active()]
        n_done, failed = 0, []
        for one, error in _outcomes(run, todo, jobs):
            if error is None:
                n_done += 1
            else:
                failed.append((str(one.spot), str(error)))
            told = f" failed: {error}" if error else ""
            tell(f"{n_done + len(failed)} of {len(todo)}: {one.spot}{told}")
        return Ended(n_done, tuple(failed))


def _make_store(path: Path) -> None:
    """Make the store of answers, whole or not at all."""
    if not path.exists():
        half = path.with_name(f"half-{path.name}")
        half.unlink(missing_ok=True)
        Store.create(half).close()
        half.replace(path)


def _by_pool(cells: Sequence[Cell]) -> list[Cell]:
    """Order cells so that those of one pool, and of one choice, come together: what they share is made once."""
    return sorted(cells, key=lambda c: (c.spot.data, c.spot.seed, c.choice.key if c.choice else ""))


def _outcomes(run: RunFolder, todo: Sequence[Work], jobs: int) -> Iterator[tuple[Work, AllabelError | None]]:
    """Do the work, and yield each piece as it ends, with what went wrong. Other errors are ours, and raised.

    An arm whose server is gone is not tried again: each of its cells would wait for it.
    """
    left, gone = list(todo), set[str]()
    waiting: dict[Future[None], Work] = {}
    with _workers(jobs) as submit:
        while left or waiting:
            while len(waiting) < jobs and (one := _next(left, [*waiting.values()], run.files)) is not None:
                if isinstance(one, Cell) and one.spot.arm in gone:
                    yield one, ServerError("not tried, for the server of this annotator is gone")
                else:
                    waiting[submit(_work, run.experiment, one, run.files, jobs)] = one
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                one, wrong = waiting.pop(future), future.exception()
                if isinstance(wrong, BrokenProcessPool):
                    raise AllabelError(_died([one, *waiting.values()])) from wrong
                if wrong is not None and not isinstance(wrong, AllabelError):
                    raise wrong
                if isinstance(wrong, ServerError) and isinstance(one, Cell):
                    gone.add(one.spot.arm)
                yield one, wrong


def _next(left: list[Work], at_work: Sequence[Work], files: Files) -> Work | None:
    """Take the next piece of work; one whose texts are being chosen by another piece waits for that."""
    being_chosen = {_choice_of(one) for one in at_work} - {""}
    for i, one in enumerate(left):
        key = _choice_of(one)
        if key not in being_chosen or files.choice(key).exists():
            return left.pop(i)
    return None


def _choice_of(one: Work) -> str:
    return one.choice.key if isinstance(one, Cell) and one.choice else ""


def _died(at_work: Sequence[Work]) -> str:
    cells = "; ".join(str(one.spot) for one in at_work)
    return f"a process died, perhaps for want of memory; at work were {cells}\n  remedy: run again, with fewer --jobs"


@contextmanager
def _workers(jobs: int) -> Iterator[Callable[..., Future[None]]]:
    """Give what has work done: here and now for one job, in fresh processes for more."""
    if jobs == 1:
        yield _here
        return
    # Fresh processes: one that is forked with threads of numpy or torch in it may stand still.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield pool.submit
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _here(work: Callable[..., None], *given: object) -> Future[None]:
    future: Future[None] = Future()
    try:
        work(*given)
        future.set_result(None)
    except AllabelError as error:
        future.set_exception(error)
    return future


def _work(experiment: Experiment, one: Work, files: Files, jobs: int) -> None:
    if isinstance(one, Cell):
        cells.run(experiment, one, files, jobs)
    else:
        rounds.run(experiment, one, files, lambda line: None)


def _end_with_parent() -> None:
    """End this process when the one that began it does, so that a kill leaves nobody at work; at Ctrl-C at once."""
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(130))

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
