"""Instructions from the templates in `prompts/`: plain text with a version."""

import json
import re
from functools import cached_property, lru_cache
from pathlib import Path

import jinja2

from allabel.annotate.llm.template_marks import as_text
from allabel.schema import LabelSchema

FOLDER = Path(__file__).parents[1] / "prompts"
LABELS = "labels.jinja"


class Template:
    """A form's instructions. version: its own and, after a point, that of the list of labels it includes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.version = f"{_version(file)}.{_version(LABELS)}"

    @cached_property
    def _compiled(self) -> jinja2.Template:
        environment = jinja2.Environment(  # nosec B701
            loader=jinja2.FileSystemLoader(FOLDER),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701  the prompt is plain text for a model: "&lt;" would be another text
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["as_text"] = as_text
        environment.filters["quoted"] = lambda string: json.dumps(string, ensure_ascii=False)
        return environment.get_template(self._file)

    def render(self, schema: LabelSchema) -> str:
        """Return the instructions for a label schema, without white space around them."""
        return _rendered(self, schema)


@lru_cache(maxsize=64)
def _rendered(template: Template, schema: LabelSchema) -> str:
    return template._compiled.render(schema=schema, guidelines=schema.guidelines.strip()).strip()


def _version(file: str) -> str:
    found = re.match(r"\{# version: (\S+) #\}", (FOLDER / file).read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{file} must begin with {{# version: … #}}")
    return found[1]
