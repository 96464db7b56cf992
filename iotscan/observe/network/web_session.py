"""What one web service has answered so far: several probes ask it, and none asks again what another has heard.

Probes say ahead what they will ask (:attr:`~.probe.Probe.ahead`): a server that keeps a connection open is asked that
at once, in the conversation that is open anyway. Nothing is lost where it closes: each probe asks for itself then.
"""

import secrets
from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from iotscan.observe.network.failures import DialError, TimedOut
from iotscan.wire.http import HttpResponse

_KEPT: Final = 2 * 1024 * 1024
"""Bytes of bodies that are remembered of one service."""
_SILENCES: Final = 2
TELLS_NOTHING: Final = frozenset({200, 401, 403, 407})
"""Statuses of a path that nobody has after which a guess is not worth its packets."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One GET: its path, how many bytes of body are wanted, a byte range, whether a redirect is followed.

    ``is_guess`` where nothing but custom says that something stands there, and it is asked only if that is cheap.
    """

    path: str
    cap: int
    byte_range: str = ""
    follow: bool = False
    is_guess: bool = False


Reply = HttpResponse | DialError


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A GET that a probe will ask for: the audit log names who asks."""

    label: str
    ask: Ask


class WebSession:
    """The replies of one web service in one scan of a device, and what will be asked of it."""

    def __init__(self) -> None:
        self._replies: dict[tuple[str, str], tuple[int, Reply]] = {}
        self._planned: deque[Planned] = deque()
        self._size = 0
        self._control = secrets.token_hex(8)
        self.closes = False
        """The server was asked to keep a connection, and closed it with its answer."""
        self._silences: list[DialError] = []

    def control(self, folder: str = "/") -> str:
        """A path that nobody has and nobody can foresee: what it answers, 200 means on this host."""
        return f"{folder}{self._control}"

    def plan(self, several: Iterable[Planned]) -> None:
        """Add to what is asked when a connection stays open."""
        self._planned.extend(several)

    def plan_next(self, ask: Ask, label: str = "") -> None:
        """Ask this before all else that is planned."""
        self._planned.appendleft(Planned(label=label, ask=ask))

    @property
    def has_more(self) -> bool:
        """True while something is planned that was not asked."""
        while self._planned and self._is_settled(self._planned[0].ask):
            self._planned.popleft()
        return bool(self._planned)

    @property
    def planned_caps(self) -> int:
        """Bytes of bodies that what is planned may bring."""
        return sum(min(planned.ask.cap, _KEPT) for planned in self._planned)

    @property
    def planned_count(self) -> int:
        """GETs that are planned."""
        return len(self._planned)

    def next(self) -> Planned | None:
        """The next GET of the plan, which is taken off it; None at its end."""
        return self._planned.popleft() if self.has_more else None

    def give_up(self) -> None:
        """Forget the plan: each probe asks for itself."""
        self._planned.clear()

    def _is_settled(self, ask: Ask) -> bool:
        return self.known(ask) is not None or self.spares(ask)

    def spares(self, ask: Ask) -> bool:
        """True for a guess that would cost a conversation, or to which this host's answer means nothing."""
        nobody = self._replies.get((self.control(), ""), (0, None))[1]
        tells = not isinstance(nobody, HttpResponse) or nobody.status not in TELLS_NOTHING
        return ask.is_guess and (self.closes or not tells)

    @property
    def silence(self) -> DialError | None:
        """Why the service is asked nothing any more: it kept silent twice in a row; None while it answers."""
        return self._silences[-1] if len(self._silences) >= _SILENCES else None

    def note(self, error: DialError | None) -> None:
        """Note how a conversation ended: with an answer (None), or with an error, of which only silence counts."""
        if error is None:
            self._silences.clear()
        elif isinstance(error, TimedOut):
            self._silences.append(error)

    def keep(self, ask: Ask, reply: Reply) -> None:
        """Remember a reply, as long as there is room: else it is asked again by whoever wants it."""
        size = len(reply.body) if isinstance(reply, HttpResponse) else 0
        if self._size + size <= _KEPT:
            self._size += size
            self._replies[ask.path, ask.byte_range] = (ask.cap, reply)

    def known(self, ask: Ask) -> Reply | None:
        """The reply to this GET, redirects not followed, with no more of its body than is wanted; None if not asked."""
        cap, reply = self._replies.get((ask.path, ask.byte_range), (0, None))
        if not isinstance(reply, HttpResponse):
            return reply
        if len(reply.body) > ask.cap:
            return msgspec.structs.replace(reply, body=reply.body[: ask.cap], is_truncated=True)
        return None if reply.is_truncated and cap < ask.cap else reply
