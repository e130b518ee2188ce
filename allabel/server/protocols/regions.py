"""Entities as Label Studio's regions, and regions as entities."""

from collections.abc import Mapping, Sequence
from typing import Any

from allabel.errors import InputError
from allabel.formats.units import in_units, said_text
from allabel.server.protocols.label_config import Labelling
from allabel.server.protocols.label_studio_wire import NoPrediction, Prediction, Region, RegionValue, TheirRegion
from allabel.server.wire import SpanIn


def prediction(line: Mapping[str, Any], where: Labelling, version: str) -> Prediction | NoPrediction:
    """Return a line of tagged output as a prediction; a text that could not be tagged as none."""
    if line["status"] != "ok":
        return NoPrediction(model_version=version, error=f"{line['status']}: {line['error']}")
    found = [
        Region(
            id=f"allabel-{n}",
            from_name=where.from_name,
            to_name=where.to_name,
            value=RegionValue(start=one["start"], end=one["end"], text=one["text"], labels=[one["label"]]),
            score=one["score"],
        )
        for n, one in enumerate(line["entities"])
    ]
    scores = [one.score for one in found]
    known = [score for score in scores if score is not None]
    lowest = min(known) if known and len(known) == len(scores) else None
    return Prediction(model_version=version, score=lowest, result=found)


def spans(regions: Sequence[TheirRegion], text: str, where: Labelling, ours: Sequence[str]) -> tuple[list[SpanIn], int]:
    """Return the entities of an annotation's regions, and how many regions bear none of our labels.

    A region of several labels is as many entities. Raises InputError where offsets and text disagree.
    """
    values = [one.value for one in regions if one.type == "labels" and one.to_name == where.to_name]
    places = _places(values, text)
    found: list[SpanIn] = []
    others = 0
    for (start, end), value in zip(places, values, strict=True):
        given = value.get("labels")
        known = [label for label in given if label in ours] if isinstance(given, list) else []
        others += not known
        found += [SpanIn(start=start, end=end, label=str(label)) for label in known]
    return found, others


def _places(values: Sequence[Mapping[str, Any]], text: str) -> list[tuple[int, int]]:
    """Return offsets in code points; in UTF-16 units they are taken where the regions' own texts say that they are."""
    for one in values:
        if type(one.get("start")) is not int or type(one.get("end")) is not int or one["start"] < 0 or one["end"] < 1:
            raise InputError(
                f"a region has the offsets {one.get('start')!r:.40} and {one.get('end')!r:.40}",
                remedy="let the tag be a <Text>; regions of <HyperText> are counted otherwise",
            )
    places = [(int(one["start"]), int(one["end"])) for one in values]
    said = [(one["start"], one["end"], one["text"]) for one in values if isinstance(one.get("text"), str)]
    if all(said_text(text, *one) for one in said):
        return places
    found = in_units(text, said) if len(said) == len(values) else None
    if found is None:
        start, end, words = next(one for one in said if not said_text(text, *one))
        raise InputError(
            f"a region [{start}, {end}) says {words!r:.60} where the text has {text[start:end]!r:.60}",
            remedy="offsets count code points from 0, the end exclusive",
        )
    return found
