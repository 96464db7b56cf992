"""The servers that images and captures of a run name, for a person to have them asked: nobody else does."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from iotscan.model.facts import Backends, Talk, TrafficProfile
from iotscan.model.run import Run

_HOST: Final = re.compile(r"(?!.*\.[0-9]+\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
"""What may stand in a line to copy: a host name with a domain, the last label no number (RFC 3696 section 2). Whoever
is heard chose the word.
"""
_OF_ALL: Final = ("time", "log")
_SERVICES: Final = ("dns", "dot", "doh", "doq", "ntp", "mdns", "dhcp")


def named_servers(run: Run) -> tuple[str, ...]:
    """Host names, those first that most devices and images name; then addresses that answered a device and that nobody
    named. Without those that this run asked already.
    """
    asked = {word for server in run.scope.backends for word in (server.name, server.address)}
    counts: dict[str, set[str]] = {}
    for host, owner in (*_named(run), *_nameless(run)):
        if (_is_address(host) or (_HOST.fullmatch(host) and len(host) <= 253)) and host not in asked:
            counts.setdefault(host, set()).add(owner)
    return tuple(sorted(counts, key=lambda host: (_is_address(host), -len(counts[host]), host)))


def _named(run: Run) -> Iterator[tuple[str, str]]:
    for observation in run.observations:
        fact, owner = observation.fact, observation.subject.owner
        if isinstance(fact, Backends):
            hosts = (b.host.lower() for b in fact.backends if b.kind not in _OF_ALL)
            yield from ((host, owner) for host in hosts if not _is_address(host))
        elif isinstance(fact, TrafficProfile):
            yield from ((talk.peer.name.lower().rstrip("."), owner) for talk in _outbound(fact))


def _nameless(run: Run) -> Iterator[tuple[str, str]]:
    seen = [(o.fact, o.subject.owner) for o in run.observations if isinstance(o.fact, TrafficProfile)]
    named = {talk.peer.address for fact, _ in seen for talk in fact.talks if talk.peer.name}
    for fact, owner in seen:
        # Who never answered may be nobody: a device that scans talks to thousands of them.
        answered = (talk.peer.address for talk in _outbound(fact) if talk.bytes_received)
        yield from ((address, owner) for address in answered if address not in named and _is_address(address))


def _outbound(fact: TrafficProfile) -> Iterator[Talk]:
    return (talk for talk in fact.talks if talk.is_outbound and talk.protocol not in _SERVICES)


def _is_address(word: str) -> bool:
    try:
        return not ip_address(word).is_multicast
    except ValueError:
        return False
