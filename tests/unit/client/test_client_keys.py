"""Keys and addresses: where they come from, and that the key is shown nowhere."""

import logging
import pickle
import traceback

import pytest
from failing_proxy import Says
from served import served, taught

from allabel.client import ApiError, AsyncClient, Client, Retries
from allabel.client.sending import DEFAULT_URL, KEY, URL
from allabel.errors import InputError
from allabel.project import Project
from allabel.server.keys import Keys, Scope

SECRET = "alb_0123_a-very-secret-one"


@pytest.fixture
def keyed(tmp_path):
    """A server whose callers need keys, with one key that may read."""
    folder = taught(tmp_path / "p", 0)
    with Project.open(folder) as project:
        _, token = Keys(project.store).add("reader", [Scope.READ])
    with served(folder, wait=False) as url:
        yield url, token


@pytest.mark.enable_socket
def test_a_key_opens_what_it_is_for_and_nothing_else(keyed):
    url, token = keyed
    with Client(url, token) as client:
        assert client.labels().names
        with pytest.raises(ApiError, match="scope 'tag'") as told:
            client.tag("NaCl")
    assert (told.value.status, token in str(told.value)) == (403, False)
    for wrong in ("", SECRET):
        with Client(url, wrong) as client, pytest.raises(ApiError, match="key") as told:
            client.labels()
        assert (told.value.status, "serve keys add" in told.value.remedy) == (401, True)


@pytest.mark.enable_socket
def test_a_project_without_annotations_says_what_it_waits_for_to_those_with_a_key(keyed):
    with Client(keyed[0], "") as stranger:
        assert "with a key" in stranger.ready().waits_for[0]
    with Client(*keyed) as client:
        assert "first annotated text" in client.ready().waits_for[0]
        assert not client.ready(wait_s=0.1)


@pytest.mark.enable_socket
def test_the_key_goes_into_the_header_and_is_shown_nowhere(proxy, caplog):
    caplog.set_level(logging.DEBUG)
    says = Says(422, b'{"detail": "you sent ' + SECRET.encode() + b'", "remedy": "' + SECRET.encode() + b'"}')
    proxy.faults = [says]
    client = Client(proxy.url, SECRET, retries=Retries(tries=1))
    with client, pytest.raises(ApiError, match="you sent") as told:
        client.tag("NaCl")
    assert proxy.heard[0].headers["authorization"] == f"Bearer {SECRET}"
    shown = [repr(client), str(vars(client)), str(told.value), repr(vars(told.value)), caplog.text]
    shown.append("".join(traceback.format_exception(told.value)))
    assert not any("very-secret" in one for one in shown)


def test_a_client_says_where_it_asks_and_whether_it_has_a_key():
    assert repr(Client("http://x:1/", SECRET)) == "Client('http://x:1', with a key)"
    assert repr(AsyncClient("http://x:1")) == "AsyncClient('http://x:1', without a key)"
    with pytest.raises(TypeError):
        pickle.dumps(Client("http://x:1", SECRET))


@pytest.mark.enable_socket
def test_variables_say_what_arguments_do_not(proxy, monkeypatch):
    assert repr(Client()) == f"Client({DEFAULT_URL!r}, without a key)"
    monkeypatch.setenv(URL, proxy.url)
    monkeypatch.setenv(KEY, f"{SECRET}\n")
    with Client() as client:
        client.labels()
    with Client(key="") as client:
        client.labels()
    assert [one.headers.get("authorization") for one in proxy.heard] == [f"Bearer {SECRET}", None]


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel-very-secret", "\x7f"])
def test_a_key_that_cannot_be_is_refused_without_being_shown(key):
    with pytest.raises(InputError, match="no key has") as told:
        Client(key=key)
    assert key not in str(told.value)


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8200", "ftp://x", "http://", "http://x:99999", "http://u:very-secret@x", "http://x?k=very-secret"],
)
def test_an_address_that_cannot_be_is_refused_without_showing_what_stands_in_it(url):
    with pytest.raises(InputError, match="address") as told:
        Client(url)
    assert "very-secret" not in str(told.value)
