"""Numbers in sentences: one text, two texts."""


def counted(n: int, one: str, many: str = "") -> str:
    """Return "1 text", "2,000 texts": a number and its noun. many: its plural, with an s where it is not given."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
