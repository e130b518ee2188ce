"""Running what is missing of an experiment, in several processes; every cell that is done stays done."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process

from allabel.active.tuning import tagger_class
from allabel.errors import AllabelError, InputError, ServerError
from allabel.store.store import Store
from eval.experiments import cell as cells
from eval.experiments import choosing, rounds
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.plan import ActiveCell, Cell
from eval.experiments.run_folder import RunFolder
from eval.experiments.sources import schema_of, split_of

Tell = Callable[[str], None]
Work = Cell | ActiveCell


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: what was done in it, and what failed, with the reason."""

    n_done: int
    failed: tuple[tuple[str, str], ...]


def check(run: RunFolder) -> None:
    """Raise an error that names the file's line where an annotator cannot be made, or a budget is more than a pool."""
    experiment = run.experiment
    first = experiment.file.data[0]
    for arm in experiment.arms:
        with experiment.at("annotators", arm.table):
            arm.build(schema_of(first, experiment.beside), 0)
    for active in experiment.active:
        with experiment.at("active", active.table):
            tagger_class(active.tagger)
    for table in experiment.file.data if experiment.arms else ():
        for seed in experiment.file.seed_numbers:
            split = split_of(table, experiment.beside, seed)
            for budget in experiment.file.budgets:
                try:
                    choosing.check(budget, split, experiment.file.selection)
                except InputError as error:
                    problem = f"{budget}, {table.title}, seed {seed}: {error.problem}"
                    raise experiment.wrong(problem, ("budgets",), error.remedy) from error


def run_missing(run: RunFolder, jobs: int, tell: Tell) -> Ended:
    """Do what is not done yet, and say of each cell that it is. What fails is told, and the rest goes on.

    jobs: how many processes work at once.
    """
    if not run.files.answers.exists() and any(arm.asks_model for arm in run.experiment.arms):
        Store.create(run.files.answers).close()
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


def _by_pool(cells: Sequence[Cell]) -> list[Cell]:
    """Order cells so that those of one pool, and of one choice, come together: what they share is made once."""
    return sorted(cells, key=lambda c: (c.spot.data, c.spot.seed, c.choice.key if c.choice else ""))


def _outcomes(run: RunFolder, todo: Sequence[Work], jobs: int) -> Iterator[tuple[Work, AllabelError | None]]:
    """Do the work, and yield each piece as it ends, with what went wrong. Other errors are ours, and raised.

    An arm whose server is gone is not tried again: each of its cells would wait for it.
    """
    left, gone = deque(todo), set[str]()
    waiting: dict[Future[None], Work] = {}
    with _workers(jobs) as submit:
        while left or waiting:
            while left and len(waiting) < jobs:
                one = left.popleft()
                if isinstance(one, Cell) and one.spot.arm in gone:
                    yield one, ServerError("not tried, for the server of this annotator is gone")
                else:
                    waiting[submit(_work, run.experiment, one, run.files)] = one
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                one, wrong = waiting.pop(future), future.exception()
                if wrong is not None and not isinstance(wrong, AllabelError):
                    raise wrong
                if isinstance(wrong, ServerError) and isinstance(one, Cell):
                    gone.add(one.spot.arm)
                yield one, wrong


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


def _work(experiment: Experiment, one: Work, files: Files) -> None:
    if isinstance(one, Cell):
        cells.run(experiment, one, files)
    else:
        rounds.run(experiment, one, files, lambda line: None)


def _end_with_parent() -> None:
    """End this process when the one that began it does, so that a kill leaves nobody at work."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
