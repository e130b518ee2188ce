"""What an experiment will take, told before anything is spent."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from allabel.annotate.backends import form
from allabel.annotate.llm.annotator import Splitting
from allabel.document import Document
from allabel.select.budget import count_tokens
from allabel.select.tagging import estimate_tagging
from eval.detectable import from_gold
from eval.experiments.arms import Arm
from eval.experiments.budgets import is_nothing
from eval.experiments.plan import Cell
from eval.experiments.records import read
from eval.experiments.run_folder import RunFolder
from eval.experiments.sources import schema_of, split_of
from eval.simulate import demonstrations
from eval.table import aligned
from eval.value import items_of

# Of pools, to estimate prompts from.
_SAMPLE = 200
# Before anything is measured; the detectable difference varies little between 0.4 and 0.7.
ASSUMED_F1 = 0.6
SHOWN = 4


@dataclass(frozen=True, slots=True)
class ArmForecast:
    """What an arm will take.

    n_texts: to be tagged; None for rounds of active learning. minutes: of work, from the results that are there; None
    where there are none yet.

    n_prompt_tokens, n_output_tokens: an estimate by characters; 0 where no language model is asked. money: None
    without a price.
    """

    arm: str
    n_cells: int
    n_done: int
    n_texts: int | None
    n_prompt_tokens: int
    n_output_tokens: int
    money: float | None
    minutes: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The plan in numbers, arm by arm."""

    arms: tuple[ArmForecast, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)

    def in_words(self) -> str:
        """Say it as a table."""
        rows = [["arm", "results", "done", "texts to tag", "prompt tokens", "output tokens", "price", "minutes"]]
        for one in self.arms:
            tokens = [f"{n:,}" if n else "-" for n in (one.n_prompt_tokens, one.n_output_tokens)]
            money = "-" if one.money is None else f"{one.money:.2f}"
            minutes = "not known yet" if one.minutes is None else f"{one.minutes:.1f}"
            texts = "round by round" if one.n_texts is None else f"{one.n_texts:,}"
            rows.append([one.arm, str(one.n_cells), str(one.n_done), texts, *tokens, money, minutes])
        return "\n".join([aligned(rows), *self.notes])


def forecast(run: RunFolder) -> Forecast:
    """Reckon with what is missing. Tokens are estimated from prompts of the run's own texts."""
    by_arm: dict[str, list[Cell]] = defaultdict(list)
    for cell in {cell.key: cell for cell in run.cells}.values():
        by_arm[cell.spot.arm].append(cell)
    arms = [_of_arm(run, name, cells) for name, cells in by_arm.items()]
    for active in {cell.arm.name: cell for cell in run.active}:
        cells = [cell for cell in run.active if cell.arm.name == active]
        n_done = sum(run.files.rows(cell.key).exists() for cell in cells)
        arms.append(ArmForecast(active, len(cells), n_done, None, 0, 0, None, None))
    notes = [*run.notes(), *_detectable(run)]
    if run.experiment.file.selection.annotator == "same" and any(arm.asks_model for arm in run.experiment.arms):
        notes.append("stages that go by uncertainty tag the pool with each language model too: that comes on top")
    return Forecast(tuple(arms), tuple(notes))


def _detectable(run: RunFolder) -> Iterator[str]:
    """Say what differences the test texts can show: of the first seed, for each number of them that an arm has."""
    for table in run.experiment.file.data:
        test = split_of(table, run.experiment.beside, run.experiment.file.seed_numbers[0]).test
        by_n: dict[int, list[str]] = defaultdict(list)
        for cell in run.cells:
            if cell.spot.data == table.title and cell.spot.arm not in by_n[min(cell.n_test, len(test))]:
                by_n[min(cell.n_test, len(test))].append(cell.spot.arm)
        for n, names in sorted(by_n.items()):
            n_entities = [_n_gold(document) for document in test[:n]]
            if sum(n_entities):
                yield f"{table.title} ({_few(names)}): {from_gold(n_entities, ASSUMED_F1).in_words()}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= SHOWN else f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"


def _n_gold(document: Document) -> int:
    return len(items_of(document.values) if document.values is not None else document.entities or ())


def _of_arm(run: RunFolder, name: str, cells: list[Cell]) -> ArmForecast:
    done = [found for cell in cells if (found := read(cell, run.files)) is not None]
    keys = {one.key for one in done}
    todo = [cell for cell in cells if cell.key not in keys]
    minutes = None
    if done:
        minutes = len(todo) * sum(one.cost.fit_s + one.cost.tag_s for one in done) / len(done) / 60
    n_texts = n_prompt = n_output = 0
    for cell in todo:
        n = min(cell.n_test, run.data[cell.spot.data]["n_tested"])
        n_texts += n * (cell.recorded is None)
        if cell.arm is not None and cell.arm.asks_model:
            prompt, output = _tokens(run, cell, cell.arm, n)
            n_prompt, n_output = n_prompt + prompt, n_output + output
    price = cells[0].arm.price if cells[0].arm else None
    money = price.money(n_prompt, n_output) if price else None
    return ArmForecast(name, len(cells), len(done), n_texts, n_prompt, n_output, money, minutes)


def _tokens(run: RunFolder, cell: Cell, arm: Arm, n_texts: int) -> tuple[int, int]:
    table = run.experiment.data(cell.spot.data)
    split = split_of(table, run.experiment.beside, cell.spot.seed)
    sample = split.pool[:_SAMPLE]
    n_entities, n_tokens = sum(len(d.entities or ()) for d in sample), sum(count_tokens(d.text) for d in sample)
    settings = arm.settings
    told = estimate_tagging(
        n_texts,
        [d.text for d in split.test[:_SAMPLE]],
        arm.kind,
        schema_of(table, run.experiment.beside),
        demonstrations(sample),
        0 if is_nothing(cell.spot.budget) else settings.shots,
        n_entities / max(1, n_tokens),
        form(settings),
        Splitting(settings.part_tokens, settings.part_overlap),
    )
    return told.n_prompt_tokens or 0, told.n_output_tokens or 0
