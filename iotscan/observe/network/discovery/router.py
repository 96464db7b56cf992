"""Finding devices in the neighbour table of a router that was named with its community: SNMPv2c, read-only.

The community crosses the network in the clear, to that address and to nobody else. Whoever the router says it has met
and is in scope is a sighting; of the others only how many there are, and the first few, is told. What the router says
may be hours old: on links of ours, it counts once the address answers.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.data.communities import Router
from iotscan.observe.network.conversation import Datagram
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.failures import DialError, TimedOut
from iotscan.observe.network.outgoing import asking
from iotscan.wire.arp_table import TABLES, read_row
from iotscan.wire.snmp_walk import Bulk, Variable, Walk, get_bulk, read_bulk

HOW: Final = "neighbour table of a router"
PORT: Final = 161
ROWS: Final = 32
"""Rows asked for at once: they fit into one packet."""
QUESTIONS: Final = 100
"""Questions to one table: one of some 3,000 rows is read as a whole."""
NAMED: Final = 8
"""Neighbours out of scope that are named."""
_CAP: Final = 512 * 1024
_SECONDS: Final = 1.5
_TRIES: Final = 2
_IN_ONE_CONVERSATION: Final = 20
_ENDS: Final = {
    "goes on": "it has more rows than are read",
    "goes round": "its rows go round in a circle, the rest is not read",
    "refused": "it refused",
}


async def ask_router(
    dialer: Dialer,
    router: Router,
    found: MemoryObjectSendStream[Found],
    tell: Callable[[str], None],
    port: int = PORT,
) -> None:
    """Read the tables of one router; report its neighbours in scope. Raises no DialError."""
    reading = _Reading(dialer, router, port)
    problem = ""
    # A hash of what is sent could be searched for the community.
    with asking("discovery-router/1", with_secrets=True):
        try:
            for table in TABLES:
                await reading.walk(Walk(table, ROWS))
        except DialError as error:
            problem = str(error)
    outside: list[str] = []
    for address, mac in reading.neighbours.items():
        if not dialer.allows(address):
            outside.append(address)
            continue
        await found.send(Found(address=address, how=HOW, mac=mac))
    tell(_words(reading, len(reading.neighbours) - len(outside), outside, problem))


class _Reading:
    """What the tables of one router have told so far, and what that took."""

    def __init__(self, dialer: Dialer, router: Router, port: int) -> None:
        self._router, self._port = router, port
        self.address = router.address
        self.neighbours: dict[str, str] = {}
        """The MAC address of each."""
        self.sent = self.rows = 0
        self.remarks: dict[str, None] = {}
        self._line = dialer.line(router.address)

    async def walk(self, walk: Walk) -> None:
        """Read one table. Raises a DialError; what was read before it counts."""
        left = QUESTIONS
        while walk.state == "goes on" and left > 0:
            async with self._line.udp(self._port, cap=_CAP) as peer:
                for _ in range(min(_IN_ONE_CONVERSATION, left)):
                    left -= 1
                    self._keep(walk.take(await self._ask(peer, walk)))
                    if walk.state != "goes on":
                        break
        if walk.state != "ended":
            self.remarks[_ENDS[walk.state]] = None

    async def _ask(self, peer: Datagram, walk: Walk) -> Bulk:
        """The answer to the walk's next question, whatever else comes meanwhile. Raises a DialError."""
        number = secrets.randbelow(0x7FFFFFFF)
        community = self._router.community.reveal()
        question = get_bulk(community, number, walk.after, walk.rows)
        for _ in range(_TRIES):
            self.sent += 1
            await peer.send(question)
            with anyio.move_on_after(_SECONDS):
                while True:
                    said = read_bulk(await peer.receive(_SECONDS + 1), walk.rows)
                    if said is not None and (said.request_id, said.community) == (number, community.encode()):
                        return said
        raise TimedOut("no answer: another community, no SNMP, or not to us")

    def _keep(self, rows: Iterable[Variable]) -> None:
        for row in rows:
            self.rows += 1
            neighbour = read_row(row)
            if neighbour is not None:
                self.neighbours.setdefault(str(neighbour.address), neighbour.mac)


def _words(reading: _Reading, inside: int, outside: Sequence[str], problem: str) -> str:
    """What a router told, and what of it is not asked."""
    words = (
        f"neighbour table of {reading.address}: {reading.rows:,} rows, {inside:,} neighbours in scope, "
        f"{reading.sent:,} questions"
    )
    if outside:
        more = f" and {len(outside) - NAMED:,} more" if len(outside) > NAMED else ""
        words += f"; {len(outside):,} out of scope, not asked: {', '.join(outside[:NAMED])}{more}"
    return "; ".join((words, *reading.remarks, *((f"ended early ({problem})",) if problem else ())))
