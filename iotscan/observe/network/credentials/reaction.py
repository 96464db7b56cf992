"""How a service reacted to one try, whatever the protocol."""

from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from iotscan.data.credential_records import Pair
from iotscan.data.credential_records import Protocol as Spoken

STRANGER: Final = "iotscan-"
"""How the made-up user of a negative control begins."""


def is_stranger(pair: Pair) -> bool:
    """Whether a pair is the negative control's: nobody can have it."""
    return pair.user.startswith(STRANGER)


class Sign(Enum):
    """What a reaction says of the credentials that were offered."""

    ACCEPTED = auto()
    REFUSED = auto()
    CLOSED = auto()
    """It hung up without a word after the credentials: a refusal only where a stranger gets the same."""
    UNGUARDED = auto()
    """It let the account in before it had heard the password."""
    LOCKED = auto()
    """It shows a sign of lock-out: nothing more may be tried."""
    UNCLEAR = auto()
    UNSUITED = auto()
    """There is no login here that we know how to try."""
    NO_LOGIN = auto()
    """It asks for no credentials where we looked; that does not prove that nothing is guarded."""


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """A sign, and the words for the report; never a password."""

    sign: Sign
    detail: str = ""
    by_contrast: bool = False
    """ACCEPTED only because others were answered differently: proved where a stranger is refused again."""


class Login(Protocol):
    """One service's way of taking credentials."""

    @property
    def protocol(self) -> Spoken:
        """What it speaks, in the words of a credential record."""
        ...

    @property
    def sole_account(self) -> str:
        """What its tries are counted under where it asks for no user; empty where the pair's user says it."""
        ...

    async def offer(self, pair: Pair | None) -> Reaction:
        """Offer a pair, or nothing for ``None`` (ACCEPTED then means open). Raises DialError."""
        ...


_LOCK_WORDS: Final = (
    "too many",
    "account locked",
    "account is locked",
    "account has been locked",
    "user locked",
    "user is locked",
    "locked out",
    "login locked",
    "temporarily locked",
    "temporarily blocked",
    "temporarily disabled",
    "has been blocked",
    "try again later",
    "try again in",
    "try again after",
    "retry after",
    "maximum number of",
)


def speaks_of_lockout(text: str) -> bool:
    """Whether a refusal speaks of a lock-out rather than of wrong credentials."""
    lowered = text.lower()
    return any(words in lowered for words in _LOCK_WORDS)
