"""Sweeps of the links this machine is on, through the raw helper: ARP for IPv4, solicitations and echoes for IPv6.

What the helper is not there for, or did not come to, is handed back, to be found by connecting.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network

from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.scope import Address, holds
from iotscan.model.text import safe_text
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import MANY, Found
from iotscan.observe.network.discovery.icmp import SOURCES_LIMIT, echo_to_all
from iotscan.observe.network.echo_call import ALL_NODES
from iotscan.observe.network.failures import OutOfScope
from iotscan.observe.network.helper.client import RATE, ROUNDS, WAIT, Kind, RawHelper, Seen, Swept
from iotscan.observe.network.helper.program import Unavailable

BLOCK = 16384
"""Addresses of one request to the helper: each asks the scope's window and the audit log anew."""
BLOCK_OF_ONE = 256
"""Addresses of one MAC beyond :data:`MANY` that are heard of all the same: as many as would be asked themselves."""
_SHOWN = 4
_SLACK = 10.0
_HOW = {"arp": "answers ARP", "ndp": "answers neighbour solicitation", "echo-all": "answers echo to all nodes"}
Tell = Callable[[str], None]
"""Says to the reader of the run what was asked, or why it was not."""


def on_links(addresses: Iterable[str], links: Sequence[Attached]) -> dict[Attached, list[str]]:
    """The addresses that are on a link, by the link, in order."""
    networks = [(ip_network(link.network), link) for link in links]
    found: dict[Attached, list[str]] = {}
    for word in addresses:
        address = ip_address(word)
        for network, link in networks:
            if holds((network,), address) and word != link.address:
                found.setdefault(link, []).append(word)
                break
    return found


async def sweep_link(
    dialer: Dialer,
    helper: RawHelper,
    link: Attached,
    addresses: Sequence[str],
    found: MemoryObjectSendStream[Found],
    tell: Tell,
    *,
    linger: float = WAIT,
) -> list[str]:
    """Ask each address on the link; report who answers, as they do. The addresses that could not be asked.

    ``linger`` is how long late answers are waited for, in seconds, once all have been asked.
    """
    kind: Kind = "ndp" if ip_network(link.network).version == 6 else "arp"
    sweep = _Sweep(dialer, helper, link, kind, found)
    for start in range(0, len(addresses), BLOCK):
        block = [address for address in addresses[start : start + BLOCK] if dialer.allows(address)]
        if not block:
            continue
        try:
            swept = await sweep.run(block, wait=linger if start + BLOCK >= len(addresses) else WAIT)
            problem = f"ended early in round {swept.round + 1} at {swept.at}: {swept.problem}" if swept.problem else ""
        except (Unavailable, OutOfScope) as error:
            problem = f"not available from {block[0]} on: {error}" if start else str(error)
        if problem:
            dialer.outgoing.fell_short(kind, problem)
            tell(f"{sweep.summary()}; {problem}" if sweep.asked else f"{kind} sweep: {problem}")
            return [a for a in addresses[start:] if dialer.allows(a) and a not in sweep.answered]
    if sweep.asked:
        dialer.outgoing.fell_short(kind, sweep.unheard)
        tell(sweep.summary())
    return []


async def ask_all_nodes(
    dialer: Dialer,
    helper: RawHelper,
    link: Attached,
    found: MemoryObjectSendStream[Found],
    tell: Tell,
    *,
    ours: Sequence[str] = (),
) -> None:
    """Ask every IPv6 node of the link at once; report each that is in scope.

    Without the helper the kernel's own sockets ask, one for each of the addresses of ours in scope.
    """
    sweep = _Sweep(dialer, helper, link, "echo-all", found)
    try:
        swept = await sweep.run([ALL_NODES])
    except Unavailable as error:
        await echo_to_all(dialer, link.interface, ours, found, tell, f"without the helper ({error})")
        return
    except OutOfScope as error:
        tell(f"echo to all nodes on {link.interface}: {error}")
        return
    dialer.outgoing.fell_short("echo-all", swept.problem or sweep.unheard)
    tell(sweep.summary() + (f"; ended early: {swept.problem}" if swept.problem else ""))


