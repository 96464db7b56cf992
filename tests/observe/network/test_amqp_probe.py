"""A real RabbitMQ in the clear and behind TLS, in both versions of AMQP, and what is none."""

import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts import AmqpBroker, DefaultLogin, OpenService
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.identify import identify
from iotscan.observe.network.probes.amqp import PROBE
from iotscan.wire import amqp
from tests.observe.network import rabbitmq
from tests.observe.network.acme import record, verdict
from tests.observe.network.daemons import HOST, PACE, accepts, door, free_port, serving
from tests.observe.network.proof import proves
from tests.observe.network.shown import is_shown, verdicts
from tests.observe.network.webserver import make_certificate


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    clear: int
    tls: int


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if not Path(rabbitmq.PROGRAM).exists():
        pytest.skip(f"needs RabbitMQ: apt install {rabbitmq.PACKAGE}")
    folder = tmp_path_factory.mktemp("rabbitmq")
    key, cert = make_certificate(folder)
    ports = Broker(clear=free_port(), tls=free_port())
    lines = f"listeners.tcp.1 = {HOST}:{ports.clear}\nlisteners.ssl.1 = {HOST}:{ports.tls}\n"
    lines += f"ssl_options.cacertfile = {cert}\nssl_options.certfile = {cert}\nssl_options.keyfile = {key}\n"
    words = rabbitmq.environment(folder, lines, mapper=free_port(), distribution=free_port())
    with rabbitmq.running(folder, words, lambda: accepts(ports.tls) and accepts(ports.clear)):
        yield ports


def seen(port: int, expected: str) -> AmqpBroker:
    line = Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST)
    found = anyio.run(lambda: identify(line, port, expected=expected))
    assert found.service.protocol == expected
    way = door(port, expected)
    (fact,) = anyio.run(PROBE.ask, way).facts
    assert way.line.connections == 2
    assert isinstance(fact, AmqpBroker)
    return fact


def test_in_the_clear(broker: Broker) -> None:
    fact = seen(broker.clear, "amqp")
    assert (fact.tls, fact.product) == (False, "RabbitMQ")
    assert fact.version.startswith(("3.", "4."))
    assert fact.mechanisms == ("AMQPLAIN", "PLAIN")
    assert "ANONYMOUS" in fact.sasl
    said = verdicts("communication/amqp_authentication", fact, broker.clear)
    assert [v.variant for v in said] == ["anonymous", "cleartext-password"]
    assert all(is_shown(v) for v in said)


def test_behind_tls(broker: Broker) -> None:
    fact = seen(broker.tls, "amqps")
    assert (fact.tls, fact.mechanisms) == (True, ("AMQPLAIN", "PLAIN"))
    (said,) = verdicts("communication/amqp_authentication", fact, broker.tls)
    assert said.variant == "anonymous"
    assert is_shown(said)


def test_no_login_is_begun() -> None:
    heard: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        heard.append(guest.recv(4096))
        guest.sendall(amqp.HEADER)
        heard.append(guest.recv(4096))

    with serving(talk) as port:
        gap = anyio.run(PROBE.ask, door(port, "amqp")).missed[0]
    assert heard == [amqp.HEADER, b"", amqp.SASL_HEADER, b""]
    assert gap.status is AttemptStatus.UNREADABLE


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x01\x00\x00" + b"\xff" * 90])
def test_another_answer_is_unreadable(words: bytes) -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(words)

    with serving(talk) as port:
        heard = anyio.run(PROBE.ask, door(port, "amqp"))
    assert heard.facts == ()
    assert heard.missed[0].status is AttemptStatus.UNREADABLE


def test_a_default_login_is_told_from_a_wrong_one(broker: Broker, tmp_path: Path) -> None:
    """RabbitMQ's own ``guest``, which it lets in on loopback."""
    product = OpenService(protocol="amqp", how="", banner="Acme Hub")
    for port, protocol in ((broker.clear, "amqp"), (broker.tls, "amqps")):
        (tmp_path / "ledger").unlink(missing_ok=True)
        found = verdict(tmp_path, port, protocol, [product], record(("guest", "guest")))
        assert isinstance(found, DefaultLogin)
        assert (found.protocol, found.outcome, found.account, found.tries) == ("amqp", "accepted", "guest", 3)
    assert proves(found, broker.tls, "guest")
    clear = msgspec.structs.replace(found, tls=False)
    assert proves(clear, broker.clear, "guest")
    assert not proves(clear, broker.clear, "wrong")
    (tmp_path / "ledger").unlink()
    wrong = verdict(tmp_path, broker.clear, "amqp", [product], record(("guest", "changed")))
    assert isinstance(wrong, DefaultLogin)
    assert wrong.outcome == "rejected"
