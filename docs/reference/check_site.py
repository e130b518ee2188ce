"""Look through the built site: python docs/reference/check_site.py build/site

Every link leads to a file of the site, and to a place in it where it names one. No page loads anything from elsewhere:
whoever reads it is known to nobody. Every picture says in words what it shows.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads by itself when it shows a page.
_LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
_LOADING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "modulepreload",
    "manifest",
}


class Page(HTMLParser):
    """A page's links, ids, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.unsaid: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down one element."""
        held = {name: value or "" for name, value in attrs}
        self.ids.update(held[key] for key in ("id", "name") if key in held)
        if tag == "a" and "href" in held:
            self.links.append(held["href"])
        if tag in _LOADED and _LOADED[tag] in held:
            self.loaded.append(held[_LOADED[tag]])
        if tag == "link" and _LOADING_LINKS & set(held.get("rel", "").split()):
            self.loaded.append(held.get("href", ""))
        if tag == "img" and not held.get("alt"):
            self.unsaid.append(held.get("src", ""))


def problems(site: Path) -> Iterator[str]:
    """Yield what is wrong with the pages and style sheets of a built site, a line each."""
    pages = {file.resolve(): Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site}: holds no page"
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        yield from (f"{name}: the picture {one} says nothing in words" for one in page.unsaid)
        yield from (f"{name}: loads {one} from elsewhere" for one in page.loaded if _is_elsewhere(one))
        for link in dict.fromkeys([*page.links, *page.loaded]):
            yield from (f"{name}: {told}" for told in _dead(link, file, site.resolve(), pages))
    for sheet in sorted(site.rglob("*.css")):
        for one in re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)", sheet.read_text(encoding="utf-8")):
            if _is_elsewhere(one):
                yield f"{sheet.relative_to(site)}: loads {one} from elsewhere"


def _is_elsewhere(link: str) -> bool:
    return link.startswith("//") or urlsplit(link).scheme in {"http", "https"}


def _dead(link: str, file: Path, site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return
    path = unquote(parts.path)
    # The page for what is not found names all by the site's root.
    aim = (site / path.lstrip("/") if path.startswith("/") else file.parent / path).resolve() if path else file
    aim = aim / "index.html" if aim.is_dir() else aim
    if not aim.exists():
        yield f"the link {link} leads nowhere"
    elif parts.fragment and aim in pages and unquote(parts.fragment) not in pages[aim].ids:
        yield f"the link {link} leads to a place that is not there"


def main() -> None:
    """Check the site in the folder that is named, and exit with 1 where something is wrong."""
    found = list(problems(Path(sys.argv[1])))
    sys.stdout.writelines(f"{one}\n" for one in found)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