class _Sweep:
    """One kind of sweep of one link, in as many requests as it takes, and what it came to."""

    def __init__(
        self, dialer: Dialer, helper: RawHelper, link: Attached, kind: Kind, found: MemoryObjectSendStream[Found]
    ) -> None:
        self._dialer, self._helper, self._link, self._kind, self._found = dialer, helper, link, kind, found
        self.answered: set[str] = set()
        self._macs: dict[str, str] = {}
        self._due: frozenset[str] = frozenset()
        self._owners: Counter[str] = Counter()
        self.asked = self._frames = self._strays = self._dropped = self._left_out = self._unsent = 0

    async def run(self, addresses: Sequence[str], *, wait: float = WAIT) -> Swept:
        """Ask these. Raises Unavailable, or OutOfScope once the scope's window has closed."""
        self._due = frozenset(addresses)
        outgoing = self._dialer.outgoing
        ranges = [] if self._kind == "echo-all" else [*ranges_of(addresses)]
        for first, last in ranges:
            many = (int(ip_address(last)) - int(ip_address(first)) + 1) * ROUNDS
            outgoing.note_sweep("arp" if self._kind == "arp" else "ndp", first, last, many)
        if not ranges:
            outgoing.note("multicast", ALL_NODES, "icmp", 0, frames=ROUNDS)
        seconds = min(2 * ROUNDS * len(addresses) / RATE + wait + _SLACK, outgoing.seconds_left())
        swept = await self._helper.sweep(
            self._kind, self._link.interface, ranges, self._heard, seconds=seconds, wait=wait
        )
        self.asked += _asked(addresses, swept)
        self._frames += swept.frames
        self._strays += swept.strays
        self._dropped += swept.dropped
        self._unsent += swept.unsent
        return swept

    async def _heard(self, seen: Seen) -> None:
        address = seen.address
        if ip_address(address).is_link_local and ":" in address:
            address = f"{address}%{self._link.interface}"
        if not self._dialer.allows(address) or (self._kind != "echo-all" and address not in self._due):
            self._strays += 1
            return
        if address in self.answered:
            if self._macs.get(address, seen.mac) != seen.mac:
                # Two answer for one address. More than two are no more news.
                del self._macs[address]
                await self._send(address, seen)
            return
        self._owners[seen.mac] += 1
        if self._kind == "echo-all" and not self._has_room(seen.mac):
            self._left_out += 1
            return
        self.answered.add(address)
        self._macs[address] = seen.mac
        if self._owners[seen.mac] <= MANY:
            # Of the further ones, which are hardly devices, the sum in the summary is enough.
            self._dialer.line(address).frames += seen.asked
        await self._send(address, seen)

    def _has_room(self, mac: str) -> bool:
        """Whether one more may be heard of a link whose size nobody knows: a MAC of very many takes no one's place."""
        return len(self.answered) < SOURCES_LIMIT and self._owners[mac] <= MANY + BLOCK_OF_ONE

    async def _send(self, address: str, seen: Seen) -> None:
        here = self._link.interface
        await self._found.send(Found(address=address, how=_HOW[self._kind], mac=seen.mac, link=here))

    @property
    def unheard(self) -> str:
        """Why who is not among those that answered may have; empty where nobody went unheard."""
        if self._left_out and len(self.answered) >= SOURCES_LIMIT:
            return f"more than {SOURCES_LIMIT:,} addresses answered"
        if self._unsent:
            return f"{self._unsent:,} questions could not be sent"
        return f"{self._dropped:,} answers were lost for lack of room" if self._dropped else ""

    def summary(self) -> str:
        """What was asked and came back, in words, with its cost."""
        answered = f"{len(self.answered)} answered"
        if self._kind == "echo-all":
            words = f"echo to all nodes on {self._link.interface}: {answered}, {self._frames} frames"
        else:
            each = self._frames / max(self.asked, 1)
            words = (
                f"{self._kind} sweep of {self._link.network} on {self._link.interface}: "
                f"{self.asked:,} addresses asked, {answered}, {self._frames:,} frames, {each:.1f} an address"
            )
        if self._strays:
            words += f"; {self._strays:,} answers in the name of addresses that were not asked were dropped"
        if self._left_out:
            words += f"; {self._left_out:,} more than are taken of one link, or of one MAC, are left out"
        for mac, count in self._owners.most_common(_SHOWN):
            if count >= MANY:
                words += f"; {safe_text(mac, 17)} answers for {count:,} addresses, as a proxy does"
        if self._dropped:
            words += f"; {self._dropped:,} answers were lost for lack of room"
        return words


def _asked(addresses: Sequence[str], swept: Swept) -> int:
    """How many were asked at all: where it ended in the first round, those before the one that it ended at."""
    if not swept.problem or swept.round:
        return len(addresses)
    end = ip_address(swept.at)
    # Before the first it says 0.0.0.0, also of a sweep of the other family.
    return sum(a.version == end.version and int(a) < int(end) for a in map(ip_address, addresses))


def ranges_of(addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Addresses in order as ranges, first and last, of those that follow one another."""
    first: Address | None = None
    last: Address | None = None
    for address in map(ip_address, addresses):
        if first is None or last is None or address.version != last.version or int(address) != int(last) + 1:
            if first is not None:
                yield str(first), str(last)
            first = address
        last = address
    if first is not None:
        yield str(first), str(last)
