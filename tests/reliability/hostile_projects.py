"""What a project keeps beside its texts: labels, settings, calibrations, runs, journals, experiments."""

import json
from collections.abc import Callable
from pathlib import Path

from hostile_readers import KINDS, MORE, ROOT, Files, Reader

from allabel.schema import LabelSchema

_SETTINGS = """backend = "embedded"
shots = 5
prices."a/b" = { prompt = 1.0, output = 2 }
timeout_s = 120.0
[finetune]
tagger = "crf"
epochs = 3
[serve]
port = 8200
[vllm]
max_model_len = 100
"""
_QUALITY = {"before": {"ece": 0.1, "brier": 0.2}, "after": {"ece": 0.05, "brier": 0.1}, "n": 60}
_SOURCE = {"backend": "chat", "model": "m", "form": "json"}
_CURVES = (
    {"method": "temperature", "curve": {"temperature": 1.5}},
    {"method": "isotonic", "curve": {"scores": [0.1, 0.9], "probabilities": [0.2, 0.8]}},
)
_CALIBRATIONS = tuple(
    json.dumps({"version": 1, "calibrations": [{**_SOURCE, **curve, **_QUALITY}]}) for curve in _CURVES
)
_ENTITY = {"start": 0, "end": 4, "label": "A", "text": "NaCl", "score": 0.5, "grounding": "exact"}
_LINE = {
    "id": "1",
    "text": "NaCl x",
    "entities": [_ENTITY],
    "ungrounded": [{"label": "A", "mention": "y", "score": None}],
}
_TAGGED = json.dumps({**_LINE, "status": "ok", "perplexity": 1.5, "demonstrations": ["a"], "n_prompt_tokens": 3}) + "\n"
_ROW = {"run": "r", "method": "m", "data": "", "n_texts": 5, "seed": 0, "metric": "strict_micro_f1", "value": 0.5}
_ROWS = "".join(json.dumps({**_ROW, "seed": n, "at": "2026-05-03T21:00:00+00:00"}) + "\n" for n in range(3))
_SAID = json.dumps([{"formula": ["TiO2"], "name": "titania"}])
_RECORDED = json.dumps({"prompt": "TiO2 here\n\n###\n\n", "llm_completion": f"{_SAID}\n\nEND\n\n"}) + "\n"
_JOURNAL = (
    '{"format":"allabel active learning, 1","pool":{"n_words":3}}\n{"start":{"a":[0]}}\n'
    '{"round":0,"fitted":{},"scores":{},"next":null}\n'
)


def readers() -> list[Reader]:
    """Return the readers of this module."""
    from allabel import runs
    from allabel.active.journal import Journal
    from allabel.calibrating import Calibrations
    from allabel.config import load
    from allabel.formats.tagged import read_tagged, write_tagged
    from app.pages.start.reading import read_file
    from eval.experiments.experiment import Experiment
    from eval.experiments.run_folder import RunFolder
    from eval.recorded_nerre import read_recorded

    def schema(path: Path) -> None:
        found = LabelSchema.read(path)
        path.write_text(found.to_toml(), encoding="utf-8")
        assert LabelSchema.read(path) == found

    def calibration(path: Path) -> None:
        for made in Calibrations.read(path).by_source.values():
            made([0.0, 0.3, None, 1.0])

    def tagged(path: Path) -> None:
        write_tagged((one for _, one in read_tagged(path)), path.with_name("out.jsonl"))

    def rows(path: Path) -> None:
        found = runs.read([path])
        for name in {row.data for row in found}:
            runs.curves(found, data=name)
        runs.append(path.with_name("out.jsonl"), found)

    def journal(path: Path) -> None:
        Journal.open(path, {"pool": {"n_words": 3}}, lambda line: None)

    def run_folder(path: Path) -> None:
        found = RunFolder.open(path)
        found.notes()
        found.measured()

    def shipped(folder: str, pattern: str, name: str) -> Callable[[Path], list[Files]]:
        return lambda _: [{name: path.read_bytes()} for path in sorted((ROOT / folder).glob(pattern))]

    def experiments(folder: Path) -> list[Files]:
        return shipped("eval/experiments/ready_files", "*.toml", "x.toml")(folder)

    def run_folders(folder: Path) -> list[Files]:
        found: list[Files] = []
        one = {"digest": "d", "labels": "", "folds": "", "n_pool": 3, "n_test": 2, "n_tested": 2, "licence": "l"}
        for path in sorted((ROOT / "eval/experiments/ready_files").glob("*.toml")):
            file = Experiment.read(path).file
            told = {f"{r.name}, {seed}": "digest" for r in file.recorded for seed in file.seed_numbers}
            sets = {table.title: {**one, "recorded": told, "notes": ["n"]} for table in file.data}
            data = {"beside": "/nowhere", "model": "m", "sets": sets}
            found.append({"experiment.toml": path.read_bytes(), "data.json": json.dumps(data).encode()})
        return found

    def settings(folder: Path) -> list[Files]:
        return [{"allabel.toml": _SETTINGS.encode()}]

    def of(name: str, *texts: str) -> Callable[[Path], list[Files]]:
        return lambda _: [{name: text.encode()} for text in texts]

    both = (*MORE["jsonl"], *MORE["csv"])
    return [
        Reader("labels.toml", "x.toml", schema, shipped("eval/demo/data", "labels.toml", "x.toml"), KINDS),
        Reader("settings", "", load, settings, KINDS, 0.2),
        Reader("calibration", "", calibration, of("calibration.json", *_CALIBRATIONS), KINDS),
        Reader("tagged", "x.jsonl", tagged, of("x.jsonl", _TAGGED, *MORE["jsonl"]), KINDS),
        Reader("runs", "x.jsonl", rows, of("x.jsonl", _ROWS), KINDS, 0.5),
        Reader("recorded nerre", "x.jsonl", lambda p: list(read_recorded(p)), of("x.jsonl", _RECORDED), KINDS),
        Reader("journal", "x.jsonl", journal, of("x.jsonl", _JOURNAL), KINDS),
        Reader("experiment", "x.toml", Experiment.read, experiments, KINDS, 0.1),
        Reader("run folder", "", run_folder, run_folders, KINDS, 0.1),
        Reader("page jsonl", "x.jsonl", read_file, of("x.jsonl", *both[:2]), KINDS),
        Reader("page csv", "x.csv", read_file, of("x.csv", *both[2:]), KINDS),
    ]
