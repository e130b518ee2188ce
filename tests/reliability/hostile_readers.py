"""Everything of ours that reads what others wrote: sound inputs to begin from, and a call that reads a hostile one."""

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hostile_mutators as mutators
from hostile_mutators import Mutator

from allabel.document import DocId, Document, Span
from allabel.errors import AllabelError
from allabel.formats.registry import FORMATS, read_documents
from allabel.schema import LabelSchema

Files = Mapping[str, bytes]
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCHEMA = LabelSchema.of(["Chemical", "Solvent"])
DOCUMENTS = (
    Document(DocId("a1"), "NaCl in water", (Span(0, 4, "Chemical"), Span(8, 13, "Solvent")), meta={"n": 1, "of": [2]}),
    Document(DocId("b"), "\U0001d4b3 and Fe\u2082O\u2083, 5 g.", (Span(6, 11, "Chemical"),), seconds=2.5),
    Document(DocId("c-3"), "nothing here\u2028at all", (), values={"Chemical": ("TiO2",)}),
    Document(DocId("d"), "not annotated"),
)


@dataclass(frozen=True)
class Reader:
    """One reader. main: the file it is told of, "" for the folder. kinds: how each file is changed, by its suffix.

    weight: how often it has its turn, about one over how long it takes.
    """

    name: str
    main: str
    read: Callable[[Path], Any]
    seeds: Callable[[Path], list[Files]]
    kinds: Mapping[str, Mutator]
    weight: float = 1.0

    def change(self, file: str) -> Mutator:
        """Return what changes this file."""
        return self.kinds.get(Path(file).suffix, mutators.BINARY)


@cache
def readers() -> dict[str, Reader]:
    """Return all readers whose packages are installed, by name."""
    import hostile_programs
    import hostile_projects

    found = [*_formats(), *_folders(), *hostile_projects.readers(), *hostile_programs.readers()]
    return {one.name: one for one in found}


