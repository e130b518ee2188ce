"""What a server says of when to come back."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a server asks to wait, at least 0; None where it says nothing that can be read.

    Reads `retry-after-ms`, then `Retry-After` as seconds or as an HTTP date (RFC 9110).
    headers: names in lower case, or a mapping that takes any case. now: aware, the present by default.
    """
    if (ms := _seconds(headers.get("retry-after-ms", ""))) is not None:
        return ms / 1000
    value = headers.get("retry-after", "").strip()
    if (seconds := _seconds(value)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value if value.isascii() else "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
