"""What must not happen to an experiment's results: stale ones taken for new, failures taken for answers, two runs at
once, a folder that is left half made."""

import json
import subprocess
import sys

import faulty_server
import pytest
from faulty_server import FaultyServer

from allabel.errors import AllabelError, InputError, LabelError
from allabel.store.store import Store
from eval.compare.compare import compare
from eval.experiments.checks import check
from eval.experiments.experiment import Experiment
from eval.experiments.plan import cells_of
from eval.experiments.run_folder import RunFolder
from eval.experiments.running import run_missing

LLM = '\n[[annotators]]\nname = "llm"\nbackend = "chat"\nmodel = "m"\nbase_url = "{}"\nretries = 1\nshots = 1\n'
ONE = {"seeds": "1", "budgets": '["10%"]', "strategies": '["uniform"]', "test_texts": "6"}


@pytest.fixture
def own(write, tmp_path):
    """Writes an experiment on a file of our own: its path, and what rewrites the data."""

    def rewrite(n: int = 60, label: str = "X") -> None:
        lines = [
            {
                "id": f"d{i}",
                "text": f"{w}{i} is here",
                "entities": [{"start": 0, "end": len(f"{w}{i}"), "label": label}],
            }
            for i, w in enumerate(["NaCl", "ZnO", "water", "DMF"] * (n // 4))
        ]
        (tmp_path / "own.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    rewrite()

    def make(more: str = "", **changed: str):
        return write(more, **({"pool": '["own.jsonl"]', "test": "[]"} | changed))

    return make, rewrite


def _keys(path, folder):
    begun = RunFolder.begin(folder, Experiment.read(path))
    return [cell.key for cell in cells_of(begun.experiment, begun.data)]


def test_other_definitions_of_labels_are_another_experiment(own, tmp_path):
    make, _ = own
    labels = tmp_path / "labels.toml"
    path = make(name='"own"\nlabels = "labels.toml"')
    path.write_text(path.read_text().replace('name = "own"\nlabels = "labels.toml"', 'name = "own"', 1))
    text = path.read_text().replace('name = "shipped"', 'name = "shipped"\nlabels = "labels.toml"')
    path.write_text(text)
    labels.write_text('[[labels]]\nname = "X"\ndefinition = "one"\n', encoding="utf-8")
    before = _keys(path, tmp_path / "run")
    labels.write_text('[[labels]]\nname = "X"\ndefinition = "another"\n', encoding="utf-8")
    assert not set(before) & set(_keys(path, tmp_path / "run"))


def test_labels_that_lack_one_of_the_gold_are_refused_before_anything_is_done(own, tmp_path):
    make, _ = own
    path = make()
    path.write_text(path.read_text().replace('name = "shipped"', 'name = "shipped"\nlabels = "labels.toml"'))
    (tmp_path / "labels.toml").write_text('[[labels]]\nname = "Y"\n', encoding="utf-8")
    with pytest.raises(LabelError, match="lacks the label 'X' of the gold"):
        RunFolder.begin(tmp_path / "run", Experiment.read(path))


def test_recorded_predictions_that_changed_are_read_anew(own, run, tmp_path):
    make, _ = own
    path = make(
        '\n[[recorded]]\nname = "old"\ndata = "shipped"\nfiles = "old-{seed}.jsonl"\n', **ONE | {"budgets": '["100%"]'}
    )
    gold = (tmp_path / "own.jsonl").read_text()
    (tmp_path / "old-0.jsonl").write_text(gold, encoding="utf-8")
    begun, _ = run(path)
    old = next(m for m in begun.measured() if m.spot.arm == "old")
    assert (old.f1, old.cost.n_texts, old.spot.budget) == (1.0, 40, "100%")
    (tmp_path / "old-0.jsonl").write_text(gold.replace('"X"', '"Y"'), encoding="utf-8")
    begun, _ = run(path)
    old = next(m for m in begun.measured() if m.spot.arm == "old")
    assert old.f1 == 0.0
    assert old.scores.per_label["Y"].predicted == 6
    # A label that the gold does not have is one of all, with nothing in it elsewhere.
    compared = compare(begun.measured(), "old", "on board", data="shipped")
    assert {one.label for one in compared.types} == {"X", "Y"}


def test_recorded_predictions_of_other_texts_are_refused(own, run, tmp_path):
    make, _ = own
    path = make('\n[[recorded]]\nname = "old"\ndata = "shipped"\nfiles = "old.jsonl"\n', **ONE)
    (tmp_path / "old.jsonl").write_text((tmp_path / "own.jsonl").read_text().replace('"text": "', '"text": " '))
    with pytest.raises(InputError, match="6 of 6 test texts are not in it"):
        run(path)


def test_a_price_that_is_added_later_shows(own, run):
    make, _ = own
    begun, _ = run(make(**ONE))
    assert begun.measured()[0].cost.money is None
    priced = make(**ONE, backend='"embedded"\nprice = { prompt = 1.0, output = 1.0 }')
    begun, ended = run(priced)
    assert (ended.n_done, begun.measured()[0].cost.money) == (0, 0.0)


def test_what_only_says_how_a_server_is_reached_takes_one_value(own):
    make, _ = own
    with pytest.raises(InputError, match="concurrency decides nothing that is said"):
        Experiment.read(make(LLM.format("http://127.0.0.1:9/v1") + "concurrency = [1, 8]\n"))


@pytest.mark.parametrize(("key", "value"), [("seeds", "[0, 0]"), ("budgets", '["10%", "10.0%"]')])
def test_nothing_stands_twice(own, key, value):
    make, _ = own
    with pytest.raises(InputError, match="stands twice"):
        Experiment.read(make(**{key: value}))


@pytest.mark.parametrize("seeds", ["0", "[]", "[-1]"])
def test_seeds_that_cannot_be_are_refused(own, seeds):
    make, _ = own
    with pytest.raises(InputError, match="seeds"):
        Experiment.read(make(seeds=seeds))


def test_gold_that_changed_after_the_run_is_no_gold_of_it(own, run):
    make, rewrite = own
    begun, _ = run(make(**ONE))
    one = begun.measured()[0]
    rewrite(label="Z")
    again = RunFolder.begin(begun.files.folder.parent / "other", begun.experiment)
    assert again.data["shipped"]["digest"] != begun.data["shipped"]["digest"]
    with pytest.raises(InputError, match="is not what it was when the results were made"):
        RunFolder.open(begun.files.folder).test_documents(one)


def test_texts_that_were_left_out_are_told(own, tmp_path):
    make, _ = own
    lines = (tmp_path / "own.jsonl").read_text().splitlines()
    (tmp_path / "test.jsonl").write_text(
        "\n".join(lines[:10]).replace('"d', '"t')
        + "\n"
        + lines[0].replace("NaCl0", "KCl00").replace('"d0"', '"t99"').replace('"end": 5', '"end": 5')
        + "\n"
    )
    begun = RunFolder.begin(tmp_path / "run", Experiment.read(make(test='["test.jsonl"]')))
    assert "shipped: 10 of 11 test texts stand in the pool and were left out" in begun.notes()


def test_a_folder_keeps_the_run_of_one_experiment(own, run, tmp_path):
    make, _ = own
    begun, _ = run(make(**ONE))
    text = (begun.files.folder / "experiment.toml").read_text()
    other = tmp_path / "other.toml"
    other.write_text(text.replace('name = "small"', 'name = "another"'), encoding="utf-8")
    with pytest.raises(InputError, match="holds the run of another experiment, 'small'"):
        RunFolder.begin(begun.files.folder, Experiment.read(other))
    too_much = Experiment.read(make(**ONE | {"budgets": '["5000tokens"]'}))
    with pytest.raises(InputError, match="ask for at most"):
        check(RunFolder.begin(begun.files.folder, too_much))
    assert (begun.files.folder / "experiment.toml").read_text() == text


def test_two_runs_are_not_at_work_in_one_folder(own, run):
    make, _ = own
    begun, _ = run(make(**ONE))
    code = (
        "import sys; from pathlib import Path; from eval.experiments.files import Files\n"
        "with Files(Path(sys.argv[1])).alone(): print('in')"
    )
    command = [sys.executable, "-c", code, str(begun.files.folder)]
    with begun.files.alone():
        other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "another run is at work here" in other.stderr
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "in\n"


def test_active_arms_are_checked_too(own):
    make, _ = own
    table = '\n[[active]]\nname = "a"\ntagger = "crf"\n'
    with pytest.raises(InputError, match="there is no data set 'shiped'"):
        Experiment.read(make(table + 'data = ["shiped"]\n'))
    with pytest.raises(InputError, match="mend the value that is no number"):
        Experiment.read(make(table + 'rounds = "x"\n'))
    with pytest.raises(InputError, match="query is an empty list"):
        Experiment.read(make(table + "query = []\n"))


@pytest.mark.enable_socket
def test_a_server_that_fails_is_not_taken_for_a_model_that_finds_nothing(own, run, monkeypatch):
    make, _ = own
    monkeypatch.setattr(faulty_server, "content_for", lambda text: '{"entities": []}')
    with FaultyServer(lambda text, n_before: "500") as server:
        begun, ended = run(make(LLM.format(server.url) + 'form = "json"\n', **ONE))
    assert [m.spot.arm for m in begun.measured()] == ["on board"]
    assert len(ended.failed) == 1


@pytest.mark.enable_socket
def test_the_model_of_a_variable_is_kept_with_the_run(own, run, monkeypatch, tmp_path):
    make, _ = own
    monkeypatch.setenv("ALLABEL_MODEL", "from-variable")
    path = make(LLM.format("http://127.0.0.1:9/v1").replace('model = "m"\n', "") + "patience_s = 0.01\n", **ONE)
    begun, _ = run(path)
    before = [cell.key for cell in begun.cells]
    monkeypatch.delenv("ALLABEL_MODEL")
    assert [cell.key for cell in RunFolder.open(begun.files.folder).cells] == before


def test_a_store_that_was_half_made_is_made_anew(own, run):
    make, _ = own
    begun, _ = run(make(**ONE))
    (begun.files.folder / "half-answers.db").write_bytes(b"half")
    again = RunFolder.begin(
        begun.files.folder, Experiment.read(make(LLM.format("http://127.0.0.1:9/v1"), **ONE | {"budgets": '["100%"]'}))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eval.experiments.running._outcomes", lambda *given: iter(()))
        run_missing(again, 1, lambda line: None)
    Store.open(again.files.answers).close()


def test_a_worker_that_dies_is_told_of(own, run):
    make, _ = own
    begun, _ = run(make(**ONE | {"seeds": "1"}))
    killing = '\n[[annotators]]\nname = "deadly"\nbackend = "deadly_backend:Deadly"\n'
    begun = RunFolder.begin(begun.files.folder, Experiment.read(make(killing, **ONE)))
    with pytest.raises(AllabelError, match=r"a process died.*deadly, 10%(.|\n)*fewer --jobs"):
        run_missing(begun, 2, lambda line: None)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('\n[[annotators]]\nname = "c"\ntagger = "crf"\nbudgets = []\n', "c has nothing to do in this plan"),
        ('\n[[annotators]]\nname = "c"\ntagger = "crf"\nencoder = "x"\n', "the tagger crf makes no use of encoder"),
        ('\n[[active]]\nname = "a"\ntagger = "crf"\nquery = "bald"\n', "needs a tagger with dropout"),
        ('\n[[recorded]]\nname = "r"\ndata = "shipped"\nfiles = "gone.jsonl"\n', "gone.jsonl: there is no such file"),
        (
            '\n[[annotators]]\nname = "c"\ntagger = "crf"\nbudgets = ["10%"]\n\n[[annotators]]\nname = "d"\n'
            'tagger = "softmax"\nbudgets = ["100%"]\n\n[[compare]]\na = "c"\nb = "d"\n',
            "c and d share no data set and budget",
        ),
    ],
)
def test_what_cannot_come_to_anything_is_told_before_a_run(own, tmp_path, more, problem):
    make, _ = own
    begun = RunFolder.begin(tmp_path / "run", Experiment.read(make(more)))
    with pytest.raises(InputError, match=problem) as told:
        check(begun)
    assert told.value.line is not None


def test_an_arm_under_another_name_is_refused(own):
    make, _ = own
    with pytest.raises(InputError, match="'twin' says what 'on board' says"):
        Experiment.read(make('\n[[annotators]]\nname = "twin"\nbackend = "embedded"\nshots = 5\n'))


def test_a_test_file_that_stands_in_the_pool_is_refused(own, tmp_path):
    make, _ = own
    with pytest.raises(InputError, match=r"line \d+: every test text of shipped stands in the pool"):
        RunFolder.begin(tmp_path / "run", Experiment.read(make(test='["own.jsonl"]')))
