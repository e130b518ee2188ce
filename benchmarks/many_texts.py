"""How fast is a large file tagged, in how much memory, and is it whole after a kill? With and without Ray.

python benchmarks/many_texts.py [--quick] [--json] [--texts N] [--no-ray] [--data ../shared/data]

N sentences (1,000,000; --quick: 20,000) of BC5CDR's test split, over and over under ids of their own, in a Parquet file
that is made on the fly; the embedded annotator, taught by 400 annotated sentences of the training split. Each run is
the command itself in a process of its own: sentences a second with everything in it, and the most memory that its tree
of processes held (resident; of those it started without what they share; sampled ten times a second). One run is killed
(SIGKILL) about half-way and run again. Ray, with 1 and 2 workers, must write the same bytes; its
scaling is that of two workers over one, and of no worth on a machine that others use.
"""

import argparse
import hashlib
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from corpora import DATA

from allabel.document import Document
from allabel.formats.jsonl import Jsonl
from allabel.formats.registry import read_documents

N_SHOWN, BAR_MB, BAR_SCALING = 400, 700, 1.6
PROGRAM = (sys.executable, "-c", "from allabel.cli import main; main()")


def read(data: Path, split: str) -> list[Document]:
    return [record.document for record in read_documents(data / "bc5cdr" / "iob" / f"{split}.tsv", "conll")]


def make_source(path: Path, data: Path, n: int) -> None:
    """Write n sentences, some thousands at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = itertools.cycle([d.text for d in read(data, "test")])
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, n, 10_000):
            ids = [f"s{i}" for i in range(first, min(n, first + 10_000))]
            writer.write_table(pa.table({"id": ids, "text": [next(texts) for _ in ids]}, schema=schema))


def make_project(folder: Path, data: Path) -> None:
    shown = folder.parent / "shown.jsonl"
    Jsonl().write(read(data, "train")[:N_SHOWN], shown)
    command("init", folder, "--labels", "Chemical,Disease")
    command("-p", folder, "import", shown, "--as", "annotations")


def command(*arguments: object) -> None:
    subprocess.run([*PROGRAM, *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)


class Run:
    """The command in a process of its own, with an eye on the memory of it and of all that it starts."""

    def __init__(self, *arguments: object) -> None:
        self.began, self.peak_mb = time.perf_counter(), 0.0
        self.process = subprocess.Popen([*PROGRAM, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
        self._tree = psutil.Process(self.process.pid)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self.process.poll() is None:
            held = 0
            try:
                for one in (self._tree, *self._tree.children(recursive=True)):
                    memory = one.memory_info()
                    # Ray's store of objects is shared: it counts once, in the process that holds it.
                    held += memory.rss - (memory.shared if one.pid != self.process.pid else 0)
            except psutil.Error:
                continue
            self.peak_mb = max(self.peak_mb, held / 2**20)
            time.sleep(0.1)

    def ended(self) -> dict[str, float]:
        _, said = self.process.communicate()
        if self.process.returncode:
            raise SystemExit(said)
        return {"seconds": time.perf_counter() - self.began, "peak_mb": self.peak_mb}

    def kill_when(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            if self.process.poll() is not None:
                raise SystemExit(f"ended before it was killed: {self.process.communicate()[1]}")
            time.sleep(0.05)
        self.process.kill()
        self.process.communicate()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def every_id_once(path: Path, n: int) -> bool:
    with path.open("rb") as file:
        return all(
            json.loads(line)["id"] == f"s{i}" for i, line in itertools.zip_longest(range(n), file, fillvalue=b"{}")
        )


def tagged(name: str, n: int, run: Run) -> dict[str, Any]:
    found: dict[str, Any] = {**run.ended()}
    found["sentences_per_s"] = n / found["seconds"]
    print(f"  {name:24} {found['sentences_per_s']:8,.0f} sentences/s {found['peak_mb']:7.0f} MB", flush=True)
    return found


def killed_and_rerun(tag: tuple[object, ...], folder: Path, n: int, whole: str) -> dict[str, Any]:
    out = folder / "killed.jsonl"
    parts, n_blocks = folder / "killed.jsonl.parts", -(-n // 4096)
    Run(*tag, "-o", out).kill_when(lambda: len(list(parts.glob("part-*"))) >= (n_blocks + 1) // 2)
    n_before = len((parts / "_done.jsonl").read_bytes().splitlines())
    found = tagged("rerun after a kill", n, Run(*tag, "-o", out))
    found |= {"blocks_before": n_before, "blocks": n_blocks, "ids_once": every_id_once(out, n)}
    found["same_bytes"] = digest(out) == whole
    print(f"    {n_before} of {n_blocks} blocks were done; every id once: {found['ids_once']}")
    out.unlink()
    return found


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    n, source, out = options.texts, folder / "texts.parquet", folder / "out.jsonl"
    make_source(source, options.data, n)
    make_project(folder / "project", options.data)
    tag = ("-p", folder / "project", "tag", source)
    print(f"{n:,} sentences, {source.stat().st_size / 2**20:.0f} MB of Parquet, {N_SHOWN} annotated ones")
    found: dict[str, Any] = {"texts": n, "local": tagged("local", n, Run(*tag, "-o", out))}
    whole = digest(out)
    found["local"]["ids_once"] = every_id_once(out, n)
    found["parquet"] = tagged("local, to Parquet", n, Run(*tag, "-o", folder / "out.parquet"))
    found["killed"] = killed_and_rerun(tag, folder, n, whole)
    found["met_memory"] = found["local"]["peak_mb"] < BAR_MB
    if options.ray:
        for workers in (1, 2):
            ray = ("-o", out, "--engine", "ray", "--workers", workers)
            found[f"ray_{workers}"] = tagged(f"ray, {workers} worker{'s' * (workers > 1)}", n, Run(*tag, *ray))
            found[f"ray_{workers}"]["same_bytes"] = digest(out) == whole
        found["ray_scaling"] = found["ray_1"]["seconds"] / found["ray_2"]["seconds"]
        found["met_scaling"] = found["ray_scaling"] >= BAR_SCALING
        same = found["ray_1"]["same_bytes"] and found["ray_2"]["same_bytes"]
        print(f"  two workers over one: {found['ray_scaling']:.2f} (bar {BAR_SCALING}); the same bytes: {same}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 sentences: does it run?")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--texts", type=int, help="how many sentences")
    parser.add_argument("--no-ray", dest="ray", action="store_false", help="the local engine alone")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    options.texts = options.texts or (20_000 if options.quick else 1_000_000)
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    if options.ray and find_spec("ray") is None:
        print("without Ray, which is not installed: pip install 'allabel[ray]'", file=sys.stderr)
        options.ray = False
    stdout, sys.stdout = sys.stdout, sys.stderr if options.json else sys.stdout
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    sys.stdout = stdout
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
