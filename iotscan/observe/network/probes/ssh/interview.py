"""One SSH server, conversation by conversation.

One conversation holds one key exchange, and so shows one host key. What else there is to ask goes along with those: a
group of a size, and once the methods to log in. Servers keep out who comes too often (``MaxStartups`` and
``PerSourcePenalties`` of OpenSSH, five at a time of dropbear): each conversation is ended in order, and the first that
ends before the server has said who it is was the last.
"""

import secrets
from typing import Final

import msgspec

from iotscan.model.facts import GroupExchange
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.ssh.plan import FAMILIES, MOST_CONVERSATIONS, Plan, Question
from iotscan.observe.network.probes.ssh.session import Ended, Garbled, Methods, Session, Shown, TurnedAway
from iotscan.wire.ssh import primes, version_1
from iotscan.wire.ssh.identification import Identification
from iotscan.wire.ssh.kexinit import KexInit

_CAP: Final = 256 * 1024
Why = tuple[Reason, str]
"""Why something was not answered."""
NOT_WANTED: Final = (Reason.EXCLUDED, "the profile asks no SSH server for its ways to log in")


class Said(msgspec.Struct, kw_only=True):
    """All that a server said in an interview."""

    who: Identification
    offer: KexInit
    plan: Plan
    shown: list[Shown] = []
    unshown: dict[str, Why] = {}
    """Kinds of host key that were asked for in vain."""
    groups: list[GroupExchange] = []
    no_groups: Why | None = None
    methods: Methods | None = None
    no_methods: Why = (Reason.UNREADABLE, "no key exchange came to its end")
    stopped: Why | None = None
    banner: bytes = b""
    signature_algorithms: tuple[str, ...] = ()
    ssh1: version_1.Version1 | None = None


