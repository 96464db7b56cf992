"""What checks of captured traffic share: how to name a peer, when enough was seen, how to show it again. Pure.

What was not seen proves nothing by itself: a device may do tomorrow what it did not do while somebody captured. A
check of traffic passes only on what it saw, and only where it saw enough of it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeVar

from iotscan.assess.authoring import command, parameter
from iotscan.assess.captured import UNNAMED
from iotscan.assess.check import Policy
from iotscan.model.facts import Exposure, Talk, TrafficProfile
from iotscan.model.facts.traffic import Use
from iotscan.model.parameter import ParameterInfo

U = TypeVar("U", bound=Use)

SERVICES_OF_NETWORKS: Final = frozenset(
    (
        *("dns", "mdns", "llmnr", "netbios", "netbios-ns", "ntp", "dhcp", "dhcpv6"),
        *("ssdp", "ws-discovery", "stun", "icmp", "igmp", "arp"),
    )
)
"""Protocols by which a network runs: they carry names and times, not what the device has to say."""

ENOUGH: Final[dict[str, ParameterInfo]] = {
    "minutes": parameter(
        "integer", "In how many minutes a device must have been seen before it passes", default=10, unit="minutes"
    ),
    "conversations": parameter(
        "integer", "How many conversations must have been seen before a device passes", default=10
    ),
}
"""The parameters that :func:`too_little_seen` reads."""

_SHOWN: Final = 20
_NEAR: Final = 5.0
"""Seconds within which two captures of one conversation begin and end."""


def peer_name(use: Use) -> str:
    """Whom it is about: ``api.example (203.0.113.5)``; the address alone where nobody named it."""
    peer = use.peer
    return f"{peer.name} ({peer.address})" if peer.name and peer.address else peer.label or "somebody"


def peer_part(use: Use) -> str:
    """What tells it from the same with another peer, and stays from capture to capture: ``api.example tcp/443``."""
    return f"{use.peer.label} {use.transport}/{use.port}".strip() if use.transport else use.peer.label


def by_peer(uses: Iterable[U]) -> dict[str, list[U]]:
    """Those of one peer and port together, by :func:`peer_part`."""
    found: dict[str, list[U]] = {}
    for use in uses:
        found.setdefault(peer_part(use), []).append(use)
    return found


def may_be_one(a: Use, b: Use) -> bool:
    """Whether two uses could be the same conversations, caught before and behind a router that passes them on."""
    if (a.peer.address, a.port, a.count) != (b.peer.address, b.port, b.count):
        return False
    return _is_near(a.first, b.first) and _is_near(a.last, b.last)


def _is_near(a: datetime | None, b: datetime | None) -> bool:
    return a is None or b is None or abs((a - b).total_seconds()) < _NEAR


def list_some(words: Iterable[str], most: int = _SHOWN) -> str:
    """The first of them without doubles, and how many more there are."""
    every = list(dict.fromkeys(words))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def outbound(profile: TrafficProfile) -> tuple[Talk, ...]:
    """What the device said to servers beyond its network, without that by which the network itself runs."""
    return tuple(
        talk
        for talk in profile.talks
        if talk.is_outbound and talk.protocol not in SERVICES_OF_NETWORKS and (talk.bytes_sent or talk.bytes_received)
    )


def nameless(talks: Iterable[Talk]) -> tuple[Talk, ...]:
    """Those with an address that has no name in any of them, the first of each address."""
    every = tuple(talks)
    named = {talk.peer.address for talk in every if talk.peer.name}
    return tuple({t.peer.address: t for t in reversed(every) if t.peer.address not in named}.values())


def half_heard(talks: Iterable[Talk]) -> tuple[Talk, ...]:
    """Those in clear of which a part was not heard, so that what was not found in them may be there all the same.

    A snaplen, lost frames, a mirror port that shows one direction only.
    """
    clear = (t for t in talks if t.protection == "cleartext" and t.protocol not in SERVICES_OF_NETWORKS)
    return tuple(
        t for t in clear if t.bytes_missed or (t.transport == "tcp" and bool(t.bytes_sent) != bool(t.bytes_received))
    )


def without_visitors(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Those of which is known that they are somebody's: a server gives every visitor a session, and it is a secret only
    where a login at that server was seen.
    """
    every = tuple(exposures)
    logged_in = {(e.peer.address, e.port) for e in every if e.kind in ("password", "digest")}
    return tuple(e for e in every if e.kind != "session" or (e.peer.address, e.port) in logged_in)


def secrets_among(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Those by which somebody else can log in at once."""
    return tuple(
        e for e in without_visitors(exposures) if e.kind in ("password", "token", "session", "community", "private-key")
    )


def too_little_seen(profile: TrafficProfile, uses: Iterable[Use], policy: Policy) -> str:
    """Why what was seen is too little to speak well of a device; empty where it is enough.

    ``uses`` are the conversations that the question is about. The check must declare the parameters :data:`ENOUGH`.
    """
    minutes, conversations = policy.integer("minutes"), policy.integer("conversations")
    count = sum(use.count for use in uses)
    if profile.is_cut_off:
        return "it talked more than could be listed"
    if profile.minutes < minutes:
        return f"it was seen in {counted(profile.minutes, 'minute')}, and {minutes} are asked for"
    if count < conversations:
        return f"{counted(count, 'conversation')} seen, and {conversations} are asked for"
    return ""


def seen_in(profile: TrafficProfile, uses: Iterable[Use]) -> str:
    """How much a good word rests on: ``31 conversations in 12 minutes``."""
    count = sum(use.count for use in uses)
    return f"{counted(count, 'conversation')} in {counted(profile.minutes, 'minute')}"


def filter_traffic(use: Use) -> str:
    """A command that picks the conversations out of a capture; its name is put in where a run has one capture."""
    address = use.peer.address
    words = [f"{'ipv6' if ':' in address else 'ip'}.addr == {address}"] if address else []
    if use.transport in ("tcp", "udp") and use.port:
        words.append(f"{use.transport}.port == {use.port}")
    return command("tshark", "-r", UNNAMED, "-Y", " && ".join(words)) if words else ""


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 look``, ``2 looks``, ``3 queries`` (with ``plural``)."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
