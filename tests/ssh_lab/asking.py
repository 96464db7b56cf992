"""Our side: the probe asks a server of the lab as it asks any device, and the checks judge what it heard."""

from collections.abc import Mapping
from datetime import UTC, datetime

import anyio
import msgspec

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check, Policy
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import load_checks
from iotscan.model.device import Device
from iotscan.model.facts import SshServer
from iotscan.model.observation import observe
from iotscan.model.parameter import Value
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.observe.network.probes.ssh import PROBE
from tests.observe.network.daemons import HOST, door

AS_OF = datetime(2026, 11, 26, tzinfo=UTC)
FLEET = ("ssh-key-uniqueness", "ssh-key-age")
"""What compares devices, or looks twice, has nothing to compare here."""


def ask(port: int) -> SshServer:
    """What our probe learns; raises AssertionError where that is nothing."""
    heard = anyio.run(PROBE.ask, door(port, "ssh"))
    facts = [fact for fact in heard.facts if isinstance(fact, SshServer)]
    assert len(facts) == 1, f"nothing was learnt: {heard.missed}"
    return facts[0]


def judge(fact: SshServer, port: int, told: Mapping[str, Mapping[str, Value]] = {}) -> tuple[Result, ...]:
    """Every check that is about one SSH server; ``told`` is what a profile says to them."""
    device = Device(id=HOST, addresses=(HOST,))
    seen = observe(fact, Subject(device=HOST, address=HOST, service=f"tcp/{port}"), probe=PROBE.label)
    return assess(Evidence([device], [], [seen], [], AS_OF), judges(), policy=Policy(), values=told)


def judges() -> tuple[Check, ...]:
    """The checks whose question is about an SSH server as it shows itself."""
    return tuple(c for c in load_checks().checks if c.anchor.fact is SshServer and c.info.id not in FLEET)


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt from a server, and what follows."""

    fact: SshServer
    results: tuple[Result, ...]


def meet(port: int) -> Meeting:
    """Ask and judge."""
    fact = ask(port)
    return Meeting(fact=fact, results=judge(fact, port))
