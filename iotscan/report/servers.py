"""The servers that images and captures of a run name, for a person to have them asked: nobody else does."""

import re
from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import Backends, TrafficProfile
from iotscan.model.run import Run

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
"""What may stand in a line to copy: a host name with a domain, and no address. Whoever is heard chose the word."""
_OF_ALL: Final = ("time", "log")
_SERVICES: Final = ("dns", "dot", "doh", "doq", "ntp", "mdns", "dhcp")


def named_servers(run: Run) -> tuple[str, ...]:
    """Host names, those first that most devices and images name; without those that this run asked already."""
    asked = {server.name for server in run.scope.backends}
    counts: dict[str, set[str]] = {}
    for host, owner in _named(run):
        if _HOST.fullmatch(host) and len(host) <= 253 and host not in asked:
            counts.setdefault(host, set()).add(owner)
    return tuple(sorted(counts, key=lambda host: (-len(counts[host]), host)))


def _named(run: Run) -> Iterator[tuple[str, str]]:
    for observation in run.observations:
        fact, owner = observation.fact, observation.subject.owner
        if isinstance(fact, Backends):
            yield from ((b.host.lower(), owner) for b in fact.backends if b.kind not in _OF_ALL)
        elif isinstance(fact, TrafficProfile):
            talks = (t for t in fact.talks if t.is_outbound and t.protocol not in _SERVICES)
            yield from ((t.peer.name.lower().rstrip("."), owner) for t in talks)
