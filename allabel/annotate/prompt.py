"""The conversation an LLM is shown: instructions, demonstrations as earlier turns, then the text."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from allabel.annotate.base import Demonstration
from allabel.annotate.parse import render
from allabel.schema import LabelSchema

_FOLDER = Path(__file__).parent / "prompts"
_TEMPLATE = "entities.jinja"


def _version(template: str) -> str:
    found = re.match(r"\{# version: (\S+) #\}", template)
    if found is None:
        raise ValueError(f"{_TEMPLATE} must begin with {{# version: … #}}")
    return found[1]


PROMPT_VERSION = _version((_FOLDER / _TEMPLATE).read_text(encoding="utf-8"))


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  the prompt is plain text for a model: "&lt;" would be another text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE)


def instructions(schema: LabelSchema) -> str:
    """Render the system message, the same for every text of a schema, so that servers reuse its prefix."""
    return _template().render(labels=schema.labels, guidelines=schema.guidelines.strip()).strip()


def messages(text: str, demonstrations: Sequence[Demonstration], schema: LabelSchema) -> list[dict[str, str]]:
    """Return the chat messages that ask for the entities of `text`.

    demonstrations: best first, as `Reply.demonstrations` lists them; the conversation shows the best last.
    """
    turns = [{"role": "system", "content": instructions(schema)}]
    for shown in reversed(demonstrations):
        turns.append({"role": "user", "content": shown.text})
        turns.append({"role": "assistant", "content": _answer(shown)})
    return [*turns, {"role": "user", "content": text}]


def _answer(shown: Demonstration) -> str:
    return render([(span.label, shown.text[span.start : span.end]) for span in sorted(shown.entities)])
