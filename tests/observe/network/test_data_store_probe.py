"""Real Redis and memcached, and MongoDB's words: open, with a password, behind TLS, and what is none."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts import DataStore
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.gaps import not_recognised
from iotscan.observe.network.identify import identify
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.data_store import PROBE
from iotscan.wire import bson
from tests.observe.network.daemons import HOST, PACE, accepts, door, free_port, running, serving, tool
from tests.observe.network.shown import is_shown, verdicts
from tests.observe.network.webserver import make_certificate


def ask(port: int, expected: str) -> Heard:
    """Identify a port that suggests a store, and ask it: two conversations where it is in the clear."""
    line = Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST)
    found = anyio.run(lambda: identify(line, port, expected=expected))
    return anyio.run(PROBE.ask, door(port, found.service.protocol))


def seen(port: int, expected: str) -> DataStore:
    (fact,) = ask(port, expected).facts
    assert isinstance(fact, DataStore)
    return fact


def shows_itself(fact: DataStore, port: int) -> bool:
    """Whether the command of the finding, that there is or would be, shows that it may be read."""
    found = msgspec.structs.replace(fact, needs_login=Answer.of(False))
    (verdict,) = verdicts("keys/data_store_access", found, port)
    return is_shown(verdict)


@contextmanager
def redis(folder: Path, *words: str) -> Iterator[int]:
    port = free_port()
    command = [tool("redis-server", "redis-server"), "--bind", HOST, "--save", "", "--dir", str(folder)]
    clear = () if "--tls-port" in words else ("--port", str(port))
    words = tuple(str(port) if word == "PORT" else word for word in words)
    with running([*command, *clear, *words], lambda: accepts(port), cwd=folder):
        yield port


def test_redis_left_open(tmp_path: Path) -> None:
    with redis(tmp_path) as port:
        fact = seen(port, "redis")
        assert shows_itself(fact, port)
    assert (fact.system, fact.needs_login.value, fact.tls) == ("redis", False, False)
    assert fact.version.count(".") == 2


def test_redis_with_a_password(tmp_path: Path) -> None:
    with redis(tmp_path, "--requirepass", "secret") as port:
        fact = seen(port, "redis")
        assert not shows_itself(fact, port)
    assert fact.needs_login.value
    assert "NOAUTH" in fact.said


def test_redis_behind_tls(tmp_path: Path) -> None:
    key, cert = make_certificate(tmp_path)
    words = ("--tls-port", "PORT", "--port", "0", "--tls-cert-file", cert, "--tls-key-file", key)
    with redis(tmp_path, *words, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no") as port:
        fact = seen(port, "redis")
        assert shows_itself(fact, port)
    assert (fact.needs_login.value, fact.tls) == (False, True)


@contextmanager
def memcached(folder: Path, *words: str) -> Iterator[int]:
    port = free_port()
    command = [tool("memcached", "memcached"), "-l", HOST, "-p", str(port), "-U", "0", "-u", "root", *words]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def test_memcached_left_open(tmp_path: Path) -> None:
    with memcached(tmp_path) as port:
        fact = seen(port, "memcached")
        assert shows_itself(fact, port)
    assert (fact.system, fact.needs_login.value) == ("memcached", False)
    assert fact.version.startswith("1.")


def test_memcached_with_passwords(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("u:p\n")
    with memcached(tmp_path, "-Y", str(tmp_path / "users")) as port:
        fact = seen(port, "memcached")
    assert fact.needs_login.value


Document = dict[str, int | str | bool]


def mongod(answers: dict[bytes, Document], wire: int) -> Callable[[socket.socket], None]:
    """The words of a MongoDB server: ``isMaster`` is always answered, the rest as told (wire protocol)."""

    def talk(guest: socket.socket) -> None:
        while header := guest.recv(16, socket.MSG_WAITALL):
            size, number, _, operation = struct.unpack("<iiii", header)
            body = guest.recv(size - 16, socket.MSG_WAITALL)
            said = next((a for word, a in answers.items() if word in body), {"ok": 1, "maxWireVersion": wire})
            document = bson.encode(said)
            body = bytes(20) + document if operation == 2004 else bytes(5) + document
            kind = 1 if operation == 2004 else 2013
            guest.sendall(struct.pack("<iiii", 16 + len(body), 1, number, kind) + body)

    return talk


OK: Document = {"ok": 1}
NO: Document = {"ok": 0, "code": 13, "errmsg": "requires authentication"}


@pytest.mark.parametrize("wire", [4, 21])
@pytest.mark.parametrize(("listed", "needs_login"), [(OK, False), (NO, True), ({"ok": 0, "code": 11600}, None)])
def test_mongodb(wire: int, listed: Document, needs_login: bool | None) -> None:
    answers: dict[bytes, Document] = {b"listDatabases": listed, b"buildInfo": {"ok": 1, "version": "7.0.5"}}
    with serving(mongod(answers, wire)) as port:
        fact = seen(port, "mongodb")
    assert (fact.system, fact.needs_login.known, fact.version) == ("mongodb", needs_login, "7.0.5")


@pytest.mark.parametrize("words", [b"-LOADING Redis is loading\r\n", b"-ERR max number of clients reached\r\n"])
def test_another_refusal_leaves_the_question_open(words: bytes) -> None:
    def talk(guest: socket.socket) -> None:
        while guest.recv(4096):
            guest.sendall(words)

    with serving(talk) as port:
        (fact,) = anyio.run(PROBE.ask, door(port, "redis")).facts
    assert isinstance(fact, DataStore)
    assert not fact.needs_login.is_answered


@pytest.mark.parametrize("protocol", ["redis", "memcached", "mongodb"])
@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff" * 5000])
def test_another_answer_is_unreadable(protocol: str, words: bytes) -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(words)

    with serving(talk) as port:
        heard = anyio.run(PROBE.ask, door(port, protocol))
    assert heard.facts == ()
    assert (heard.missed[0].status, heard.missed[0].reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_a_store_that_falls_silent_is_left_open_where_it_was_asked() -> None:
    gaps = {m.need: m.status for m in not_recognised({"redis": "silent", "tls": "silent", "http": "other"})}
    assert gaps["data-store"] is AttemptStatus.TIMED_OUT
    assert "data-store" not in {m.need for m in not_recognised({"tls": "silent", "http": "other"})}
