"""A store on a PostgreSQL server: what goes wrong is named, and the way out with it; what came back is used again."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from postgres import PostgresServer
from sqlalchemy import text
from with_stores import TEMPLATE

from allabel.document import Annotation, DocId, Document
from allabel.errors import StoreError
from allabel.store import Store
from allabel.store.revisions import HEAD
from allabel.store.server_faults import server_fault

A = DocId("a")


@pytest.fixture
def name(server: PostgresServer) -> Iterator[str]:
    """A database with an empty store."""
    with server.database(TEMPLATE) as made:
        yield made


@pytest.fixture
def bare(server: PostgresServer) -> Iterator[str]:
    """A database with nothing in it."""
    with server.database() as made:
        yield made


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that tests may stop."""
    with PostgresServer() as running:
        yield running


def refused(url: str, says: str) -> StoreError:
    with pytest.raises(StoreError, match=says) as caught:
        Store.open(url)
    assert caught.value.remedy
    return caught.value


def annotation(author: str) -> Annotation:
    return Annotation(A, (), author, "app", datetime.now(UTC))


def test_a_store_is_made_once_and_opened_by_any_spelling_of_its_url(server: PostgresServer, bare: str) -> None:
    url = server.url(bare)
    assert not Store.exists(url)
    refused(url, "holds no allabel project")
    Store.create(url).close()
    assert Store.exists(url)
    with pytest.raises(StoreError, match="a database already"):
        Store.create(url)
    for spelling in ("postgresql://", "postgres://"):
        with Store.open(url.replace("postgresql+psycopg://", spelling)) as store:
            assert store.count() == 0


def test_the_tables_of_another_program_are_left_alone(server: PostgresServer, bare: str) -> None:
    server.execute("CREATE TABLE annotations (smiles TEXT)", name=bare)
    with pytest.raises(StoreError, match="tables of another program, 'annotations'"):
        Store.create(server.url(bare))
    refused(server.url(bare), "holds no allabel project")


def test_of_two_programs_that_make_the_same_store_one_is_refused(server: PostgresServer, bare: str) -> None:
    outcomes: list[str] = []

    def make() -> None:
        try:
            Store.create(server.url(bare)).close()
            outcomes.append("made")
        except StoreError as error:
            outcomes.append(error.problem)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "there is a database already"]


def test_a_store_of_another_schema_is_refused_or_brought_up_to_date_with_a_word_on_copies(
    server: PostgresServer, name: str
) -> None:
    server.execute("UPDATE alembic_version SET version_num = '0042'", name=name)
    refused(server.url(name), "made by a newer allabel")
    server.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", name=name)
    server.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)", name=name)
    with (
        pytest.warns(UserWarning, match=rf"from schema base to {HEAD}.*pg_dump --format=custom --file={name}"),
        Store.open(server.url(name)) as store,
    ):
        assert store.count() == 0


def test_what_stands_in_the_way_of_a_connection_is_named(server: PostgresServer, name: str) -> None:
    refused(server.url("nosuch"), r"no such database.*\"nosuch\" does not exist")
    refused(server.url(name, user="nobody_here"), "does not let this user in")
    refused(f"postgresql+psycopg://ada@/x?host={server.folder}/nowhere", "cannot be reached")
    server.execute("CREATE ROLE eve LOGIN")
    try:
        refused(server.url(name, user="eve"), "may not do that.*permission denied for table")
    finally:
        server.execute("DROP ROLE eve")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('connection failed: FATAL:  password authentication failed for user "ada"', "does not let this user in"),
        ("connection failed: fe_sendauth: no password supplied", "does not let this user in"),
        ("connection failed: FATAL:  the database system is starting up", "starting or stopping"),
        ("connection failed: FATAL:  sorry, too many clients already", "no more connections"),
        ('connection to server at "password" failed: Connection refused', "cannot be reached"),
        ("connection timeout expired", "cannot be reached"),
        ("server closed the connection unexpectedly", "went away"),
        ("something else", "the database refused"),
    ],
)
def test_errors_without_a_code_go_by_the_servers_words(words: str, says: str) -> None:
    problem, remedy = server_fault(RuntimeError(words))
    assert says in problem
    assert " ".join(words.split()) in problem
    assert remedy


def test_a_text_with_nul_is_refused_in_words(server: PostgresServer, name: str) -> None:
    with Store.open(server.url(name)) as store:
        with pytest.raises(StoreError, match=r"NUL.*PostgreSQL cannot store") as caught:
            store.add_documents([Document(A, "nul \0 inside")])
        assert "SQLite" in caught.value.remedy
        store.add_documents([Document(A, "x", meta={"page": "nul \0 in JSON is no text"})])
        assert store.document(A).meta == {"page": "nul \0 in JSON is no text"}


def test_a_writer_that_does_not_finish_is_named(server: PostgresServer, name: str) -> None:
    with Store.open(server.url(name)) as store, Store.open(server.url(name), busy_timeout_s=0.1) as waiting:
        store.add_documents([Document(A, "x")])
        with store.transaction():
            store.add_annotations([annotation("ada")])
            outcome: list[StoreError] = []

            def write() -> None:
                try:
                    waiting.add_annotations([annotation("bo")])
                except StoreError as error:
                    outcome.append(error)

            other = threading.Thread(target=write)
            other.start()
            other.join()
            assert waiting.history(A) == []
        assert "another program is writing" in outcome[0].problem
        waiting.add_annotations([annotation("bo")])
        assert [a.author for a in store.history(A)] == ["ada", "bo"]


def test_a_reader_sees_one_state_and_a_writer_the_newest(server: PostgresServer, name: str) -> None:
    with Store.open(server.url(name)) as store, Store.open(server.url(name)) as other:
        store.add_documents([Document(A, "x")])
        with other.reads() as connection:
            count = text("SELECT count(*) FROM annotations")
            assert connection.execute(count).scalar() == 0
            store.add_annotations([annotation("ada")])
            assert connection.execute(count).scalar() == 0
        with pytest.raises(StoreError, match="append-only"), store.writes() as writing:
            writing.execute(text("TRUNCATE annotations"))
        # A writer that had to wait reads what was committed meanwhile.
        seen: list[int] = []

        def wait_and_read() -> None:
            with other.writes() as connection:
                seen.append(connection.execute(count).scalar() or 0)

        with store.transaction():
            thread = threading.Thread(target=wait_and_read)
            thread.start()
            time.sleep(0.1)
            store.add_annotations([annotation("bo")])
        thread.join()
        assert seen == [2]


def test_when_the_server_was_killed_and_is_back_the_same_store_goes_on(own_server: PostgresServer) -> None:
    own_server.execute("CREATE DATABASE away")
    with Store.create(own_server.url("away")) as store:
        store.add_documents([Document(A, "x")])
        store.add_annotations([annotation("ada")])
        own_server.kill()
        with pytest.raises(StoreError, match=r"cannot be reached|went away") as caught:
            store.count()
        assert caught.value.remedy
        own_server.start()
        assert [a.author for a in store.history(A)] == ["ada"]
        store.add_annotations([annotation("bo")])

        def interrupted() -> None:
            with store.transaction():
                store.add_annotations([annotation("cy")])
                own_server.stop()
                store.add_annotations([annotation("dan")])

        with pytest.raises(StoreError, match="went away"):
            interrupted()
        own_server.start()
        assert [a.author for a in store.history(A)] == ["ada", "bo"]
