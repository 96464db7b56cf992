"""How the tests of this folder ask."""

import anyio
import msgspec

from iotscan.model.facts import SshServer
from iotscan.model.run import Cost
from iotscan.model.scope import Pace
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.ssh import PROBE
from tests.observe.network.daemons import PACE, door

HASTY = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000, conversation_timeout=0.4)
"""For servers that do not answer: who waits for them waits in vain."""


def ask(port: int, *, pace: Pace = PACE, share: int = 1000) -> tuple[Heard, Cost]:
    """What the probe hears, and what it cost."""
    way = door(port, "ssh", pace=pace)
    heard = anyio.run(PROBE.ask, msgspec.structs.replace(way, share=share))
    return heard, way.line.cost()


def seen(port: int, *, pace: Pace = PACE, share: int = 1000) -> SshServer:
    """The fact of a server that answers."""
    return seen_at(port, pace=pace, share=share)[0]


def seen_at(port: int, *, pace: Pace = PACE, share: int = 1000) -> tuple[SshServer, Cost]:
    """The fact of a server that answers, and what it cost."""
    heard, cost = ask(port, pace=pace, share=share)
    assert heard.missed == ()
    (fact,) = heard.facts
    assert isinstance(fact, SshServer)
    return fact, cost


def miss(port: int, *, pace: Pace = PACE) -> tuple[AttemptStatus, Reason | None]:
    """Why there is no fact."""
    heard, _ = ask(port, pace=pace)
    assert heard.facts == ()
    (gap,) = heard.missed
    assert gap.need == "ssh-server"
    return gap.status, gap.reason
