"""What everything passes before it is sent: the fence, the window, the log.

The address and port are asked of the scope, the clock of its window, and then the send is written down.
Only then may it go. Whatever cannot be written down is not sent.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Protocol

from iotscan.model.audit import Send, SendKind, Transport
from iotscan.model.scope import Fence, Scope, utc_now
from iotscan.model.ways import way_of_send
from iotscan.observe.network.failures import OutOfScope


class SendLog(Protocol):
    """Where sends are written down; see ``iotscan.store.audit``."""

    def note(self, send: Send) -> None:
        """Write ``send`` down before it goes. Raises BadInput when that cannot be done: then it must not go."""
        ...


class NoLog:
    """Writes nothing down: for tests of what lies above."""

    def note(self, send: Send) -> None:
        """Forget it."""


_asking: ContextVar[tuple[str, bool]] = ContextVar("asking", default=("", False))


@contextmanager
def asking(probe: str, *, with_secrets: bool = False) -> Iterator[None]:
    """Say whose questions are sent within the block; ``with_secrets`` keeps their hashes out of the log."""
    token = _asking.set((probe, with_secrets))
    try:
        yield
    finally:
        _asking.reset(token)


class Outgoing:
    """Lets one thing after another out, or says why not. ``clock`` is the wall clock in UTC."""

    def __init__(self, scope: Scope, log: SendLog | None = None, clock: Callable[[], datetime] = utc_now) -> None:
        self._fence = Fence(scope)
        self._mandate = scope.mandate
        self._log = log or NoLog()
        self._clock = clock
        self._latest = clock()
        self._read_at = time.monotonic()
        self.is_closed = False
        """True once the window was found closed: everything since has been refused."""
        self.ways: dict[str, str] = {}
        """The ways of discovery that were used, and why each fell short."""

    def require(self, address: str, port: int = 0) -> None:
        """Raise :class:`OutOfScope` unless the scope allows this, now."""
        if refusal := self._fence.refusal(address, port):
            raise OutOfScope(f"{address} {refusal}")
        self.require_open()

    def require_open(self) -> None:
        """Raise :class:`OutOfScope` outside the scope's window."""
        closed = self._mandate.refusal_at(self._now()) if self._mandate else ""
        if closed:
            self.is_closed = True
            raise OutOfScope(closed)

    def _now(self) -> datetime:
        """The time: a clock that is put back while we send does not open a window again, nor hold it open."""
        read_at = time.monotonic()
        passed = timedelta(seconds=read_at - self._read_at)
        self._latest, self._read_at = max(self._clock(), self._latest + passed), read_at
        return self._latest

    def allows(self, address: str, port: int = 0) -> bool:
        """Whether the scope allows the address, and the port unless it is 0; the window aside."""
        return self._fence.allows(address, port)

    def note(
        self, kind: SendKind, address: str, transport: Transport, port: int, payload: bytes = b"", *, frames: int = 0
    ) -> None:
        """Let one thing out: returns when it may be sent. Raises OutOfScope, or what the log raises.

        ``frames`` is how many it may take at most, where the raw helper sends it.
        """
        if kind == "multicast":
            self.require_open()
        else:
            self.require(address, port)
        probe, is_secret = _asking.get()
        self._use(way_of_send(kind, transport, probe))
        self._log.note(
            Send(
                kind=kind,
                to=address,
                transport=transport,
                port=port,
                probe=probe,
                length=len(payload),
                sha256=hashlib.sha256(payload).hexdigest() if payload and not is_secret else "",
                frames=frames,
            )
        )

    def note_sweep(self, transport: Transport, first: str, last: str, frames: int) -> None:
        """Let a sweep out: all from ``first`` to ``last``, which are in scope, at most ``frames``. Raises as above."""
        self.require(first)
        self.require(last)
        probe, _ = _asking.get()
        self._use(way_of_send("sweep", transport, probe))
        to = first if first == last else f"{first}-{last}"
        self._log.note(Send(kind="sweep", to=to, transport=transport, port=0, probe=probe, frames=frames))

    def _use(self, way: str) -> None:
        if way:
            self.ways.setdefault(way, "")

    def fell_short(self, way: str, why: str) -> None:
        """Note why a way of discovery did not get to all that it was to ask; nothing without a reason."""
        if why and way in self.ways:
            self.ways[way] = why

    def not_available(self, way: str, why: str) -> None:
        """Note a way that there was somebody to ask by, and that could not be gone at all."""
        self._use(way)
        self.fell_short(way, why)

    def all_fell_short(self, why: str) -> None:
        """Note the same of each way that has no reason yet; nothing without a reason."""
        self.ways = {way: told or why for way, told in self.ways.items()}

    def note_program(self, address: str, port: int, argv: tuple[str, ...]) -> None:
        """Let a program of others connect to one port, once. Raises as above."""
        self.require(address, port)
        probe, _ = _asking.get()
        self._log.note(Send(kind="program", to=address, transport="tcp", port=port, probe=probe, argv=argv))

    def seconds_left(self) -> float:
        """Seconds until the scope's window closes; infinity without one."""
        if self._mandate is None:
            return float("inf")
        return (datetime.fromisoformat(self._mandate.not_after) - self._now()).total_seconds()
