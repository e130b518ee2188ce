"""Downloads into the cache, from a server on this machine that serves the files as the public host would."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from allabel.errors import AllabelError, InputError
from eval.datasets import open_data
from eval.datasets.catalogue import CORPORA
from eval.datasets.fetching import fetch
from eval.datasets.places import cache_folder, checksums

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::allabel.formats.base.FormatWarning"),
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The folder that the server serves: owner, repository, commit, path."""
    (tmp_path / "host").mkdir()
    return tmp_path / "host"


@pytest.fixture
def address(host: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(host)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def publish(name: str, data: Path, host: Path) -> None:
    """Put a corpus's files where its origin has them."""
    origin = CORPORA[name].origin
    assert origin is not None
    for file in checksums(name):
        target = host / origin.path(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((data / name / file).read_bytes())


@pytest.mark.parametrize("name", ["nerre_mof", pytest.param("materials_synthesis", marks=pytest.mark.slow)])
def test_a_fetched_corpus_is_the_one_of_the_root(
    data: Path, tmp_path: Path, host: Path, address: str, name: str
) -> None:
    publish(name, data, host)
    told: list[str] = []
    fetched = open_data(name, cache=tmp_path / "cache", download=True, address=address, tell=told.append)
    assert fetched == open_data(name, root=data, cache=tmp_path / "none")
    assert told[1] == f"licence: {CORPORA[name].licence}\nplease cite: {CORPORA[name].citation}"
    for file in checksums(name):
        assert (tmp_path / "cache" / name / file).read_bytes() == (data / name / file).read_bytes()


def test_files_that_are_there_are_not_fetched_again_and_the_licence_is_told_once(
    data: Path, tmp_path: Path, host: Path, address: str
) -> None:
    publish("wnut17", data, host)
    told: list[str] = []
    fetch(CORPORA["wnut17"], tmp_path, told.append, address)
    (tmp_path / "wnut17" / "wnut17train.conll").unlink()
    (host / "leondz/emerging_entities_17/e52a2d2a71ac/emerging.test.annotated").unlink()
    fetch(CORPORA["wnut17"], tmp_path, told.append, address)
    assert [line for line in told if "files" in line] == [
        "wnut17: 2 of 2 files from github.com/leondz/emerging_entities_17",
        "wnut17: 1 of 2 files from github.com/leondz/emerging_entities_17",
    ]
    told.clear()
    open_data("wnut17", cache=tmp_path, download=True, address="http://127.0.0.1:9", tell=told.append)
    assert not any("licence" in line for line in told)


def test_a_file_that_is_not_the_published_one_is_not_kept(data: Path, tmp_path: Path, host: Path, address: str) -> None:
    publish("nerre_mof", data, host)
    (file,) = checksums("nerre_mof")
    served = host / "lbnlp/NERRE/1826cbb78743/general_and_mofs/data/mof_annotations.jsonl"
    served.write_bytes(served.read_bytes()[:-1])
    with pytest.raises(
        InputError, match=rf"mof_annotations.jsonl: is not the .* expected {checksums('nerre_mof')[file]}"
    ):
        fetch(CORPORA["nerre_mof"], tmp_path / "cache", print, address)
    assert not list((tmp_path / "cache").rglob("*.*"))


def test_a_file_that_changed_in_the_cache_is_refused_with_both_checksums(data: Path, tmp_path: Path) -> None:
    ((file, expected),) = checksums("nerre_mof").items()
    kept = tmp_path / "nerre_mof" / file
    kept.parent.mkdir(parents=True)
    kept.write_bytes((data / "nerre_mof" / file).read_bytes() + b"\n")
    with pytest.raises(InputError) as refused:
        open_data("nerre_mof", cache=tmp_path)
    assert refused.value.file == kept
    assert f"expected {expected}" in refused.value.problem
    assert "remove it and fetch it: allabel eval data nerre_mof --fetch" in refused.value.remedy


def test_a_host_that_has_not_the_file_or_does_not_answer_is_named_with_the_way_by_hand(
    tmp_path: Path, address: str
) -> None:
    with pytest.raises(AllabelError, match=r"wnut17train\.conll cannot be fetched: HTTP Error 404(.|\n)*ROOT/wnut17"):
        open_data("wnut17", cache=tmp_path, download=True, address=address)
    with pytest.raises(AllabelError, match=r"cannot be fetched: .*refused(.|\n)*--root"):
        open_data("wnut17", cache=tmp_path, download=True, address="http://127.0.0.1:9")


def test_a_cache_that_cannot_be_made_is_named(data: Path, tmp_path: Path, host: Path, address: str) -> None:
    publish("nerre_mof", data, host)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"file/nerre_mof/original: cannot be made(.|\n)*XDG_CACHE_HOME"):
        fetch(CORPORA["nerre_mof"], tmp_path / "file", print, address)


def test_what_may_not_be_passed_on_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'conll2003' cannot be fetched: Reuters(.|\n)*put your copy into"):
        open_data("conll2003", cache=tmp_path, download=True)


def test_the_cache_follows_the_variable_of_the_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/allabel/data")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache/allabel/data"
