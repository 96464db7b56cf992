"""Exchanges over datagrams with scripted servers: cookies, losses, loops, floods, and how we leave."""

from collections.abc import Callable, Iterable

import anyio
import pytest

from iotscan.model.scope import Pace
from iotscan.observe.network import datagram_hellos
from iotscan.observe.network.datagram_hellos import Exchange, say_hello
from iotscan.observe.network.failures import BudgetSpent, Refused
from iotscan.wire.tls import dtls, framing
from iotscan.wire.tls.dtls_server import certificate_message, flight, hello_verify_request, read_client_datagrams
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.server import ClientHello, server_hello_body
from iotscan.wire.tls.suites import offer
from tests.observe.network.daemons import PACE, door
from tests.observe.network.datagrams import answering, free_pair

OFFER = Offer(versions=("DTLSv1.2",), suites=offer("DTLSv1.2"))
NEWEST = Offer(versions=("DTLSv1.3",), suites=offer("DTLSv1.3"))
QUICK = (0.15, 0.15)
FATAL = b"\x02\x28"
DONE = (framing.SERVER_HELLO_DONE, b"")


def flight_of(
    version: str = "DTLSv1.2", suite: int = 0xC02F, *, first: int = 1, size: int = 1000, leaf: bytes = b"leaf" * 200
) -> list[bytes]:
    hello = (framing.SERVER_HELLO, server_hello_body(version=version, suite=suite))
    rest = [certificate_message([leaf]), DONE] if version != "DTLSv1.3" else []
    return flight([hello, *rest], first=first, size=size)


def retry(cookie: bytes, *, first: int = 0) -> list[bytes]:
    body = server_hello_body(version="DTLSv1.3", suite=0x1301, retry_cookie=cookie)
    return flight([(framing.SERVER_HELLO, body)], first=first)


class Server:
    """Answers each ClientHello by ``answer(hello)`` and notes what else it got."""

    def __init__(self, answer: Callable[[ClientHello], Iterable[bytes]]) -> None:
        self._answer = answer
        self.hellos: list[ClientHello] = []
        self.alerts: list[bytes] = []
        self.count = 0

    def __call__(self, data: bytes) -> Iterable[bytes]:
        self.count += 1
        if data[:1] == bytes([framing.ALERT]):
            self.alerts += [record.body for record in dtls.read_records(data)]
            return []
        hello = read_client_datagrams([data])
        assert hello is not None
        self.hellos.append(hello)
        return self._answer(hello)


def say(server: Callable[[bytes], Iterable[bytes]], asked: Offer = OFFER, *, pace: Pace = PACE) -> Exchange:
    with answering(server) as port:
        to = door(port, "coaps", transport="udp", pace=pace)

        async def ask() -> Exchange:
            return await say_hello(to, asked, waits=QUICK)

        return anyio.run(ask)


def selected(exchange: Exchange) -> int:
    answer = exchange.said.flight.answer
    return answer.suite if answer is not None and answer.is_hello else 0


def with_cookie(hello: ClientHello) -> list[bytes]:
    return flight_of() if hello.cookie == b"c" * 20 else [hello_verify_request(b"c" * 20)]


def test_a_cookie_is_brought_back_and_the_server_told_that_nothing_follows() -> None:
    server = Server(with_cookie)
    exchange = say(server)
    assert (exchange.asks_cookie, exchange.said.stop, selected(exchange)) == ("HelloVerifyRequest", "whole", 0xC02F)
    assert exchange.said.flight.certificates == (b"leaf" * 200,)
    first, second = server.hellos
    assert (first.cookie, second.cookie) == (b"", b"c" * 20)
    assert (first.suites, first.extensions) == (second.suites, second.extensions)
    assert server.alerts == [FATAL]
    assert server.count == 3


def test_a_server_without_cookies() -> None:
    server = Server(lambda hello: flight_of(first=0))
    exchange = say(server)
    assert (exchange.asks_cookie, selected(exchange), server.count) == ("", 0xC02F, 2)


def test_a_refusal_needs_no_farewell() -> None:
    server = Server(lambda hello: [dtls.alert(2, 40, sequence=0)])
    exchange = say(server)
    assert exchange.said.flight.answer is not None
    assert (exchange.said.flight.answer.description, server.count) == (40, 1)


def test_a_cookie_of_dtls_13_is_brought_back() -> None:
    server = Server(lambda hello: flight_of("DTLSv1.3", 0x1301) if hello.cookie == b"again" else retry(b"again"))
    exchange = say(server, NEWEST)
    assert (exchange.asks_cookie, selected(exchange)) == ("HelloRetryRequest", 0x1301)
    assert exchange.said.flight.answer is not None
    assert exchange.said.flight.answer.kind == "server_hello"
    assert server.alerts == [FATAL]


