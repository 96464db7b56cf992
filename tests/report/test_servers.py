"""Servers that images and captures name are proposed in words, and what a device chose to say steers no command."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from iotscan.model.facts import AnyFact, Backend, Backends, TrafficProfile
from iotscan.model.facts.traffic import Peer, Talk
from iotscan.model.observation import observe
from iotscan.model.run import Run
from iotscan.model.scope import BackEnd
from iotscan.model.subject import Subject
from iotscan.report.servers import named_servers
from iotscan.report.view import view
from tests.report.example import image_run

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def image(*hosts: str, kind: Any = "broker") -> Backends:
    found = tuple(Backend(host=h, kind=kind, path="/etc/a", line=1) for h in hosts)
    return Backends(backends=found, files_searched=1, pins=())


def traffic(*names: str, protocol: str = "tls", is_local: bool = False) -> TrafficProfile:
    peers = [Peer(address="203.0.113.5", name=name, is_local=is_local) for name in names]
    return TrafficProfile(first=NOW, last=NOW, talks=tuple(Talk(peer=p, protocol=protocol) for p in peers))


def holding(*facts: AnyFact) -> Run:
    seen = tuple(observe(fact, Subject(image=f"i{n}"), probe="t/1") for n, fact in enumerate(facts))
    return msgspec.structs.replace(image_run(), observations=seen)


def test_those_that_most_name_come_first() -> None:
    run = holding(image("a.acme.example", "B.acme.example"), traffic("b.acme.example."), traffic("c.acme.example"))
    assert named_servers(run) == ("b.acme.example", "a.acme.example", "c.acme.example")


@pytest.mark.parametrize(
    "fact",
    [
        image("0.pool.ntp.example", kind="time"),
        image("203.0.113.5x--", "203_0", "gateway", "", "239.1.1.1", "300.1.1.1", "acme.1"),
        traffic("dns.example", protocol="dns"),
        traffic("nas.example", is_local=True),
        traffic("--output-dir=/", "a b.example", "$(reboot).example", "x\x1b[2J.example", "-a.example"),
    ],
)
def test_who_is_no_back_end_or_no_host_name_is_not_proposed(fact: AnyFact) -> None:
    assert named_servers(holding(fact)) == ()


def talking(*peers: tuple[str, str, int]) -> TrafficProfile:
    """To an address, by a name or none, so many bytes that it answered."""
    talks = (Talk(peer=Peer(address=a, name=n), protocol="mqtt", bytes_received=b) for a, n, b in peers)
    return TrafficProfile(first=NOW, last=NOW, talks=tuple(talks))


def test_an_address_that_nobody_named_is_proposed_where_it_answered() -> None:
    silent, multicast = ("198.51.100.9", "", 0), ("239.1.1.1", "", 80)
    one = talking(("203.0.113.5", "", 80), ("203.0.113.6", "", 80), ("2001:db8::7", "", 9), silent, multicast)
    run = holding(one, talking(("203.0.113.6", "b.acme.example", 1), ("203.0.113.5", "", 3)))
    assert named_servers(run) == ("b.acme.example", "203.0.113.5", "2001:db8::7")
    asked = BackEnd(word="b.acme.example", name="b.acme.example", address="203.0.113.5", port=0)
    scope = msgspec.structs.replace(run.scope, backends=(asked,))
    assert named_servers(msgspec.structs.replace(run, scope=scope)) == ("2001:db8::7",)


def test_who_was_asked_already_is_not_proposed() -> None:
    asked = BackEnd(word="a.acme.example:8883", name="a.acme.example", address="203.0.113.5", port=8883)
    run = holding(image("a.acme.example"))
    assert named_servers(run) == ("a.acme.example",)
    scope = msgspec.structs.replace(run.scope, backends=(asked,))
    assert named_servers(msgspec.structs.replace(run, scope=scope)) == ()


def test_the_line_to_type_names_a_few_and_needs_a_scope_file() -> None:
    told = view(holding(image(*(f"{letter}.acme.example" for letter in "abcdef"))))
    (step,) = (step for step in told.steps if "--backend" in step.command)
    assert step.command.startswith("iotscan scan --backend a.acme.example --backend b.acme.example --backend c.acme")
    assert step.command.endswith("--scope FILE")
    assert "6 servers" in step.purpose
