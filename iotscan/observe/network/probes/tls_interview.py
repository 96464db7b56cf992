"""Asking one TLS server hello after hello, and what its answers prove.

A yes is a suite the server selected. A no is a refusal of everything that was offered, by an alert or
by closing, from a server that answers other hellos. Everything else stays open, with its reason.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import VERSIONS, Suite
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.hellos import PATIENCE, Said, over_stream
from iotscan.observe.network.probe import Door
from iotscan.wire.tls.alerts import CLOSE_NOTIFY, INTERNAL_ERROR, PROTOCOL_VERSION, REFUSALS, alert_name
from iotscan.wire.tls.answer import ServerAnswer
from iotscan.wire.tls.framing import ALERT, HANDSHAKE
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.suites import SUITES, CipherSuite, offer, suite_name

Wanted = Callable[[CipherSuite], bool]
_SILENCES = 2
_MANDATORY_13 = 0x1301
_OLD = VERSIONS[:-1]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one hello: a selection, a refusal, or neither and why.

    A refusal is ``is_doubtful`` when it may have another cause: a bare close, an internal error.
    """

    kind: Literal["selected", "refused", "open"]
    version: str = ""
    suite: int = 0
    answer: ServerAnswer | None = None
    is_doubtful: bool = False
    speaks_tls: bool = False
    speaks_other: bool = False
    """True only where words came, and were no TLS: a lost or flooded connection says nothing of that."""
    reason: Reason | None = None
    detail: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One hello and its reply; ``topic`` names a question that is not about a version or a group of suites."""

    version: str
    suites: tuple[int, ...]
    topic: str
    reply: Reply


class Interview:
    """The hellos that one server was sent, in order. All it knows follows from them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._ask = over_stream(door)
        self.asked: list[Asked] = []
        self._silences = 0
        self.hellos = 0
        """How many were sent: one connection each."""
        self.error: DialError | None = None
        """The first failure to have a conversation at all."""

    async def ask(self, version: str, suites: Sequence[int], *, topic: str = "", compression: bool = False) -> Reply:
        """Send one hello, unless the server has fallen silent, and note the reply."""
        if self._silences >= _SILENCES:
            reply = _open(Reason.TIMEOUT, "the server fell silent; not asked")
        else:
            reply = await self._exchange(version, tuple(suites), compression)
        self._silences = self._silences + 1 if reply.reason is Reason.TIMEOUT else 0
        self.asked.append(Asked(version=version, suites=tuple(suites), topic=topic, reply=reply))
        return reply

    async def _exchange(self, version: str, suites: tuple[int, ...], compression: bool) -> Reply:
        offered = Offer(versions=(version,), suites=suites, server_name=self._door.server_name, compression=compression)
        said = await self._ask(offered)
        if said.error is not None:
            self.error = self.error or said.error
            return _open(said.error.reason or Reason.UNREACHABLE, str(said.error))
        self.hellos += 1
        return _judge(said, version, suites)

    def selected(self) -> tuple[Suite, ...]:
        """Every suite that was selected, once, in order."""
        chosen = {(a.reply.version, a.reply.suite) for a in self._chosen()}
        return tuple(sorted(Suite(version=v, code=code, name=suite_name(code)) for v, code in chosen))

    def _chosen(self, version: str = "") -> list[Asked]:
        return [a for a in self.asked if a.reply.kind == "selected" and version in ("", a.reply.version)]

    def first(self, version: str, wanted: Wanted = lambda suite: True) -> Reply | None:
        """The first selection in a version of a suite that is wanted."""
        return next((a.reply for a in self._chosen(version) if wanted(SUITES[a.reply.suite])), None)

    def version(self, version: str) -> Answer[bool]:
        """Whether a version is accepted."""
        if self._chosen(version):
            return Answer.of(True)
        replies = [a.reply for a in self.asked if a.version == version and not a.topic]
        if version == "TLSv1.3" and self._hides_psk(replies):
            return Answer.missing(
                Reason.NOT_OBSERVABLE, "a pre-shared key in TLS 1.3 cannot be seen by those who do not hold it"
            )
        if any(reply.kind != "open" for reply in replies):
            return Answer.of(False)
        return _unanswered(replies)

    def _hides_psk(self, replies: Sequence[Reply]) -> bool:
        """True when only PSK was accepted before TLS 1.3, and 1.3 refused, but not the version itself."""
        refusals = [reply.answer for reply in replies if reply.kind == "refused"]
        by_version = any(answer is not None and answer.description == PROTOCOL_VERSION for answer in refusals)
        chosen = self._chosen()
        return bool(refusals and chosen) and not by_version and all(SUITES[a.reply.suite].is_psk for a in chosen)

    def about(self, topic: str) -> Reply | None:
        """The reply to the question with this topic, when it was asked."""
        return next((a.reply for a in self.asked if a.topic == topic), None)

    @property
    def best(self) -> str:
        """The newest version up to TLS 1.2 that is accepted, empty when there is none."""
        return next((v for v in reversed(_OLD) if self._chosen(v)), "")

    def accepts(self, wanted: Wanted) -> Answer[bool]:
        """Whether a suite of a group is accepted: in any version, or refused in the best one."""
        if any(wanted(SUITES[a.reply.suite]) for a in self._chosen()):
            return Answer.of(True)
        answers = [self.version(v) for v in VERSIONS if _matters(v, wanted) and VERSIONS.index(v) > self._floor]
        gap = next((answer for answer in answers if not answer.is_answered), None)
        if gap is not None:
            return gap
        for version in (self.best, "TLSv1.3"):
            group = set(offer(version, wanted)) if version and self._chosen(version) else set()
            replies = [a.reply for a in self.asked if a.version == version and group <= set(a.suites) and not a.topic]
            if group and not any(reply.kind == "refused" for reply in replies):
                return _unanswered([reply for reply in replies if reply.kind == "open"])
        return Answer.of(False)

    @property
    def _floor(self) -> int:
        return VERSIONS.index(self.best) if self.best else -1

    async def settle(self, *groups: Wanted) -> None:
        """Ask on, in the best version, until each group is accepted, refused or will not be answered."""
        best = self.best
        while best and (unsettled := tuple(g for g in groups if not self.accepts(g).is_answered)):
            reply = await self.ask(best, offer(best, any_of(*unsettled)))
            if reply.kind != "selected":
                return

    async def confirm(self) -> None:
        """Where the last refusals are doubtful, see that the server still answers; else take them back.

        A device that is out of connections closes just like one that says no.
        """
        last = max((i for i, a in enumerate(self.asked) if a.reply.kind == "selected"), default=-1)
        doubtful = [i for i, a in enumerate(self.asked) if i > last and a.reply.is_doubtful]
        if last < 0 or not doubtful:
            return
        known = self.asked[last]
        control = await self.ask(known.version, known.suites, topic="control")
        if control.kind != "selected":
            taken_back = _open(Reason.UNREADABLE, "closed the connection, and then answered nothing any more")
            for i in doubtful:
                self.asked[i] = msgspec.structs.replace(self.asked[i], reply=taken_back)


