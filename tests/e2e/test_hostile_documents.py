"""The map and the report of an evaluation, written from hostile data, opened from a file in a real browser."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import made_report
import pytest
from hostile import SHORT, Watched, hostile, watch

from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.pool_map import draw_map, write_map
from allabel.project import Project
from allabel.reply import Reply
from allabel.schema import LabelSchema
from eval.report.write import write

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


def opened(page: Any, file: Path) -> Watched:
    found = watch(page, file.parent.as_uri())
    page.context.set_offline(True)
    page.goto(file.as_uri())
    page.wait_for_timeout(1000)
    return found


def test_a_map_shows_texts_ids_and_reasons_as_text(page: Any, tmp_path: Path) -> None:
    texts = [f"NaCl in water {n} . </script><!--<script> {hostile('text')} \u2028 {{{{7*7}}}}" for n in range(8)]
    documents = [Document(DocId(f"{SHORT}</script>{n}"), text) for n, text in enumerate(texts)]
    with Project.create(tmp_path / "p", LabelSchema.of([SHORT])) as project:
        project.import_records([Record(n, one) for n, one in enumerate(documents, 1)], Path("x"), "texts")
        reasons = {documents[1].id: hostile("reason")}
        drawn = draw_map(
            project.pool(),
            annotated=frozenset([documents[0].id]),
            reasons=reasons,
            similarity=project.similarity,
            seed=0,
        )
    write_map(drawn, tmp_path / "map.html")
    found = opened(page, tmp_path / "map.html")
    page.locator("#map").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        assert "<img class=evil" in page.inner_text("#told")
        found.check("the map")
    page.fill("#find", SHORT)
    found.check("the map, searched")


def test_a_report_shows_names_texts_labels_and_errors_as_text(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("plotly")
    monkeypatch.setattr(made_report, "ARMS", {hostile("arm"): (0.5,) * 4, "crf": (0.6,) * 4})
    made = made_report.experiment(n_docs=12, data=("made", SHORT))
    made.name, made.text = hostile("name"), f"# {hostile('plan')}"
    made.cells = [
        (replace(one, labels=tuple(map(_name, one.labels))), list(map(_document, gold)), list(map(_reply, replies)))
        for one, gold, replies in made.cells
    ]
    list(write(made, page=tmp_path / "report.html"))
    found = opened(page, tmp_path / "report.html")
    page.wait_for_selector("#d0-curves .scatterlayer")
    found.check("the report")
    page.fill("#d0-errors input[type=search]", "NaCl")
    assert "<img class='evil'" in page.inner_text("#d0-errors")
    found.check("the report, its errors")


def _name(label: str) -> str:
    return f"{SHORT}{label}"


def _document(one: Document) -> Document:
    spans = tuple(replace(span, label=_name(span.label)) for span in one.entities or ())
    return Document(one.id, f"{one.text} {hostile('text')}", spans)


def _reply(one: Reply) -> Reply:
    return replace(
        one,
        proposals=tuple(
            replace(p, label=_name(p.label), span=p.span and replace(p.span, label=_name(p.label)))
            for p in one.proposals
        ),
    )
