"""Whether a run looked for a device at all. Pure.

Silence says something only where somebody listened: in scope, by every way that had found the device, to the end.
"""

from collections import defaultdict

from iotscan.model.device import Device
from iotscan.model.facts import PortSweep
from iotscan.model.run import Run
from iotscan.model.scope import Fence
from iotscan.model.vocabulary import AttemptStatus
from iotscan.model.ways import COVERED_BY, ICMP, PASSIVE, open_port, way_of

_SILENT = (AttemptStatus.TIMED_OUT, AttemptStatus.ABSENT)


class Looking:
    """What one run looked at: addresses, ways, ports."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._fence = Fence(run.scope)
        self._sweeps: dict[str, list[PortSweep]] = defaultdict(list)
        for observation in run.observations:
            if isinstance(observation.fact, PortSweep):
                self._sweeps[observation.subject.device].append(observation.fact)
        self._ports = {p for s in self._sweeps.values() for one in s for p in _asked(one)}
        self._unanswered = {
            (a.subject.device, a.subject.service) for a in run.attempts if a.subject.service and a.status in _SILENT
        }

    def missed(self, device: Device) -> str:
        """Why the run cannot say that ``device``, which another run saw, was not there; empty where it can."""
        if why := self.address_missed(*device.addresses):
            return why
        asked = tuple(word for word in device.found_by if way_of(word) != PASSIVE)
        return next((why for word in asked or device.found_by if (why := self._way_missed(word))), "")

    def address_missed(self, *addresses: str) -> str:
        """Why silence of an address says nothing; empty where it does."""
        if self._run.status != "complete":
            return f"{self._run.id} did not end"
        if self._run.command == "traffic":
            return f"{self._run.id} only listened, and who says nothing may be there"
        if not self._run.ways:
            return f"{self._run.id} does not say by which ways it looked"
        if ours := next((a for a in addresses if a in self._run.own), ""):
            return f"{ours} is the machine that looked"
        refused = ((a, self._fence.refusal(a)) for a in addresses)
        return next((f"{address} {why}" for address, why in refused if why), "")

    def _way_missed(self, found_by: str) -> str:
        way, ways = way_of(found_by), self._run.ways
        if not way:
            return ""
        if way == PASSIVE:
            return "it was only heard speaking by itself, and may just have had nothing to say"
        port = open_port(found_by)
        if port and self._ports and port not in self._ports and not {"arp", "ndp"} & ways.keys():
            return f"tcp/{port}, which it answered on, was not asked"
        covering = () if way == ICMP and ways.get(way) else COVERED_BY.get(way, ())
        if any(ways.get(w) == "" for w in (way, *covering)):
            return ""
        return f"{way} fell short: {ways[way]}" if way in ways else f"{way} was not a way of looking"

    def asked(self, device: str, service: str) -> bool:
        """Whether the run asked a device of its own for a service; where it does not say so, it did not."""
        if service.startswith("tcp/"):
            port = int(service.removeprefix("tcp/"))
            return any(port in _asked(sweep) for sweep in self._sweeps[device])
        return (device, service) in self._unanswered

    def is_closed(self, device: str, service: str) -> bool:
        """Whether every address of a device refused a port."""
        port, sweeps = service.removeprefix("tcp/"), self._sweeps[device]
        return service.startswith("tcp/") and bool(sweeps) and all(int(port) in s.closed for s in sweeps)


def _asked(sweep: PortSweep) -> set[int]:
    return {*sweep.open, *sweep.closed, *sweep.filtered}
