"""What a sweep did not come to is handed back; what it was told is believed only in scope."""

from typing import Any

import anyio
import msgspec
import pytest

from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import onlink
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.icmp import echo_sweep
from iotscan.observe.network.failures import NoSocket
from iotscan.observe.network.helper.client import Seen, Swept
from iotscan.observe.network.helper.program import Unavailable
from iotscan.observe.network.outgoing import asking

LINK = Attached(interface="eth0", address="10.77.0.9", network="10.77.0.0/24")
WHOLE = Swept(frames=30, unsent=0, strays=0, dropped=0, problem="", round=2, at="10.77.0.9")


class Helper:
    """Answers each request with the next of its answers, after telling of those that it saw."""

    def __init__(self, *answers: Swept | Exception, seen: tuple[str, ...] = ()) -> None:
        self.answers, self.seen, self.asked = [*answers], seen, []

    async def sweep(self, kind: str, interface: str, ranges: Any, heard: Any, **_: Any) -> Swept:
        self.asked.append(ranges)
        for address in self.seen:
            await heard(Seen(address, "02:00:00:00:00:01", 2))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def sweep(helper: Helper, *, scope: Scope | None = None, many: int = 10) -> tuple[list[str], list[Found], list[str]]:
    """Sweep ten addresses, or ``many``: those handed back, those found, what was told."""

    async def ask() -> tuple[list[str], list[Found], list[str]]:
        send, receive = anyio.create_memory_object_stream[Found](100)
        told: list[str] = []
        dialer = Dialer(scope or Scope(include=("10.77.0.0/24",), exclude=("10.77.0.3",)))
        addresses = [f"10.77.0.{n}" for n in range(many)]
        with send, receive:
            rest = await onlink.sweep_link(dialer, helper, LINK, addresses, send, told.append)  # type: ignore[arg-type]  # it only sweeps
            found = [receive.receive_nowait() for _ in range(receive.statistics().current_buffer_used)]
        return rest, found, told

    return anyio.run(ask)


def test_what_is_not_in_scope_is_neither_asked_nor_believed() -> None:
    helper = Helper(WHOLE, seen=("10.77.0.5", "10.77.0.3", "192.0.2.1"))
    rest, found, told = sweep(helper)
    assert helper.asked == [[("10.77.0.0", "10.77.0.2"), ("10.77.0.4", "10.77.0.9")]]
    assert [(f.address, f.how, f.mac) for f in found] == [("10.77.0.5", "answers ARP", "02:00:00:00:00:01")]
    assert rest == []
    assert told == [
        "arp sweep of 10.77.0.0/24 on eth0: 9 addresses asked, 1 answered, 30 frames, 3.3 an address; "
        "2 answers in the name of addresses that were not asked were dropped"
    ]


def test_an_interface_that_goes_down_leaves_the_rest_to_be_connected_to() -> None:
    down = Swept(frames=3, unsent=1, strays=0, dropped=7, problem="Network is down", round=0, at="10.77.0.4")
    rest, found, told = sweep(Helper(down, seen=("10.77.0.1",)))
    assert [f.address for f in found] == ["10.77.0.1"]
    assert rest == [f"10.77.0.{n}" for n in (0, 2, 4, 5, 6, 7, 8, 9)]
    # 10.77.0.3 is the link's own, and no more than those before the end were asked.
    assert told[0].startswith("arp sweep of 10.77.0.0/24 on eth0: 3 addresses asked, 1 answered, 3 frames")
    assert told[0].endswith(
        "; 7 answers were lost for lack of room; ended early in round 1 at 10.77.0.4: Network is down"
    )


def test_a_helper_that_goes_between_two_requests_leaves_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlink, "BLOCK", 5)
    rest, _, told = sweep(Helper(WHOLE, Unavailable("the raw helper ended"), seen=("10.77.0.1",)))
    assert rest == [f"10.77.0.{n}" for n in range(5, 10)]
    assert told[0].endswith("; not available from 10.77.0.5 on: the raw helper ended")


def test_a_sweep_of_ipv6_that_ends_before_its_first_address_asked_nobody() -> None:
    """The helper names an address of IPv4 then: it has none yet."""
    gone = Swept(frames=0, unsent=0, strays=0, dropped=0, problem="No such device", round=0, at="0.0.0.0")
    link = Attached(interface="eth0", address="fd77::9", network="fd77::/64")
    addresses = [f"fd77::{n:x}" for n in range(1, 5)]

    async def ask() -> tuple[list[str], list[str]]:
        send, receive = anyio.create_memory_object_stream[Found](9)
        told: list[str] = []
        with send, receive:
            dialer = Dialer(Scope(include=("fd77::/120",)))
            return await onlink.sweep_link(dialer, Helper(gone), link, addresses, send, told.append), told  # type: ignore[arg-type]  # it only sweeps

    rest, told = anyio.run(ask)
    assert rest == addresses
    assert "No such device" in told[0]


def test_one_that_answers_for_many_is_named() -> None:
    _, found, told = sweep(Helper(WHOLE, seen=tuple(f"10.77.0.{n}" for n in range(10, 50))), many=60)
    assert len(found) == 40
    assert told[0].endswith("; 02:00:00:00:00:01 answers for 40 addresses, as a proxy does")


