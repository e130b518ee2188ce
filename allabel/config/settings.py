"""What a project's commands may be told. Each key's description is what the reference and messages say of it."""

from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from allabel.config.tables import Finetune, ModelPrice, Serve

PREFIX = "ALLABEL_"
SECRETS = ("api_key",)
# Values that may hold a password, and are not shown in messages.
HIDDEN = (*SECRETS, "database")


class Settings(BaseSettings):
    """The keys of `allabel.toml`, and of the variables `ALLABEL_*`; the tables are classes of their own."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    # What tags, and what it is shown.
    backend: str = Field(
        default="embedded", description="the annotator that tags: a backend's name, or module:function"
    )
    base_url: str = Field(
        default="",
        description="the address of the server behind the backend chat, up to /v1; several have commas between",
    )
    model: str = Field(
        default="", description="the model of the backends chat and vllm, by its name there or its folder"
    )
    api_key: str = Field(
        default="", repr=False, description="the key of that server; from a variable only, never from a file"
    )
    shots: int = Field(default=5, ge=0, le=100, description="demonstrations that are shown with a text")
    retriever: str = Field(default="bm25", description="what finds them: a retriever's name, or module:Class")
    encoder: str = Field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        description="the sentence-transformers model of the retriever dense, by its name or the path of its folder",
    )
    floor: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="the share of the best demonstration's score below which others are left out",
    )
    diversity: float = Field(
        default=0.0, ge=0, le=1, description="how far demonstrations are chosen unlike one another; 0 is not at all"
    )
    cover_labels: bool = Field(default=False, description="whether each label is to be among the demonstrations")
    cover_rare: bool = Field(
        default=False,
        description="whether each rare label is to be among them that one of at least half the best score has",
    )
    exclude_near_duplicates: bool = Field(
        default=False,
        description="whether near-duplicates of a text are no demonstrations of it, as evaluation wants it",
    )

    # How a language model is asked.
    form: str = Field(default="grouped", description="how entities are asked for and written down: a form's name")
    copied: bool = Field(
        default=True,
        description="whether a model may only write strings that stand in the text, in forms that are JSON",
    )
    structured: Literal["response_format", "structured_outputs", "none"] = Field(
        default="response_format",
        description="how a server is bound to the form of an answer; with none answers are only read strictly",
    )
    concurrency: int = Field(default=8, ge=1, le=1000, description="requests that are under way at once")
    timeout_s: float = Field(default=120.0, gt=0, description="seconds until one request is given up")
    retries: int = Field(default=3, ge=0, le=100, description="further tries after a passing fault")
    patience_s: float = Field(default=600.0, gt=0, description="seconds that a server without any answer is waited for")
    max_output_tokens: int = Field(default=1024, ge=16, description="tokens of one answer at most")
    context_tokens: int | None = Field(
        default=None, ge=64, description="the model's window in tokens, where its server does not tell it"
    )
    part_tokens: int = Field(
        default=1024, ge=64, description="tokens, by estimate, above which a text is split into parts of so many"
    )
    part_overlap: int = Field(default=128, ge=0, description="tokens of a part that the next part shows again")
    requests_per_minute: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="requests that the server allows in a minute"
    )
    tokens_per_minute: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="tokens that the server allows in a minute"
    )
    budget_requests: int | None = Field(default=None, ge=1, description="requests that one run may use")
    budget_tokens: int | None = Field(default=None, ge=1, description="tokens that one run may use")
    budget_money: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="money that one run may use, in the currency of the prices"
    )
    prices: dict[str, ModelPrice] = Field(
        default_factory=dict, description="what models cost, a table for each by its name"
    )
    vllm: dict[str, JsonValue] = Field(
        default_factory=dict, description="arguments of the engine of the backend vllm, by vLLM's own names"
    )

    # What is chosen, and who annotates it.
    strategy: str = Field(
        default="adaptive",
        description="what chooses the texts to annotate: a strategy's name, a chain, or module:Class",
    )
    duplicates: Literal["drop", "keep"] = Field(
        default="drop", description="whether near-duplicates are left out of what may be chosen, or kept in"
    )
    uncertainty_cap: int | None = Field(
        default=None, ge=1, description="texts that are tagged at most to measure uncertainty"
    )
    double_share: float = Field(
        default=0.0, ge=0, le=1, description="the share of texts that two people annotate, for agreement"
    )
    blind_share: float = Field(
        default=0.1, ge=0, le=1, description="the share of texts that are annotated without a suggestion in sight"
    )
    lease_minutes: float = Field(
        default=30.0, gt=0, le=10_000, description="minutes that a text waits for a person who does nothing"
    )
    session_hours: float = Field(default=12.0, gt=0, le=10_000, description="hours that a sign-in lasts")

    # Where things are, and the tables.
    database: str = Field(
        default="",
        repr=False,
        description="where the store is, as postgresql+psycopg://user@host/name; if empty, project.db in the folder. "
        "A password comes by the variable, PGPASSWORD or ~/.pgpass, never by the file",
    )
    tuned_model: Path = Field(
        default=Path("tuned"), description="the folder of the backend tuned's model; in the project's if it is relative"
    )
    finetune: Finetune = Field(default_factory=Finetune, description="how allabel finetune trains")
    serve: Serve = Field(default_factory=Serve, description="what allabel serve may be told")

    @field_validator("database")
    @classmethod
    def _is_a_url(cls, database: str) -> str:
        if database and "://" not in database:
            raise ValueError("it is no URL such as postgresql+psycopg://user@host/name")
        return database

    @field_validator("vllm")
    @classmethod
    def _runs_no_code_of_a_model(cls, vllm: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if vllm.get("trust_remote_code"):
            raise ValueError("with trust_remote_code a model brings code of its own, which is not run here")
        return vllm

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags, then variables, then the file that `load` names."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))
