"""Models are data: nothing that is loaded as one runs code, whoever made the file."""

import ast
import io
import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allabel.active.taggers.crfsuite import CrfTagger
from allabel.active.taggers.softmax import SoftmaxTagger
from allabel.active.tuned import TunedAnnotator
from allabel.active.tuning import Lesson, keep
from allabel.config import load as load_settings
from allabel.errors import InputError
from allabel.schema import LabelSchema

ROOT = Path(__file__).parents[2]
CODE = sorted(path for package in ("allabel", "app", "eval", "retrieval") for path in (ROOT / package).rglob("*.py"))
# What reads pickles, or may: by the last parts of the name that is called.
UNPICKLES = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open", "dill.load",
    "dill.loads", "cloudpickle.load", "cloudpickle.loads", "joblib.load", "pd.read_pickle", "pandas.read_pickle",
    "yaml.load", "yaml.unsafe_load", "torch.hub.load", "torch.jit.load", "jsonpickle.decode",
}  # fmt: skip
# A process of our own, over a pipe that nobody else writes to.
OWN_PIPE = {"allabel/apart.py": {"pickle.load", "pickle.loads"}}
LOADERS = ("from_pretrained", "had", "SentenceTransformer", "CrossEncoder", "pipeline")


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def given(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(one.value) for one in call.keywords if one.arg == name), None)


def wrongs(path: str, source: str) -> list[str]:
    """Return what a module does that could run code out of a file."""
    tree, found = ast.parse(source), []
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for name, call in calls(tree):
        at = f"{path}:{call.lineno}: {name}"
        last = name.rpartition(".")[2]
        if name in UNPICKLES - OWN_PIPE.get(path, set()):
            found.append(f"{at} reads a pickle")
        if last in ("exec", "eval", "compile") and name == last:
            found.append(f"{at} runs text")
        if name.endswith("torch.load") and given(call, "weights_only") != "True":
            found.append(f"{at} without weights_only=True")
        if name in ("np.load", "numpy.load") and given(call, "allow_pickle") != "False":
            found.append(f"{at} without allow_pickle=False")
        if given(call, "trust_remote_code") not in (None, "False"):
            found.append(f"{at} trusts code that comes with a model")
        if last == "from_pretrained" and given(call, "trust_remote_code") != "False":
            found.append(f"{at} without trust_remote_code=False")
        of_model = last == "had" and call.args and ast.unparse(call.args[0]).startswith("AutoModel")
        if of_model and given(call, "use_safetensors") != "True":
            found.append(f"{at} without use_safetensors=True")
        if "shell" in {one.arg for one in call.keywords} and given(call, "shell") != "False":
            found.append(f"{at} by a shell")
    if "SentenceTransformer" in source and "use_safetensors" not in strings:
        found.append(f"{path}: a sentence encoder without use_safetensors")
    return found


def test_no_line_of_the_program_can_run_code_out_of_a_file():
    assert len(CODE) > 200
    found = [w for path in CODE for w in wrongs(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "pickle.load(file)",
        "joblib.load(path)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(path)",
        "AutoModel.from_pretrained(path, trust_remote_code=True)",
        "had(AutoModelForMaskedLM, model)",
        "needed('x').SentenceTransformer(path)",
        "subprocess.run(command, shell=True)",
        "eval(text)",
    ],
)
def test_the_walk_over_the_code_sees_what_it_is_to_see(line: str):
    assert wrongs("allabel/other.py", line)


class Payload:
    """Touches a file where it is unpickled."""

    def __init__(self, touched: Path) -> None:
        self._touched = touched

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._touched,)


@pytest.fixture
def touched(tmp_path: Path) -> Iterator[Path]:
    mark = tmp_path / "code-was-run"
    pickle.loads(pickle.dumps(Payload(mark)))
    assert mark.exists(), "the payload works"
    mark.unlink()
    yield mark
    assert not mark.exists(), "code of the file was run"


def payload(touched: Path, how: str) -> bytes:
    """Return the payload as a bare pickle, as torch writes it, or in numpy's archive."""
    buffer = io.BytesIO()
    if how == "torch":
        torch = pytest.importorskip("torch", reason="the encoder's files need torch")
        torch.save({"weights": Payload(touched)}, buffer)
    elif how == "numpy":
        # By the name of weights that are read.
        np.savez(
            buffer, weights=np.array([Payload(touched)], dtype=object), state=np.array([Payload(touched)], dtype=object)
        )
    else:
        pickle.dump(Payload(touched), buffer)
    return buffer.getvalue()


def lessons() -> list[Any]:
    from tiny_encoders import lessons as made

    return made(8)


@pytest.mark.parametrize("how", ["bare", "numpy", "torch"])
@pytest.mark.parametrize("kind", [CrfTagger, SoftmaxTagger])
def test_a_pickle_in_place_of_a_taggers_weights_is_refused(tmp_path, touched, kind, how):
    tagger = kind(["drug", "place"])
    tagger.fit(lessons(), seed=0)
    tagger.save(tmp_path / "tagger")
    (tmp_path / "tagger" / "weights.npz").write_bytes(payload(touched, how))
    with pytest.raises(InputError):
        kind.load(tmp_path / "tagger")


