"""Numbers in reasons: one text, two texts."""


def counted(n: int, noun: str) -> str:
    """Return "1 text", "2 texts": a number and its noun, in the plural with an s."""
    return f"{n} {noun}" + ("" if n == 1 else "s")