class Interview:
    """Asks one server; what it said is in :attr:`heard`."""

    heard: Said

    def __init__(self, door: Door) -> None:
        self._door = door
        self._left = min(door.share, MOST_CONVERSATIONS)
        self._has_begun = False
        self._asks_methods = door.line.pace.ssh_login_methods
        self._question: Question | None = None
        self._session: Session | None = None
        self._first: Session | None = None

    async def run(self) -> None:
        """All conversations. Raises DialError, Ended, Garbled and TurnedAway where not even a KEXINIT came."""
        await self._one()
        while self._goes_on:
            await self._one()
        if self.heard.who.protocol == b"1.99" and self._left > 0 and not self.heard.stopped:
            await self._ask_version_1()

    @property
    def _goes_on(self) -> bool:
        heard = self.heard
        if heard.stopped is None and self._left <= 0 and (heard.plan.families or heard.plan.bounds):
            heard.stopped = Reason.BUDGET, "the conversations for this service are used up"
        return heard.stopped is None and heard.plan.next(is_first=False) is not None

    async def _one(self) -> None:
        """One conversation; what goes wrong in it is noted, once there is a KEXINIT."""
        self._left -= 1
        self._question = self._session = None
        try:
            async with self._door.tcp(cap=_CAP) as connection:
                await self._converse(connection)
        except (Ended, PeerClosed) as error:
            self._note_end(error)
        except (Garbled, DialError) as error:
            self._note_failure(error)
        except TurnedAway as error:
            if not self._has_begun:
                raise
            self.heard.stopped = Reason.UNREACHABLE, f"it keeps us out by now: {error}"

    async def _converse(self, connection: Connection) -> None:
        session = self._session = Session(connection)
        who = await session.identify()
        if not who.speaks_2:
            nothing = KexInit(kex=(), host_key_algorithms=(), ciphers=(), macs=())
            self.heard, self._has_begun = Said(who=who, offer=nothing, plan=Plan(nothing)), True
            if who.protocol.startswith(b"1."):
                self.heard.ssh1 = await _read_version_1(connection, session.rest)
            return
        offer = await session.open(self._first)
        self._first = self._first or session
        if not self._has_begun:
            self.heard, self._has_begun = Said(who=who, offer=offer, plan=Plan(offer)), True
            if not self._asks_methods:
                self.heard.no_methods = NOT_WANTED
        question = self._question = self.heard.plan.next(is_first=self._asks_methods)
        if question is not None:
            await self._ask(session, question)
        await session.leave()

    async def _ask(self, session: Session, question: Question) -> None:
        shown = await session.exchange_keys(question.method, question.algorithms, question.bounds)
        self._note_group()
        if shown is None:
            return
        if shown.host_key.key.algorithm != FAMILIES[question.family][-1]:
            raise Garbled("it showed another type of host key than was asked for")
        self.heard.shown.append(shown)
        self.heard.plan.shown(question)
        self._question = None
        if self._asks_methods and shown.is_proved:
            self._asks_methods = False
            try:
                self.heard.methods = await session.ask_methods(f"iotscan-{secrets.token_hex(4)}")
            except (Ended, PeerClosed, Garbled) as error:
                self.heard.no_methods = Reason.UNREADABLE, str(error)
            self.heard.banner = session.banner
            self.heard.signature_algorithms = session.signature_algorithms

    def _note_group(self) -> bool:
        """Keep the group that this conversation brought. False where it is not over with its bounds."""
        question, group = self._question, self._session.group if self._session else None
        if question is None or question.bounds is None or group is None:
            return False
        flaw = primes.why_unfit(group.modulus, group.generator)
        if flaw:
            self.heard.no_groups = Reason.UNREADABLE, f"the group that it gave is none: {flaw}"
        self._keep_group(question, 0 if flaw else group.bits)
        return True

    def _keep_group(self, question: Question, bits: int) -> None:
        bounds = question.bounds
        if bounds is None or bounds not in self.heard.plan.bounds:
            return
        self.heard.plan.answered(bounds, bits)
        if self.heard.no_groups is None or bits:
            kept = GroupExchange(least=bounds.least, wanted=bounds.wanted, most=bounds.most, bits=bits)
            self.heard.groups.append(kept)

    def _note_end(self, error: Ended | PeerClosed) -> None:
        """It hung up: an answer to what was asked last, if anything was."""
        if not self._has_begun:
            raise error
        question = self._question
        if question is None:
            if self._session is None or not self._session.is_open:
                self.heard.stopped = Reason.UNREACHABLE, f"it keeps us out by now: {error}"
            return
        if self._note_group():
            self._note_unshown(question, error)
        elif question.bounds is not None:
            # It was the group that it did not want: the host key is asked for again.
            self._keep_group(question, 0)
        else:
            self._note_unshown(question, error)

    def _note_failure(self, error: Garbled | DialError) -> None:
        if not self._has_begun:
            raise error
        why = (error.reason if isinstance(error, DialError) else None) or Reason.UNREADABLE, str(error)
        if isinstance(error, DialError) or self._session is None or not self._session.is_open:
            self.heard.stopped = why
        question = self._question
        if question is None:
            if self.heard.methods is None and not self._asks_methods and self.heard.no_methods != NOT_WANTED:
                self.heard.no_methods = why
            return
        has_group = self._note_group()
        if question.bounds is not None and not has_group:
            self.heard.no_groups = why
            self.heard.plan.answered(question.bounds, 0)
        elif question.bounds is None:
            self._note_unshown(question, error, why)

    def _note_unshown(self, question: Question, error: Exception, why: Why | None = None) -> None:
        if question.family and self.heard.plan.not_shown(question):
            self.heard.unshown[question.family] = why or (Reason.UNREADABLE, str(error))

    async def _ask_version_1(self) -> None:
        """The keys that a server of both versions shows in version 1."""
        try:
            async with self._door.tcp(cap=_CAP) as connection:
                session = Session(connection)
                await session.identify()
                self.heard.ssh1 = await _read_version_1(connection, session.rest)
        except (Ended, Garbled, TurnedAway, DialError):
            return


async def _read_version_1(connection: Connection, data: bytes) -> version_1.Version1 | None:
    """The first packet of version 1; None where none comes."""
    try:
        await connection.send(version_1.IDENTIFICATION)
        while (whole := version_1.whole_length(data)) is not None and len(data) < whole:
            piece = await connection.receive(whole - len(data))
            if not piece:
                return None
            data += piece
    except PeerClosed:
        return None
    return version_1.read_public_keys(data)
