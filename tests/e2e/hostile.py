"""Markup that attacks a page, and what a page did that was shown it."""

from dataclasses import dataclass, field
from typing import Any

ELSEWHERE = "http://198.51.100.7"


def hostile(where: str) -> str:
    """Markup and Markdown that run a script, or ask another server, where they are not shown as text."""
    return (
        f"<img class='evil' src=x onerror=\"evil('{where}')\"><script>evil('{where}')</script>"
        f"<svg onload=\"evil('{where}')\"></svg><iframe class=evil src='javascript:parent.evil(1)'></iframe>"
        f"<style class=evil>*{{background:url({ELSEWHERE}/s)}}</style><form class=evil action={ELSEWHERE}></form>"
        f"![x]({ELSEWHERE}/i.png) [y](javascript:evil('{where}')) :material/delete: $\\href{{{ELSEWHERE}}}{{z}}$"
    )


SHORT = "<img class=evil src=x onerror=evil(2)>"  # where little room is
WATCH = """
window.evilHits = [];
window.evil = (where) => { window.evilHits.push(String(where)); return true; };
window.policyHits = [];
document.addEventListener('securitypolicyviolation', (e) =>
  window.policyHits.push([e.violatedDirective, e.blockedURI, e.sourceFile, (e.sample || '').slice(0, 80)].join(' ')));
"""
# Elements that hostile texts would have made, in shadow roots too.
MADE = """() => {
  const roots = [document], found = [];
  while (roots.length) {
    const root = roots.pop();
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot) roots.push(one.shadowRoot);
      const handlers = [...one.attributes].filter((a) => /^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value));
      const asks = [one.src, one.href, one.action].some((x) => String(x || '').includes('198.51.100.7'));
      if (one.classList.contains('evil') || handlers.length || asks) found.push(one.outerHTML.slice(0, 200));
    }
  }
  return found;
}"""


@dataclass
class Watched:
    """What a page did that it must not do, and what it asked for."""

    page: Any
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def check(self, where: str) -> None:
        """Hold the page as it stands against all of it."""
        assert self.page.evaluate("() => window.evilHits") == [], f"a script of the data ran on {where}"
        assert self.page.evaluate(MADE) == [], f"the data made elements on {where}"
        assert self.page.evaluate("() => window.policyHits") == [], f"the policy had to step in on {where}"
        assert not self.asked, f"something outside was asked for on {where}"
        assert not self.said, f"the page failed on {where}"


def watch(page: Any, url: str) -> Watched:
    """Watch a page from before its first script on. url: where it may ask."""
    found = Watched(page)
    page.add_init_script(WATCH)

    def request(one: Any) -> None:
        if not one.url.startswith((url, url.replace("http", "ws"), "data:", "blob:")):
            found.asked.append(one.url)

    page.on("request", request)
    page.on("dialog", lambda one: (found.said.append(f"a dialog: {one.message}"), one.dismiss()))
    page.on("pageerror", lambda error: found.said.append(str(error)))
    return found
