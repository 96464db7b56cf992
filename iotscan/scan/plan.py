"""Which questions a scan asks: the checks say which facts they need, the probes which they give."""

from collections.abc import Iterable, Sequence

from iotscan.assess.check import Check
from iotscan.model.facts import (
    CoapResources,
    CoapServer,
    DnsServer,
    DtlsServer,
    Fact,
    HttpServer,
    NtpServer,
    QuicServer,
    SnmpAgent,
    SnmpEngine,
)
from iotscan.observe.network.opinion import asking
from iotscan.observe.network.probe import Probe
from iotscan.scan.request import Plan

INVENTORY: tuple[type[Fact], ...] = (
    HttpServer,
    SnmpAgent,
    SnmpEngine,
    CoapServer,
    CoapResources,
    DtlsServer,
    NtpServer,
    DnsServer,
    QuicServer,
)
"""Facts that tell a device's name, or what else it speaks: what an inventory asks for, checks or not."""


def needed_facts(checks: Iterable[Check]) -> frozenset[type[Fact]]:
    """Every fact type that a check needs."""
    return frozenset(need.fact for check in checks for need in check.needs)


def choose_probes(
    checks: Iterable[Check], probes: Sequence[Probe], also: Iterable[type[Fact]] = ()
) -> tuple[Probe, ...]:
    """The probes that give what the checks need (and ``also``), and those whose facts these build on."""
    wanted = {*needed_facts(checks), *also}
    while True:
        chosen = tuple(p for p in probes if wanted & set(p.gives))
        more = {fact for p in chosen for fact in p.wants} - wanted
        if not more:
            return chosen
        wanted |= more


def second_opinions(plan: Plan) -> tuple[Probe, ...]:
    """The questions that other programs ask where the user wished it: no check needs what they hold."""
    return (asking.PROBE,) if plan.nmap else ()