def test_a_server_of_12_answers_a_hello_of_13_in_its_own_way() -> None:
    both = Offer(versions=("DTLSv1.3", "DTLSv1.2"), suites=offer("DTLSv1.2"))
    exchange = say(Server(with_cookie), both)
    assert (exchange.asks_cookie, selected(exchange)) == ("HelloVerifyRequest", 0xC02F)


def test_a_retry_request_has_chosen_though_nothing_follows() -> None:
    exchange = say(Server(lambda hello: [] if hello.cookie else retry(b"again")), NEWEST)
    assert exchange.said.flight.answer is not None
    assert (exchange.said.flight.answer.kind, selected(exchange)) == ("hello_retry", 0x1301)


@pytest.mark.parametrize("lost", [1, 3])
def test_a_hello_that_was_lost_is_sent_again(lost: int) -> None:
    server = Server(lambda hello: [] if len(server.hellos) == lost else with_cookie(hello))
    assert selected(say(server)) == 0xC02F


def test_a_part_of_the_flight_that_was_lost_comes_with_the_hello_again() -> None:
    server = Server(lambda hello: flight_of(first=0)[1:] if len(server.hellos) == 1 else flight_of(first=0))
    assert selected(say(server)) == 0xC02F


def test_a_long_hello_comes_in_pieces() -> None:
    got: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        got.append(data)
        return flight_of(first=0) if len(got) == 2 else []

    long = Offer(versions=("DTLSv1.2",), suites=(0xC02F,) * 900)
    assert selected(say(answer, long)) == 0xC02F
    hello = read_client_datagrams(got[:2])
    assert hello is not None
    assert hello.suites == (0xC02F,) * 900


def test_silence_costs_two_datagrams() -> None:
    server = Server(lambda hello: [])
    exchange = say(server)
    assert (exchange.said.stop, exchange.said.heard, server.count) == ("silent", 0, 2)


def test_a_closed_port_is_refused() -> None:
    with free_pair() as port:
        pass

    async def ask() -> Exchange:
        return await say_hello(door(port, "coaps", transport="udp"), OFFER, waits=QUICK)

    exchange = anyio.run(ask)
    assert exchange.said.stop == "failed"
    assert isinstance(exchange.said.error, Refused)


def test_more_datagrams_than_the_device_may_see_are_not_sent() -> None:
    server = Server(with_cookie)
    exchange = say(server, pace=Pace(datagrams=1, attempts_per_second=1000))
    assert isinstance(exchange.said.error, BudgetSpent)
    assert server.count == 1


def test_who_asks_for_one_cookie_after_another_is_not_humoured() -> None:
    server = Server(lambda hello: [hello_verify_request(b"%d" % len(server.hellos))])
    exchange = say(server)
    assert (exchange.said.flight.answer, exchange.said.stop) == (None, "silent")
    assert server.count == 3


def test_who_takes_a_cookie_and_asks_anew_has_dropped_the_hello() -> None:
    def answer(hello: ClientHello) -> list[bytes]:
        return [] if len(server.hellos) == 2 else [hello_verify_request(b"%d" % len(server.hellos))]

    server = Server(answer)
    exchange = say(server)
    assert (exchange.said.flight.answer, exchange.said.stop) == (None, "dropped")
    assert server.count == 3


def test_a_second_retry_request_is_broken() -> None:
    server = Server(lambda hello: retry(b"%d" % len(server.hellos)))
    exchange = say(server, NEWEST)
    assert exchange.said.flight.answer is not None
    assert (exchange.said.flight.answer.kind, server.count) == ("not_tls", 3)


def test_an_empty_cookie_is_no_answer() -> None:
    server = Server(lambda hello: [hello_verify_request(b"")])
    exchange = say(server)
    assert (exchange.said.flight.answer, exchange.cookie, server.count) == (None, b"", 1)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_flight_in_small_pieces_backwards_and_twice(size: int) -> None:
    pieces = flight_of(first=0, size=size, leaf=b"x" * (20 * size))
    exchange = say(Server(lambda hello: [piece for piece in reversed(pieces) for _ in range(2)]))
    assert (selected(exchange), exchange.said.flight.end) == (0xC02F, "whole")


@pytest.mark.parametrize("flood", [b"", b"x", dtls.record(22, b"", sequence=1), bytes(60000)])
def test_a_flood_has_an_end(flood: bytes) -> None:
    exchange = say(lambda data: [flood] * 6000 if data[:1] == b"\x16" else [])
    assert exchange.said.flight.answer is None or exchange.said.flight.answer.kind == "not_tls"
    assert exchange.said.heard <= datagram_hellos.CAP + 65535
