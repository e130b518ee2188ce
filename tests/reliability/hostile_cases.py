"""Files that somebody made to do harm, each with the call that reads it.

python hostile_cases.py FOLDER small|large|torch
Printed is one JSON object: for each case how it ended, what it did that it may not, and its seconds. The process may
take so much memory beyond what it has when it begins. A payload that runs writes the file FOLDER/ran.
"""

import io
import json
import os
import pickle
import resource
import signal
import sys
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hostile_child import Guard, TooSlowError, slow
from hostile_readers import readers

from allabel.errors import AllabelError

MOST_MEMORY, MOST_S = 3 * 2**29, 20.0
HUGE = 2**30
Case = tuple[Path, Callable[[Path], Any]]
TEXTS = (
    *("jsonl", "conll", "csv", "text", "doccano", "prodigy", "label_studio", "auto.unknown", "auto.jsonl", "auto.json"),
    *("labels.toml", "tagged", "runs", "recorded nerre", "journal", "experiment", "page jsonl", "page csv"),
)
IN_FOLDERS = {
    "settings": "allabel.toml",
    "calibration": "calibration.json",
    "brat": "a.ann",
    "text folder": "a.txt",
    "huggingface folder": "state.json",
    "tuned crf": "tuned.json",
    "run folder": "data.json",
}
BINARY = ("parquet", "huggingface", "spacy")


class Payload:
    """What a pickle runs when it is read."""

    def __init__(self, folder: Path) -> None:
        self.ran = str(folder / "ran")

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"open({self.ran!r}, 'w').close()",)


def small(folder: Path) -> Iterator[tuple[str, Case]]:
    """Make the files of each case that is quickly made and read, and give the call."""
    yield from _no_files(folder)
    yield from _deep(folder)
    yield from _pickles(folder)
    yield from _elsewhere(folder)


def large(folder: Path) -> Iterator[tuple[str, Case]]:
    """Do what `small` does for files that are large, or unpack to much."""
    yield from _huge(folder)
    yield from _bombs(folder)


def folder_of(folder: Path, case: str) -> Path:
    """Make a folder for a case."""
    made = folder / case.replace(" ", "_").replace("/", "_")
    made.mkdir()
    return made


def _of(folder: Path, case: str, name: str, put: Callable[[Path], Any]) -> Iterator[tuple[str, Case]]:
    """A case of one of the readers: its main file, or the one of its folder that it reads first, is made by `put`."""
    reader = readers().get(name)
    if reader is None:
        return
    place = folder_of(folder, case)
    file = place / (reader.main or IN_FOLDERS.get(name, ""))
    if name == "brat":
        (place / "a.txt").write_text("NaCl", encoding="utf-8")
    if name == "run folder":
        (place / "experiment.toml").write_text("", encoding="utf-8")
    put(file)
    yield case, (place / reader.main if reader.main else place, reader.read)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


def _huge(folder: Path) -> Iterator[tuple[str, Case]]:
    for name in (*TEXTS, *IN_FOLDERS, *BINARY):
        yield from _of(folder, f"a line of a GiB {name}", name, _sparse)

    def quoted(path: Path) -> None:
        with path.open("wb") as file:
            file.write(b'id,text\na,"')
            for _ in range(100):
                file.write((b"x" * 1000 + b"\n") * 1000)

    yield from _of(folder, "a quote that 100 MB follow", "csv", quoted)


def _no_files(folder: Path) -> Iterator[tuple[str, Case]]:
    for name in (*TEXTS, *IN_FOLDERS, *BINARY):
        yield from _of(folder, f"a pipe {name}", name, os.mkfifo)
    for name in ("jsonl", "labels.toml", "label_studio", "parquet", "calibration", "brat"):
        yield from _of(folder, f"a device {name}", name, lambda path: path.symlink_to("/dev/zero"))


