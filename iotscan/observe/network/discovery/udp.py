"""Finding devices by datagrams: one harmless question to each of a few UDP ports. Needs no privilege.

For addresses that nothing else has shown to be there. A device that opens no TCP port may answer one of these, and
one that answers none may still refuse: an ICMP error of its own is a sign of life. Every question only reads, and
none is known to make a server answer with much; TFTP is not asked, as it knows nothing but reading and writing files.
"""

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Final

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.facts import Claim
from iotscan.model.scope import canonical
from iotscan.model.ways import UDP
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.failures import DialError, NoSocket, OutOfScope
from iotscan.observe.network.nudge import Nudged
from iotscan.observe.network.pace import Pacer
from iotscan.wire import bacnet, core_links, dns, mdns, netbios, ntp, snmp_engine, ssdp

BLOCK: Final = 512
"""Addresses asked at once: the kernel's neighbour table overflows near 1,000 and then loses answers."""
TRIES: Final = 2
RATE: Final = 250.0
"""Questions a second, each of which goes out twice at most: they all pass one router."""
BETWEEN: Final = 0.15
"""Seconds between two questions to one address."""
WAIT: Final = 0.7
"""Seconds in which an answer may come before a port is asked again, and after that."""
_ENUMERATION = ("_services._dns-sd._udp.local", 12)
"""Which types of services there are (RFC 6763 section 9): a PTR question."""

Read = Callable[[bytes, str], tuple[Claim, ...] | None]
"""What an answer of an address says of it; None where it is no answer to the question."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What one port is asked. ``fragile`` is the kind of equipment that a profile must allow to be asked."""

    name: str
    port: int
    payload: bytes
    read: Read
    fragile: str = ""


def questions(fragile: Collection[str] = ()) -> tuple[Question, ...]:
    """The questions of one sweep, those first that most devices answer; their numbers are known to nobody else."""
    number, long_number = secrets.randbelow(1 << 16), secrets.randbelow(1 << 31)
    token, time = secrets.token_bytes(4), secrets.token_bytes(8)

    every = (
        Question(
            name="SNMP engine",
            port=161,
            payload=snmp_engine.discovery(long_number),
            read=lambda packet, _: None if snmp_engine.read_engine(packet, long_number) is None else (),
        ),
        Question(
            name="mDNS",
            port=mdns.PORT,
            payload=mdns.query((_ENUMERATION,), wants_unicast=True),
            read=lambda packet, source: mdns.read_claims(packet, source) or None,
        ),
        Question(name="SSDP", port=ssdp.PORT, payload=ssdp.search(ssdp.ROOT), read=_read_ssdp),
        Question(
            name="CoAP",
            port=core_links.PORT,
            payload=core_links.request(number, token),
            read=lambda packet, _: core_links.read_links(packet, token),
        ),
        Question(
            name="NetBIOS",
            port=netbios.PORT,
            payload=netbios.node_status_query(number),
            read=lambda packet, _: netbios.read_node_status(packet, number),
        ),
        Question(
            name="DNS",
            port=53,
            payload=dns.version_query()[2:],
            read=lambda packet, _: () if dns.is_answer(bytes(2) + packet) else None,
        ),
        Question(
            name="NTP",
            port=ntp.PORT,
            payload=ntp.question(time),
            read=lambda packet, _: () if ntp.is_answer(packet, time) else None,
        ),
        Question(name="BACnet", port=bacnet.PORT, payload=bacnet.WHO_IS_ONE, read=_read_bacnet, fragile="industrial"),
    )
    return tuple(each for each in every if not each.fragile or each.fragile in fragile)


class UdpSweep:
    """Asks addresses, block after block, and counts what that took. Make one for one range."""

    def __init__(self, dialer: Dialer, found: MemoryObjectSendStream[Found], *, fragile: Collection[str] = ()) -> None:
        self._dialer, self._found = dialer, found
        self._questions = questions(fragile)
        self._pacer = Pacer(RATE)
        self._turn = anyio.Lock()
        self._asked = self._answered = self._sent = 0
        self._problem = ""

    async def ask(self, addresses: Sequence[str]) -> None:
        """Ask each; report who answers or refuses, as they do. One call after the other: it waits for its turn."""
        allowed = [a for a in addresses if self._dialer.allows(a) and not canonical(a).is_loopback]
        async with self._turn:
            for start in range(0, len(allowed), BLOCK):
                async with anyio.create_task_group() as group:
                    for address in allowed[start : start + BLOCK]:
                        group.start_soon(self._ask_one, address)
        self._dialer.outgoing.fell_short(UDP, self._problem)

    async def _ask_one(self, address: str) -> None:
        """Ask one question after the other, without waiting long for any; the first sign of life ends it."""
        line = self._dialer.passing(address)
        before = line.datagrams

        async def ask(question: Question) -> None:
            try:
                heard = await line.nudge(question.port, question.payload, seconds=WAIT, tries=TRIES)
            except DialError as error:
                self._problem = str(error) if isinstance(error, OutOfScope | NoSocket) else self._problem
                heard = "gone"
            if heard != "silent":
                group.cancel_scope.cancel()
                found = _found(address, question, heard)
                if found is not None:
                    told.append(found)

        told: list[Found] = []
        self._asked += 1
        try:
            async with anyio.create_task_group() as group:
                for question in self._questions:
                    if self._dialer.allows(address, question.port):
                        await self._pacer.turn()
                        group.start_soon(ask, question)
                        await anyio.sleep(BETWEEN)
        finally:
            self._sent += line.datagrams - before
        for found in told[:1]:
            self._dialer.line(address)  # it is kept from now on
            self._answered += 1
            await self._found.send(found)

    def summary(self) -> str:
        """What was asked and came back, in words, with its cost; empty where nobody was asked."""
        if not self._asked:
            return ""
        each = self._sent / self._asked
        names = ", ".join(f"udp/{q.port}" for q in self._questions)
        words = (
            f"UDP ({names}): {self._asked:,} addresses asked that nothing else had shown, "
            f"{self._answered} answered, {self._sent:,} datagrams, {each:.1f} an address"
        )
        return words + (f"; ended early ({self._problem})" if self._problem else "")


def _found(address: str, question: Question, heard: Nudged) -> Found | None:
    """The sign of life that an answer or a refusal is; None for anything else."""
    if isinstance(heard, bytes):
        claims = question.read(heard, address)
        what = "" if claims is None else f" ({question.name})"
        return Found(address=address, how=f"answers udp/{question.port}{what}", claims=claims or ())
    return Found(address=address, how=f"refuses udp/{question.port} by ICMP") if heard == "refused" else None


def _read_ssdp(packet: bytes, _: str) -> tuple[Claim, ...] | None:
    answer = ssdp.read_answer(packet)
    if answer is None:
        return None
    said = (("software", answer.server), ("uuid", ssdp.uuid_of(answer.unique_name)))
    return tuple(Claim(what=what, value=value, how="ssdp") for what, value in said if value)


def _read_bacnet(packet: bytes, source: str) -> tuple[Claim, ...] | None:
    answer = bacnet.read_answer(packet)
    return None if answer is None else answer.claims(source)