def files_of(folder: Path) -> Files:
    """Return the files of a folder by their names in it."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


KINDS: Mapping[str, Mutator] = {
    **dict.fromkeys((".jsonl", ".json"), mutators.JSON),
    ".spacy": mutators.any_of((mutators.of_docbin,)),
    **dict.fromkeys((".toml", ".conll", ".tsv", ".txt", ".ann", ".csv", ".bio", ".xml"), mutators.TEXT),
}


def _documents(format: str) -> Callable[[Path], Any]:
    """Read, and write what came in the native form: what a reader lets in must be whole."""

    def read(path: Path) -> None:
        documents = [record.document for record in read_documents(path, format)]
        out = (path if path.is_dir() else path.parent) / "out.parts" / "out.jsonl"
        out.parent.mkdir(exist_ok=True)
        FORMATS["jsonl"].write(documents, out)
        again = [record.document for record in FORMATS["jsonl"].read(out)]
        assert [(d.id, d.text, d.entities) for d in again] == [(d.id, d.text, d.entities) for d in documents]

    return read


def _written(format: str, suffix: str) -> Callable[[Path], list[Files]]:
    def seeds(folder: Path) -> list[Files]:
        found = []
        for n, some in enumerate((DOCUMENTS[:3], DOCUMENTS[:1], DOCUMENTS[1:2])):
            path = folder / f"seed{n}{suffix}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                FORMATS[format].write(some, path)
            found.append({f"x{suffix}": path.read_bytes()} if path.is_file() else files_of(path))
            if suffix == ".parquet":
                found.append({"x.parquet": _uncompressed(path)})
        return [*found, *({f"x{suffix}": seed.encode()} for seed in MORE.get(format, ()))]

    return seeds


def _uncompressed(path: Path) -> bytes:
    """The same table as plain as it can be written: a byte that is turned is then a length or a letter."""
    import pyarrow as pa
    import pyarrow.parquet

    sink = pa.BufferOutputStream()
    pa.parquet.write_table(pa.parquet.read_table(path), sink, compression="none", use_dictionary=False)
    plain: bytes = sink.getvalue().to_pybytes()
    return plain


MORE: Mapping[str, tuple[str, ...]] = {
    "conll": (
        "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP I-PER\n",
        "a\t0\t1\tO\nNaCl\t2\t6\tS-Chemical\n\n",
        "Na\tB-A\nCl\tL-A\n. O\n",
    ),
    "csv": (
        'Sentence #,Word,POS,Tag\nSentence: 1,NaCl,NN,B-A\n,in,IN,O\nSentence: 2,"x, y",NN,I-A\n,.,.,O\n',
        'id,text,entities,year\n1,"NaCl ""x""","[{""start"": 0, ""end"": 4, ""label"": ""A""}]",1999\n2,y,,\n',
    ),
    "doccano": (
        '{"id": 5, "data": "NaCl", "labels": [[0, 4, "A"]], "Comments": []}\n',
        '{"text": "NaCl", "entities": [{"id": 1, "start_offset": 0, "end_offset": 4, "label": "A"}]}\n',
    ),
    "prodigy": (
        '{"text":"NaCl x","_input_hash":-1,"_task_hash":2,"tokens":[{"text":"NaCl","start":0,"end":4,"id":0}],'
        '"spans":[{"start":0,"end":4,"token_start":0,"token_end":0,"label":"A"}],"answer":"accept","_view_id":"ner_manual"}\n',
        '{"text":"x","spans":[],"answer":"reject","_is_binary":true}\n',
    ),
    "label_studio": (
        '[{"id":1,"data":{"text":"NaCl x"},"annotations":[{"id":3,"was_cancelled":false,"lead_time":3.5,"ground_truth":'
        'true,"updated_at":"2024","result":[{"type":"labels","value":{"start":0,"end":4,"text":"NaCl","labels":["A"]}},'
        '{"type":"choices","value":{}}]},{"result":[]}],"predictions":[{"result":[]}]}]',
        '[{"id":1,"text":"NaCl x","label":[{"start":0,"end":4,"text":"NaCl","labels":["A","B"]}],"annotation_id":3,'
        '"annotator":1,"lead_time":2}]',
    ),
    "text": ("NaCl in water\r\n\r\nFe2O3\nlast",),
    "jsonl": (
        '{"id": 1, "text": "x", "status": "failed", "error": "e", "backend": "b", "demonstrations": []}\n',
        '{"text": "TiO2", "values": {"formula": ["TiO2"]}, "seconds": 1e3, "meta": {"a": {"b": [1.5, null, true]}}}\n',
    ),
}
_SUFFIX = {
    "jsonl": ".jsonl",
    "conll": ".conll",
    "csv": ".csv",
    "text": ".txt",
    "label_studio": ".json",
    "label_studio_predictions": ".json",
    "doccano": ".jsonl",
    "doccano_code_points": ".jsonl",
    "prodigy": ".jsonl",
    "parquet": ".parquet",
    "huggingface": ".parquet",
    "spacy": ".spacy",
}
_SLOW = {"parquet": 0.3, "huggingface": 0.3, "spacy": 0.02}


def _formats() -> list[Reader]:
    found = []
    for name, suffix in _SUFFIX.items():
        if name == "spacy" and find_spec("spacy") is None:
            continue
        read = _written_flat(name) if name == "text" else _written(name, suffix)
        found.append(Reader(name, f"x{suffix}", _documents(name), read, KINDS, _SLOW.get(name, 1.0)))
    for suffix in (".jsonl", ".json", ".txt", ".unknown"):
        one = Reader(f"auto{suffix}", f"x{suffix}", _documents("auto"), _of_any(suffix), KINDS, 0.7)
        found.append(one)
    return found


def _written_flat(name: str) -> Callable[[Path], list[Files]]:
    return lambda folder: [{"x.txt": text.encode()} for text in (*MORE[name], "a\nb\n", "\ufeffNaCl\n")]


def _of_any(suffix: str) -> Callable[[Path], list[Files]]:
    """Seeds of every format of text, whatever the file is called."""

    def seeds(folder: Path) -> list[Files]:
        kinds = ("jsonl", "conll", "csv", "label_studio", "doccano", "prodigy")
        found: list[Files] = []
        for kind in kinds:
            (folder / kind).mkdir(exist_ok=True)
            for files in _written(kind, _SUFFIX[kind])(folder / kind):
                found += [{f"x{suffix}": data} for data in files.values()]
        return found

    return seeds


