"""A wrong setting is named in full, with the place where it stands: flag, variable or file."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from allabel.config import TABLES, ModelPrice, Settings, load
from allabel.errors import InputError

PRICES = '[prices."a/b"]\nprompt = {}\n{}'


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOTS", "VLLM", "PRICES", "TIMEOUT_S", "UNCERTAINTY_CAP", "SERVE", "FINETUNE", "FLOOR"):
        monkeypatch.delenv(f"ALLABEL_{name}", raising=False)


def refusal(folder: Path, **flags: object) -> InputError:
    with pytest.raises(InputError) as caught:
        load(folder, **flags)
    return caught.value


@pytest.mark.parametrize(
    ("toml", "problem", "remedy"),
    [
        (PRICES.format(-1, "output = 1"), "'prices.\"a/b\".prompt' is wrong", "'prices.\"a/b\".prompt' there"),
        (PRICES.format(1, ""), "'prices.\"a/b\".output' is missing", "'prices.\"a/b\".output' there"),
        (
            PRICES.format(1, "output = 1\ninput = 2"),
            "no setting 'prices.\"a/b\".input'",
            "known keys are prompt, output",
        ),
        (PRICES.format(1, "ouput = 1\noutput = 1"), "'prices.\"a/b\".ouput'", "did you mean 'output'?"),
        ("[vllm]\nseed = 2026-01-01", "'vllm.seed' is wrong", "'vllm.seed' there"),
    ],
)
def test_a_wrong_value_in_a_table_is_named_by_all_of_its_place(
    tmp_path: Path, toml: str, problem: str, remedy: str
) -> None:
    (tmp_path / "allabel.toml").write_text(toml, encoding="utf-8")
    error = refusal(tmp_path)
    assert (problem in error.problem, remedy in error.remedy) == (True, True), error
    assert error.file == tmp_path / "allabel.toml"


@pytest.mark.parametrize("spelt", ["ALLABEL_SHOTS", "allabel_shots"])
@pytest.mark.parametrize("in_file", ["", "shots = 3\n"])
def test_a_wrong_variable_is_named_and_neither_a_flag_nor_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelt: str, in_file: str
) -> None:
    (tmp_path / "allabel.toml").write_text(in_file, encoding="utf-8")
    monkeypatch.setenv(spelt, "many")
    error = refusal(tmp_path)
    assert error.problem.startswith("the setting 'shots' is wrong")
    assert (error.remedy, error.file) == (f"mend or remove the variable {spelt}", None)


def test_a_flag_that_overrules_a_variable_is_the_one_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLABEL_SHOTS", "3")
    assert refusal(tmp_path, shots=-1).remedy == "mend --shots"
    assert refusal(tmp_path, uncertainty_cap=0).remedy == "mend --cap"


def test_a_table_of_both_names_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLABEL_PRICES", '{"m": {"prompt": 1}}')
    assert refusal(tmp_path).remedy == "mend or remove the variable ALLABEL_PRICES"
    (tmp_path / "allabel.toml").write_text("[prices.n]\nprompt = 1\noutput = 1\n", encoding="utf-8")
    error = refusal(tmp_path)
    assert error.problem == "the setting 'prices.m.output' is missing"
    assert "ALLABEL_PRICES" in error.remedy
    assert str(tmp_path / "allabel.toml") in error.remedy


def test_a_variable_that_is_no_json_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLABEL_VLLM", "{bad")
    error = refusal(tmp_path)
    assert error.problem == "the variable ALLABEL_VLLM is not JSON"
    assert "write it as JSON" in error.remedy


def test_a_key_in_the_file_is_told_both_variables_it_may_go_into(tmp_path: Path) -> None:
    (tmp_path / "allabel.toml").write_text('api_key = "sk-secret"\n', encoding="utf-8")
    assert "OPENAI_API_KEY or ALLABEL_API_KEY" in refusal(tmp_path).remedy


@pytest.mark.parametrize(
    ("toml", "told", "remedy"),
    [
        ("shot = 3", "'shot'", "did you mean 'shots'? known keys are backend, base_url,"),
        ("[serv]\nport = 3", "'serv'", "did you mean 'serve'?"),
        ("[serve]\nprt = 3", "'serve.prt'", "did you mean 'port'? known keys are host, port,"),
        ("[finetune]\nlearning-rate = 3", "'finetune.learning-rate'", "did you mean 'learning_rate'?"),
        ("[finetune]\nepoch = 3", "'finetune.epoch'", "did you mean 'epochs'? known keys are tagger, encoder,"),
    ],
)
def test_a_key_that_nobody_knows_is_refused_with_the_nearest_one_of_its_table(
    tmp_path: Path, toml: str, told: str, remedy: str
) -> None:
    (tmp_path / "allabel.toml").write_text(toml + "\n", encoding="utf-8")
    error = refusal(tmp_path)
    assert error.problem == f"there is no setting {told}"
    assert error.remedy.startswith(remedy)
    assert "api_key" not in error.remedy
    assert error.file == tmp_path / "allabel.toml"


def test_what_a_key_is_for_is_said_where_its_value_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(tmp_path, floor=3).problem.endswith(
        "not 3 (floor: the share of the best demonstration's score below which others are left out)"
    )
    monkeypatch.setenv("ALLABEL_SERVE", '{"port": 70000}')
    assert refusal(tmp_path).problem.endswith("(port: the port that it listens at; 0 takes a free one)")
    monkeypatch.setenv("ALLABEL_SERVE", "{}")
    (tmp_path / "allabel.toml").write_text(PRICES.format(-1, "output = 1"), encoding="utf-8")
    assert refusal(tmp_path).problem.endswith("not -1 (prompt: what a million tokens of prompts cost)")


@pytest.mark.parametrize("model", [Settings, ModelPrice, *TABLES.values()])
def test_every_key_says_what_it_is_for(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        told = field.description or ""
        assert len(told.split()) >= 3, name
        # A phrase, for messages put it behind the key's name and the reference makes a sentence of it.
        assert told[0].islower(), name
        assert not told.endswith("."), name
