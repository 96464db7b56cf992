"""Finding devices by multicast DNS: which services there are, who has them, and what they say of themselves.

Three questions at most: everything at first; then, twice, what is still open of what was answered, with the answers
that need not come again, so that who slept or was not heard has two more chances.
"""

import errno
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Final

from iotscan.model.facts import Claim
from iotscan.observe.network.discovery.circle import Circle
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.group_call import SENDS, GroupCall
from iotscan.wire import mdns

LISTEN_SECONDS: Final = 0.7
"""After each question: who may have to wait for others answers within 120 ms (RFC 6762 §6), sleepers later."""
SHORT: Final = 8
"""Questions in one packet where the answer is cut at 512 bytes and repeats them (RFC 6762 §6.7)."""
LINK_RECORDS: Final = 65_536
"""Records kept of all senders on one link."""


async def ask_mdns(at_work: Round) -> None:
    """Ask the link for its DNS-SD services; report each answerer in scope, and its claims as they are borne out."""
    with ExitStack() as stack:
        call = _call(at_work, stack)
        try:
            await _Hearing(at_work).ask(call)
        finally:
            at_work.tally.count(call)


MDNS: Final = Method(
    name="mdns",
    gives="services, names, models, firmware versions and what stands behind bridges, by DNS-SD",
    ask=ask_mdns,
)


def _call(at_work: Round, stack: ExitStack) -> GroupCall:
    group = mdns.GROUP6 if at_work.is_six else mdns.GROUP
    open_group = partial(at_work.dialer.group, at_work.link, group, mdns.PORT)
    try:
        return stack.enter_context(open_group(own_port=mdns.PORT, joins=True))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        # From another port an answer comes to us alone, and is cut to what fits into one packet (RFC 6762 §6.7).
        at_work.tally.problem = "another program holds its port: answers are cut short"
        return stack.enter_context(open_group())


class _Hearing:
    """What all senders on one link have said so far."""

    def __init__(self, at_work: Round) -> None:
        self._round = at_work
        self._circle = Circle(at_work)
        self._senders: dict[str, mdns.Announcer] = {}
        self._told: dict[str, set[Claim]] = {}
        self._records = 0

    async def ask(self, call: GroupCall) -> None:
        """Ask and listen until there is nothing more to ask."""
        try:
            for turn in range(SENDS):
                is_short = call.here[1] != mdns.PORT
                await call.ask(self._short_question() if is_short else self._question(turn))
                # Only who speaks from the port of mDNS speaks mDNS (RFC 6762 §6).
                await self._circle.hear(call, LISTEN_SECONDS, self._take, port=mdns.PORT)
        except (DialError, OSError) as error:
            # What was heard before the link went down, or the window closed, is not lost.
            self._round.tally.stop(error)
        for source, sender in self._senders.items():
            await self._tell(source, sender, at_the_end=True)
            self._remark(source, sender)

    def _question(self, turn: int) -> bytes:
        """The next question: for everything again, and for what is still open."""
        if not turn:
            # The first answers may come to us alone: nobody else asked (RFC 6762 §5.4).
            return mdns.query(wants_unicast=True)
        still_open = (q for s in self._senders.values() for q in s.questions())
        questions = tuple(dict.fromkeys((*mdns.first_questions(), *still_open)))
        known = tuple(dict.fromkeys(k for s in self._senders.values() for k in s.known()))
        return mdns.query(questions, known)

    def _short_question(self) -> bytes:
        """One whose answer has room in 512 bytes, beside the question itself: types first, then what has them."""
        types = dict.fromkeys(kind for s in self._senders.values() for kind in s.types)
        questions = tuple(types) or mdns.first_questions()[:1]
        return mdns.query(questions[:SHORT])

    async def _take(self, packet: bytes, source: str) -> bool:
        sender = self._senders.get(source) or mdns.Announcer(source)
        before = sender.records
        if self._records >= LINK_RECORDS:
            self._round.tally.overflow("records come")
            return False
        if not sender.take(packet):
            return False
        self._records += sender.records - before
        is_new = source not in self._senders
        self._senders[source] = sender
        if is_new:
            self._told[source] = set()
            await self._round.found.send(Found(address=source, how="mdns"))
        await self._tell(source, sender)
        return True

    async def _tell(self, source: str, sender: mdns.Announcer, *, at_the_end: bool = False) -> None:
        claims = list(sender.claims(at_the_end=at_the_end))
        if at_the_end:
            claims += self._behind(sender)
        fresh = tuple(c for c in claims if c not in self._told[source])
        if fresh:
            self._told[source].update(fresh)
            await self._round.found.send(Found(address=source, how="mdns", claims=fresh))

    def _behind(self, sender: mdns.Announcer) -> list[Claim]:
        """What the sender announces for addresses that are not on this link: it stands between them and us."""
        return [
            Claim(what="child", value=f"{e.instance} ({e.kind}) at {e.addresses[0]}", how="mdns for another address")
            for e in sender.elsewhere()
            if not self._is_here(e)
        ][: mdns.CLAIM_LIMIT]

    def _is_here(self, other: mdns.Elsewhere) -> bool:
        link = ip_network(self._round.link.network)
        addresses = map(ip_address, other.addresses)
        return any(a.is_link_local or (a.version == link.version and a in link) for a in addresses)

    def _remark(self, source: str, sender: mdns.Announcer) -> None:
        others = [e for e in sender.elsewhere() if self._is_here(e)]
        if others:
            first = others[0]
            self._round.tally.remark(
                f"{source} announces services of other addresses here ({first.instance} at {first.addresses[0]}): "
                "no claim of theirs, nor of its own"
            )
        if sender.said_more:
            self._round.tally.remark(f"{source} announces more than {mdns.RECORD_LIMIT} records: the rest is not read")