def _folders() -> list[Reader]:
    def brat(folder: Path) -> list[Files]:
        extra = {
            "a.txt": b"NaCl in water",
            "a.ann": b"T1\tA 0 4;8 13\tNaCl water\nR1\tx Arg1:T1 Arg2:T1\n#1\tN T1\tx\n",
        }
        return [*_written("brat", "")(folder), extra]

    def texts(folder: Path) -> list[Files]:
        return [{"a.txt": b"NaCl\n", "b.txt": "\ufeffx\u2028".encode()}]

    def saved(folder: Path) -> list[Files]:
        import pyarrow as pa
        import pyarrow.ipc

        tokens = pa.array([["NaCl", "in", "x"], ["y"]], pa.list_(pa.string()))
        features = {"tokens": {"feature": {"dtype": "string"}}, "ner_tags": {"feature": {"names": ["O", "B-A"]}}}
        told = {"huggingface": json.dumps({"info": {"features": features}})}
        table = pa.table({"id": ["1", "2"], "tokens": tokens, "ner_tags": [[1, 0, 0], [0]]}).replace_schema_metadata(
            told
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        state = {"_data_files": [{"filename": "data-0.arrow"}], "_fingerprint": "x", "_split": "train"}
        return [{"data-0.arrow": sink.getvalue().to_pybytes(), "state.json": json.dumps(state).encode()}]

    def parts(folder: Path) -> list[Files]:
        return [{"p0.parquet": files["x.parquet"]} for files in _written("parquet", ".parquet")(folder)]

    return [
        Reader("brat", "", _documents("brat"), brat, KINDS, 0.5),
        Reader("text folder", "", _documents("text"), texts, KINDS, 0.5),
        Reader("huggingface folder", "", _documents("huggingface"), saved, KINDS, 0.3),
        Reader("auto folder", "", _documents("auto"), lambda f: [*brat(f), *texts(f), *saved(f)], KINDS, 0.4),
        Reader("parquet folder", "", _documents("parquet"), parts, KINDS, 0.3),
        Reader("columns", "x.parquet", _columns, _recipes, {".parquet": mutators.JSON}, 0.3),
    ]


def _columns(path: Path) -> None:
    """Make a table of what the recipe says, and read it: well-formed Parquet and Arrow of types nobody expects."""
    import pyarrow as pa
    import pyarrow.ipc
    import pyarrow.parquet

    try:
        recipe = json.loads(path.read_bytes())
        columns = [pa.array(values) for values in recipe["columns"].values()]
        table = pa.Table.from_arrays(columns, names=list(recipe["columns"]))
        if recipe.get("twice"):
            table = table.append_column(table.schema.names[0], columns[0])
        table = table.replace_schema_metadata({"huggingface": json.dumps(recipe.get("told"))})
        made = path.parent / ("made.arrow" if recipe.get("arrow") else "made.parquet")
        if recipe.get("arrow"):
            with pa.OSFile(str(made), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
        else:
            pa.parquet.write_table(table, made)
    except Exception:  # noqa: BLE001  what pyarrow cannot make is no file
        return
    name = "huggingface" if recipe.get("arrow") else str(recipe.get("format"))
    _documents(name if name in {"huggingface", "parquet", "auto"} else "parquet")(made)


def _recipes(folder: Path) -> list[Files]:
    span = {"start": 0, "end": 1, "label": "A"}
    native = {"id": ["1", "2"], "text": ["NaCl", "x"], "entities": [[span], None], "values": [None, None]}
    native |= {"seconds": [1.0, None], "meta": ['{"a": 1}', None], "status": ["ok", "failed"]}
    valued = {"text": ["x"], "values": [[{"label": "A", "strings": ["x"]}]]}
    tokens = {"id": ["1"], "tokens": [["a", "b"]], "ner_tags": [[0, 1]]}
    told = {"info": {"features": {"ner_tags": {"feature": {"names": ["O", "B-A"]}}}}}
    recipes: list[dict[str, Any]] = [
        {"columns": native, "told": None, "format": "parquet", "twice": False, "arrow": False},
        {"columns": valued, "told": None, "format": "auto", "twice": False, "arrow": False},
        {"columns": tokens, "told": told, "format": "huggingface", "twice": False, "arrow": False},
        {"columns": tokens, "told": told, "format": "huggingface", "twice": True, "arrow": True},
    ]
    return [{"x.parquet": json.dumps(recipe).encode()} for recipe in recipes]


ERRORS = AllabelError
