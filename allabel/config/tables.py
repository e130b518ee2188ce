"""The tables of `allabel.toml`. Each key's description is what the reference and messages say of it."""

from pydantic import BaseModel, ConfigDict, Field


class ModelPrice(BaseModel):
    """What a million tokens of a model cost, in any one currency: `[prices."NAME"]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0, allow_inf_nan=False, description="what a million tokens of prompts cost")
    output: float = Field(ge=0, allow_inf_nan=False, description="what a million tokens of answers cost")


class Finetune(BaseModel):
    """How `allabel finetune` trains, `[finetune]` in the file; None leaves a value to the tagger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tagger: str = Field(
        default="distilbert", min_length=1, description="what is trained: a tagger's name, or module:Class"
    )
    encoder: str | None = Field(
        default=None, min_length=1, description="a Hugging Face encoder, by its name or the path of its folder"
    )
    epochs: int | None = Field(default=None, ge=1, le=100_000, description="passes over the sentences, at most")
    learning_rate: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="how far one step of training goes"
    )
    batch: int | None = Field(default=None, ge=1, le=100_000, description="sentences that are learned from at once")
    seed: int = Field(default=0, ge=0, lt=2**32, description="what chance begins with; the same seed, the same model")
    crf: bool | None = Field(
        default=None, description="whether a CRF decides on the tags of a sentence together, where the tagger has both"
    )
    imbalance: str | None = Field(
        default=None, min_length=1, description="what is done about rare types, by its name in docs/how-to/finetune.md"
    )
    device: str | None = Field(
        default=None,
        min_length=1,
        description="where torch computes, as cpu or cuda; by itself a GPU where there is one",
    )


class Serve(BaseModel):
    """What `allabel serve` may be told, `[serve]` in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="the address that the server listens at")
    port: int = Field(default=8200, ge=0, le=65_535, description="the port that it listens at; 0 takes a free one")
    workers: int = Field(default=1, ge=1, le=64, description="processes that share the address")
    max_body_mb: float = Field(
        default=16.0, gt=0, le=4096, description="megabytes of one request at most, a job's included"
    )
    max_texts: int = Field(default=1024, ge=1, le=100_000, description="texts of one request at most")
    max_characters: int = Field(default=100_000, ge=1, le=10_000_000, description="characters of one text at most")
    max_job_texts: int = Field(default=100_000, ge=1, le=10_000_000, description="texts of one job at most")
    queue_texts: int = Field(
        default=4096,
        ge=1,
        le=1_000_000,
        description="texts that may wait in one process before callers are sent away for a while",
    )
    requests_per_minute: int | None = Field(
        default=None, ge=1, description="requests that one key may make of one process in a minute"
    )
    texts_per_minute: int | None = Field(
        default=None, ge=1, description="texts that one key may hand to one process in a minute"
    )
    timeout_s: float = Field(default=60.0, gt=0, le=3600, description="seconds until a request is given up")
    job_days: float = Field(default=7.0, gt=0, le=10_000, description="days that a job is kept after it ended")

    @property
    def max_body_bytes(self) -> int:
        """What `max_body_mb` is in bytes."""
        return round(self.max_body_mb * 2**20)


TABLES: dict[str, type[BaseModel]] = {"finetune": Finetune, "serve": Serve}