def _matters(version: str, wanted: Wanted) -> bool:
    """Whether not knowing a version leaves a group open; in TLS 1.3 the suites of RFC 9150 do not."""
    return wanted(SUITES[_MANDATORY_13]) if version == "TLSv1.3" else bool(offer(version, wanted))


def any_of(*groups: Wanted) -> Wanted:
    """The suites of any of these groups."""
    return lambda suite: any(wanted(suite) for wanted in groups)


def _unanswered(replies: Sequence[Reply]) -> Answer[bool]:
    reply = replies[-1] if replies else _open(Reason.NOT_OBSERVABLE, "not asked")
    return Answer.missing(reply.reason or Reason.UNREADABLE, reply.detail)


def _open(reason: Reason, detail: str, *, speaks_tls: bool = False) -> Reply:
    return Reply(kind="open", reason=reason, detail=detail, speaks_tls=speaks_tls)


def _judge(said: Said, version: str, suites: tuple[int, ...]) -> Reply:
    answer, data = said.flight.answer, said.start
    if answer is None and said.stop in ("closed", "reset"):
        return Reply(kind="refused", is_doubtful=True, detail="closed the connection")
    if answer is None:
        return _open(Reason.TIMEOUT, f"no answer to a {version} hello in {PATIENCE:g} s", speaks_tls=bool(data))
    if answer.kind == "not_tls":
        is_tls = data[0] in (ALERT, HANDSHAKE) and data[1:2] == b"\x03"
        detail = "answered with broken TLS" if is_tls else "answered in something other than TLS"
        return Reply(kind="open", reason=Reason.UNREADABLE, detail=detail, speaks_tls=is_tls, speaks_other=not is_tls)
    if answer.kind == "alert":
        name = alert_name(answer.description)
        if answer.description in REFUSALS:
            return Reply(kind="refused", answer=answer, detail=name, speaks_tls=True)
        if answer.description in (CLOSE_NOTIFY, INTERNAL_ERROR):
            # OpenSSL says internal_error where its security level leaves an old version no suite.
            return Reply(kind="refused", is_doubtful=True, answer=answer, detail=name, speaks_tls=True)
        return _open(Reason.UNREADABLE, f"answered a {version} hello with {name}", speaks_tls=True)
    return _judge_hello(answer, version, suites)


def _judge_hello(answer: ServerAnswer, version: str, suites: tuple[int, ...]) -> Reply:
    name = suite_name(answer.suite)
    if VERSIONS.index(answer.version) > VERSIONS.index(version):
        return _open(Reason.UNREADABLE, f"selected {answer.version}, which was not offered", speaks_tls=True)
    if answer.suite not in suites:
        return _open(Reason.UNREADABLE, f"selected {name}, which was not offered", speaks_tls=True)
    if not SUITES[answer.suite].fits(answer.version):
        return _open(Reason.UNREADABLE, f"selected {name}, which {answer.version} does not have", speaks_tls=True)
    return Reply(kind="selected", version=answer.version, suite=answer.suite, answer=answer, speaks_tls=True)
