"""Keys: none, wrong, revoked, of another scope; and what is told of them."""

import logging

import httpx
import pytest
from served import served, taught

from allabel.errors import InputError
from allabel.project import Project
from allabel.server.callers import FRESH_S
from allabel.server.keys import Keys, Scope

EVERY = {
    Scope.TAG: ("POST", "/v1/tag"),
    Scope.READ: ("GET", "/v1/labels"),
    Scope.ANNOTATE: ("POST", "/v1/annotations"),
    Scope.METRICS: ("GET", "/metrics"),
}


@pytest.fixture
def store(tmp_path):
    with Project.open(taught(tmp_path / "p", 5)) as project:
        yield project.store


def test_a_key_opens_until_it_is_revoked_and_the_store_has_only_its_hash(store):
    keys = Keys(store)
    assert not keys.any()
    key, token = keys.add("lab", [Scope.TAG])
    assert keys.check(token) == key
    with store.reads() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM api_keys").all()
    assert token.split("_", 2)[2] not in str(rows)
    keys.revoke("lab")
    assert keys.check(token) is None
    assert keys.any(), "a project that had a key once is not open to all again"


@pytest.mark.parametrize(
    "wrong", ["", "alb", "alb__", "xxx_{id}_{secret}", "alb_{id}_", "alb_{id}_x", "alb_0_{secret}"]
)
def test_any_other_token_opens_nothing(store, wrong):
    key, token = Keys(store).add("lab", [Scope.TAG])
    assert Keys(store).check(wrong.format(id=key.id, secret=token.split("_", 2)[2])) is None


def test_names_of_keys_in_use_are_taken(store):
    keys = Keys(store)
    keys.add("lab", [Scope.TAG])
    with pytest.raises(InputError, match="already"):
        keys.add("lab", [Scope.READ])
    keys.revoke("lab")
    keys.add("lab", [Scope.READ])
    with pytest.raises(InputError, match="no key 'nobody'"):
        keys.revoke("nobody")
    with pytest.raises(InputError, match="scope"):
        keys.add("other", [])


@pytest.mark.enable_socket
def test_each_address_wants_its_scope(tmp_path, caplog):
    folder = taught(tmp_path / "p")
    with Project.open(folder) as project:
        tokens = {scope: Keys(project.store).add(scope.value, [scope])[1] for scope in Scope}
    caplog.set_level(logging.DEBUG)
    with served(folder) as url, httpx.Client(base_url=url, timeout=120) as api:
        for scope, (method, path) in EVERY.items():
            body = {"json": {"text": "NaCl"}} if path == "/v1/tag" else {"json": {}} if method == "POST" else {}
            nobody = api.request(method, path, **body)
            assert nobody.status_code == 401
            assert nobody.headers["www-authenticate"].startswith("Bearer")
            wrong = api.request(method, path, headers={"Authorization": "Bearer alb_1_x"}, **body)
            assert wrong.status_code == 401
            for held, token in tokens.items():
                answer = api.request(method, path, headers={"Authorization": f"Bearer {token}"}, **body)
                assert (answer.status_code == 403) == (held is not scope), (path, held, answer.text)
                assert answer.status_code != 401
        for headers in ({"X-API-Key": tokens[Scope.TAG]}, {}):
            auth = None if headers else httpx.BasicAuth("anybody", tokens[Scope.TAG])
            answer = api.post("/v1/tag", json={"text": "NaCl"}, headers=headers, auth=auth)
            assert answer.status_code == 200
        assert api.get("/healthz").status_code == api.get("/readyz").status_code == 200
    secrets = [token.split("_", 2)[2] for token in tokens.values()]
    assert not [record for record in caplog.records if any(secret in record.getMessage() for secret in secrets)]


@pytest.mark.enable_socket
def test_a_revoked_key_is_let_in_no_more_within_a_second_and_the_author_is_the_keys_name(tmp_path):
    import time

    folder = taught(tmp_path / "p")
    with Project.open(folder) as project:
        keys = Keys(project.store)
        _, token = keys.add("the lab", [Scope.TAG, Scope.ANNOTATE])
        with served(folder) as url, httpx.Client(base_url=url, timeout=120) as api:
            api.headers["Authorization"] = f"Bearer {token}"
            (id,) = api.post("/v1/annotations", json={"documents": [{"text": "x", "entities": []}]}).json()["ids"]
            assert project.store.history(id)[0].author == "the lab"
            keys.revoke("the lab")
            time.sleep(FRESH_S + 0.1)
            answer = api.post("/v1/tag", json={"text": "NaCl"})
            assert answer.status_code == 401
            assert token not in answer.text
