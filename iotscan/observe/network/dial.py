"""The one door to a socket.

Everything iotscan sends to a network goes through :class:`Dialer`: it takes IP addresses that the
scope allows, keeps the pace, the two clocks (a conversation, a device) and the byte caps, and hands
out ready connections. No probe opens a socket, resolves a name or follows a redirect by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal
from weakref import WeakValueDictionary

import anyio

from iotscan.model.scope import Scope, canonical, utc_now
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.echo_call import ALL_NODES, EchoCall, echo_call
from iotscan.observe.network.failures import (
    OutOfScope,
)
from iotscan.observe.network.group_call import GroupCall, group_call
from iotscan.observe.network.line import Line
from iotscan.observe.network.outgoing import Outgoing, SendLog
from iotscan.observe.network.room import room


class Dialer:
    """Hands out the :class:`Line` to each device that the scope allows.

    ``log`` is told of everything before it is sent; ``clock`` is the wall clock of the scope's window.
    """

    def __init__(self, scope: Scope, log: SendLog | None = None, clock: Callable[[], datetime] = utc_now) -> None:
        self.scope = scope
        self.outgoing = Outgoing(scope, log, clock)
        self._lines: dict[str, Line] = {}
        self._passing: WeakValueDictionary[str, Line] = WeakValueDictionary()
        self._sockets = anyio.Semaphore(room(scope.pace.open_at_once), fast_acquire=True)

    def allows(self, address: str, port: int = 0) -> bool:
        """Whether the scope lets us send anything to ``address``, and to ``port`` unless it is 0."""
        return self.outgoing.allows(address, port)

    def line(self, address: str) -> Line:
        """The one line to ``address``. Raises :class:`OutOfScope` before anything is sent."""
        if not self.allows(address):
            raise OutOfScope(f"{address} is not in scope")
        spelling = str(canonical(address))
        if spelling not in self._lines:
            self._lines[spelling] = self.passing(spelling)
        return self._lines[spelling]

    def passing(self, address: str) -> Line:
        """The one line to an address of a range, which is forgotten with its last user unless :meth:`line` is asked.

        Hardly anybody is at most addresses of a range, and a large one has very many. Raises :class:`OutOfScope`.
        """
        if not self.allows(address):
            raise OutOfScope(f"{address} is not in scope")
        spelling = str(canonical(address))
        found = self._lines.get(spelling) or self._passing.get(spelling)
        if found is None:
            found = self._passing[spelling] = Line(spelling, self.scope.pace, self._sockets, self.outgoing)
        return found

    @contextmanager
    def group(
        self, link: Attached, group: str, port: int, *, own_port: int = 0, joins: bool = False
    ) -> Iterator[GroupCall]:
        """A question to all on a link; see :func:`~.group_call.group_call`.

        Whoever hears answers must drop those from addresses that :meth:`allows` refuses.
        """

        def announce(payload: bytes, to: str) -> None:
            self.outgoing.note("multicast", to, "udp", port, payload)

        with group_call(link, group, port, announce, own_port=own_port, joins=joins) as call:
            yield call

    @contextmanager
    def echoes(self, version: Literal[4, 6], source: str = "") -> Iterator[EchoCall]:
        """ICMP echo to addresses in scope, over one IP version; see :mod:`~.echo_call`. Raises NoSocket.

        ``source`` is the address of ours that asks, the kernel's choice where it is empty.
        """

        def announce(address: str, payload: bytes) -> None:
            if address == ALL_NODES:
                self.outgoing.note("multicast", address, "icmp", 0, payload)
            else:
                self.line(address).announce_echo(payload)

        with echo_call(version, announce, source) as call:
            yield call
