"""What one conversation is to ask: a type of host key, a group, or both."""

from typing import Final

import msgspec

from iotscan.wire.ssh.exchange import GROUP_EXCHANGES, METHODS, Bounds
from iotscan.wire.ssh.kexinit import KexInit

MOST_CONVERSATIONS: Final = 8
_MOST_UNKNOWN: Final = 8
_CERTIFIED: Final = "-cert-v01@openssh.com"
_RSA: Final = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
FAMILIES: Final = {
    "Ed25519": ("ssh-ed25519",),
    "ECDSA P-256": ("ecdsa-sha2-nistp256",),
    "RSA": _RSA,
    "ECDSA P-384": ("ecdsa-sha2-nistp384",),
    "ECDSA P-521": ("ecdsa-sha2-nistp521",),
    "DSA": ("ssh-dss",),
    "Ed448": ("ssh-ed448",),
    "Ed25519 of a token": ("sk-ssh-ed25519@openssh.com",),
    "ECDSA of a token": ("sk-ecdsa-sha2-nistp256@openssh.com",),
}
"""Kinds of host key and the algorithms that show them; the last is the type of the key.

In this order: dropbear offers RSA without having such a key, and hangs up on whoever asks for it.
"""
SMALLEST: Final = Bounds(least=1024, wanted=1024, most=8192)
"""Which is the smallest group that it gives? A good server has one in these bounds."""
USUAL: Final = Bounds(least=2048, wanted=3072, most=8192)
"""Which group does a client of today get?"""
SMALL: Final = Bounds(least=1024, wanted=1024, most=1024)
"""Does it give a small group to whoever can do no other? A good server refuses, and mostly need not be asked."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One key exchange: a method, a kind of host key (empty: none) by one of its algorithms, a group in bounds."""

    method: str
    family: str = ""
    algorithms: tuple[str, ...] = ()
    bounds: Bounds | None = None


class Plan:
    """What is still to be asked of a server that offers this."""

    def __init__(self, offer: KexInit) -> None:
        offered = offer.host_key_algorithms
        self._plain = next((name for name in METHODS if name in offer.kex), "")
        self._grouped = next((name for name in GROUP_EXCHANGES if name in offer.kex), "")
        self._kinds = {family: _ways(names, offered) for family, names in FAMILIES.items()}
        self.families = [family for family, ways in self._kinds.items() if ways]
        self.bounds = [SMALLEST, USUAL, SMALL] if self._grouped else []
        self._smallest = 0
        known = {way for ways in self._kinds.values() for way in ways} | {n for f in FAMILIES.values() for n in f}
        if self._kinds["RSA"]:
            # Names of SSH.COM for other digests of the same key.
            known |= {name for name in offered if name.startswith("ssh-rsa-sha") and name.endswith("@ssh.com")}
        self.unknown = tuple(n for n in offered if n not in known and "-cert-v0" not in n)[:_MOST_UNKNOWN]

    @property
    def has_groups(self) -> bool:
        """Whether the server offers group exchange."""
        return bool(self._grouped)

    @property
    def has_exchange(self) -> bool:
        """Whether there is a key exchange that we can do."""
        return bool(self._plain or self._grouped)

    def next(self, *, is_first: bool) -> Question | None:
        """The next key exchange; the first in a fixed group, so that no odd group spoils it."""
        family = self.families[0] if self.families else ""
        # A refusal ends the conversation: what is likely to be refused takes no host key along.
        bounds = [b for b in self.bounds if not (family and b == SMALL)][:1]
        if self._plain and family and is_first:
            bounds = []
        if not (family or bounds) or not self.has_exchange:
            return None
        if not self._plain and not bounds:
            bounds = [USUAL]
        algorithms = self._kinds[family][:1] if family else ()
        method = self._grouped if bounds else self._plain
        return Question(method=method, family=family, algorithms=algorithms, bounds=bounds[0] if bounds else None)

    def shown(self, question: Question) -> None:
        """The host key came, or it is known that it does not."""
        self.families = [f for f in self.families if f != question.family]

    def not_shown(self, question: Question) -> bool:
        """The host key did not come. True where there is no other way to ask for it."""
        ways = self._kinds[question.family] = self._kinds[question.family][1:]
        if not ways:
            self.shown(question)
        return not ways

    def answered(self, bounds: Bounds, bits: int) -> None:
        """A group came, or 0 bits for a refusal.

        Who refuses the smallest, or gives a small one, need not be asked for it again; nor who gave groups of two
        sizes by what was wanted: then the smallest that it gave is the smallest that it has.
        """
        self.bounds = [b for b in self.bounds if b != bounds]
        if bounds == SMALLEST:
            self._smallest = bits
        if self._smallest < 2048 or (bounds == USUAL and bits > self._smallest):
            self.bounds = [b for b in self.bounds if b != SMALL]


def _ways(names: tuple[str, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    """How to ask for a key: by its certificate, which holds the key, and by itself."""
    stems = (name.removesuffix("@openssh.com") for name in names)
    certified = next((name for stem in stems if (name := stem + _CERTIFIED) in offered), "")
    itself = next((name for name in names if name in offered), "")
    return tuple(filter(None, (certified, itself)))
