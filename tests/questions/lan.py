"""The LAN for questions: every topic's machines on one wire, each counting what it sees of the scanner."""

import os
from collections.abc import Mapping
from functools import partial

from tests.lan.devices import WATCH_SCANNER, Traffic
from tests.lan.network import Lan, Machine, poll
from tests.questions.host import Host, Place
from tests.questions.machines import load_machines
from tests.questions.truth import QuestionDevice, load_topics

PREFIX = "10.78.0"
SCANNER = f"{PREFIX}.2"
OUTSIDE = "10.78.1.9"
"""A machine on the same wire that no scan has business with."""

WATCH_DEVICE = f"""
table inet watch {{
    counter calls {{ }}
    counter seen {{ }}
    chain in {{
        type filter hook input priority -10;
        iifname eth0 tcp flags & (syn|ack) == syn counter name calls
        iifname eth0 ip saddr {SCANNER} pkttype host counter name seen
    }}
}}
"""
WATCH_OUTSIDE = f"""
table inet watch {{
    counter heard {{ }}
    chain in {{ type filter hook input priority 0; iifname eth0 ip daddr {OUTSIDE} counter name heard; }}
}}
"""
_WATCH_SCANNER = WATCH_SCANNER.replace("10.77.0.0/24", f"{PREFIX}.0/24")


def chosen() -> tuple[tuple[Host, QuestionDevice], ...]:
    """The machines of every topic, or of those that IOTSCAN_TOPICS names (``web,brokers``), with their truth."""
    machines, truth = load_machines(), load_topics()
    wanted = os.environ.get("IOTSCAN_TOPICS", "").split(",")
    topics = [t for t in truth if t in machines and (wanted == [""] or t in wanted)]
    known = {host.name: host for topic in topics for host in machines[topic]}
    return tuple((known[d.host], d) for topic in topics for d in truth[topic] if d.host in known)


def tools() -> dict[str, str]:
    """Commands that the machines need -> Debian package."""
    return {tool: package for host, _ in chosen() for tool, package in host.tools.items()}


class QuestionLan:
    """Puts every machine on the wire, starts its daemons, and knows what they have seen."""

    def __init__(self, lan: Lan) -> None:
        self._lan = lan
        self.machines = {"scanner": lan.join("scanner", SCANNER, mac="00:40:8c:00:00:02", routes=["default"])}
        self.machines["scanner"].nft(_WATCH_SCANNER)
        self.places: dict[str, tuple[Host, Place]] = {}
        for host, true in chosen():
            self._add(host, true)
        self._outside = lan.join("outside", OUTSIDE, mac="00:40:8c:00:03:09", routes=[f"{PREFIX}.0/24"])
        self._outside.nft(WATCH_OUTSIDE)
        for host, place in self.places.values():
            host.start(place)
        for name, (host, place) in self.places.items():
            poll(f"{name} is ready", partial(self._is_up, host, place))

    def _add(self, host: Host, true: QuestionDevice) -> None:
        machine = self._lan.join(true.host, *true.addresses, mac=true.hardware)
        machine.nft(WATCH_DEVICE)
        folder = self._lan.folder / true.host
        folder.mkdir()
        self.machines[true.host] = machine
        self.places[true.host] = (host, Place(machine=machine, true=true, folder=folder, scanner=self.scanner))

    @property
    def scanner(self) -> Machine:
        """The machine that scans."""
        return self.machines["scanner"]

    @staticmethod
    def _is_up(host: Host, place: Place) -> bool:
        complaint = place.machine.complaint()
        assert not complaint, complaint
        return host.is_ready(place)

    def place(self, name: str) -> Place:
        """Where a host stands."""
        return self.places[name][1]

    def forget_traffic(self) -> None:
        """Begin to count anew."""
        for machine in (*self.machines.values(), self._outside):
            machine.run("nft", "reset", "counters", "table", "inet", "watch", check=True)

    def traffic(self) -> Traffic:
        """What was counted since."""
        return Traffic(
            left=self.scanner.counted("left"),
            heard_outside=self._outside.counted("heard"),
            calls=self._counted("calls"),
            packets=self._counted("seen"),
        )

    def _counted(self, counter: str) -> dict[str, int]:
        return {host: self.machines[host].counted(counter) for host in self.places}

    def logins(self) -> dict[str, Mapping[str, int]]:
        """The log-in attempts that each host's own log shows so far."""
        return {name: dict(host.logins(place)) for name, (host, place) in self.places.items()}

    def harm(self) -> dict[str, str]:
        """What has happened to the machines that must not."""
        said = {name: host.harm(place) or place.machine.complaint() for name, (host, place) in self.places.items()}
        return {name: what for name, what in said.items() if what}