def test_who_was_not_asked_or_was_heard_before_is_not_believed() -> None:
    _, found, told = sweep(Helper(WHOLE, seen=("10.77.0.200", "10.77.0.5", "10.77.0.5")))
    assert [f.address for f in found] == ["10.77.0.5"]
    assert "; 1 answers in the name of addresses that were not asked were dropped" in told[0]


def test_a_link_of_very_many_is_heard_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlink, "SOURCES_LIMIT", 20)

    async def ask() -> tuple[int, list[str]]:
        send, receive = anyio.create_memory_object_stream[Found](100)
        told: list[str] = []
        helper = Helper(WHOLE, seen=tuple(f"fd77::{n:x}" for n in range(50)))
        with send, receive:
            await onlink.ask_all_nodes(Dialer(Scope(include=("fd77::/64",))), helper, LINK, send, told.append)  # type: ignore[arg-type]  # it only sweeps
            return receive.statistics().current_buffer_used, told

    count, told = anyio.run(ask)
    assert count == 20
    assert "; 30 more than are taken of one link, or of one MAC, are left out" in told[0]


def test_one_mac_of_very_many_takes_no_place_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlink, "BLOCK_OF_ONE", 8)
    monkeypatch.setattr(onlink, "SOURCES_LIMIT", 60)

    class Crowd(Helper):
        async def sweep(self, kind: str, interface: str, ranges: Any, heard: Any, **_: Any) -> Swept:
            for n in range(100):
                await heard(Seen(f"fd77::{n:x}", "02:00:00:00:00:01", 1))
            await heard(Seen("fd77::ffff", "02:00:00:00:00:02", 1))
            return WHOLE

    async def ask() -> tuple[set[str], list[str]]:
        send, receive = anyio.create_memory_object_stream[Found](200)
        told: list[str] = []
        with send, receive:
            await onlink.ask_all_nodes(Dialer(Scope(include=("fd77::/64",))), Crowd(), LINK, send, told.append)  # type: ignore[arg-type]  # it only sweeps
            count = receive.statistics().current_buffer_used
            return {receive.receive_nowait().address for _ in range(count)}, told

    found, told = anyio.run(ask)
    assert "fd77::ffff" in found
    assert len(found) == 41
    assert "; 60 more than are taken" in told[0]
    assert "02:00:00:00:00:01 answers for 100 addresses, as a proxy does" in told[0]


def test_where_nothing_is_in_scope_nothing_is_asked() -> None:
    helper = Helper(WHOLE)
    dialer = Scope(include=("192.0.2.0/24",))
    rest, found, told = sweep(helper, scope=dialer)
    assert (rest, found, told, helper.asked) == ([], [], [], [])


@pytest.mark.parametrize(
    ("words", "ranges"),
    [
        ((), []),
        (("10.0.0.1",), [("10.0.0.1", "10.0.0.1")]),
        (("10.0.0.255", "10.0.1.0", "10.0.0.7"), [("10.0.0.255", "10.0.1.0"), ("10.0.0.7", "10.0.0.7")]),
        (("255.255.255.255", "::1", "::2"), [("255.255.255.255", "255.255.255.255"), ("::1", "::2")]),
    ],
)
def test_addresses_as_ranges(words: tuple[str, ...], ranges: list[tuple[str, str]]) -> None:
    assert list(onlink.ranges_of(words)) == ranges


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ({}, ""),
        ({"dropped": 7}, "7 answers were lost for lack of room"),
        ({"unsent": 3}, "3 questions could not be sent"),
        ({"problem": "Network is down"}, "Network is down"),
    ],
)
def test_whoever_may_have_gone_unheard_is_not_called_absent(lost: dict[str, Any], why: str) -> None:
    """The way falls short: a list compared with this one says of nobody that he is gone."""

    async def ask() -> list[str]:
        send, receive = anyio.create_memory_object_stream[Found](100)
        dialer = Dialer(Scope(include=("10.77.0.0/24", "fd77::/64")))
        helper = Helper(*[msgspec.structs.replace(WHOLE, **lost)] * 2)
        with send, receive:
            await onlink.sweep_link(dialer, helper, LINK, ["10.77.0.5"], send, lambda _: None)  # type: ignore[arg-type]  # it only sweeps
            await onlink.ask_all_nodes(dialer, helper, LINK, send, lambda _: None)  # type: ignore[arg-type]  # as above
        return [dialer.outgoing.ways[way] for way in ("arp", "echo-all")]

    with asking("discovery/1"):
        arp, echo = anyio.run(ask)
    assert why in arp
    assert echo == why


def test_who_could_not_be_asked_at_all_is_not_called_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the helper nor a socket of the kernel's: the question was let out, and never went."""

    def none(*_: Any) -> None:
        raise NoSocket("missing privilege")

    monkeypatch.setattr(Dialer, "echoes", none)

    async def ask() -> dict[str, str]:
        send, receive = anyio.create_memory_object_stream[Found](9)
        dialer = Dialer(Scope(include=("fd77::/64", "10.99.0.0/24")))
        with send, receive:
            helper = Helper(Unavailable("raw frames need root"))
            await onlink.ask_all_nodes(dialer, helper, LINK, send, lambda _: None)  # type: ignore[arg-type]  # it only sweeps
            await echo_sweep(dialer, ["10.99.0.5"], send, lambda _: None)
        return dialer.outgoing.ways

    with asking("discovery/1"):
        assert anyio.run(ask) == dict.fromkeys(("echo-all", "icmp"), "missing privilege")
