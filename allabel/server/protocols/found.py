"""What was found in texts, for those whose shape has no place for a text that could not be tagged."""

from collections.abc import Sequence
from typing import Any

from allabel.server.problems import ProblemError


def found_in(lines: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return lines of tagged output as they are.

    Raises ProblemError 502 where one was not tagged: without it nobody could tell that from a text without entities.
    """
    for n, line in enumerate(lines):
        if line["status"] != "ok":
            raise ProblemError(
                502,
                f"text {n} was not tagged: {line['status']}, {line['error']}",
                remedy="/v1/tag gives each text its own status",
            )
    return lines