def _deep(folder: Path) -> Iterator[tuple[str, Case]]:
    n = 100_000
    lists, objects = "[" * n + "]" * n, '{"a":' * n + "1" + "}" * n
    for name in (
        "jsonl",
        "doccano",
        "prodigy",
        "label_studio",
        "tagged",
        "runs",
        "journal",
        "auto.jsonl",
        "page jsonl",
    ):
        for kind, deep in (("lists", lists), ("objects", objects)):
            text = f'{{"text":"x","meta":{deep}}}\n'
            yield from _of(folder, f"deep {kind} {name}", name, lambda path, text=text: path.write_text(text))
    for name in ("calibration", "tuned crf", "run folder", "huggingface folder"):
        yield from _of(folder, f"deep {name}", name, lambda path: path.write_text(lists))
    for name in ("labels.toml", "settings", "experiment"):
        yield from _of(folder, f"deep {name}", name, lambda path: path.write_text(f"a = {lists}\n"))
        yield from _of(folder, f"deep keys {name}", name, lambda path: path.write_text(f"{'a.' * 5000}a = 1\n"))


def _bombs(folder: Path) -> Iterator[tuple[str, Case]]:
    import pyarrow as pa
    import pyarrow.ipc
    import pyarrow.parquet

    zeros = pa.array(["0" * 2**20], pa.large_string()).take(pa.array([0] * 900))
    table = pa.table({"text": zeros, "tokens": [["a"]] * 900, "ner_tags": [["O"]] * 900})

    def parquet(path: Path) -> None:
        with pa.parquet.ParquetWriter(path, table.schema, compression="zstd") as writer:
            for _ in range(4):
                writer.write_table(table)

    def arrow(path: Path) -> None:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema, options=options) as stream:
            for _ in range(2):
                stream.write_table(table, max_chunksize=100)

    yield from _of(folder, "a bomb parquet", "parquet", parquet)
    reader = readers()["huggingface"]
    place = folder_of(folder, "a bomb arrow")
    arrow(place / "x.arrow")
    yield "a bomb arrow", (place / "x.arrow", reader.read)
    packing = zlib.compressobj(9)
    bomb = b"".join(packing.compress(bytes(2**24)) for _ in range(200)) + packing.flush()
    for name in ("spacy", "jsonl", "auto.unknown"):
        yield from _of(folder, f"a bomb of zlib {name}", name, lambda path: path.write_bytes(bomb))
    nested = packed({f"{n}.txt": bytes(10**6) for n in range(40)})
    nested = packed({f"{n}.zip": nested for n in range(200)})
    climbing = packed({"../../climbed.txt": b"x", "/tmp/climbed.txt": b"x", "a.ann": b"T1\tA 0 1\tx"})
    for kind, data in (("of many members", nested), ("that climbs", climbing)):
        for name in ("jsonl", "auto.unknown", "parquet", "spacy", "csv", "conll", "label_studio"):
            yield from _of(folder, f"a zip {kind} {name}", name, lambda path, data=data: path.write_bytes(data))
    yield from _weights(folder, "a bomb npz", lambda: _npz(np.zeros((10**7, 3)), compressed=True))
    yield from _weights(
        folder, "an npz that lies", lambda: _npz(np.zeros((4, 3))).replace(b"(4, 3), }      ", b"(40000000000,3)}")
    )


