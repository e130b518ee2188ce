"""The app before strangers: roles on every page, the session's cookie, and what an error page gives away."""

from pathlib import Path

import pytest
from app_page import make_project, open_page, said
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from app import signin
from app.cookies import cookie_name
from app.door import GUARDED, Door
from app.keeping import PATH, ROUTE
from app.pages import PAGES
from app.settings import FOLDER, LOCAL_HOSTS

WORD = "correct horse battery"
NAMES = {Role.ADMIN: "ada", Role.CURATOR: "cem", Role.ANNOTATOR: "ann"}
HERE = "http://ner.example.org"
OWN = {"Origin": HERE, "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_project(tmp_path_factory.mktemp("roles") / "p", annotated=1)
    with Project.open(made) as project:
        for role, name in NAMES.items():
            Accounts(project.store).add(name, role, WORD)
    return made


@pytest.fixture(autouse=True)
def _nothing_lives_on():
    yield
    import streamlit as st

    st.cache_resource.clear()


def token_of(folder: Path, role: Role) -> str:
    with Project.open(folder) as project:
        return Accounts(project.store).sign_in(NAMES[role], WORD).token


def at_work(folder: Path, role: Role, page: str, patch: pytest.MonkeyPatch, token: str = "") -> AppTest:
    token = token or token_of(folder, role)
    patch.setattr("app.cookies.read_cookie", lambda _: token)
    return open_page(page, folder, patch, host="0.0.0.0")


@pytest.mark.parametrize("role", list(Role))
def test_a_page_is_there_for_its_role_and_for_those_that_can_more(
    folder: Path, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its address too: what the menu does not show is not drawn."""
    drawn: list[str] = []
    for one in PAGES:
        monkeypatch.setattr(f"app.pages.{one.module}.show", lambda _, module=one.module: drawn.append(module))
    page = at_work(folder, role, PAGES[0].module, monkeypatch)
    for one in PAGES:
        drawn.clear()
        page._page_hash = calc_hash(one.module)
        page.run()
        assert (one.module in drawn) is role.can(one.role), (one.module, drawn)


def test_nobody_sees_a_page_without_signing_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for one in PAGES:
        monkeypatch.setattr(f"app.pages.{one.module}.show", lambda _, module=one.module: drawn.append(module))
    for token in ("", "x" * 43, token_of(folder, Role.ADMIN)[:-1]):
        monkeypatch.setattr("app.cookies.read_cookie", lambda _, token=token: token)
        page = open_page("export", folder, monkeypatch, host="0.0.0.0")
        for one in PAGES:
            page._page_hash = calc_hash(one.module)
            assert [title.value for title in page.run().title] == ["Sign in"]
    assert not drawn


def test_whoever_lost_a_role_does_nothing_with_it_on_the_page_that_is_still_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import live

    made = make_project(tmp_path / "p")
    with Project.open(made) as project:
        accounts = Accounts(project.store)
        accounts.add("ada", Role.ADMIN, WORD)
        accounts.add("cem", Role.CURATOR, WORD)
        token = accounts.sign_in("cem", WORD).token
        seen: list[bool] = []
        drawn = live.drawn

        def watched(work, draw):
            seen.append(live.holds(work))
            accounts.set_role("cem", Role.ANNOTATOR)
            seen.append(live.holds(work))
            accounts.set_role("cem", Role.CURATOR)
            drawn(work, draw)

        monkeypatch.setattr(live, "drawn", watched)
        at_work(made, Role.CURATOR, "review", monkeypatch, token)
    assert seen[:2] == [True, False]


def test_signing_in_makes_a_new_token_whatever_the_browser_brought(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that somebody else began, or planted, does not become that of who signs in."""
    planted = "planted-by-somebody-else-0123456789-0123456"
    monkeypatch.setattr("app.cookies.read_cookie", lambda _: planted)
    page = open_page("export", folder, monkeypatch)
    tokens = []
    for _ in range(2):
        page.text_input(key="allabel.name").set_value("ada")
        page.text_input(key="allabel.password").set_value(WORD)
        next(button for button in page.button if button.label == "Sign in").click().run()
        tokens.append(page.session_state[signin.TOKEN])
        next(button for button in page.button if button.label == "Sign out").click().run()
    assert planted not in tokens
    assert len(set(tokens)) == 2
    with Project.open(folder) as project:
        assert [Accounts(project.store).person_of(one) for one in (planted, *tokens)] == [None] * 3


def test_signing_out_ends_the_session_in_every_tab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(folder, Role.ANNOTATOR)
    tabs = [at_work(folder, Role.ANNOTATOR, "export", monkeypatch, token) for _ in range(2)]
    assert [tab.title[0].value for tab in tabs] == ["Export", "Export"]
    next(button for button in tabs[0].button if button.label == "Sign out").click().run()
    assert tabs[1].run().title[0].value == "Sign in"
    assert "Your session ended" in said(tabs[1].warning)


def test_an_error_nobody_foresaw_shows_its_code_to_whoever_runs_the_app_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("cannot open /srv/secret/project.db")

    monkeypatch.setattr("app.pages.export.show", broken)
    page = at_work(folder, Role.ADMIN, "export", monkeypatch)
    told = said([*page.error, *page.code, *page.markdown])
    assert "nobody foresaw" in told
    assert not [part for part in ("secret", "Traceback", "RuntimeError", str(folder)) if part in told]
    number = told.partition("the number ")[2][:8]
    assert number in caplog.text
    alone = open_page("export", make_project(tmp_path / "own"), monkeypatch)
    assert "Traceback" in alone.code[0].value


def test_where_files_lie_is_not_told_to_those_at_other_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "labels.toml").write_text("labels = [", encoding="utf-8")
    page = open_page("export", folder, monkeypatch, host="0.0.0.0")
    assert "labels.toml" in said(page.error)
    assert str(tmp_path) not in said([*page.error, *page.markdown, *page.caption])


def test_a_path_of_this_machine_can_be_named_by_whoever_runs_the_app_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An admin of the project may sit elsewhere, also where a proxy makes everybody seem to be here."""
    token = token_of(folder, Role.ADMIN)
    monkeypatch.setattr("app.cookies.read_cookie", lambda _: token)
    page = open_page("start", folder, monkeypatch, host="localhost")
    assert not [one for one in page.text_input if "path" in one.label]
    alone = open_page("start", make_project(tmp_path / "own"), monkeypatch)
    assert [one for one in alone.text_input if "path" in one.label]


@pytest.fixture
def web() -> TestClient:
    return TestClient(Starlette(routes=[ROUTE]), base_url=HERE)


def test_the_cookie_is_for_no_script_no_other_site_and_over_tls_no_plain_line(web: TestClient, folder: Path) -> None:
    asked = {"name": cookie_name(folder), "value": "t" * 43, "seconds": 3600}
    plain, behind = (web.post(PATH, json=asked | more, headers=OWN) for more in ({}, {"secure": True}))
    own = TestClient(Starlette(routes=[ROUTE]), base_url="https://ner.example.org")
    tls = own.post(PATH, json=asked, headers={**OWN, "Origin": "https://ner.example.org"})
    assert [one.status_code for one in (plain, behind, tls)] == [204, 204, 204]
    for answer, secure in ((plain, False), (behind, True), (tls, True)):
        cookie, *flags = answer.headers["set-cookie"].split("; ")
        assert cookie == f"{cookie_name(folder)}={'t' * 43}"
        assert {"HttpOnly", "Path=/", "Max-Age=3600"} <= set(flags)
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        assert ("Secure" in flags) is secure
        assert "Domain" not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {**OWN, "Origin": "https://evil.example"},
        {**OWN, "Origin": "null"},
        {**OWN, "Content-Type": "text/plain"},
        {"Origin": HERE},
    ],
)
def test_no_page_of_another_origin_plants_a_session(web: TestClient, folder: Path, headers: dict[str, str]) -> None:
    body = f'{{"name": "{cookie_name(folder)}", "value": "mine", "seconds": 9}}'
    answer = web.post(PATH, content=body, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert web.get(PATH).status_code == 405


@pytest.mark.parametrize(
    "asked",
    [
        "no json",
        "[1]",
        '{"name": "_streamlit_user", "value": "x", "seconds": 1}',
        '{"name": "allabel_session_0123456789ab", "value": "x; Domain=evil", "seconds": 1}',
        '{"name": "allabel_session_0123456789ab", "value": "x\\r\\nSet-Cookie: a=b", "seconds": 1}',
        '{"name": "allabel_session_0123456789ab", "value": "x", "seconds": -1}',
        '{"name": "allabel_session_0123456789ab", "value": "x", "seconds": 1e999}',
        "[" * 900,
    ],
)
def test_nothing_but_a_token_becomes_a_cookie(web: TestClient, asked: str) -> None:
    answer = web.post(PATH, content=asked, headers=OWN)
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    assert web.post(PATH, content=b"x" * 2000, headers=OWN).status_code == 413


def at_the_door(folder: Path, patch: pytest.MonkeyPatch, host: str) -> TestClient:
    """Streamlit's addresses of files, behind the door of an app that listens at this host."""
    patch.setenv(FOLDER, str(folder))
    patch.setattr("app.state.is_local", lambda: host in LOCAL_HOSTS)
    return TestClient(Door(PlainTextResponse("inside")), base_url=HERE)


@pytest.mark.parametrize("path", GUARDED)
def test_files_are_put_and_fetched_in_a_session_alone(folder: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The form to sign in has an upload's address too, and what was made for a download may be passed on."""
    web, name = at_the_door(folder, monkeypatch, "0.0.0.0"), cookie_name(folder)
    token = token_of(folder, Role.ANNOTATOR)
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        for cookie in ({}, {name: token[:-1]}, {"allabel_session_0123456789ab": token}):
            answer = web.request(method, f"{path}a/b", headers=as_sent(cookie))
            assert (answer.status_code, "Sign in" in answer.text) == (403, True)
        assert web.request(method, f"{path}a/b", headers=as_sent({name: token})).text == "inside"
    with Project.open(folder) as project:
        Accounts(project.store).sign_out(token)
    assert web.get(f"{path}a", headers=as_sent({name: token})).status_code == 403
    assert [web.get(other).text for other in ("/", "/_stcore/health", "/static/media/a.js")] == ["inside"] * 3


def test_files_of_a_project_without_people_are_for_this_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (make_project(tmp_path / "p"), tmp_path):
        found = [at_the_door(folder, monkeypatch, host).get("/media/a").status_code for host in ("localhost", "::")]
        assert found == [200, 403]


def test_no_file_is_put_where_the_project_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "labels.toml").write_text("labels = [", encoding="utf-8")
    answer = at_the_door(folder, monkeypatch, "localhost").put("/_stcore/upload_file/a/b", content=b"x")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text


def as_sent(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
