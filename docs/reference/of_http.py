"""The page of the HTTP interface: addresses, scopes, bodies and problems, from what the server says of itself."""

import inspect
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from plain import block, code, page, paragraphs, sentence, table, words

from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.app import DESCRIPTION, make_app
from allabel.server.keys import Scope
from allabel.server.problems import TITLES

INTRO = """
What `allabel serve` answers to. How to ask, in Python and by curl: [entities over HTTP](../how-to/api.md). The running
server describes itself in `/openapi.json`, which this page is written from.

Where the project has no key, anybody who reaches the server may do anything. Once it has one, a key goes with each
request: as `Authorization: Bearer KEY`, in `X-API-Key`, or as the password of basic authentication. It opens the
addresses of its scopes.
"""
PROBLEMS = """
An answer that is none is a problem: `application/problem+json`, as RFC 9457 has it. `detail` says what is wrong,
`remedy` what can be done about it, `errors` where in the request it is. `instance` is `urn:allabel:request:` and the
request's id, which is in `X-Request-Id` too, and in the server's log. With 429 and 503 `Retry-After` says when to come
again.
"""
_METHODS = ("get", "post", "put", "delete")


def http_page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        with Project.create(Path(folder) / "p", LabelSchema.of(["Chemical"])):
            pass
        app = make_app(Path(folder) / "p", {})
        try:
            return _page(app.openapi(), scopes(app))
        finally:
            app.state.service.project.close()


def scopes(app: FastAPI) -> dict[tuple[str, str], str]:
    """Return the scope that each address needs, by method and path; "" where it needs no key."""
    return {(method.lower(), one.path): _scope(one.dependant) for one in _routes(app.routes) for method in one.methods}


def _routes(found: Iterable[Any]) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        # Newer versions of FastAPI hold a router whole, where older ones took its routes.
        elif hasattr(route, "original_router"):
            yield from _routes(route.original_router.routes)


def _scope(dependant: Dependant) -> str:
    """Return what `allabel.server.callers.needs` was told, among all that a route depends on."""
    for one in dependant.dependencies:
        needed = inspect.getclosurevars(one.call).nonlocals.get("scope") if inspect.isfunction(one.call) else None
        if isinstance(needed, Scope):
            return needed.value
    return ""


def _page(described: Mapping[str, Any], needed: Mapping[tuple[str, str], str]) -> str:
    schemas = described["components"]["schemas"]
    parts = [paragraphs(DESCRIPTION), INTRO]
    for path, methods in described["paths"].items():
        for method in (one for one in _METHODS if one in methods):
            parts += _operation(method, path, methods[method], needed[method, path])
    parts += [
        "## Bodies",
        "A field in bold must be given. Others may be left out, or are left out where they say nothing.",
    ]
    for name, schema in sorted(schemas.items()):
        parts += [f"### {name}", *_body(schema)]
    titles = [(str(status), sentence(title)) for status, title in TITLES.items()]
    return page("HTTP", *parts, "## Problems", PROBLEMS, table(("status", "title"), titles))


def _operation(method: str, path: str, told: Mapping[str, Any], scope: str) -> Iterator[str]:
    yield f"## {method.upper()} {words(path)}"
    yield paragraphs(told.get("description") or told.get("summary", ""))
    yield f"Scope: `{scope}`." if scope else "It needs no key."
    rows = [(code(one["name"]), one["in"], _type(one["schema"])) for one in told.get("parameters", ())]
    yield table(("parameter", "in", "what it is"), rows)
    if "requestBody" in told:
        yield f"Body: {_content(told['requestBody']['content'])}."
    answers = sorted(told["responses"].items())
    good = [f"{status}, {_content(one.get('content', {}))}" for status, one in answers if status < "300"]
    bad = [status for status, _ in answers if status >= "400"]
    yield f"Answers: {'; '.join(good)}." + (f" Problems: {', '.join(bad)}." if bad else "")


def _content(content: Mapping[str, Any]) -> str:
    kinds = [f"{_type(one.get('schema', {}))} as `{kind}`" for kind, one in content.items()]
    return " or ".join(kinds) or "without a body"


def _body(schema: Mapping[str, Any]) -> Iterator[str]:
    yield paragraphs(schema.get("description", "") or ("" if schema.get("properties") else "Anything that is JSON."))
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    rows = [(f"**{code(name)}**" if name in required else code(name), _type(one)) for name, one in fields]
    yield table(("field", "what it is"), rows)
    for example in schema.get("examples", ()):
        yield block(json.dumps(example, ensure_ascii=False))


def _type(schema: Mapping[str, Any]) -> str:
    """Say in words what a JSON schema asks for."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))))
    if "enum" in schema or "const" in schema:
        return " or ".join(code(json.dumps(one)) for one in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "anything")
    if kind == "array":
        kind = f"list of {_type(schema.get('items', {}))}"
    bounds = [one for one in (_between(schema), _further(schema)) if one]
    return f"{kind} ({', '.join(bounds)})" if bounds else kind


def _between(schema: Mapping[str, Any]) -> str:
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " of them"),
    ):
        low, high = (f"{schema[key]:,g}" if key in schema else "" for key in (least, most))
        if unit and low == "1" and not high:
            return "not empty"
        if low and high:
            return f"{low} to {high}{unit}"
        if low or high:
            return f"from {low}{unit}" if low else f"to {high}{unit}"
    return ""


def _further(schema: Mapping[str, Any]) -> str:
    found = [f"as `{schema['pattern']}`"] if "pattern" in schema else []
    found += [f"default `{json.dumps(schema['default'])}`"] if schema.get("default") not in (None, "") else []
    return ", ".join(found)