def packed(members: dict[str, bytes]) -> bytes:
    """Return a zip archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _npz(array: Any, *, compressed: bool = False) -> bytes:
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, state=array, transitions=array, weights=array)
    return out.getvalue()


def _weights(folder: Path, case: str, make: Callable[[], bytes]) -> Iterator[tuple[str, Case]]:
    """A sound tuned model but for its weights."""
    for name in ("tuned crf", "tuned softmax"):
        place = _model(folder, f"{case} {name}", name)
        (weights,) = place.rglob("weights.npz")
        weights.write_bytes(make())
        yield f"{case} {name}", (place, readers()[name].read)


def _model(folder: Path, case: str, name: str) -> Path:
    place = folder_of(folder, case)
    seeds = folder_of(folder, f"seeds {case}")
    for file, data in readers()[name].seeds(seeds)[0].items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(data)
    return place


def _pickles(folder: Path) -> Iterator[tuple[str, Case]]:
    payload = pickle.dumps(Payload(folder))
    objects = np.array([Payload(folder)], dtype=object)
    yield from _weights(folder, "a pickle as npz", lambda: payload)
    yield from _weights(folder, "an npz of objects", lambda: _npz(objects))
    for name in ("jsonl", "parquet", "huggingface", "spacy", "calibration", "tuned crf", "auto.unknown", "labels.toml"):
        yield from _of(folder, f"a pickle as {name}", name, lambda path: path.write_bytes(payload))


def _elsewhere(folder: Path) -> Iterator[tuple[str, Case]]:
    secret = folder / "secret.txt"
    secret.write_text("a secret", encoding="utf-8")
    for name, file in (("brat", "a.txt"), ("text folder", "a.txt")):
        place = folder_of(folder, f"a link {name}")
        (place / file).symlink_to(secret)
        (place / "a.ann").write_text("T1\tA 0 1\ta\n", encoding="utf-8")
        yield f"a link {name}", (place, readers()[name].read)
    for n, path in enumerate(
        ("../secret.arrow", str(folder / "secret.arrow"), "..", "a/../../secret.arrow", "\x00", ".x")
    ):
        place = folder_of(folder, f"a split of other files {n}")
        (place / "state.json").write_text(json.dumps({"_data_files": [{"filename": path}]}), encoding="utf-8")
        yield f"a split of other files {n}", (place, readers()["huggingface folder"].read)
    for n, path in enumerate(("../x", "/", "..", ".", str(folder))):
        place = _model(folder, f"a model elsewhere {n}", "tuned crf")
        told = json.loads((place / "tuned.json").read_text())
        (place / "tuned.json").write_text(json.dumps({**told, "folder": path}))
        yield f"a model elsewhere {n}", (place, readers()["tuned crf"].read)
    (folder / "hostile_payload.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    sys.path.insert(0, str(folder))
    place = _model(folder, "a model with a class of its own", "tuned crf")
    told = json.loads((place / "tuned.json").read_text())
    (place / "tuned.json").write_text(json.dumps({**told, "tagger": "hostile_payload:Tagger"}))
    yield "a model with a class of its own", (place, readers()["tuned crf"].read)


def ended(path: Path, read: Callable[[Path], Any], guard: Guard) -> list[Any]:
    """Read a case; gives how it ended, what is wrong with that, and the seconds of the processor."""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, MOST_S)
    signal.setitimer(signal.ITIMER_REAL, 300.0)
    guard.seen.clear()
    guard.armed = True
    how, said = "read", ""
    try:
        read(path)
    except AllabelError as error:
        how, said = "refused", str(error)
    except TooSlowError:
        how, said = "broken", "it took too long"
    except BaseException as error:  # noqa: BLE001  whatever it is, it is a fault of ours
        how, said = "broken", f"{type(error).__name__}: {error!s:.300}"
    finally:
        guard.armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    if guard.seen:
        how, said = "broken", guard.seen[0]
    return [how, said[:500], round(time.process_time() - began, 2)]


def _made(folder: Path, kind: str) -> Iterator[tuple[str, Case]]:
    if kind == "torch":
        from hostile_models import models

        return models(folder)
    return {"large": large, "small": small}[kind](folder)


def main(folder: Path, kind: str) -> dict[str, Any]:
    """Read every case, and say how each ended, whether a payload ran, and the most memory."""
    all_cases = list(_made(folder, kind))
    signal.signal(signal.SIGPROF, slow)
    signal.signal(signal.SIGALRM, slow)
    guard = Guard(folder)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {name: ended(path, read, guard) for name, (path, read) in all_cases}
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 2**10
    climbed = [str(p) for p in (folder.parent / "climbed.txt", Path("/tmp/climbed.txt")) if p.exists()]
    return {"cases": found, "ran": (folder / "ran").exists(), "climbed": climbed, "grown_mb": grown}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
