"""What a selection is asked for with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """Budget as the command line writes it, strategy by name or as a chain, and the seed."""

    budget: str
    strategy: str
    seed: int
