"""The engine of many machines: Ray Data reads the file, maps its blocks with annotators in processes, writes the parts.

A row of the data set is a block. One task streams the file; each worker opens the annotator once and writes a part for
every block it is given, so that file and parts must be on a disk that all machines see. Nothing else of the project is
read there: labels, settings, demonstrations and calibrations travel by value, keys within Ray's own channels.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from allabel.annotate.backends import api_key_of, base_url_of, build
from allabel.annotate.base import Annotator
from allabel.annotate.llm.memory import AsksModel
from allabel.bulk.job import Engine, Job, Tagged
from allabel.bulk.notes import Tally
from allabel.bulk.ray_memory import Keeper, RemoteMemory
from allabel.bulk.ray_vllm import RayTransport, annotator_over, request_rows, through_engine
from allabel.bulk.source import Block
from allabel.bulk.task import BlockTagger, Task
from allabel.config import Settings
from allabel.document import DocId, Document
from allabel.errors import AllabelError, InputError, MissingExtraError
from allabel.store.store import Store
from allabel.tagging import StoreMemory
from allabel.telemetry import report_nothing

Row = dict[str, Any]
# Blocks on their way, on a machine of our own: what is read ahead waits for room.
STORE_BYTES = 256 * 2**20
BUDGETS = ("budget_requests", "budget_tokens", "budget_money")


def require_ray() -> Any:
    """Return Ray with its data room, its reports on use switched off. Raises MissingExtraError where there is none."""
    report_nothing()
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError(f"the ray engine needs {error.name}: pip install 'allabel[ray]'") from error
    return ray


def ray_engine(annotator: Annotator, settings: Settings, place: str | Path, workers: int | None = None) -> Engine:
    """Return the engine. place: of the store, where a language model's answers are kept, by one process of its own.

    workers: processes that tag, one a core of the machine or cluster by default. Raises MissingExtraError without Ray,
    InputError for budgets: each worker would spend its own.
    """
    asks = isinstance(annotator, AsksModel)
    if asks and (set_ := [name for name in BUDGETS if getattr(settings, name) is not None]):
        raise InputError(
            f"{set_[0]} counts within one process, and the ray engine has several",
            remedy="leave it out, or take --engine local with several servers (--base-url A --base-url B)",
        )
    require_ray()

    def run_vllm(job: Job, came_n: Callable[[int], None], tell: Callable[[str], None]) -> Iterator[Tagged]:
        # Engines are counted in GPUs; what renders prompts beside them takes the cores.
        with _started(None), Store.open(place) as store:
            gpus = int(require_ray().cluster_resources().get("GPU", 0))
            yield from _through_vllm(job, store, workers or max(1, gpus), came_n, tell)

    def run(job: Job, came_n: Callable[[int], None], tell: Callable[[str], None]) -> Iterator[Tagged]:
        with _started(workers) as n:
            task = replace(job.task, settings=by_value(settings, n))
            keeper = _keeper(place, annotator.name) if asks else None
            reports: dict[int, list[str]] = {}
            try:
                for row in _rows(job, task, keeper, n):
                    if row["error"]:
                        raise _error(row)
                    tagged = Tagged(row["number"], Tally.from_json(json.loads(row["tally"])))
                    reports[row["worker"]] = json.loads(row["report"])
                    came_n(tagged.tally.n)
                    yield tagged
            finally:
                if keeper is not None:
                    require_ray().get(keeper.close.remote())
                for lines in reports.values():
                    for line in lines:
                        tell(f"one of {len(reports)} workers: {line}")

    return run_vllm if settings.backend == "vllm" else run


def by_value(settings: Settings, workers: int) -> Settings:
    """Return the settings as another machine needs them: what this one's variables say, and a worker's share of rates.

    A plain object of `Settings`: those of a project are of a class of their own, which no other process has.
    """
    values = settings.model_dump()
    values["api_key"] = api_key_of(settings)
    values["base_url"] = base_url_of(settings)
    values["tuned_model"] = settings.tuned_model.resolve()
    for rate in ("requests_per_minute", "tokens_per_minute"):
        values[rate] = values[rate] and values[rate] / workers
    return Settings(**values)


class Worker:
    """Opens the annotator once, and writes a part for every block. Errors come back as rows: Ray would wrap them.

    given: one reference to a job and the task of its workers. keeper: of a language model's answers, None for others.
    """

    def __init__(self, given: list[Any], keeper: Any) -> None:
        self._job: Job
        self._task: Task
        self._job, self._task = require_ray().get(given[0])
        self._keeper = keeper
        self._tagger: BlockTagger | None = None

    def __call__(self, table: Any) -> Any:
        """Tag the blocks of a table; returns a row for each."""
        import pyarrow

        return pyarrow.Table.from_pylist([self._tagged(block_of(row)) for row in table.to_pylist()])

    def _tagged(self, block: Block) -> Row:
        row: Row = {"number": block.number, "tally": "", "error": "", "status": 0, "worker": os.getpid()}
        try:
            tagger = self._opened()
            row["tally"] = json.dumps(self._job.write(block, tagger).tally.to_json())
        except AllabelError as error:
            return {**row, "error": str(error), "status": error.exit_status, "report": "[]"}
        report = tagger.annotator.report() if isinstance(tagger.annotator, AsksModel) else []
        return {**row, "report": json.dumps(report)}

    def _opened(self) -> BlockTagger:
        if self._tagger is None:
            annotator = build(self._task.schema, self._task.settings)
            if isinstance(annotator, AsksModel) and self._keeper is not None:
                annotator.remember(RemoteMemory(self._keeper))
            self._tagger = BlockTagger(annotator, self._task)
        return self._tagger


def row_of(block: Block) -> Row:
    """Return a block as a row of plain columns."""
    return {
        "number": block.number,
        "ids": [d.id for d in block.documents],
        "texts": [d.text for d in block.documents],
        "metas": [json.dumps(dict(d.meta)) for d in block.documents],
    }


def block_of(row: Mapping[str, Any]) -> Block:
    """Return the block of a row; answers that came with a document decide nothing and are left out."""
    columns = zip(row["ids"], row["texts"], row["metas"], strict=True)
    return Block(row["number"], tuple(Document(DocId(id), text, meta=json.loads(meta)) for id, text, meta in columns))


def _rows(job: Job, task: Task, keeper: Any, workers: int) -> Iterator[Row]:
    """Yield what the workers say of each block, as they are done with it."""
    ray = require_ray()
    data = ray.data.read_datasource(_source(job), override_num_blocks=1, num_cpus=0)
    # One block at a time for each worker, and the next one at hand.
    pool = ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2)
    mapped = data.map_batches(
        Worker,
        # By reference: it holds all demonstrations, which are many, and every worker is given it.
        fn_constructor_args=([ray.put((job, task))], keeper),
        batch_size=1,
        batch_format="pyarrow",
        compute=pool,
        num_cpus=1,
    )
    yield from mapped.iter_rows()


def _through_vllm(
    job: Job, store: Store, engines: int, came_n: Callable[[int], None], tell: Callable[[str], None]
) -> Iterator[Tagged]:
    """Yield each block once its answers have come back from vLLM's engines and its part is written, here."""
    ray = require_ray()
    task = replace(job.task, settings=by_value(job.task.settings, 1))
    given = ray.put(task)

    def ask(table: Any) -> Any:
        import pyarrow

        rows = [row for block in table.to_pylist() for row in request_rows(ray.get(given), block_of(block))]
        return pyarrow.Table.from_pylist(rows)

    ray.data.DataContext.get_current().execution_options.preserve_order = True
    asked = ray.data.read_datasource(_source(job), override_num_blocks=1, num_cpus=0).map_batches(
        ask, batch_size=1, batch_format="pyarrow"
    )
    transport = RayTransport(task.settings, iter(through_engine(asked, task.settings, engines).iter_rows()))
    reading = annotator_over(task, transport)
    reading.remember(StoreMemory(store, reading.name))
    tagger = BlockTagger(reading, task)
    for block in job.blocks():
        yield job.write(block, tagger, lambda _: came_n(1))
        transport.forget()
    for line in reading.report():
        tell(line)


