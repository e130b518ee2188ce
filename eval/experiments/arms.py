"""Arms: annotators with all that decides what they say, expanded from the tables of a file, and built when needed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from pydantic import ValidationError

from allabel.annotate.backends import build
from allabel.annotate.base import Annotator
from allabel.annotate.llm.tally import Price
from allabel.config import Finetune, Settings
from allabel.errors import InputError, UnknownNameError
from allabel.plugins import load, names, nearest
from allabel.schema import LabelSchema
from eval.experiments.tables import ArmTable

# Settings that decide what an annotator says. They come from the file alone, never from a variable; but for the model
# where the file names none, which is kept with the run.
DECIDING = (
    *("model", "shots", "retriever", "encoder", "form", "copied", "floor", "diversity", "cover_labels", "cover_rare"),
    *("exclude_near_duplicates", "context_tokens", "part_tokens", "part_overlap", "structured", "max_output_tokens"),
    "vllm",
)
# Those that only say how a server is reached.
REACHING = ("base_url", "concurrency", "timeout_s", "retries", "patience_s", "requests_per_minute", "tokens_per_minute")
# What the annotator on board makes use of.
ON_BOARD = ("shots", "retriever", "encoder")
LLM = ("chat", "vllm")
UNDECIDING = (*REACHING, "device")
TUNING = tuple(name for name in Finetune.model_fields if name not in {"tagger", "seed"})


@dataclass(frozen=True, slots=True)
class Arm:
    """One annotator. kind: of a backend or a tagger. options: what was given for it, each with one value.

    test_texts, data, strategies, budgets, seeds: what it is limited to, None for all.
    """

    name: str
    kind: str
    is_tagger: bool
    options: Mapping[str, Any]
    table: int
    price: Price | None = None
    test_texts: int | None = None
    data: tuple[str, ...] | None = None
    strategies: tuple[str, ...] | None = None
    budgets: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None
    settings: Settings = field(default_factory=Settings, compare=False)

    @property
    def asks_model(self) -> bool:
        """Whether it asks a language model, which costs tokens."""
        return not self.is_tagger and self.kind in LLM

    @property
    def needs_texts(self) -> bool:
        """Whether it can say nothing before a text is annotated."""
        return self.is_tagger or not self.asks_model

    @property
    def decided_by(self) -> dict[str, Any]:
        """Everything that decides what it says, as JSON: what a result is kept under."""
        if self.is_tagger:
            return {
                "tagger": self.kind,
                **self.finetune(0).model_dump(mode="json", exclude={"tagger", "seed", "device"}),
            }
        known = ON_BOARD if self.kind == "embedded" else DECIDING
        return {"backend": self.kind, **{n: self.settings.model_dump(mode="json")[n] for n in known}}

    def takes_part(self, data: str, seed: int, strategy: str, budget: str) -> bool:
        """Tell whether it is asked for there."""
        return (
            (self.data is None or data in self.data)
            and (self.seeds is None or seed in self.seeds)
            and (self.strategies is None or strategy in self.strategies)
            and (self.budgets is None or budget in self.budgets)
        )

    def finetune(self, seed: int) -> Finetune:
        """Return the settings of the tagger."""
        return Finetune(tagger=self.kind, seed=seed, **self.options)

    def build(self, schema: LabelSchema, seed: int) -> Annotator:
        """Return the annotator. Raises InputError where a package, a model or a server's address is missing."""
        if self.is_tagger:
            from eval.experiments.learned import LearnedAnnotator

            return LearnedAnnotator(schema, self.finetune(seed))
        return build(schema, self.settings)


def expand(number: int, table: ArmTable, model: str) -> list[Arm]:
    """Return the arms of a table: one for each combination of the values that are lists.

    number: of the table in the file. model: of language models, where the table names none. Raises KeyedError for a
    setting that there is none of, or a value that cannot be.
    """
    limits = {name: getattr(table, name) for name in ("test_texts", "data", "strategies", "budgets", "seeds")}
    price = None if table.price is None else Price(table.price.prompt, table.price.output)
    kind = table.tagger or table.backend
    check_kind("taggers" if table.tagger else "backends", kind)
    known = TUNING if table.tagger else (*DECIDING, *REACHING)
    own = tuple(name for name in ArmTable.model_fields if name not in {"name", "backend", "tagger"})
    check_names(table.options, known, f"{'tagger' if table.tagger else 'backend'} {kind!r}", own)
    for key, value in table.options.items():
        if key in UNDECIDING and isinstance(value, list):
            raise KeyedError(InputError(f"{key} decides nothing that is said", remedy="give it one value"), key)
    arms = []
    for name, options in combinations(table.name, table.options):
        settings = Settings() if table.tagger else _settings(kind, {"model": model, **options})
        arm = Arm(name, kind, bool(table.tagger), options, number, price=price, settings=settings, **limits)
        if table.tagger:
            try:
                arm.finetune(0)
            except ValidationError as error:
                raise wrong_value(error) from error
        arms.append(arm)
    return arms


def check_kind(group: str, name: str) -> None:
    """Raise UnknownNameError where nothing is registered by this name; what it needs is not imported yet."""
    if name not in names(group):
        load(group, name)


def combinations(name: str, options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each combination of values, named by what tells it from the others: "LLM, shots 3"; "start random"."""
    lists = {key: value for key, value in options.items() if isinstance(value, list)}
    for values in product(*lists.values()):
        chosen = dict(zip(lists, values, strict=True))
        words = [f"{key.replace('_', ' ')} {value}" for key, value in chosen.items()]
        yield ", ".join(words if name in lists else [name, *words]), {**options, **chosen}


def check_names(options: Mapping[str, Any], known: tuple[str, ...], of: str, own: tuple[str, ...] = ()) -> None:
    """Raise KeyedError for the first key that is not known, or a list without a value. own: further keys, to name."""
    for name, value in options.items():
        if name not in known:
            remedy = nearest(name, (*own, *known))
            raise KeyedError(UnknownNameError(f"the {of} has no setting {name!r}", remedy=remedy), name)
        if value == []:
            raise KeyedError(InputError(f"{name} is an empty list", remedy="give a value, or several"), name)


class KeyedError(Exception):
    """An InputError about one key of a table, before the line it stands on is known."""

    def __init__(self, error: InputError, key: str) -> None:
        super().__init__(str(error))
        self.error, self.key = error, key


def wrong_value(error: ValidationError) -> KeyedError:
    """Say which key has a value that cannot be."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    problem = f"{key} = {first.get('input')!r} is wrong: {first['msg']}"
    return KeyedError(InputError(problem, remedy="mend the value"), key)


def _settings(backend: str, options: Mapping[str, Any]) -> Settings:
    """Return settings whose deciding values are the file's or the defaults, whatever variables say."""
    defaults = {name: Settings.model_fields[name].get_default(call_default_factory=True) for name in DECIDING}
    try:
        settings = Settings(**{**defaults, "backend": backend, **options})
    except ValidationError as error:
        raise wrong_value(error) from error
    limits = (settings.budget_requests, settings.budget_tokens, settings.budget_money)
    if backend in LLM and any(limit is not None for limit in limits):
        raise InputError(
            "the variables ALLABEL_BUDGET_REQUESTS, _TOKENS and _MONEY limit one run of `allabel tag`, and would limit "
            "each result here",
            remedy="unset them; --dry-run says what an experiment takes",
        )
    return settings
