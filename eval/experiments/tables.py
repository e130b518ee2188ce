"""The tables of an experiment's file, as pydantic reads them."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from allabel.config import ModelPrice

Names = tuple[str, ...]


class Table(BaseModel):
    """A table that takes its own keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataTable(Table):
    """Texts with gold to draw pools and test texts from, `[[data]]`.

    source: a name of `allabel eval data`; or pool, and test where there are such files, by path beside the experiment's
    file. root: the folder that holds public corpora. name: what tables call it; source where none is given. labels: a
    labels.toml with definitions. pool_texts: at most so many in a pool. pool_share: of the texts there are, so that
    pools differ from seed to seed, 0.8 where nothing is given. held_out: the share to test on where no test texts are
    published, 0.3 where nothing is given. folds: a JSON file of published splits, {"fold_0": {"train": [ids], "val":
    [ids]}}, one a seed, and nothing is drawn.
    """

    source: str = ""
    pool: Names = ()
    test: Names = ()
    root: str = ""
    name: str = ""
    labels: str = ""
    pool_texts: int = Field(default=2000, ge=1, le=10**9)
    pool_share: float | None = Field(default=None, gt=0, le=1)
    held_out: float | None = Field(default=None, gt=0, lt=1)
    folds: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.source) == bool(self.pool):
            raise ValueError("name either a source or files, pool = [...]")
        if self.pool and not self.name:
            raise ValueError("files want a name")
        if self.folds and (self.pool_share or self.held_out or "pool_texts" in self.model_fields_set):
            raise ValueError("with folds nothing is drawn: leave pool_texts, pool_share and held_out out")
        return self

    @property
    def title(self) -> str:
        """What tables call it."""
        return self.name or self.source


class ArmTable(BaseModel):
    """An annotator, `[[annotators]]`: a backend of `allabel tag` with its settings, or a tagger of `allabel finetune`.

    Every other key is a setting of the one or of the other; a list of values makes an annotator for each. data,
    strategies, budgets, seeds: only these. test_texts: at most so many. price: of a million tokens.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(min_length=1)
    backend: str = ""
    tagger: str = ""
    data: Names | None = None
    strategies: Names | None = None
    budgets: Names | None = None
    seeds: tuple[int, ...] | None = None
    test_texts: int | None = Field(default=None, ge=1, le=10**9)
    price: ModelPrice | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.backend) == bool(self.tagger):
            near = [key for key in self.options if get_close_matches(key, ("backend", "tagger"), n=1)]
            hint = f"; {near[0]!r} is neither of these keys" if near else ""
            raise ValueError(f"name either a backend (embedded, chat, vllm) or a tagger (distilbert, crf, ...){hint}")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The settings that are given."""
        return dict(self.model_extra or {})


class ActiveTable(BaseModel):
    """Token-level active learning with a tagger, `[[active]]`: every other key is of a design or of the tagger.

    A list of values makes a design for each. data, seeds: only these.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(min_length=1)
    tagger: str = Field(min_length=1)
    data: Names | None = None
    seeds: tuple[int, ...] | None = None
    test_texts: int | None = Field(default=None, ge=1, le=10**9)

    @property
    def options(self) -> dict[str, Any]:
        """What is given of design and tagger."""
        return dict(self.model_extra or {})


class RecordedTable(Table):
    """Predictions that were made elsewhere, `[[recorded]]`.

    files: of each seed in order, `{seed}` stands for its number. format: `tagged`, what `allabel tag` writes; `nerre`,
    completions of JSON records. budget: of the pool, that they were made from: all of it, or nothing.
    """

    name: str = Field(min_length=1)
    data: str
    files: str
    format: Literal["tagged", "nerre"] = "tagged"
    budget: Literal["100%", "0%"] = "100%"


class SelectionTable(Table):
    """How strategies choose, `[selection]`.

    annotator: what stages that go by uncertainty ask: `embedded`, the annotator on board, or `same`, the arm's own.
    duplicates: as the setting of that name. cap: at most so many texts are tagged to measure uncertainty.
    """

    annotator: Literal["embedded", "same"] = "embedded"
    duplicates: Literal["drop", "keep"] = "drop"
    cap: int | None = Field(default=None, ge=1)


class CompareTable(Table):
    """Two annotators to be compared, `[[compare]]`, by one strategy's choices; or "ARM by STRATEGY" against another."""

    a: str
    b: str
    strategy: str | None = None


class File(Table):
    """An experiment's file. seeds: how many, from 0, or which. test_texts: of each data set and seed, at most."""

    name: str = Field(min_length=1)
    seeds: (
        Annotated[int, Field(ge=1, le=1000, strict=True)]
        | Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], Field(min_length=1, max_length=1000)]
    ) = 3
    budgets: Names = Field(default=(), description='"5%", "200", "5000tokens"')
    strategies: Names = Field(default=("uniform",), min_length=1)
    test_texts: int = Field(default=800, ge=1, le=10**9)
    metric: Literal["auto", "strict", "value"] = "auto"
    selection: SelectionTable = SelectionTable()
    data: tuple[DataTable, ...] = Field(min_length=1)
    annotators: tuple[ArmTable, ...] = ()
    active: tuple[ActiveTable, ...] = ()
    recorded: tuple[RecordedTable, ...] = ()
    compare: tuple[CompareTable, ...] = ()

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if not (self.annotators or self.active or self.recorded):
            raise ValueError("there is nothing to measure: add [[annotators]], [[active]] or [[recorded]]")
        if self.annotators and not self.budgets:
            raise ValueError('budgets are missing, for example budgets = ["5%", "10%"]')
        return self

    @property
    def seed_numbers(self) -> tuple[int, ...]:
        """The seeds, as numbers."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds
