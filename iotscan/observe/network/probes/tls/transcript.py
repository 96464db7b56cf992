"""The hellos that one server was sent and its replies, and what they prove.

A yes is something the server selected. A no is a refusal of everything that was offered, by an alert or by closing,
from a server that answers other hellos. Everything else stays open, with its reason.
"""

from collections.abc import Iterator, Sequence

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import Suite
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probes.tls.kinds import PRIMES, Wanted, matters, usual
from iotscan.observe.network.probes.tls.reply import Reply, unread
from iotscan.observe.network.probes.tls.way import Way
from iotscan.wire.tls import sslv2
from iotscan.wire.tls.alerts import PROTOCOL_VERSION
from iotscan.wire.tls.framing import stream_version
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.suites import SUITES, CipherSuite, suite_name

PLAIN, EXTRAS, TOGETHER, BOTH = "", "extras", "together", "both"
"""Topics of hellos that ask for versions: one by itself (and its suites); one with every extension besides; several old
ones in supported_versions; TLS 1.3 beside 1.2, which says only what is preferred."""
WEAK_GROUPS, HYBRID, WEAK_SIGNATURE, ALPN = "weak groups", "hybrid groups", "weak signature", "unknown ALPN"
AGAIN, FALLBACK, PREFERENCE, ORDER, CONTROL = "again", "fallback", "preference", "order", "control"
"""Topics of the questions beside those to versions and kinds of suites."""
ORDINARY = (PLAIN, EXTRAS, BOTH, AGAIN, ALPN, PREFERENCE, ORDER, CONTROL)
"""Topics of hellos with the usual groups and signatures: what one accepts, another must not refuse."""
_HIDDEN = "a pre-shared key in TLS 1.3 cannot be seen by those who do not hold it"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One hello and its reply.

    ``topic`` names a question that is not about a version or its suites: its refusal proves nothing of them.
    """

    question: str
    topic: str
    way: Way
    offer: Offer
    reply: Reply

    @property
    def version(self) -> str:
        """The newest version that was offered."""
        return self.offer.version


class Transcript:
    """All that was asked, in order. ``versions`` are those of the family, oldest first."""

    def __init__(self, versions: tuple[str, ...]) -> None:
        self.versions = versions
        self._asked: list[Asked] = []
        self.way = Way()
        """How this server wants to be asked: refusals of other ways are not believed."""
        # What follows from the replies so far: each question is chosen by it, over and over.
        self._selections: dict[str, list[Asked]] = {}
        self._refusals: dict[tuple[str, Way], tuple[Asked, ...]] = {}
        self._refused: dict[tuple[str, Way], frozenset[int]] = {}
        self._versions: dict[tuple[str, Way], Answer[bool]] = {}

    @property
    def asked(self) -> Sequence[Asked]:
        """Every hello, in order."""
        return self._asked

    def note(self, asked: Asked) -> None:
        """One more hello."""
        self._asked.append(asked)
        self._sort_in(asked)
        self._forget()

    def correct(self, asked: Asked, reply: Reply) -> None:
        """A reply that turned out to be another."""
        self._asked[self._asked.index(asked)] = msgspec.structs.replace(asked, reply=reply)
        self._selections.clear()
        for again in self._asked:
            self._sort_in(again)
        self._forget()

    def _sort_in(self, asked: Asked) -> None:
        version = asked.reply.version
        if version:
            self._selections.setdefault(version, []).append(asked)
        if version in self.versions:
            self._selections.setdefault("", []).append(asked)

    def _forget(self) -> None:
        self._refusals.clear()
        self._refused.clear()
        self._versions.clear()

    @property
    def newest(self) -> str:
        """TLS 1.3 or DTLS 1.3."""
        return self.versions[-1]

    @property
    def before(self) -> tuple[str, ...]:
        """The versions before the newest: those in which a server shows more than its hello. Oldest first."""
        return self.versions[:-1]

    def selections(self, version: str = "") -> Sequence[Asked]:
        """Every hello that was answered with a selection (in ``version``); SSLv2 stands apart."""
        return self._selections.get(version, ())

    def chosen(self, version: str = "") -> Iterator[CipherSuite]:
        """The suites that were selected."""
        return (SUITES[a.reply.suite] for a in self.selections(version))

    def selected(self) -> tuple[Suite, ...]:
        """Every suite that was selected, once, in order."""
        found = {(a.reply.version, a.reply.suite) for a in self.selections()}
        sslv2_kinds = {code for a in self.asked if a.reply.version == sslv2.VERSION for code in _kinds(a.reply)}
        old = [Suite(version=sslv2.VERSION, code=code, name=sslv2.KINDS[code]) for code in sslv2_kinds]
        return tuple(sorted([Suite(version=v, code=code, name=suite_name(code)) for v, code in found] + old))

    def first(self, version: str, wanted: Wanted = lambda suite: True) -> Reply | None:
        """The first selection in a version of a suite that is wanted."""
        return next((a.reply for a in self.selections(version) if wanted(SUITES[a.reply.suite])), None)

    def schemes(self) -> tuple[int, ...]:
        """The signature schemes that it signed its key exchange with, in order."""
        exchanges = (a.reply.flight.exchange for a in self.selections())
        return tuple(exchange.scheme for exchange in exchanges if exchange is not None and exchange.scheme)

    def about(self, topic: str) -> Reply | None:
        """The reply to the last question with this topic, when it was asked."""
        return next((a.reply for a in reversed(self.asked) if a.topic == topic), None)

    @property
    def best(self) -> str:
        """The newest version before TLS 1.3 that is accepted, empty when there is none."""
        return next((v for v in reversed(self.before) if self.selections(v)), "")

    @property
    def accepted(self) -> tuple[str, ...]:
        """The versions that were selected, newest first, without SSLv2."""
        return tuple(v for v in reversed(self.versions) if self.selections(v))

    def version(self, version: str) -> Answer[bool]:
        """Whether a version is accepted."""
        key = version, self.way
        if key not in self._versions:
            self._versions[key] = self._conclude(version)
        return self._versions[key]

    def _conclude(self, version: str) -> Answer[bool]:
        if any(a.reply.version == version for a in self.asked):
            return Answer.of(True)
        replies = [a.reply for a in self.asked if version in self._denied(a)]
        if version == self.newest and self._hides_psk(replies):
            return Answer.missing(Reason.NOT_OBSERVABLE, _HIDDEN)
        if replies:
            return Answer.of(False)
        return unanswered([a.reply for a in self.asked if version in a.offer.versions and a.reply.kind == "open"])

    def _denied(self, asked: Asked) -> tuple[str, ...]:
        """The versions that a reply says no to."""
        offered, reply = asked.offer.versions, asked.reply
        if reply.is_selected:
            return self._passed_over(asked)
        if reply.kind != "refused":
            return ()
        if asked.topic == PLAIN:
            return offered if self._believes(asked) else ()
        return offered if reply.alert == PROTOCOL_VERSION and asked.topic in (EXTRAS, TOGETHER) else ()

    def _passed_over(self, asked: Asked) -> tuple[str, ...]:
        """The versions that a server does not have, for it would have selected them: RFC 5246 appendix E.1."""
        offered, selected = asked.offer.versions, asked.reply.version
        if selected not in self.versions or asked.topic not in (PLAIN, EXTRAS, TOGETHER):
            return ()
        newer = self.versions[self.versions.index(selected) + 1 :]
        if asked.topic == TOGETHER:
            return tuple(v for v in newer if v in offered)
        return newer[: len(newer) - len(self.versions) + self.versions.index(asked.version) + 1]

    def _hides_psk(self, refusals: Sequence[Reply]) -> bool:
        """True when only PSK was accepted before TLS 1.3, and 1.3 refused, but not the version itself."""
        by_version = any(reply.alert == PROTOCOL_VERSION for reply in refusals)
        chosen = list(self.chosen())
        return bool(refusals and chosen) and not by_version and all(suite.is_psk for suite in chosen)

    def refused(self, version: str) -> frozenset[int]:
        """The suites that were refused in a version."""
        key = version, self.way
        if key not in self._refused:
            self._refused[key] = frozenset(code for a in self.refusals(version) for code in a.offer.suites)
        return self._refused[key]

    def refusals(self, version: str) -> tuple[Asked, ...]:
        """The hellos of one version whose suites were all refused."""
        key = version, self.way
        if key not in self._refusals:
            refusals = (a for a in self.asked if a.reply.kind == "refused" and a.topic == PLAIN and self._believes(a))
            self._refusals[key] = tuple(a for a in refusals if a.offer.versions == (version,))
        return self._refusals[key]

    def _believes(self, asked: Asked) -> bool:
        """Whether it was asked as this server wants to be, in what counted."""
        if asked.way == self.way:
            return True
        is_alike = msgspec.structs.replace(asked.way, has_primes=self.way.has_primes) == self.way
        return is_alike and not any(code in SUITES and PRIMES(SUITES[code]) for code in asked.offer.suites)

    def usual(self, version: str, wanted: Wanted) -> frozenset[int]:
        """The suites of a kind that a version has and that this server can be asked for."""
        codes = usual(version, wanted)
        return codes if self.way.has_primes else frozenset(c for c in codes if not PRIMES(SUITES[c]))

    def is_settled(self, version: str, wanted: Wanted) -> bool:
        """Whether a kind is accepted or refused in an accepted version."""
        return any(map(wanted, self.chosen(version))) or self.usual(version, wanted) <= self.refused(version)

    def accepts(self, wanted: Wanted) -> Answer[bool]:
        """Whether a suite of a kind is accepted in any version: a no needs it refused in every accepted one."""
        if any(map(wanted, self.chosen())):
            return Answer.of(True)
        for version in reversed(self.versions):
            answer = self.version(version)
            if not answer.is_answered and matters(version, wanted):
                return answer
            if answer.known and not self.is_settled(version, wanted):
                replies = [a.reply for a in self.asked if a.offer.versions == (version,) and a.topic == PLAIN]
                return unanswered([reply for reply in replies if reply.kind == "open"])
        return Answer.of(False)


def unanswered(replies: Sequence[Reply]) -> Answer[bool]:
    """Why a question is open, by the last reply to it."""
    reply = replies[-1] if replies else unread(Reason.NOT_OBSERVABLE, "not asked")
    return Answer.missing(reply.reason or Reason.UNREADABLE, reply.detail)


def is_13(version: str) -> bool:
    """True for TLS 1.3 and DTLS 1.3."""
    return stream_version(version) == "TLSv1.3"


def _kinds(reply: Reply) -> tuple[int, ...]:
    return reply.flight.answer.kinds if reply.flight.answer else ()
