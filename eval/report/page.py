"""The report's page: one HTML file that needs no network, with the answer first."""

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from allabel.errors import MissingExtraError
from allabel.formats.files import write_atomically
from eval.report.drawn import UNITS
from eval.report.looked import KINDS
from eval.report.material import Material
from eval.report.part import Part
from eval.report.summary import REFERENCE


def write_page(material: Material, parts: list[Part], plotly: str, path: Path) -> None:
    """Write the page, whole or not at all.

    parts: one a data set. plotly: the script that draws. Raises InputError where the file cannot be written.
    """
    page = (
        _environment()
        .get_template("page.html.jinja")
        .render(
            name=material.name,
            text=material.text,
            commands=material.commands(),
            notes=material.notes(),
            n_missing=material.n_missing,
            n_done=sum(part.n_cells for part in parts),
            n_replies=sum(part.n_replies for part in parts),
            warnings=[warning for part in parts for warning in part.warnings],
            n_comparisons=sum(len(part.comparisons) for part in parts),
            sets=parts,
            units=list(UNITS),
            kinds=[kind.value for kind in KINDS],
            reference=REFERENCE,
            drawn={"kinds": [kind.value for kind in KINDS], "sets": [part.drawn for part in parts]},
            plotly=plotly,
            **{name: _beside(file) for name, file in _FILES.items()},
        )
    )
    with write_atomically(path) as file:
        file.write(page)


def plotly_script() -> str:
    """Return plotly's script, 4.8 MB. Raises MissingExtraError where the package is not installed."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError("the report's page needs plotly: pip install 'allabel[eval]'") from error
    script: str = get_plotlyjs()
    return script


_FILES = {"style": "page.css", "figures": "figures.js", "errors": "errors.js"}


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("eval.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "points": lambda f1: f"{100 * f1:.1f}",
        "signed": lambda f1: f"{100 * f1:+.1f}".replace("-", "−"),
        "percent": lambda share: f"{100 * share:.0f} %",
        "number": lambda n: f"{n:,.0f}",
        "seconds": lambda s: f"{s:,.0f}" if s >= 10 else f"{s:.2g}",
    }
    return made


def _beside(name: str) -> str:
    return files("eval.report").joinpath(name).read_text(encoding="utf-8")
