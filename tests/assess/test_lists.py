"""Two lists of devices compared: who came, who was not seen, what differs; and nothing that nobody looked at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.comparing import compare
from iotscan.model.comparison import Comparison, Member, Shift
from iotscan.model.device import Device, Service
from iotscan.model.facts import Claim, PortSweep
from iotscan.model.identification import Identity, Trait
from iotscan.model.observation import Attempt, Observation
from iotscan.model.run import Run
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import AttemptStatus, Confidence
from tests.assess.comparisons import run_of
from tests.assess.making import at, device, seen
from tests.model.test_lasting import LOCAL, M1, M2, U1, dev

BOTH = {"arp": "", "mdns": ""}


def listing(*devices: Device, **more: Any) -> Run:
    return run_of(devices=devices, checks=(), **({"ways": BOTH, "command": "discover"} | more))


def swept(number: int, **ports: tuple[int, ...]) -> Observation:
    return seen(PortSweep(**ports), at("", f"d{number}", f"192.0.2.{number}"))


def by_what(told: Comparison) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member in told.members:
        found.setdefault(member.what, []).append(member.id)
    return found


def only(told: Comparison) -> Member:
    (member,) = told.members
    return member


def says(member: Member) -> list[tuple[str, str, str, str]]:
    return [(s.what, s.before, s.after, s.note) for s in member.shifts]


def test_who_came_and_who_was_not_seen() -> None:
    told = compare(listing(dev(1, M1), dev(2, M2)), listing(dev(2, M2), dev(3)))
    assert by_what(told) == {"kept": ["d2"], "added": ["d3"], "gone": ["d1"]}
    assert told.differs


@pytest.mark.parametrize(
    ("found_by", "more", "why"),
    [
        ((), {"status": "interrupted"}, "run did not end"),
        ((), {"scope": Scope(include=("192.0.2.128/25",))}, "192.0.2.1 is not in scope"),
        ((), {"scope": Scope(include=("192.0.2.0/24",), exclude=("192.0.2.1/32",))}, "192.0.2.1 is excluded"),
        ((), {"own": ("192.0.2.1",)}, "192.0.2.1 is the machine that looked"),
        ((), {"ways": {}}, "run does not say by which ways it looked"),
        ((), {"ways": {}, "command": "traffic"}, "run only listened, and who says nothing may be there"),
        (("answers ARP", "mdns"), {"ways": {"arp": ""}}, "mdns was not a way of looking"),
        (("answers ARP",), {"ways": {"connect": ""}}, "arp was not a way of looking"),
        (("answers ARP",), {"ways": {"arp": "Network is down", "mdns": ""}}, "arp fell short: Network is down"),
        (("answers ICMP echo",), {"ways": {"arp": "", "icmp": "no socket"}}, "icmp fell short: no socket"),
        (("answers on tcp/80 (open)",), {"ways": {"mdns": ""}}, "connect was not a way of looking"),
        (("answers ARP", "heard by nobody else"), {}, "heard by nobody else was not a way of looking"),
        (
            ("passive",),
            {"ways": BOTH | {"passive": ""}},
            "it was only heard speaking by itself, and may just have had nothing to say",
        ),
    ],
)
def test_silence_where_nobody_listened_is_no_absence(found_by: tuple[str, ...], more: dict[str, Any], why: str) -> None:
    before = listing(replace(dev(1, M1), found_by=found_by))
    member = only(compare(before, listing(**more)))
    assert (member.what, member.note) == ("not_looked_for", why)
    # The other way round it is no newcomer without a word: it may have been there all the time.
    member = only(compare(listing(**more), before))
    assert (member.what, member.note) == ("added", f"not looked for before: {why}")


@pytest.mark.parametrize(
    "found_by",
    [
        ("answers ARP", "mdns", "neighbour table"),
        ("answers on tcp/80 (open)", "answers ICMP echo"),
        ("netbios", "answers on tcp/80 (closed)"),
        ("passive", "answers ARP"),
    ],
)
def test_who_is_looked_for_by_every_way_that_found_it_is_not_seen(found_by: tuple[str, ...]) -> None:
    member = only(compare(listing(replace(dev(1, M1), found_by=found_by)), listing()))
    assert (member.what, member.note) == ("gone", "")


def test_a_port_that_showed_it_has_to_be_knocked_on_again() -> None:
    before = listing(replace(dev(1), found_by=("answers on tcp/8080 (open)",)))
    for ports, what in (((80,), "not_looked_for"), ((80, 8080), "gone")):
        after = listing(dev(2), seen=[swept(2, closed=ports)], ways={"connect": ""})
        assert [m.what for m in compare(before, after).members] == ["added", what]


def test_a_device_that_moved_is_the_same_by_what_it_proves_and_not_by_a_made_up_mac() -> None:
    moved = only(compare(listing(dev(1, M1)), listing(dev(9, M1))))
    assert (moved.what, moved.known_by, says(moved)) == (
        "kept",
        "mac",
        [("address", "192.0.2.1", "192.0.2.9", "")],
    )
    assert only(compare(listing(dev(1, uuid=U1)), listing(dev(9, uuid=U1)))).known_by == "uuid"
    assert by_what(compare(listing(dev(1, LOCAL)), listing(dev(9, LOCAL)))) == {"added": ["d9"], "gone": ["d1"]}


@pytest.mark.parametrize(("old", "new"), [(M1, ""), ("", M1), (LOCAL, ""), (LOCAL, M1), (LOCAL, "06:00:00:00:00:09")])
def test_at_one_address_it_is_the_same_unless_something_speaks_against_it(old: str, new: str) -> None:
    member = only(compare(listing(dev(1, old)), listing(dev(1, new))))
    assert (member.what, member.known_by) == ("kept", "address")
    assert says(member) == ([("mac", old, new, "")] if old and new else [])


def test_another_device_at_that_address_is_another() -> None:
    other = replace(dev(1, M2), id="other")
    assert by_what(compare(listing(dev(1, M1)), listing(other))) == {"added": ["other"], "gone": ["d1"]}
    # Another UUID, another host key: not the same, although neither shows a MAC address.
    other = replace(dev(1, uuid="7d6c1f1e-52a7-4d39-9a0b-3f1f5a8b6c42"), id="other")
    assert by_what(compare(listing(dev(1, uuid=U1)), listing(other))) == {"added": ["other"], "gone": ["d1"]}


def with_services(*names: str, **more: Any) -> Device:
    services = tuple(Service(transport=t, port=int(p), protocol=q) for t, p, q in (n.split("/") for n in names))
    return device("d1", "192.0.2.1", mac=M1, services=services, **more)


def test_services_that_came_went_and_changed() -> None:
    old = listing(
        with_services("tcp/22/ssh", "tcp/80/http", "tcp/443/https", "udp/161/snmp"),
        seen=[swept(1, open=(22, 80, 443), closed=(23,))],
    )
    lost = Attempt(subject=at("udp/161"), need="snmp-agent", status=AttemptStatus.TIMED_OUT)
    new = listing(
        with_services("tcp/23/telnet", "tcp/80/https", "tcp/8080/http"),
        seen=[swept(1, open=(23, 80, 8080), closed=(22,), filtered=(443,))],
        attempts=(lost,),
    )
    assert says(only(compare(old, new))) == [
        ("service", "tcp/22 ssh", "", "closed"),
        ("service", "", "tcp/23 telnet", ""),
        ("service", "tcp/80 http", "tcp/80 https", ""),
        ("service", "tcp/443 https", "", "no answer this time"),
        ("service", "", "tcp/8080 http", "not asked before"),
        ("service", "udp/161 snmp", "", "no answer this time"),
    ]


def test_a_service_that_nobody_asked_for_has_not_gone() -> None:
    old = listing(with_services("tcp/22/ssh", "udp/161/snmp"), seen=[swept(1, open=(22,))])
    new = listing(with_services(), seen=[swept(1, closed=(80,))])
    told = compare(old, new)
    assert says(only(told)) == []
    assert not told.differs


def named(*names: str, firmware: str = "", confidence: Confidence = Confidence.FIRM) -> Device:
    claims = tuple(Claim(what="name", value=n, how="mdns") for n in names)
    identity = Identity(firmware=Trait(value=firmware, confidence=confidence) if firmware else None)
    return device("d1", "192.0.2.1", mac=M1, claims=claims, identity=identity)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (named("hall"), named("kitchen"), [("name", "hall", "kitchen", "")]),
        (named("hall"), named(), []),
        (named("hall", "hall web"), named("hall"), []),
        (named(firmware="1.0"), named(firmware="1.1"), [("firmware", "1.0", "1.1", "")]),
        (named(firmware="1.0"), named(), []),
        (named(firmware="1.0"), named(firmware="1.1", confidence=Confidence.TENTATIVE), []),
    ],
)
def test_what_was_not_heard_has_not_changed(old: Device, new: Device, said: list[tuple[str, str, str, str]]) -> None:
    assert says(only(compare(listing(old), listing(new)))) == said


macs = st.sampled_from(["", M1, M2, LOCAL])
uuids = st.sampled_from(["", "", U1])
ports = st.lists(st.sampled_from([22, 80, 443]), max_size=3, unique=True)
lists = st.lists(st.tuples(st.integers(1, 5), macs, uuids, ports), max_size=4, unique_by=lambda d: d[0])


def drawn(rows: list[tuple[int, str, str, list[int]]]) -> Run:
    devices = [
        replace(dev(n, mac, uuid=uuid), services=tuple(Service(transport="tcp", port=p, protocol="x") for p in open_))
        for n, mac, uuid, open_ in rows
    ]
    closed = {n: tuple(p for p in (22, 80, 443) if p not in open_) for n, _, _, open_ in rows}
    return listing(*devices, seen=[swept(n, open=tuple(o), closed=closed[n]) for n, _, _, o in rows])


@given(lists)
def test_nothing_differs_from_itself(rows) -> None:
    told = compare(drawn(rows), drawn(rows))
    assert not told.differs
    assert {m.what for m in told.members} <= {"kept"}


@given(lists, lists)
def test_who_comes_one_way_goes_the_other(one, other) -> None:
    forth, back = compare(drawn(one), drawn(other)), compare(drawn(other), drawn(one))
    assert {m.id for m in forth.members_of("added")} == {m.id for m in back.members_of("gone")}
    assert {m.id for m in forth.members_of("gone")} == {m.id for m in back.members_of("added")}
    assert turned(forth) == {(s.what, s.after, s.before) for s in shifts_of(back)}


def shifts_of(told: Comparison) -> list[Shift]:
    return [s for m in told.members for s in m.shifts]


def turned(told: Comparison) -> set[tuple[str, str, str]]:
    return {(s.what, s.before, s.after) for s in shifts_of(told)}


@given(lists, lists, st.randoms())
def test_the_order_of_a_list_says_nothing(one, other, random) -> None:
    told = compare(drawn(one), drawn(other))
    for rows in (one, other):
        random.shuffle(rows)
    again = compare(drawn(one), drawn(other))
    assert sorted(map(repr, again.members)) == sorted(map(repr, told.members))
