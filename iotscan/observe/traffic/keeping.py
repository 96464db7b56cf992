"""What one party was seen to do: equal things are one, with how often and when. Bounded, whoever says how much."""

from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Final, TypeVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import Talk, UpdateContact
from iotscan.model.facts.traffic import Protection, Use
from iotscan.model.vocabulary import Reason
from iotscan.observe.traffic.conversation import Conversation, Item

EACH: Final = 512
"""Things of one kind that are kept of one party."""
ALL: Final = 120_000
"""Things that are kept of all parties together."""
LOOKS: Final = 256
"""Moments that are kept of one kind of update contact."""
ONE_LOOK: Final = 2_000_000_000
"""Nanoseconds within which a repetition is no look of its own."""
SECRETS: Final = 64
_NAMES: Final = 16
"""Names of one address: who serves for many has more."""
ALL_NAMES: Final = 500_000
"""Names of addresses that are kept of all parties together: a flood of answers costs half a kilobyte for each."""
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999."""
EVEN: Final = 3
"""So many times the median a time between looks may be, or a part of it, but for one in four: then it is a period."""
UNKNOWN_PERIOD: Final = Answer[int].missing(Reason.NOT_OBSERVABLE, "it takes three looks to tell a period")
_UNEVEN: Final = Answer[int].missing(Reason.NOT_OBSERVABLE, "the looks come at uneven times")
U = TypeVar("U", bound=Use)


class Allowance:
    """How much may still be kept of all parties together."""

    def __init__(self, things: int = ALL, *, names: int = ALL_NAMES) -> None:
        self.left = things
        self._names_left = names

    def take(self) -> bool:
        """Room for one more."""
        self.left -= 1
        return self.left >= 0

    def take_name(self) -> bool:
        """Room for one more name of an address."""
        self._names_left -= 1
        return self._names_left >= 0


class Times(msgspec.Struct):
    """How often and when something was seen."""

    first: int
    last: int
    count: int = 0
    sent: int = 0
    received: int = 0
    missed: int = 0
    biggest: int = 0
    is_proved: bool = False
    """It was seen which end is the server, and not only guessed by the ports."""
    looks: list[int] = []

    def take(self, first: int, last: int) -> None:
        """It was seen once more."""
        self.first, self.last = min(self.first, first), max(self.last, last)
        self.count += 1

    def join(self, other: "Times") -> None:
        """What another party of the same device did counts, too."""
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.count += other.count
        self.sent += other.sent
        self.received += other.received
        self.missed += other.missed
        self.biggest = max(self.biggest, other.biggest)
        self.is_proved = self.is_proved or other.is_proved
        self.looks = sorted((*self.looks, *other.looks))[:LOOKS]


class Totals(msgspec.Struct):
    """Payload in bytes by how it was protected, and packets, of all conversations, whether they are listed or not."""

    encrypted: int = 0
    cleartext: int = 0
    unknown: int = 0
    packets: int = 0

    def take(self, conversation: Conversation, protection: Protection) -> None:
        """One conversation is over."""
        size = conversation.bytes_up + conversation.bytes_down
        self.encrypted += size if protection == "encrypted" else 0
        self.cleartext += size if protection == "cleartext" else 0
        self.unknown += size if protection == "unknown" else 0
        self.packets += conversation.packets


class Keeping:
    """All that is kept of one party."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self.totals = Totals()
        self.uses: dict[type[Use], dict[Use, Times]] = {}
        """By kind: what was seen, without count and times."""
        self.cut: set[type[Use]] = set()
        """Kinds of which there was more than is kept."""
        self.secrets: dict[str, None] = {}
        self._names: dict[str, dict[str, int]] = {}
        """Addresses, and the names by which it asked for them, with when it last did."""

    def talk(self, talk: Talk, conversation: Conversation, *, is_client: bool) -> None:
        """A conversation is over."""
        self.totals.take(conversation, talk.protection)
        times = self._times(talk, conversation.first, conversation.last)
        if times is not None:
            up, down = conversation.bytes_up, conversation.bytes_down
            times.sent += up if is_client else down
            times.received += down if is_client else up
            times.missed += conversation.bytes_missed
            # The protocols of the link are told by the port, on which both ends may be.
            is_told = conversation.protocol == "unknown" != talk.protocol
            times.is_proved = times.is_proved or conversation.server_is_known or is_told

    def item(self, item: Item, at: int, size: int = 0) -> None:
        """Something was understood; ``size`` is what may differ from one time to the next."""
        times = self._times(item, at, at)
        if times is None:
            return
        times.biggest = max(times.biggest, size)
        if isinstance(item, UpdateContact) and len(times.looks) < LOOKS:
            times.looks.append(at)

    def hide(self, secrets: tuple[str, ...]) -> None:
        """These stand in nothing that is told of it."""
        for secret in secrets:
            if len(self.secrets) < SECRETS:
                self.secrets[secret] = None

    def name(self, address: str, name: str, at: int) -> None:
        """It asked for a name, and was told an address."""
        known = self._names.get(address, {})
        if name in known:
            known[name] = max(at, known[name])
        elif len(known) < _NAMES and (known or len(self._names) < 4 * EACH) and self._allowance.take_name():
            self._names.setdefault(address, known)[name] = at

    def named(self, address: str, at: int) -> str:
        """The name by which it last asked for an address before it was talked to at ``at``; empty where it never did.

        Of names that were asked for later only, the first.
        """
        known = self._names.get(address, {})
        before = [name for name, asked in known.items() if asked <= at]
        return max(before, key=lambda name: known[name], default=min(known, key=lambda name: known[name], default=""))

    def _times(self, use: Use, first: int, last: int) -> Times | None:
        known = self.uses.setdefault(type(use), {})
        times = known.get(use)
        if times is None:
            if len(known) >= EACH or not self._allowance.take():
                self.cut.add(type(use))
                return None
            times = known[use] = Times(first=first, last=last)
        times.take(first, last)
        return times


def moment(at: int) -> datetime:
    """Nanoseconds since 1970 as a moment in UTC, whatever a capture says."""
    seconds = min(max(at // 1_000_000_000, 0), _LATEST)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=at // 1000 % 1_000_000)


def period_of(looks: list[int]) -> Answer[int]:
    """The median of the seconds between looks that come evenly; what is said again at once is no look of its own."""
    kept: list[int] = []
    for at in sorted(looks):
        if not kept or at - kept[-1] > ONE_LOOK:
            kept.append(at)
    if len(kept) < 3:
        return UNKNOWN_PERIOD
    gaps = [later - earlier for earlier, later in pairwise(kept)]
    middle = median(gaps)
    uneven = sum(not middle <= EVEN * gap <= EVEN * EVEN * middle for gap in gaps)
    return _UNEVEN if uneven > len(gaps) // 4 else Answer.of(round(middle / 1_000_000_000))
