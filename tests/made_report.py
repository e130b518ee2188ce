"""A small made experiment for the report's tests: two arms, every kind of error, several seeds and budgets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from allabel.document import DocId, Document, Span
from allabel.reply import Grounding, Proposal, Reply, Status
from allabel.runs import STRICT_MICRO, Row
from eval.experiments.measured import Cost, IntArray, Measured, Spot
from eval.strict import by_label

LABELS = ("Chemical", "Disease", "Gene")
WORDS = {"Chemical": "NaCl", "Disease": "fever", "Gene": "TP53"}
MARKUP = "<script>document.title = 'broken'</script>"


def document(number: int, data: str = "made") -> Document:
    """A text with one entity of each label; the first few hold markup, Arabic and emoji."""
    odd = {0: f"{MARKUP} & ", 1: "دواء ", 2: "🧪👩‍🔬 "}.get(number, f"text {number}: ")
    text, spans = odd, []
    for label in LABELS:
        spans.append(Span(len(text), len(text) + len(WORDS[label]), label))
        text += WORDS[label] + " beside "
    return Document(DocId(f"{data}-{number}"), text + "water", tuple(spans))


def reply(gold: Document, skill: float, rng: np.random.Generator) -> Reply:
    """A reply that gets each entity right with this probability, and else errs in one of four ways."""
    proposals = []
    for span in gold.entities or ():
        error = "" if rng.random() < skill else str(rng.choice(["missed", "type", "boundary", "invented"]))
        found = {
            "missed": None,
            "type": Span(span.start, span.end, "Gene" if span.label != "Gene" else "Disease"),
            "boundary": Span(span.start, span.end + 7, span.label),
            "invented": Span(span.end + 1, span.end + 7, span.label),
        }.get(error, span)
        if found is not None:
            mention = gold.text[found.start : found.end]
            score = round(float(rng.uniform(0.5, 1) if not error else rng.uniform(0.2, 0.8)), 3)
            proposals.append(Proposal(found.label, mention, found, Grounding.EXACT, score))
    return Reply(Status.OK, tuple(proposals))


def counted(gold: Sequence[Document], replies: Sequence[Reply], labels: Sequence[str]) -> IntArray:
    """Counts as the run keeps them, (n_docs, n_labels, 3)."""
    counts = np.zeros((len(gold), len(labels), 3), dtype=np.int64)
    for i, (one, said) in enumerate(zip(gold, replies, strict=True)):
        for label, c in by_label(one.entities or (), said.spans if said.status is Status.OK else ()).items():
            counts[i, labels.index(label)] = c.true_positive, c.predicted, c.gold
    return counts


@dataclass
class Made:
    """What a run's folder says, made up. cells: each measured with its gold and replies."""

    cells: list[tuple[Measured, list[Document], list[Reply]]] = field(default_factory=list)
    name: str = "made <up>"
    text: str = 'name = "made <up>"\n[[data]]\nsource = "made"\n'
    n_missing: int = 0
    compared: list[tuple[str, str, str | None]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(self, spot: Spot, cost: Cost, gold: list[Document], replies: list[Reply]) -> Measured:
        """Add a cell."""
        labels = tuple(dict.fromkeys(s.label for d in gold for s in d.entities or ())) or LABELS
        statuses = {status: sum(r.status is status for r in replies) for status in Status}
        n = sum(len(r.proposals) for r in replies)
        docs = tuple(d.id for d in gold)
        one = Measured(spot, cost, docs, labels, counted(gold, replies, labels), statuses, n, 0, str(len(self.cells)))
        self.cells.append((one, gold, replies))
        return one

    def measured(self) -> list[Measured]:
        return [one for one, _, _ in self.cells]

    def test_documents(self, m: Measured) -> Sequence[Document]:
        return self.cells[int(m.key)][1]

    def replies(self, m: Measured) -> Sequence[Reply]:
        return self.cells[int(m.key)][2]

    def notes(self) -> Sequence[str]:
        return ["12 near-duplicates of pool texts were taken out of made's test texts"]

    def commands(self) -> Sequence[str]:
        return ["allabel eval run made.toml", "allabel eval report made -o report.html"]

    def pairs(self) -> Sequence[tuple[str, str, str | None]]:
        return self.compared

    def rounds(self) -> Sequence[Row]:
        return self.rows


SHARES = {"2%": 20, "5%": 50, "10%": 100, "20%": 200}
ARMS = {"embedded, 5 shots": (0.55, 0.60, 0.64, 0.67), "crf": (0.35, 0.52, 0.66, 0.78)}


def experiment(n_seeds: int = 3, n_docs: int = 40, data: Sequence[str] = ("made",)) -> Made:
    """Two arms that cross between 5 % and 10 %, taught by two strategies; the first gets half of the test texts."""
    rng, made = np.random.default_rng(3), Made(compared=[(*ARMS, "coverage")])
    for name in data:
        gold = [document(i, name) for i in range(n_docs)]
        for strategy, bonus in (("uniform", 0.0), ("coverage", 0.05)):
            for place, (budget, n) in enumerate(SHARES.items()):
                for arm, skill in ARMS.items():
                    tokens = (0, 0) if arm == "crf" else (4000, 300)
                    cost = Cost(n, 24 * n, 3 * n, n / 2, 0.5 * n if arm == "crf" else 0, 2.0, *tokens)
                    texts = gold if arm == "crf" else gold[: n_docs // 2]
                    for seed in range(n_seeds):
                        replies = [reply(d, skill[place] + bonus, rng) for d in texts]
                        made.add(Spot(name, seed, strategy, budget, arm), cost, texts, replies)
    return made


def rounds(n_seeds: int = 2) -> list[Row]:
    """Three rounds of active learning a seed."""
    at = datetime(2026, 5, 3, tzinfo=UTC)
    return [
        Row(
            "r",
            "bilstm, mnlp",
            "made",
            10 * i,
            seed,
            STRICT_MICRO,
            0.2 * i + 0.01 * seed,
            at,
            240 * i,
            {"minutes": 5.0 * i},
        )
        for seed in range(n_seeds)
        for i in (1, 2, 3)
    ]
