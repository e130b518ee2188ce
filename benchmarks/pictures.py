"""Draws the pictures of docs/explanation, from real runs on the corpus that is shipped with `allabel demo`.

    python benchmarks/pictures.py                      # all of them, into docs/pictures/explanation
    python benchmarks/pictures.py cost --out FOLDER    # some of them, elsewhere
    python benchmarks/pictures.py --check              # draw them, and say whether those that are there are the same

Needs neither network nor GPU nor torch. The same machine draws the same files.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from picture_asking import how_often_repeated, what_asking_brings, what_is_asked, who_asks_for_long_ones
from picture_choosing import what_picks_bring, what_picks_cost, where_stages_pick
from picture_reading import what_is_seen, where_mentions_stand, which_are_shown
from picture_scores import what_each_measure_says, where_curves_cross
from picture_svg import Picture

FOLDER = Path(__file__).parents[1] / "docs/pictures/explanation"
PICTURES: dict[str, Callable[[bool], Picture]] = {
    "choosing-map": where_stages_pick,
    "choosing-curve": what_picks_bring,
    "demonstrations": which_are_shown,
    "tagging": where_mentions_stand,
    "embedded": what_is_seen,
    "active-learning-words": what_is_asked,
    "active-learning-curve": what_asking_brings,
    "deep": who_asks_for_long_ones,
    "imbalance": how_often_repeated,
    "scoring": what_each_measure_says,
    "scoring-crossing": where_curves_cross,
    "cost": what_picks_cost,
}


def main() -> int:
    """Draw, or check; returns 1 where `--check` finds another picture than is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*PICTURES, []], help="all where none is named")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--quick", action="store_true", help="of less of the corpus, under a minute; not for the docs")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files differ")
    parser.add_argument("--json", action="store_true", help="print what the pictures say as one object")
    asked = parser.parse_args()
    if asked.quick and not asked.check and asked.out == FOLDER:
        parser.error("--quick draws other pictures than the docs have: name another folder with --out")
    told, differing = {}, []
    for name in asked.names or PICTURES:
        picture = PICTURES[name](asked.quick)
        path, drawn = asked.out / f"{name}.svg", picture.svg()
        if asked.check:
            if not path.exists() or path.read_text(encoding="utf-8") != drawn:
                differing.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(drawn, encoding="utf-8")
        told[name] = {"title": picture.title, "description": picture.description}
        print(f"{name}: {picture.title}", file=sys.stderr)
    if asked.json:
        print(json.dumps({"pictures": told, "differing": differing}, ensure_ascii=False))
    for name in differing:
        print(f"{asked.out / name}.svg is not what is drawn now", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
