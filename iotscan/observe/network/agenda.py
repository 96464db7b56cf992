"""What a survey asks of every device, and of single addresses: ports, probes, grants."""

from collections.abc import Mapping
from typing import Any

import msgspec

from iotscan.model.device import Service
from iotscan.model.facts import kind_of
from iotscan.model.scope import Grants
from iotscan.observe.network.fragile import own_services
from iotscan.observe.network.ports import LIKELY
from iotscan.observe.network.probe import Probe


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """What a survey asks every device.

    ``tcp`` are the ports to knock on, ``expected`` the protocol a port suggests, ``udp`` the services
    to ask without a knock (protocol -> port).
    """

    tcp: tuple[int, ...]
    probes: tuple[Probe, ...]
    left_out: tuple[Probe, ...] = ()
    """Probes that no check of this run needs: noted as not tried, so that nobody reads absence into it later."""
    more_tcp: Mapping[str, tuple[int, ...]] = {}
    """Further ports of single addresses."""
    alone: Mapping[str, tuple[int, ...]] = {}
    """Addresses of which these ports alone may be asked, over TCP and UDP."""
    likely: tuple[int, ...] = LIKELY
    """The ports that are looked at first."""
    expected: Mapping[int, str] = {}
    udp: Mapping[str, int] = {}
    own: Mapping[str, str] = {}
    """Services asked in their own protocol alone, without a knock: protocol -> ``tcp/502``."""
    fragile: tuple[str, ...] = ()
    """The kinds of fragile equipment that the profile allows to be asked."""
    grants: Grants = Grants()
    tools: Mapping[str, Any] = {}

    def of_server(self) -> "Questions":
        """What a back end is asked: the same, and never the default logins of devices, whatever was granted."""
        return msgspec.structs.replace(self, grants=msgspec.structs.replace(self.grants, default_creds=False))

    def ports_of(self, address: str) -> tuple[int, ...]:
        """The ports to knock on at one address."""
        return self.alone.get(address) or tuple(dict.fromkeys((*self.tcp, *self.more_tcp.get(address, ()))))

    def datagrams_of(self, address: str) -> tuple[Service, ...]:
        """The services to ask over UDP at one address."""
        alone = self.alone.get(address)
        services = (Service(transport="udp", port=port, protocol=name) for name, port in self.udp.items())
        return tuple(s for s in services if alone is None or s.port in alone)

    def own_of(self, address: str) -> tuple[Service, ...]:
        """The services to ask in their own protocol alone at one address."""
        alone = self.alone.get(address)
        return tuple(s for s in own_services(self.own) if alone is None or s.port in alone)

    def not_granted(self, address: str) -> tuple[str, ...]:
        """The kinds of facts that only services would show that were not granted at an address."""
        if address not in self.alone:
            return ()
        asked = {s.protocol for s in (*self.datagrams_of(address), *self.own_of(address))}
        others = frozenset((*self.udp, *self.own)) - asked
        every = (*self.probes, *self.left_out)
        # A probe of one protocol may be that of the same thing over TCP; one of several is asked whatever was granted.
        shown = {kind_of(f) for p in every if p.speaks & asked or len(p.speaks - others) > 1 for f in p.gives}
        return tuple(sorted({kind_of(f) for p in every if p.speaks <= others for f in p.gives} - shown))

    def allows(self, probe: Probe) -> bool:
        """Whether the profile lets a probe ask the equipment that it is for."""
        return not probe.fragile or probe.fragile in self.fragile

    def kinds(self, transport: str) -> tuple[str, ...]:
        """The kinds of facts that probes of a transport may bring, those left out included."""
        udp = frozenset(self.udp)
        every = [p for p in (*self.probes, *self.left_out) if not p.fragile]
        probes = [p for p in every if bool(p.speaks & udp) == (transport == "udp")]
        return tuple(sorted({kind_of(f) for p in probes for f in p.gives}))
