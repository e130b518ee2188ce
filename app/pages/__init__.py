"""The pages, in the order people see them. A page is a module of this package with `show(work: Work) -> None`."""

from dataclasses import dataclass
from importlib.util import find_spec

from allabel.people.roles import Role


@dataclass(frozen=True, slots=True)
class Listed:
    """A page in the menu. module: its name in `app.pages`, and its path in the address. role: who sees it."""

    module: str
    title: str
    icon: str
    role: Role
    section: str


PAGES = (
    Listed("annotate", "Annotate", ":material/edit_note:", Role.ANNOTATOR, "Work"),
    Listed("questions", "Questions", ":material/quiz:", Role.ANNOTATOR, "Work"),
    Listed("review", "Review", ":material/rule:", Role.CURATOR, "Work"),
    Listed("select", "Select", ":material/filter_alt:", Role.CURATOR, "Work"),
    Listed("tag", "Tag", ":material/label:", Role.ANNOTATOR, "Results"),
    Listed("compare", "Compare", ":material/query_stats:", Role.ANNOTATOR, "Results"),
    Listed("export", "Export", ":material/download:", Role.ANNOTATOR, "Results"),
    Listed("start", "Start", ":material/tune:", Role.ADMIN, "Project"),
    Listed("people", "People", ":material/group:", Role.ADMIN, "Project"),
)


def there(one: Listed) -> bool:
    """Tell whether this installation has the page."""
    return find_spec(f"{__name__}.{one.module}") is not None
