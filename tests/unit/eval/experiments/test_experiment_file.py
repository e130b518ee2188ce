"""Experiments' files: lists become arms, and what is wrong is named with its line and a remedy."""

from pathlib import Path

import pytest

from allabel.errors import InputError, UnknownNameError
from eval.experiments.experiment import Experiment
from eval.experiments.places import lines_of, nearest_line

TAGGER = '\n[[annotators]]\nname = "CRF"\ntagger = "crf"\n'


def _line(path: Path, found: str) -> int:
    return next(i for i, line in enumerate(path.read_text().splitlines(), start=1) if line.startswith(found))


def test_a_list_of_values_makes_an_arm_for_each_combination(write):
    more = '\n[[annotators]]\nname = "k"\nbackend = "embedded"\nshots = [1, 3]\nretriever = ["bm25", "mmr"]\n'
    arms = Experiment.read(write(more)).arms
    assert [arm.name for arm in arms] == [
        "on board",
        "k, shots 1, retriever bm25",
        "k, shots 1, retriever mmr",
        "k, shots 3, retriever bm25",
        "k, shots 3, retriever mmr",
    ]
    assert [arm.settings.shots for arm in arms] == [5, 1, 1, 3, 3]


def test_variables_do_not_change_what_an_arm_says(write, monkeypatch):
    before = Experiment.read(write()).arms[0].decided_by
    monkeypatch.setenv("ALLABEL_SHOTS", "1")
    monkeypatch.setenv("ALLABEL_MODEL", "another")
    assert Experiment.read(write()).arms[0].decided_by == before


def test_a_server_s_address_is_no_part_of_what_an_arm_says(write, monkeypatch):
    more = '\n[[annotators]]\nname = "llm"\nbackend = "chat"\nmodel = "smol"\nbase_url = "http://{}/v1"\n'
    one, other = (Experiment.read(write(more.format(host))).arms[1] for host in ("a", "b"))
    assert one.decided_by == other.decided_by
    assert one.settings.base_url != other.settings.base_url


@pytest.mark.parametrize(
    ("more", "changed", "at", "problem", "remedy"),
    [
        ("", {"seeds": "3\nbudget = 1"}, "budget =", "there is no key 'budget'", "did you mean 'budgets'"),
        ("", {"seeds": str(10**30)}, "seeds", f"less than or equal to 1000, not {10**30}", "mend"),
        ("", {"seeds": "[0, 4294967296]"}, "seeds", "less than 4294967296, not 4294967296", "mend"),
        ("", {"backend": '"embeded"'}, "[[annotators]]", "there is no backend 'embeded'", "did you mean 'embedded'"),
        ("", {"strategies": '["uniformm"]'}, "strategies", "there is no strategy 'uniformm'", "mean 'uniform'"),
        ("", {"budgets": '["10 percent"]'}, "budgets", "'10 percent' cannot be read", '"10%"'),
        ("", {"backend": '"embedded"\nshotss = 3'}, "shotss", "no setting 'shotss'", "did you mean 'shots'"),
        ("", {"backend": '"embedded"\nshots = -1'}, "shots", "shots = -1 is wrong", "mend"),
        (TAGGER + "epoch = 3\n", {}, "epoch", "the tagger 'crf' has no setting 'epoch'", "did you mean 'epochs'"),
        (TAGGER + "epochs = 0\n", {}, "epochs", "epochs = 0 is wrong", "mend"),
        ('\n[[compare]]\na = "on bord"\nb = "on board"\n', {}, "a =", "no annotator 'on bord'", "mean 'on board'"),
        (TAGGER + 'strategies = ["kmeans"]\n', {}, None, "no strategy 'kmeans'", "known are uniform, allabel"),
        (TAGGER + '\n[[active]]\nname = "a"\ntagger = "crf"\nlevel = "word"\n', {}, "[[active]]", "'word'", "sentence"),
        ('\n[[recorded]]\nname = "r"\ndata = "other"\nfiles = "f"\n', {}, "data = ", "no data set 'other'", "shipped"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_a_remedy(write, more, changed, at, problem, remedy):
    path = write(more, **changed)
    with pytest.raises(InputError) as told:
        Experiment.read(path)
    assert problem in str(told.value)
    assert remedy in str(told.value)
    assert told.value.file == path
    assert told.value.line is not None
    if at is not None:
        assert told.value.line == _line(path, at)


def test_an_arm_is_named_once(write):
    with pytest.raises(InputError, match="'on board' stands twice"):
        Experiment.read(write('\n[[annotators]]\nname = "on board"\ntagger = "crf"\n'))


def test_an_arm_is_of_a_backend_or_of_a_tagger(write):
    with pytest.raises(InputError, match=r"either a backend .* or a tagger"):
        Experiment.read(write('\n[[annotators]]\nname = "both"\ntagger = "crf"\nbackend = "embedded"\n'))


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    (tmp_path / "x.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as an experiment"):
        Experiment.read(tmp_path / "x.toml")


def test_an_unknown_tagger_is_named(write):
    with pytest.raises(UnknownNameError, match="there is no tagger 'crff'"):
        Experiment.read(write(TAGGER.replace('"crf"', '"crff"')))


def test_lines_are_those_of_tables_and_keys():
    lines = lines_of('a = 1\n\n[[data]]\nb = "["\n[[data]]\nc = 2\n[selection]\nd.e = 3\n')
    assert lines["a",] == 1
    assert lines["data", 0] == 3
    assert lines["data", 1, "c"] == 6
    assert lines["selection", "d.e"] == 8
    assert nearest_line(lines, ("data", 1, "nowhere", 3)) == 5
    assert nearest_line(lines, ("nowhere",)) is None
