"""Whom a question to all listens to, and how much of it: a flood has an end and takes nothing from others."""

import socket
import tracemalloc
from collections import Counter

import anyio
import pytest

from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import mdns
from iotscan.observe.network.discovery.around import ask_around
from iotscan.observe.network.discovery.circle import (
    ANSWER_LIMIT,
    LINK_BYTES,
    SOURCE_BYTES,
    SOURCE_LIMIT,
    SOURCES_LIMIT,
    Circle,
)
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import REMARKS, Method, Round, Tally
from iotscan.observe.network.failures import BudgetSpent, OutOfScope
from iotscan.observe.network.group_call import SENDS, GroupCall, Heard
from tests.wire.test_discovery_codecs import address, answer, labels, record, service

LINK = Attached(interface="lo", address="127.0.0.1", network="10.0.0.0/8")


class Recorded:
    """A call on which everything was said already."""

    def __init__(self, *said: tuple[bytes, str, int]) -> None:
        self._said = said
        self.sent = self.bytes_sent = 0

    here = ("10.0.0.9", 5353)

    async def ask(self, payload: bytes) -> None:
        self.sent += 1
        self.bytes_sent += len(payload)

    async def hear(self, seconds: float, heard: Heard) -> None:
        for packet, source, port in self._said:
            await heard(packet, source, port)


def at_work(found: list[Found] | None = None) -> Round:
    class Kept:
        async def send(self, item: Found) -> None:
            (found if found is not None else []).append(item)

    return Round(dialer=Dialer(Scope(include=(LINK.network,))), link=LINK, found=Kept(), tally=Tally())  # type: ignore[arg-type]  # one method of a stream is enough


def listen(said: list[tuple[bytes, str, int]], *, port: int = 0) -> tuple[Counter[str], Tally]:
    work = at_work()
    taken: Counter[str] = Counter()

    async def take(packet: bytes, source: str) -> bool:
        taken[source] += 1
        return packet != b"junk"

    anyio.run(lambda: Circle(work).hear(Recorded(*said), 1, take, port=port))  # type: ignore[arg-type]  # as above
    return taken, work.tally


def test_one_that_floods_takes_nothing_from_the_others() -> None:
    taken, tally = listen([(b"x", "10.0.0.1", 9)] * 50_000 + [(b"x", "10.0.0.2", 9)])
    assert taken == {"10.0.0.1": SOURCE_LIMIT, "10.0.0.2": 1}
    assert tally.left_out == 50_000 - SOURCE_LIMIT
    assert not tally.problem
    assert tally.sources == {"10.0.0.1", "10.0.0.2"}


def test_a_flood_in_many_names_has_an_end() -> None:
    names = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(SOURCES_LIMIT + 500)]
    taken, tally = listen([(b"x", name, 9) for _ in range(6) for name in names])
    assert len(taken) == SOURCES_LIMIT
    assert sum(taken.values()) == ANSWER_LIMIT
    assert tally.left_out == len(names) * 6 - ANSWER_LIMIT
    assert "who is not listed may be there" in tally.problem


def test_large_answers_are_read_to_a_limit_of_each_and_of_all() -> None:
    large, names = b"x" * 9000, [f"10.1.{n >> 8}.{n & 255}" for n in range(200)]
    taken, tally = listen([(large, name, 9) for name in names for _ in range(SOURCE_LIMIT)])
    assert max(taken.values()) == SOURCE_BYTES // 9000
    assert sum(taken.values()) == LINK_BYTES // 9000
    assert tally.left_out == len(names) * SOURCE_LIMIT - LINK_BYTES // 9000


def test_names_out_of_scope_are_not_listened_to() -> None:
    taken, tally = listen([(b"x", "192.0.2.1", 9), (b"junk", "10.0.0.3", 9), (b"x", "10.0.0.3", 10)], port=9)
    assert taken == {"10.0.0.3": 1}
    assert (tally.strays, tally.answers) == (1, 0)
    assert tally.summary() == ("0 sent (0 bytes), 0 answers of 0, 1 in the name of addresses out of scope dropped")


