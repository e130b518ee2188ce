"""Runs of experiments: what is done once stays done, predictions are kept, and what changed is refused."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from allabel.errors import InputError, UnknownNameError
from allabel.formats.registry import write_documents
from allabel.formats.tagged import read_tagged
from allabel.reply import Status
from allabel.runs import STRICT_MICRO, curves
from allabel.runs import read as read_rows
from eval.cli import group
from eval.experiments.checks import check
from eval.experiments.experiment import Experiment
from eval.experiments.forecast import forecast
from eval.experiments.measured import same_docs
from eval.experiments.run_folder import RunFolder
from eval.score import read_scorable, score
from eval.strict import strict


def test_every_spot_of_the_plan_is_measured(done):
    begun, ended = done
    found = begun.measured()
    assert not ended.failed
    assert begun.n_missing == 0
    assert [str(m.spot) for m in found] == [
        f"{arm}, {budget} by {strategy}, shipped, seed {seed}"
        for seed in (0, 1)
        for budget in ("10%", "100%")
        for strategy in ("uniform", "allabel")
        for arm in ("on board", "CRF")
    ]
    assert [m.cost.n_texts for m in found[:4]] == [4, 4, 4, 4]


def test_counts_are_those_of_the_predictions_that_are_kept(done):
    begun, _ = done
    for one in begun.measured():
        gold = [d.entities for d in begun.test_documents(one)]
        again = strict(gold, [reply.spans for reply in begun.replies(one)])
        assert one.scores == again
        assert sum(one.statuses.values()) == one.statuses[Status.OK] == len(one.docs)


def test_predictions_are_files_that_can_be_scored(done, tmp_path):
    begun, _ = done
    one = begun.measured()[0]
    gold = tmp_path / "gold.jsonl"
    write_documents(begun.test_documents(one), gold)
    scored = score(read_scorable(gold, begun.files.predictions(one.key))).strict
    assert scored is not None
    assert scored.micro.f1 == one.f1


def test_with_the_whole_pool_no_strategy_has_a_choice(done):
    begun, ended = done
    whole = [m for m in begun.measured() if m.spot.budget == "100%" and m.spot.seed == 0 and m.spot.arm == "CRF"]
    assert len({m.key for m in whole}) == 1
    assert [m.spot.strategy for m in whole] == ["uniform", "allabel"]
    assert ended.n_done == len({cell.key for cell in begun.cells}) == 12


def test_a_second_run_does_nothing_and_a_new_budget_does_that_alone(write, run):
    run(write())
    _, again = run(write())
    begun, more = run(write(budgets='["10%", "20%", "100%"]'))
    assert again.n_done == 0
    assert more.n_done == 4
    assert len(begun.measured()) == 12


def test_what_is_lost_is_done_again_with_the_same_result(write, run):
    begun, _ = run(write())
    before = [m.counts.tolist() for m in begun.measured()]
    for path in sorted(begun.files.folder.glob("c*/*.json"))[::2]:
        path.unlink()
    begun, ended = run(write())
    assert ended.n_done > 0
    assert [m.counts.tolist() for m in begun.measured()] == before


def test_several_processes_give_the_same(write, run, tmp_path):
    begun, _ = run(write())
    begun.files.folder.rename(tmp_path / "one")
    again, _ = run(write(), jobs=2)
    one = RunFolder.open(tmp_path / "one")
    assert [m.counts.tolist() for m in one.measured()] == [m.counts.tolist() for m in again.measured()]


def test_fewer_test_texts_are_the_first_of_more(done):
    begun, _ = done
    board, crf = begun.measured()[:2]
    assert crf.docs == board.docs[:10] == same_docs([board, crf])
    np.testing.assert_array_equal(board.on(crf.docs), board.counts[:10])


def test_seeds_draw_other_pools_and_test_texts_are_never_among_them(done):
    begun, _ = done
    whole = [m for m in begun.measured() if m.spot.budget == "100%" and m.spot.strategy == "uniform"]
    pools = [set(json.loads(begun.files.choice(c.choice.key).read_text())["chosen"]) for c in begun.cells if c.choice]
    assert whole[0].docs != whole[1].docs
    assert max(map(len, pools)) == 40
    for one, pool in zip(begun.measured(), pools, strict=True):
        assert not pool & set(one.docs)


@pytest.mark.enable_socket
def test_a_server_that_is_gone_is_tried_once_and_the_rest_goes_on(write, run):
    more = '\n[[annotators]]\nname = "nobody"\nbackend = "chat"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n'
    begun, ended = run(write(more + "patience_s = 0.01\nretries = 0\n"))
    assert len(begun.measured()) == 8
    assert begun.n_missing == len(ended.failed) == 6
    why = [why for _, why in ended.failed]
    assert "127.0.0.1:9" in why[0]
    assert set(why[1:]) == {"not tried, for the server of this annotator is gone"}


def test_data_that_changed_since_are_refused_with_the_line(write, run, tmp_path):
    pool = tmp_path / "pool.jsonl"
    lines = [
        {"id": f"d{i}", "text": f"{word} {i} is here", "entities": [{"start": 0, "end": len(word), "label": "X"}]}
        for i, word in enumerate(["NaCl", "ZnO", "water", "DMF"] * 20)
    ]
    pool.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    path = write(test="[]", pool='["pool.jsonl"]')
    run(path)
    pool.write_text("".join(json.dumps(line) + "\n" for line in lines[1:]), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 8: the data set 'shipped' is not what it was(.|\n)*--out ANOTHER"):
        RunFolder.begin(tmp_path / "run", Experiment.read(path))


def test_a_budget_over_the_pool_is_named_with_its_line(write, tmp_path):
    begun = RunFolder.begin(tmp_path / "run", Experiment.read(write(budgets='["5000tokens"]')))
    with pytest.raises(InputError, match=r"line 4: shipped, seed 0, 5000tokens: (.|\n)*ask for at most"):
        check(begun)


def test_data_that_are_not_there_are_named_with_their_line(write, tmp_path):
    experiment = Experiment.read(write(pool='["nowhere.jsonl"]'))
    with pytest.raises(InputError, match=r"line 8: .*nowhere.jsonl: there is no such file"):
        RunFolder.begin(tmp_path / "run", experiment)


def test_a_dry_run_writes_nothing_and_says_what_it_takes(write, tmp_path):
    more = (
        '\n[[annotators]]\nname = "llm"\nbackend = "chat"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n'
        "price = { prompt = 1.0, output = 2.0 }\nbudgets = ['10%']\n"
    )
    begun = RunFolder.begin(tmp_path / "run", Experiment.read(write(more)))
    board, llm = forecast(begun).arms
    assert not (tmp_path / "run").exists()
    assert (board.n_cells, board.n_done, board.n_texts, board.n_prompt_tokens) == (6, 0, 144, 0)
    assert (llm.n_cells, llm.n_texts) == (4, 96)
    assert llm.n_prompt_tokens > 96 * 100
    assert llm.money == pytest.approx((llm.n_prompt_tokens + 2 * llm.n_output_tokens) / 1e6)


def test_what_is_damaged_is_done_again_with_the_same_result(write, run):
    begun, _ = run(write())
    before = [m.counts.tolist() for m in begun.measured()]
    keys = [cell.key for cell in begun.missing()] or list(dict.fromkeys(cell.key for cell in begun.cells))
    begun.files.cell(keys[0]).write_text("{", encoding="utf-8")
    begun.files.predictions(keys[1]).unlink()
    lines = begun.files.predictions(keys[2]).read_bytes().splitlines(keepends=True)
    begun.files.predictions(keys[2]).write_bytes(b"".join(lines[:5]))
    begun.files.choice(begun.cells[-1].choice.key).write_text("{", encoding="utf-8")
    assert {cell.key for cell in begun.missing()} == {*keys[:3], begun.cells[-1].key}
    begun, ended = run(write())
    assert ended.n_done == 4
    assert [m.counts.tolist() for m in begun.measured()] == before


def test_a_run_is_compared_and_reported_by_its_folder(done, tmp_path):
    begun, _ = done
    folder, page, runs = str(begun.files.folder), tmp_path / "page.html", tmp_path / "runs.jsonl"
    compared = CliRunner().invoke(group, ["compare", folder, "--a", "CRF", "--b", "on board", "--json"])
    assert [p["budget"] for p in json.loads(compared.stdout)[0]["curves"][0]["points"]] == ["10%", "100%"]
    told = CliRunner().invoke(group, ["report", folder, "-o", str(page), "--record", str(runs)], catch_exceptions=False)
    assert told.exit_code == 0
    assert "on board" in page.read_text(encoding="utf-8")
    points = curves(read_rows([runs]))["on board, uniform"]
    assert [(p.n_texts, p.n_seeds) for p in points] == [(4, 2), (40, 2)]


def test_two_strategies_of_an_annotator_are_compared_by_name(done):
    begun, _ = done
    asked = ["compare", str(begun.files.folder), "--a", "CRF by allabel", "--b", "CRF by uniform", "--json"]
    told = CliRunner().invoke(group, asked, catch_exceptions=False)
    at = json.loads(told.stdout)[0]["at_budgets"]
    f1 = {
        strategy: np.mean([m.f1 for m in begun.measured() if (m.spot.arm, m.spot.strategy, m.spot.budget) == spot])
        for strategy in ("allabel", "uniform")
        for spot in [("CRF", strategy, "10%")]
    }
    assert (at[0]["a"], at[0]["b"]) == (pytest.approx(f1["allabel"]), pytest.approx(f1["uniform"]))
    assert at[1]["difference"]["difference"] == 0  # with the whole pool there is no choice


def test_demonstrations_of_a_run_are_left_out_in_turn(done):
    begun, _ = done
    asked = ["useful", str(begun.files.folder), "--arm", "on board", "--budget", "10%"]
    plan = CliRunner().invoke(group, [*asked, "--plan"])
    assert "4 of 4 demonstrations were shown for a test text; 96 texts are tagged again" in plan.stderr
    told = CliRunner().invoke(group, [*asked, "--json"], catch_exceptions=False)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert {line["id"] for line in lines} == {d.id for d in begun.annotated(begun.measured()[0])}
    assert [line["gain"] for line in lines] == sorted(line["gain"] for line in lines)


def test_what_a_run_has_not_is_named_with_what_it_has(done):
    begun, _ = done
    with pytest.raises(UnknownNameError, match=r"no result has the budget '11%'(.|\n)*10%, 100%"):
        CliRunner().invoke(
            group, ["useful", str(begun.files.folder), "--arm", "CRF", "--budget", "11%"], catch_exceptions=False
        )


def test_active_learning_goes_on_and_keeps_the_predictions_of_every_round(write, run):
    more = (
        '\n[[active]]\nname = "asked"\ntagger = "crf"\nquery = ["breaking_ties", "random"]\npartial = "drop_unknowns"\n'
        'schedule = "10%"\nrounds = 2\nstart_share = 0.1\nseeds = [0]\n'
    )
    begun, ended = run(write(more, budgets='["10%"]', strategies='["uniform"]'))
    rows = [row for row in begun.rounds() if row.metric == STRICT_MICRO]
    assert not ended.failed
    assert [row.method for row in rows] == 3 * ["asked, query breaking_ties"] + 3 * ["asked, query random"]
    gold = {d.id: d.entities for d in begun.test_documents(begun.measured()[0])}
    for cell, last in zip(begun.active, (rows[2], rows[5]), strict=True):
        path = begun.files.journal(cell.key).with_suffix("") / "round-2.jsonl"
        tagged = [one for _, one in read_tagged(path)]
        assert strict([gold[one.id] for one in tagged], [one.reply.spans for one in tagged]).micro.f1 == last.value
    before = begun.files.journal(begun.active[0].key).read_bytes()
    begun.files.rows(begun.active[0].key).unlink()
    again, _ = run(write(more, budgets='["10%"]', strategies='["uniform"]'))
    assert begun.files.journal(begun.active[0].key).read_bytes() == before
    assert again.n_missing == 0
