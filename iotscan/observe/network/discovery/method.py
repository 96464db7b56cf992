"""What a discovery method is: a name, what it needs, what it gives, and how it asks."""

from collections.abc import Awaitable, Callable
from typing import Final, Literal

import msgspec
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.text import safe_text
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.group_call import GroupCall

REMARKS: Final = 8
"""Remarks that one method makes of one link; the others are counted."""


class Tally:
    """What a method sent to a link, what came back, and what of that calls for a remark."""

    def __init__(self) -> None:
        self.sent = self.bytes_sent = self.answers = self.strays = self.left_out = 0
        self.sources: set[str] = set()
        self.problem = ""
        self._remarks: dict[str, None] = {}

    def count(self, call: GroupCall) -> None:
        """Add what a call has sent."""
        self.sent += call.sent
        self.bytes_sent += call.bytes_sent

    def remark(self, text: str) -> None:
        """Note something that the reader must know of a device that answered."""
        self._remarks[safe_text(text, 300)] = None

    def stop(self, error: OSError | DialError) -> None:
        """Note why no more was asked: no route, a link that went down, a window that closed."""
        self.problem = (error.strerror if isinstance(error, OSError) else "") or str(error)

    def overflow(self, what: str) -> None:
        """Note that not all who answered were heard: that somebody is not among them says nothing of him."""
        self.problem = self.problem or f"more {what} than are listened to: who is not listed may be there"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was noted, the first few and how many more."""
        shown = tuple(self._remarks)[:REMARKS]
        more = len(self._remarks) - len(shown)
        return (*shown, f"{more} more of that kind") if more else shown

    def summary(self) -> str:
        """What was asked and came back, in a few words."""
        if self.problem and not self.sent:
            return f"not asked ({self.problem})"
        words = f"{self.sent} sent ({self.bytes_sent:,} bytes), {self.answers:,} answers of {len(self.sources):,}"
        if self.strays:
            words += f", {self.strays:,} in the name of addresses out of scope dropped"
        if self.left_out:
            words += f", {self.left_out:,} beyond our limits dropped"
        return words + (f", {self.problem}" if self.problem else "")


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One method at work on one link."""

    dialer: Dialer
    link: Attached
    found: MemoryObjectSendStream[Found]
    tally: Tally

    @property
    def is_six(self) -> bool:
        """Whether it asks over IPv6."""
        return ":" in self.link.address


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way to find devices by asking all on a link.

    ``families`` are the IP versions that it is spoken over. ``fragile`` names the kind of equipment that a profile
    must allow before it is asked, empty where anything may hear the question.
    """

    name: str
    gives: str
    ask: Callable[[Round], Awaitable[None]]
    families: tuple[Literal[4, 6], ...] = (4, 6)
    fragile: str = ""


class DeviceMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A question to one device that was found, which says what it is called. None where it said nothing."""

    name: str
    gives: str
    ask: Callable[[Dialer, str], Awaitable[Found | None]]