def test_a_tuned_model_whose_weights_became_a_pickle_is_refused(tmp_path, touched):
    tagger = SoftmaxTagger(["drug", "place"])
    tagger.fit(lessons(), seed=0)
    tuned = keep(tmp_path / "tuned", tagger, "softmax", Lesson(("drug", "place"), {}, {}, ""), datetime.now(UTC))
    (tuned.folder / "weights.npz").write_bytes(payload(touched, "numpy"))
    with pytest.raises(InputError):
        TunedAnnotator(LabelSchema.of(["drug", "place"]), tmp_path / "tuned").annotate(["aspirin"], [])


def test_a_tuned_model_names_no_class_and_no_folder_of_its_makers_choice(tmp_path, touched):
    tagger = SoftmaxTagger(["drug", "place"])
    tagger.fit(lessons(), seed=0)
    keep(tmp_path / "tuned", tagger, "softmax", Lesson(("drug", "place"), {}, {}, ""), datetime.now(UTC))
    path = tmp_path / "tuned" / "tuned.json"
    sound = json.loads(path.read_text())
    (tmp_path / "tuned" / "evil.pkl").write_bytes(payload(touched, "bare"))
    for change in (
        {"tagger": "allabel.apart:pickle"},
        {"tagger": "os:system"},
        {"tagger": "pathlib:Path"},
        {"tagger": "allabel.apart:pickle", "folder": "evil.pkl"},
        {"folder": "../elsewhere"},
        {"folder": "/etc"},
        {"folder": f"model-{300 * 'a'}"},
    ):
        path.write_text(json.dumps({**sound, **change}))
        with pytest.raises(InputError):
            TunedAnnotator(LabelSchema.of(["drug", "place"]), tmp_path / "tuned").annotate(["aspirin"], [])


@pytest.mark.parametrize("how", ["bare", "torch"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_a_pickle_in_place_of_an_encoders_weights_is_refused(tmp_path, touched, name, how):
    pytest.importorskip("torch", reason="encoders need torch")
    from tiny_encoders import bert

    from allabel.active.taggers.encoder import EncoderTagger

    folder = tmp_path / "bert"
    folder.mkdir()
    bert(folder)
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(payload(touched, how))
    with pytest.raises(InputError) as caught:
        EncoderTagger(["drug", "place"], encoder=str(folder)).fit(lessons(), seed=0)
    if name.endswith(".bin"):
        assert "pickle" in str(caught.value)
        assert "safetensors" in str(caught.value)


@pytest.mark.parametrize("how", ["bare", "torch"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_a_pickle_in_place_of_a_sentence_encoders_weights_is_refused(tmp_path, touched, name, how):
    pytest.importorskip("sentence_transformers", reason="sentence encoders need it")
    from tiny_encoders import bert

    from retrieval.base import RetrievalError
    from retrieval.encoder import encode

    folder = tmp_path / "sentences"
    folder.mkdir()
    bert(folder)
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(payload(touched, how))
    with pytest.raises(RetrievalError):
        encode(["aspirin"], str(folder))


def with_code(folder: Path, touched: Path) -> None:
    """Have a model's folder bring code, as models of the hub may."""
    (folder / "own.py").write_text(f"import pathlib\npathlib.Path({str(touched)!r}).touch()\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    classes = ("AutoConfig", "AutoModel", "AutoModelForTokenClassification", "AutoModelForMaskedLM")
    config["auto_map"] = dict.fromkeys(classes, "own.Own")
    config["model_type"] = "own"
    (folder / "config.json").write_text(json.dumps(config))
    modules = [{"idx": 0, "name": "0", "path": "", "type": "own.Own"}]
    (folder / "modules.json").write_text(json.dumps(modules))


@pytest.mark.parametrize("loader", ["tagger", "sentences", "masked"])
def test_code_that_comes_with_a_model_is_not_run(tmp_path, touched, loader):
    pytest.importorskip("sentence_transformers", reason="models need torch")
    from tiny_encoders import bert

    from allabel.active.masked_lm import MaskedLm
    from allabel.active.taggers.encoder import EncoderTagger
    from retrieval.base import RetrievalError
    from retrieval.encoder import encode

    folder = tmp_path / "own"
    folder.mkdir()
    bert(folder)
    with_code(folder, touched)
    how: dict[str, Callable[[], object]] = {
        "tagger": lambda: EncoderTagger(["drug", "place"], encoder=str(folder)).fit(lessons(), seed=0),
        "sentences": lambda: encode(["aspirin"], str(folder)),
        "masked": lambda: MaskedLm(str(folder)),
    }
    with pytest.raises((InputError, RetrievalError)):
        how[loader]()


def test_a_pickle_in_place_of_a_trainings_checkpoint_is_refused(tmp_path, touched):
    torch = pytest.importorskip("torch", reason="checkpoints are of torch")
    from allabel.active.taggers.checkpoint import Checkpoint, State

    network = torch.nn.Linear(1, 1)
    for how in ("bare", "torch"):
        (tmp_path / "training.pt").write_bytes(payload(touched, how))
        with pytest.raises(InputError, match="cannot be read"):
            Checkpoint(tmp_path / "training.pt", {}).restore(
                network, torch.optim.SGD(network.parameters(), 0.1), State()
            )


def test_settings_let_no_model_bring_code(tmp_path):
    (tmp_path / "allabel.toml").write_text("[vllm]\ntrust_remote_code = true\n")
    with pytest.raises(InputError, match="code of its own"):
        load_settings(tmp_path)
