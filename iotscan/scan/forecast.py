"""What a scan would send at most, told before it sends anything.

The limits are those that the dialer keeps: attempts of discovery and of the port sweep, conversations a
device sees, the clock of a device. A probe has no budget of its own: all share the device's.
"""

import math
from collections.abc import Mapping

import msgspec

from iotscan.assess.check import Check
from iotscan.model.facts import kind_of
from iotscan.model.scope import Fence, Scope
from iotscan.observe.network.discovery import icmp, udp
from iotscan.observe.network.discovery.connect import KNOCKS
from iotscan.observe.network.discovery.methods import METHODS
from iotscan.observe.network.helper.client import ROUNDS
from iotscan.observe.network.probes import all_probes
from iotscan.scan.back_ends import in_words
from iotscan.scan.listed import with_listed
from iotscan.scan.pipeline import DEVICES_AT_ONCE
from iotscan.scan.plan import INVENTORY, choose_probes, second_opinions
from iotscan.scan.request import Plan

KNOCKS_A_PORT = 2
"""A port that stays silent is asked once more."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A probe that would be asked: of which services, for which facts; ``grant`` is what it needs, if anything."""

    probe: str
    services: tuple[str, ...]
    facts: tuple[str, ...]
    grant: str = ""
    is_granted: bool = True


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a scan sends. A device is an address that answers; how many do, only the scan will tell.

    To find devices, ``frames_an_address`` are raw frames to each address on our links, ``echoes_an_address`` ICMP
    echoes to each beyond them, ``knocks_an_address`` connection attempts to each beyond them, and to each on them
    where no raw frames can be sent; ``datagrams_an_address`` go by UDP to each beyond them that stays silent.
    ``knocks_a_device`` are spent on the port sweep of one,
    ``conversations_a_device`` on all questions to it, datagrams among them. ``minutes`` is the longest that all
    devices take, were every address one.
    """

    engagement: str = ""
    addresses: tuple[str, ...]
    backends: tuple[str, ...] = ()
    """Servers that devices talk to: name, address, and the one port where that was granted alone."""
    resolver: str = ""
    """Who is asked what the DNS says of their names."""
    excluded: tuple[str, ...]
    tcp: tuple[int, ...]
    for_images: dict[str, tuple[int, ...]] = {}
    """Further ports of single addresses, from which images take their updates."""
    listed: dict[str, tuple[int, ...]] = {}
    """Further ports of single addresses, which a list says are open."""
    udp: dict[str, int]
    own: dict[str, str] = {}
    """Services of fragile equipment, each asked one thing in its own protocol where the profile allows."""
    multicast: tuple[str, ...]
    methods: tuple[str, ...] = ()
    """By which all on a link are asked at once, each at most three times."""
    questions: tuple[Question, ...]
    not_allowed: tuple[str, ...] = ()
    """Probes of fragile equipment that the profile does not let be asked."""
    left_out: tuple[str, ...]
    frames_an_address: int = 0
    echoes_an_address: int = 0
    datagrams_an_address: int = 0
    knocks_an_address: int
    knocks_a_device: int
    conversations_a_device: int
    connections_in_all: int
    minutes: int
    notices: tuple[str, ...] = ()


def forecast(
    scope: Scope,
    plan: Plan,
    checks: tuple[Check, ...],
    notices: tuple[str, ...] = (),
    for_images: Mapping[str, tuple[int, ...]] = {},
) -> Forecast:
    """What a scan of ``plan`` in ``scope`` for ``checks`` sends at most. Sends nothing."""
    every = all_probes()
    wanted = choose_probes(checks, every, INVENTORY)
    chosen = tuple(p for p in wanted if not p.fragile or p.fragile in plan.fragile)
    to_find = min(KNOCKS, len(plan.tcp))
    # On a link of ours, the port of LLMNR comes on top.
    listed = with_listed({}, Fence(scope), plan)
    both = with_listed(dict(for_images), Fence(scope), plan)
    # nmap knocks on each port once more by itself before it asks; the rest is among the conversations.
    most = len(plan.tcp) + max(map(len, both.values()), default=0)
    to_sweep = (KNOCKS_A_PORT + plan.nmap) * most + bool(plan.links)
    devices = len(plan.addresses)
    forbidden = tuple(n for o in scope.mandate.out_of_scope for n in o.networks) if scope.mandate else ()
    return Forecast(
        engagement=scope.mandate.engagement if scope.mandate else "",
        addresses=plan.addresses,
        backends=tuple(in_words(plan.backends)),
        # Of an address the DNS is asked nothing.
        resolver=plan.resolver if any(server.name != server.address for server in plan.backends) else "",
        excluded=tuple(dict.fromkeys((*scope.exclude, *forbidden))),
        tcp=plan.tcp,
        for_images=dict(for_images),
        listed=listed,
        udp=plan.udp,
        multicast=tuple(link.network for link in plan.links),
        methods=tuple(m.name for m in METHODS if not m.fragile or m.fragile in plan.fragile),
        questions=tuple(
            Question(
                probe=probe.label,
                services=tuple(sorted(probe.speaks)),
                facts=tuple(kind_of(fact) for fact in probe.gives),
                grant=probe.grant.replace("_", "-"),
                is_granted=not probe.grant or bool(getattr(scope.grants, probe.grant)),
            )
            for probe in sorted((*chosen, *second_opinions(plan)), key=lambda p: (p.stage, p.name))
        ),
        not_allowed=tuple(p.label for p in wanted if p not in chosen),
        own=plan.own_services if plan.fragile else {},
        left_out=tuple(p.label for p in every if p not in wanted),
        frames_an_address=ROUNDS if plan.attached else 0,
        echoes_an_address=icmp.ROUNDS,
        datagrams_an_address=udp.TRIES * len(udp.questions(plan.fragile)),
        knocks_an_address=to_find,
        knocks_a_device=to_sweep,
        conversations_a_device=scope.pace.connections,
        connections_in_all=devices * (to_find + to_sweep + scope.pace.connections),
        minutes=math.ceil(math.ceil(devices / DEVICES_AT_ONCE) * scope.pace.device_timeout / 60),
        notices=notices,
    )
