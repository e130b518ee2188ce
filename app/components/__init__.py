"""What the pages are built of: components of Streamlit, each in a folder with its files for the browser."""

from importlib.resources import files


def asset(component: str, name: str) -> str:
    """Read one file of a component."""
    return (files(f"app.components.{component}") / name).read_text(encoding="utf-8")
