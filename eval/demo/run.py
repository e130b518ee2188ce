"""The demonstration's work: a real project, then the same budget drawn at random and the whole pool."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document
from allabel.formats.registry import read_documents
from allabel.formats.tagged import write_tagged
from allabel.progress import bar
from allabel.project import Project
from allabel.reply import TaggedDocument
from allabel.schema import LabelSchema
from allabel.select.budget import Budget, count_tokens
from eval.bootstrap import Interval, mean_interval
from eval.demo.page import write_page
from eval.simulate import score_annotator, simulate
from eval.strict import strict
from retrieval.bm25 import Bm25

BUDGET, STRATEGY = "10%", "adaptive"
CURVE = (5, 10, 20, 40)
SEEDS = range(10)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Point:
    """Strict micro F1 on the held-out sentences at one budget. random: mean and 95 % interval over the seeds."""

    percent: int
    n_texts: int
    n_tokens: int
    chosen: float
    random: Interval
    random_tokens: Interval


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demonstration found. rest: F1 on the rest of the pool; held_out: on the held-out sentences."""

    points: tuple[Point, ...]
    rest: float
    held_out: float
    whole_pool: float
    n_pool: int
    n_test: int
    page: Path


def corpus(part: str) -> list[Document]:
    """Read `pool` or `test` of the shipped corpus."""
    with as_file(files("eval.demo") / "data" / f"{part}.jsonl") as path:
        return [record.document for record in read_documents(path)]


def run(folder: Path, say: Say) -> Outcome:
    """Do the main job in a new project at `folder`, score it, and write `demo.html` there."""
    pool, test = corpus("pool"), corpus("test")
    say(f"a project in {folder}, {len(pool)} sentences as the pool, {len(test)} held out")
    with as_file(files("eval.demo") / "data") as data:
        schema = LabelSchema.read(data / "labels.toml")
        with Project.create(folder, schema) as project:
            project.import_records(read_documents(data / "pool.jsonl"), data / "pool.jsonl")
            _annotate(project, say)
            rest = list(project.tag(project.rest(), keep=True))
            write_tagged(rest, folder / "tagged.jsonl")
            annotated = project.annotated()
    say(f"tagged the other {len(rest)} with those {len(annotated)} as demonstrations")
    by_id = {d.id: d for d in pool}
    f1_rest = strict([by_id[t.id].entities or () for t in rest], [t.reply.spans for t in rest]).micro.f1
    say(f"the same budgets at random, {len(SEEDS)} seeds")
    with bar("learning", len(CURVE) * (1 + 2 * len(SEEDS)), "models") as learned:
        points = tuple(_point(pool, test, percent, learned) for percent in CURVE)
    whole = score_annotator(EmbeddedAnnotator(), pool, test).micro.f1
    held_out = score_annotator(EmbeddedAnnotator(), annotated, test).micro.f1
    outcome = Outcome(points, f1_rest, held_out, whole, len(pool), len(test), folder / "demo.html")
    write_page(outcome, schema, _shown(rest, pool), outcome.page)
    return outcome


def _annotate(project: Project, say: Say) -> None:
    """Select and let the gold annotate, until no stage of the strategy waits."""
    while True:
        selected = project.select(BUDGET, STRATEGY, seed=0)
        stages = ", ".join(dict.fromkeys(pick.stage for pick in selected.picks))
        say(f"selected {len(selected.picks)} by {stages}; the simulated expert annotates them")
        for pick in selected.picks[:1]:
            say(f"  for example {pick.doc_id}: {pick.reason}")
        project.annotate_from_gold()
        if not selected.waiting_stage:
            return


def _point(pool: Sequence[Document], test: Sequence[Document], percent: int, learned: Callable[[int], None]) -> Point:
    budget = Budget.parse(f"{percent}%")

    def chosen(strategy: str, budget: Budget, seed: int) -> list[Document]:
        annotator = EmbeddedAnnotator()
        return [pool[i] for i in simulate(pool, strategy, budget, seed, annotator=annotator, similarity=Bm25)]

    def f1(documents: Sequence[Document]) -> float:
        score = score_annotator(EmbeddedAnnotator(), documents, test).micro.f1
        learned(1)
        return score

    ours = chosen(STRATEGY, budget, 0)
    n_tokens = sum(count_tokens(d.text) for d in ours)
    tokens = Budget(n_tokens, "tokens")
    return Point(
        percent,
        len(ours),
        n_tokens,
        f1(ours),
        mean_interval([f1(chosen("uniform", budget, seed)) for seed in SEEDS]),
        mean_interval([f1(chosen("uniform", tokens, seed)) for seed in SEEDS]),
    )


def _shown(rest: Sequence[TaggedDocument], pool: Sequence[Document]) -> list[tuple[TaggedDocument, Document]]:
    by_id = {d.id: d for d in pool}
    return [(tagged, by_id[tagged.id]) for tagged in rest]
