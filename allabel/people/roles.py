"""What a person may do: each role can all that the ones before it can."""

from enum import StrEnum


class Role(StrEnum):
    """An annotator answers texts, a curator also reviews and selects, an admin also changes people and labels."""

    ANNOTATOR = "annotator"
    CURATOR = "curator"
    ADMIN = "admin"

    def can(self, needed: "Role") -> bool:
        """Tell whether this role is enough where `needed` is asked for."""
        order = list(Role)
        return order.index(self) >= order.index(needed)