def _source(job: Job) -> Any:
    """Return the file as a source of Ray Data: one task reads it from end to end, and hands blocks on as they come."""
    import pyarrow
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    class Blocks(Datasource):
        """The missing blocks of a job."""

        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[Any]:
            def read() -> Iterator[Any]:
                for block in job.blocks():
                    yield pyarrow.Table.from_pylist([row_of(block)])

            size = BlockMetadata(num_rows=len(job.missing), size_bytes=None, input_files=None, exec_stats=None)
            return [ReadTask(read, size)]

    made: Any = Blocks
    return made()


def _keeper(place: str | Path, backend: str) -> Any:
    """Start the process that alone writes to the store, on this machine, where its file is."""
    ray = require_ray()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    where = place.resolve() if isinstance(place, Path) else place
    return ray.remote(Keeper).options(num_cpus=0, scheduling_strategy=here).remote(where, backend)


@contextmanager
def _started(workers: int | None) -> Iterator[int]:
    """Start Ray in this machine, or join the cluster that RAY_ADDRESS names; gives the number of workers."""
    ray = require_ray()
    address = os.environ.get("RAY_ADDRESS")
    ours = not ray.is_initialized()
    if ours:
        n_cpus = workers or os.cpu_count() or 1
        local = {} if address else {"num_cpus": n_cpus, "object_store_memory": STORE_BYTES, "include_dashboard": False}
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
    context = ray.data.DataContext.get_current()
    before = context.target_max_block_size, context.enable_progress_bars
    # Every row is a block by itself, or few workers would get all.
    context.target_max_block_size, context.enable_progress_bars = 1, False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        yield workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        context.target_max_block_size, context.enable_progress_bars = before
        if ours:
            ray.shutdown()


def _error(row: Row) -> AllabelError:
    """Return the error that a worker met, as it would have been raised here."""
    error = AllabelError(row["error"])
    error.exit_status = row["status"]
    return error
