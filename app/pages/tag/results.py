"""What tagging gave: texts highlighted, a table of mentions, what went wrong, and files to take away."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from allabel.formats.spreadsheet import guarded
from allabel.formats.tagged import tagged_line
from allabel.reply import Status, TaggedDocument
from allabel.schema import LabelSchema
from allabel.select.explain import snippet
from app.highlight import highlighted, legend
from app.wording import plain

_SHOWN, _MOST_CHARACTERS = 10, 50_000


def draw(tagged: Sequence[TaggedDocument], schema: LabelSchema) -> None:
    """Draw the results, a page of texts at a time."""
    st.subheader("Result")
    _statuses(tagged)
    rows = mentions(tagged)
    if rows:
        st.html(legend(schema, {row["label"] for row in rows}))
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
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch", alt="Every mention found, with its place and score")
    else:
        st.caption("No entity was found.")
    left, right, _ = st.columns([1, 1, 3])
    left.download_button(
        "Download JSONL", _jsonl(tagged), "tagged.jsonl", "application/jsonl", on_click="ignore", width="stretch"
    )
    right.download_button("Download CSV", as_csv(rows), "tagged.csv", "text/csv", on_click="ignore", width="stretch")


def mentions(tagged: Sequence[TaggedDocument]) -> list[dict[str, Any]]:
    """Return a row a mention that stands in its text; offsets count code points, the end is exclusive."""
    return [
        {
            "id": one.id,
            "mention": one.text[p.span.start : p.span.end],
            "label": p.label,
            "start": p.span.start,
            "end": p.span.end,
            "score": p.score,
            "found": p.grounding.value,
        }
        for one in tagged
        if one.reply.status is Status.OK
        for p in one.reply.proposals
        if p.span is not None
    ]


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Write the mentions as CSV, with a byte order mark, without which spreadsheets misread µ and α.

    What a spreadsheet would run as a formula has an apostrophe before it.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["id", "mention", "label", "start", "end", "score", "found"])
    writer.writeheader()
    writer.writerows({k: guarded(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows)
    return out.getvalue().encode("utf-8-sig")


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
        n = len(tagged)
        st.caption(f"{n:,} {'text' if n == 1 else 'texts'} tagged, status: {told}.")


def _ungrounded(tagged: Sequence[TaggedDocument]) -> None:
    missing = [(one.id, p) for one in tagged for p in one.reply.proposals if p.span is None]
    if missing:
        with st.expander(f"{len(missing)} mentions that are not in their text"):
            st.dataframe(
                [{"id": id, "mention": snippet(p.mention), "label": p.label} for id, p in missing],
                hide_index=True,
                alt="Mentions that the annotator named and the text does not hold",
            )
