"""What can be known to fail before anything is done, named with its line."""

from allabel.active.queries import check_tagger
from allabel.active.tuning import tagger_class, unused
from allabel.errors import BudgetError
from eval.compare.named import names_of
from eval.experiments import choosing
from eval.experiments.arms import Arm
from eval.experiments.experiment import Experiment
from eval.experiments.recordings import recorded
from eval.experiments.run_folder import RunFolder
from eval.experiments.sources import located, schema_of, split_of


def check(run: RunFolder) -> None:
    """Raise an error where an annotator cannot be made or has nothing to do, a budget is more than a pool, a tagger
    has none of what a query needs, or predictions are not there."""
    experiment = run.experiment
    for arm in experiment.arms:
        _check_arm(run, arm)
    for active in experiment.active:
        with experiment.at("active", active.table):
            check_tagger(active.design_of(0).loaded_query(), tagger_class(active.tagger))
    _check_recorded(experiment)
    for table in experiment.file.data if experiment.arms else ():
        for seed in experiment.file.seed_numbers:
            split = split_of(table, experiment.beside, seed)
            try:
                choosing.check(experiment.file.budgets, split, experiment.file.selection)
            except BudgetError as error:
                problem = f"{table.title}, seed {seed}, {error.problem}"
                raise experiment.wrong(problem, ("budgets",), error.remedy) from error
    _check_pairs(run)


def _check_arm(run: RunFolder, arm: Arm) -> None:
    experiment, where = run.experiment, ("annotators", arm.table)
    with experiment.at(*where):
        arm.build(schema_of(experiment.file.data[0], experiment.beside), 0)
    if arm.is_tagger and (useless := unused(arm.finetune(0))):
        raise experiment.wrong(
            f"the tagger {arm.kind} makes no use of {useless[0]}", (*where, useless[0]), "take it out"
        )
    if not any(cell.spot.arm == arm.name for cell in run.cells):
        raise experiment.wrong(
            f"{arm.name} has nothing to do in this plan",
            where,
            "widen its data, seeds, strategies or budgets; 0% is for language models alone",
        )


def _check_recorded(experiment: Experiment) -> None:
    for i, one in enumerate(experiment.file.recorded):
        table = experiment.data(one.data)
        for seed in experiment.file.seed_numbers:
            path = located(table, experiment.beside, one.files.format(seed=seed))
            test = split_of(table, experiment.beside, seed).test[: experiment.file.test_texts]
            with experiment.at("recorded", i):
                recorded(one, path, test)


def _check_pairs(run: RunFolder) -> None:
    """Raise InputError where two that are to be compared share no budget."""
    for i, (a, b, _) in enumerate(run.pairs()):
        budgets = [{(c.spot.data, c.spot.budget) for c in run.cells if name in names_of(c.spot)} for name in (a, b)]
        if not budgets[0] & budgets[1]:
            raise run.experiment.wrong(
                f"{a} and {b} share no data set and budget", ("compare", i), "give both a budget, or take the pair out"
            )
