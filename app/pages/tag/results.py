"""What tagging gave: texts highlighted, a table of mentions, what went wrong, and files to take away."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from allabel.formats.entity_table import EntityTable, entity_table
from allabel.formats.tagged import tagged_line
from allabel.reply import Status, TaggedDocument
from allabel.schema import LabelSchema
from allabel.select.explain import snippet
from allabel.wording import counted
from app.highlight import highlighted, legend
from app.wording import plain

_SHOWN, _MOST_CHARACTERS = 10, 50_000


def draw(tagged: Sequence[TaggedDocument], schema: LabelSchema) -> None:
    """Draw the results, a page of texts at a time."""
    st.subheader("Result")
    _statuses(tagged)
    table = entity_table((), tagged)
    if table.rows:
        st.html(legend(schema, {row.label for row in table.rows}))
    page = 0
    if len(tagged) > _SHOWN:
        n_pages = -(-len(tagged) // _SHOWN)
        page = int(st.number_input(f"Page, of {n_pages}", 1, n_pages, 1, key="tag.page")) - 1
    for one in tagged[page * _SHOWN : (page + 1) * _SHOWN]:
        if len(tagged) > 1:
            st.markdown(f"**{plain(one.id)}**")
        if one.reply.status is not Status.OK:
            st.warning(plain(f"{one.reply.status.value}: {one.reply.error}"), icon=":material/warning:")
        st.html(highlighted(one.text[:_MOST_CHARACTERS], _within(one), schema))
    _ungrounded(tagged)
    if table.rows:
        columns = ("id", "text", "label", "start", "end", "score", "grounding")
        shown = [{name: getattr(row, name) for name in columns} for row in table.rows]
        st.dataframe(shown, hide_index=True, width="stretch", alt="Every mention found, with its place and score")
    else:
        st.caption("No entity was found.")
    left, right, _ = st.columns([1, 1, 3])
    left.download_button(
        "Download JSONL", _jsonl(tagged), "tagged.jsonl", "application/jsonl", on_click="ignore", width="stretch"
    )
    right.download_button("Download CSV", as_csv(table), "entities.csv", "text/csv", on_click="ignore", width="stretch")


def as_csv(table: EntityTable) -> bytes:
    """Return the table as `allabel export --what entities` writes it."""
    out = io.StringIO(newline="")
    table.write_to(out)
    return out.getvalue().encode()


def _jsonl(tagged: Sequence[TaggedDocument]) -> bytes:
    return "".join(json.dumps(tagged_line(one), ensure_ascii=False) + "\n" for one in tagged).encode()


def _within(one: TaggedDocument) -> list[Any]:
    if one.reply.status is not Status.OK:
        return []
    return [span for span in one.reply.spans if span.end <= _MOST_CHARACTERS]


def _statuses(tagged: Sequence[TaggedDocument]) -> None:
    counts = Counter(one.reply.status.value for one in tagged)
    told = ", ".join(f"{n:,} {status}" for status, n in counts.most_common())
    n_failed = len(tagged) - counts[Status.OK.value]
    if n_failed:
        st.warning(
            f"{told}. A text whose reply failed says nothing of entities; tag it again.", icon=":material/warning:"
        )
    else:
        st.caption(f"{counted(len(tagged), 'text')} tagged, status: {told}.")


def _ungrounded(tagged: Sequence[TaggedDocument]) -> None:
    missing = [(one.id, p) for one in tagged for p in one.reply.proposals if p.span is None]
    if missing:
        with st.expander(f"{len(missing)} mentions that are not in their text"):
            st.dataframe(
                [{"id": id, "mention": snippet(p.mention), "label": p.label} for id, p in missing],
                hide_index=True,
                alt="Mentions that the annotator named and the text does not hold",
            )
