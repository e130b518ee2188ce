"""doccano's auto labelling: what its "Custom REST Request" is set up to send and read.

Offsets are UTF-16 units, as doccano's pages draw and keep them (its editor takes the browser's own offsets), and as
`allabel.formats.doccano` reads and writes them. They differ from code points after a character beyond U+FFFF.
"""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from allabel.formats.units import Utf16
from allabel.server.callers import Tagging
from allabel.server.problems import documented
from allabel.server.protocols.found import found_in
from allabel.server.routes.tag import ServiceOf, unless_left
from allabel.server.wire import Options, Text, TextIn

router = APIRouter(tags=["doccano"])


class Example(BaseModel):
    """A text to label, with whatever else the request was set up to send."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra={"examples": [{"text": "NaCl in water"}]})

    text: Text


class SpanLabel(BaseModel):
    """An entity: UTF-16 units, unlike anywhere else here, from `start_offset` to before `end_offset`."""

    label: str
    start_offset: int
    end_offset: int


@router.post("/doccano", responses=documented(400, 401, 403, 413, 422, 429, 502, 503, 504))
async def auto_label(asked: Example, request: Request, caller: Tagging, service: ServiceOf) -> list[SpanLabel]:
    """Tag one text as doccano's sequence labelling has it; the mapping template is `{{ input | tojson }}`."""
    request.app.state.callers.rates.texts(caller.id, 1)
    tagging = service.tag([TextIn(text=asked.text)], Options())
    (line,) = found_in(await unless_left(request, tagging, service.limits.timeout_s))
    unit = Utf16(asked.text).unit
    return [
        SpanLabel(label=one["label"], start_offset=unit(one["start"]), end_offset=unit(one["end"]))
        for one in line["entities"]
    ]