def test_records_of_a_whole_link_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many senders with many records each: what is kept does not grow with them."""
    monkeypatch.setattr(mdns, "LINK_RECORDS", 3000)
    found: list[Found] = []
    work = at_work(found)
    packets = [
        (answer(*(r for n in range(20) for r in service("_http._tcp", f"{m}-{n}", "h"))), f"10.0.{m}.1", 5353)
        for m in range(250)
    ]
    hearing = mdns._Hearing(work)
    tracemalloc.start()
    anyio.run(hearing.ask, Recorded(*packets))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert work.tally.problem
    assert 3000 <= sum(s.records for s in hearing._senders.values()) < 3100
    assert most < 16 * 1024 * 1024


def test_a_proxy_announces_what_stands_behind_it() -> None:
    """Thread devices have no address on the link: their border router speaks for them."""
    found: list[Found] = []
    wards = answer(*service("_matter._tcp", "0001-0002", "ward"), address("ward", "192.168.9.4"))
    anyio.run(mdns._Hearing(at_work(found)).ask, Recorded((wards, "10.0.0.1", 5353)))
    (claim,) = {c for f in found for c in f.claims}
    assert (claim.what, claim.value) == ("child", "0001-0002 (_matter._tcp) at 192.168.9.4")


def test_what_was_heard_before_the_link_went_down_is_told() -> None:
    class Down(Recorded):
        async def ask(self, payload: bytes) -> None:
            if self.sent:
                raise OSError(100, "Network is down")
            await super().ask(payload)

    found: list[Found] = []
    work = at_work(found)
    said = answer(*service("_http._tcp", "Own", "own", b"model=A"))
    anyio.run(mdns._Hearing(work).ask, Down((said, "10.0.0.1", 5353)))
    assert {c.value for f in found for c in f.claims} == {"Own", "own", "A", "_http._tcp"}
    assert work.tally.problem == "Network is down"


def test_from_another_port_questions_are_short() -> None:
    """Answers are cut there, and repeat the question."""

    class Short(Recorded):
        here = ("10.0.0.9", 40000)
        asked: list[bytes] = []  # noqa: RUF012  # of this test alone

        async def ask(self, payload: bytes) -> None:
            await super().ask(payload)
            self.asked.append(payload)

    kinds = [labels(f"_t{n}", "_tcp", "local") for n in range(20)]
    said = answer(*(record(labels("_services", "_dns-sd", "_udp", "local"), 12, kind) for kind in kinds))
    anyio.run(mdns._Hearing(at_work()).ask, Short((said, "10.0.0.1", 5353)))
    assert [packet[4:8] for packet in Short.asked] == [b"\0\1\0\0", b"\0\x08\0\0", b"\0\x08\0\0"]


def test_a_group_hears_three_questions_and_no_more() -> None:
    class Deaf:
        def sendto(self, *_: object) -> None:
            pass

    sent: list[bytes] = []

    async def main() -> None:
        call = GroupCall([Deaf()], ("224.0.0.251", 5353), sent.append)  # type: ignore[list-item]  # sends nothing
        for _ in range(SENDS):
            await call.ask(b"x")
        with pytest.raises(BudgetSpent):
            await call.ask(b"x")

    anyio.run(main)
    assert len(sent) == SENDS == 3


def around(*methods: Method, fragile: tuple[str, ...] = ()) -> list[str]:
    told: list[str] = []

    async def main() -> None:
        send, receive = anyio.create_memory_object_stream[Found](9)
        async with send, receive:
            dialer = Dialer(Scope(include=(LINK.network,)))
            await ask_around(dialer, [LINK], send, told.append, fragile=fragile, methods=methods)

    anyio.run(main)
    return told


async def no_route(work: Round) -> None:
    raise OSError(101, "Network is unreachable")


async def closed(work: Round) -> None:
    raise OutOfScope("the window of ACME-1 closed")


async def remarks(work: Round) -> None:
    work.tally.sent, work.tally.bytes_sent = 1, 40
    for n in range(REMARKS + 5):
        work.tally.remark(f"remark \x1b {n}")


def test_what_could_not_be_asked_is_told_and_the_others_go_on() -> None:
    told = around(
        Method(name="a", gives="", ask=no_route),
        Method(name="b", gives="", ask=closed),
        Method(name="c", gives="", ask=remarks),
        Method(name="d", gives="", ask=remarks, fragile="industrial"),
        Method(name="e", gives="", ask=remarks, families=(6,)),
    )
    assert told[0] == (
        "asked all on 10.0.0.0/8 (lo), 1 packets: a: not asked (Network is unreachable); "
        "b: not asked (the window of ACME-1 closed); c: 1 sent (40 bytes), 0 answers of 0; "
        "d: not asked (the profile does not allow industrial equipment to be asked)"
    )
    assert told[1] == "c: remark \\x1b 0"
    assert told[1 + REMARKS] == "c: 5 more of that kind"
    assert len(told) == 2 + REMARKS


def test_what_a_profile_allows_is_asked() -> None:
    told = around(Method(name="d", gives="", ask=remarks, fragile="industrial"), fragile=("industrial",))
    assert "d: 1 sent" in told[0]


async def _hear_late(handler_seconds: float) -> list[bytes]:
    """What is taken, to the end, of two datagrams that wait when the time to listen is as good as over."""
    taken: list[bytes] = []

    async def slow(packet: bytes, source: str, port: int) -> None:
        await anyio.sleep(handler_seconds)
        taken.append(packet)

    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        own.bind(("127.0.0.1", 0))
        own.setblocking(False)
        for each in (b"first", b"second"):
            other.sendto(each, own.getsockname())
        await GroupCall([own], ("127.0.0.1", 1), lambda _: None).hear(0.001, slow)
    return taken


@pytest.mark.parametrize("handler_seconds", [0, 0.01])
def test_what_came_in_time_is_taken_whole_however_busy_we_are(handler_seconds: float) -> None:
    """Nobody's answer is lost because the clock ran out while it was read."""
    assert anyio.run(_hear_late, handler_seconds) == [b"first", b"second"]
