"""Equipment that a stray byte can stop: asked in its own protocol alone, where the profile allows, and watched.

After a question of ours that stayed without an answer the device is looked for at a port that was open. Twice in vain,
and nothing more is asked of it at all: we may be the reason that it is silent.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from iotscan.model.device import Service
from iotscan.model.facts import AnyFact, PortSweep
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.heard import Heard
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.line import Line

STOPPED: Final = "the device did not answer any more after a question to its equipment: left alone"
_ALIVE_CHECKS: Final = 2


def not_allowed(kind: str) -> str:
    """Why a kind of equipment is not asked, and how to allow it."""
    return f"the profile does not allow {kind} equipment to be asked, as one does that says fragile: [{kind}]"


def own_services(places: Mapping[str, str]) -> Iterator[Service]:
    """The services of a table like :data:`~.ports.CONTROLLERS`: protocol -> ``tcp/502``."""
    for protocol, place in places.items():
        transport, _, port = place.partition("/")
        yield Service(transport="udp" if transport == "udp" else "tcp", port=int(port), protocol=protocol)


class AliveCheck:
    """Whether a device still answers after our questions to its equipment."""

    def __init__(self) -> None:
        self._is_doubtful = self._is_stopped = False

    def note(self, heard: Heard) -> None:
        """Take in how a question ended."""
        self._is_doubtful = any(gap.status is not AttemptStatus.ABSENT for gap in heard.missed)

    async def lets_on(self, line: Line, known: Iterable[tuple[str, AnyFact]]) -> bool:
        """False once the device was lost; looks for it only after a question without an answer."""
        if self._is_doubtful and not self._is_stopped:
            # Where no port was open there is nothing to look for it at, and nothing was lost that was there.
            opened = next((fact.open[0] for _, fact in known if isinstance(fact, PortSweep) and fact.open), 0)
            self._is_stopped = bool(opened) and not await _answers(line, opened)
            self._is_doubtful = False
            if self._is_stopped:
                line.give_up()
        return not self._is_stopped


async def _answers(line: Line, port: int) -> bool:
    for _ in range(_ALIVE_CHECKS):
        try:
            if await line.knock(port) != "filtered":
                return True
        except DialError:
            continue
    return False
