"""A text with its entities marked, as HTML in which nothing of the text can be anything but text."""

from collections.abc import Iterable, Sequence
from html import escape

from allabel.document import Span
from allabel.schema import LabelSchema
from allabel.showing import COLOURS, Mark, marked

# Name and underline tell the label, the colour helps: nobody has to see colours. The letters keep the page's own
# colour on a faint ground, so that they can be read on light and on dark.
_STYLE = """<style>
.al-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 2.1; unicode-bidi: plaintext;
  margin: 0 0 1rem; }
.al-text mark, .al-legend span { color: inherit; border-bottom: 3px solid var(--al); border-radius: 3px;
  background: color-mix(in srgb, var(--al) 20%, transparent); padding: 1px 3px; }
.al-text mark > b { font-size: 0.72em; font-weight: 600; margin-inline-start: 0.4em; user-select: none; }
.al-legend { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none;
  padding: 0 !important; margin: 0 0 0.75rem !important; }
.al-legend li { margin: 0 !important; }
.al-legend kbd { font-size: 0.8em; margin-inline-start: 0.4em; padding: 0 0.35em; border: 1px solid currentColor;
  border-radius: 3px; background: transparent; color: inherit; }
</style>"""


def colours(schema: LabelSchema) -> dict[str, str]:
    """Return the colour of each label."""
    return {label.name: label.colour or COLOURS[0] for label in schema.labels}


def legend(schema: LabelSchema, names: Iterable[str] | None = None) -> str:
    """Return the labels with colour and key, as HTML. names: only these."""
    wanted = set(schema.names if names is None else names)
    items = [
        f'<li><span style="--al:{label.colour or COLOURS[0]}">{escape(label.name)}</span>'
        + (f"<kbd>{escape(label.key)}</kbd>" if label.key else "")
        + "</li>"
        for label in schema.labels
        if label.name in wanted
    ]
    return f'{_STYLE}<ul class="al-legend" aria-label="Labels">{"".join(items)}</ul>'


def highlighted(text: str, spans: Sequence[Span], schema: LabelSchema) -> str:
    """Return the text with its spans marked and named, as HTML; nested ones stand in one another.

    Spans that cross are cut where they cross, for HTML knows no crossing; the name stands at a span's end.
    """
    known = colours(schema)
    marks = [Mark(span.start, span.end, span.label) for span in spans]
    body = marked(text, marks, lambda label: f"--al:{known.get(label, '#7F7F7F')}")
    return f'{_STYLE}<div class="al-text" dir="auto">{body}</div>'
