from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import CoapServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.coap import PROBE
from iotscan.wire import coap
from tests.observe.network.daemons import door
from tests.observe.network.datagrams import answering, coap_server, free_pair


def ask(port: int) -> Heard:
    return anyio.run(PROBE.ask, door(port, "coap", transport="udp"))


def status(heard: Heard) -> AttemptStatus:
    assert not heard.facts
    (gap,) = heard.missed
    return gap.status


@pytest.mark.parametrize("library", ["openssl", "gnutls"])
def test_libcoap_answers_a_ping(library: str, tmp_path: Path) -> None:
    with coap_server(library, tmp_path) as port:
        assert ask(port).facts == (CoapServer(how="reset"),)


def test_libcoap_behind_dtls_alone_does_not(tmp_path: Path) -> None:
    with coap_server("openssl", tmp_path, "-k", "secret") as port:
        assert status(ask(port + 1)) is AttemptStatus.TIMED_OUT


def test_a_closed_port_is_absent() -> None:
    with free_pair() as port:
        pass
    assert status(ask(port)) is AttemptStatus.ABSENT


def test_a_silent_port_costs_two_datagrams() -> None:
    asked: list[bytes] = []
    with answering(lambda data: asked.append(data) or []) as port:
        heard = ask(port)
    assert (status(heard), heard.missed[0].reason) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)
    assert len(asked) == 2
    assert asked[0] == asked[1]


@contextmanager
def saying(reply: bytes | None) -> Iterator[int]:
    with answering(lambda data: [data if reply is None else reply]) as port:
        yield port


@pytest.mark.parametrize("reply", [None, b"", b"HTTP/1.1 400", coap.reset(0xFFFF)[:2] + b"\0", b"\x60\x45\0\0"])
def test_an_echo_and_junk_are_no_coap_server(reply: bytes | None) -> None:
    with saying(reply) as port:
        assert status(ask(port)) is AttemptStatus.UNREADABLE
