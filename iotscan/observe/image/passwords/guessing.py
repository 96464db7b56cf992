"""Well-known passwords tried on the hashes of an image, within a bound of processor time.

Speeds are those of ``reference/images-and-updates.md`` §3.5: 200 words cost 0.3 s on SHA-512, 4 s on yescrypt.
"""

import time
from collections.abc import Callable, Iterator

import msgspec

from iotscan.data.credential_records import load_records
from iotscan.model.answer import Answer
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.passwords.field import Field
from iotscan.observe.image.passwords.hashing import Hashing, Untestable, Verify

PER_HASH, IN_ALL = 1.2, 4.0
"""Seconds of processor time for one hash, and for all of an image."""
_SLOWEST = 0.5
"""Seconds for one try, by its setting: a slower one could not be stopped once it runs."""
CORE = ("admin", "root", "password", "1234", "12345", "123456", "default", "user", "toor", "changeme")
"""With the account's own name and the empty password: a verdict stands on at least these."""
_MORE = (
    "12345678", "123456789", "1111", "0000", "guest", "support", "pass", "test", "admin123", "admin1234", "root123",
    "qwerty", "abc123", "letmein", "secret", "system", "service", "super", "supervisor", "operator", "public",
    "private", "openwrt", "raspberry", "debian", "ubuntu", "linux", "yocto", "poky", "buildroot", "alpine", "gateway",
    "iot", "device", "ubnt", "xc3511", "vizxv", "anko", "juantech", "7ujMko0admin", "klv123", "Zte521", "hi3518",
    "jvbzd", "realtek", "dreambox", "xmhdipc", "oelinux123",
)  # fmt: skip
"""Defaults of systems and of device families, as the credential lists of botnets made them public (Mirai, 2016)."""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a hash is that of a well-known password, and how many were tried."""

    known: Answer[bool]
    tried: int = 0


class Guessing:
    """The tries on one image. ``clock`` gives processor seconds.

    The same hash of the same name, as in two slots of one device, is tried once.
    """

    def __init__(self, hashing: Hashing | None = None, clock: Callable[[], float] = time.thread_time) -> None:
        self._hashing = hashing or Hashing()
        self._clock = clock
        self._left = IN_ALL
        self._done: dict[tuple[str, str], Guess] = {}
        self._documented: tuple[tuple[str, str], ...] | None = None

    def guess(self, text: str, field: Field, name: str) -> Guess:
        """Try the well-known passwords on the password field ``text`` of the account ``name``."""
        if (text, name) not in self._done:
            self._done[text, name] = self._guess(text, field, name)
        return self._done[text, name]

    def _guess(self, text: str, field: Field, name: str) -> Guess:
        if field.scheme in ("locked", "empty"):
            return Guess(known=Answer.of(False))
        if field.is_damaged:
            return Guess(known=Answer.missing(Reason.UNREADABLE, f"its {field.scheme} hash is malformed"))
        if field.effort == float("inf"):
            return Guess(
                known=Answer.missing(Reason.NOT_OBSERVABLE, f"its {field.scheme} hash has a form we do not know")
            )
        if field.effort > _SLOWEST or self._left <= 0:
            return Guess(known=_too_slow(field))
        begun = self._clock()
        try:
            verify = self._hashing.verifier(field.scheme, text)
        except Untestable as error:
            return Guess(known=Answer.missing(error.reason, str(error)))
        finally:
            # To ask a library whether it knows a scheme is one try: thousands of accounts are minutes of it.
            self._left -= self._clock() - begun
        return self._try(verify, text, field, name)

    def _try(self, verify: Verify, text: str, field: Field, name: str) -> Guess:
        begun = self._clock()
        allowed = min(PER_HASH, max(0.0, self._left))
        tried = 0
        is_over = False
        try:
            for word in self._words(name):
                if self._clock() - begun > allowed:
                    is_over = True
                    break
                tried += 1
                if verify(word, text):
                    return Guess(known=Answer.of(True), tried=tried)
        except (ValueError, TypeError):
            return Guess(known=Answer.missing(Reason.UNREADABLE, f"its {field.scheme} hash is malformed"), tried=tried)
        finally:
            self._left = max(0.0, self._left - (self._clock() - begun))
        if is_over and tried <= len(CORE):
            return Guess(known=_too_slow(field), tried=tried)
        return Guess(known=Answer.of(False), tried=tried)

    def _words(self, name: str) -> Iterator[str]:
        """Each word once, the likeliest first."""
        given: set[str] = set()
        for word in self._ordered(name):
            if word not in given:
                given.add(word)
                yield word

    def _ordered(self, name: str) -> Iterator[str]:
        yield from (name, "")
        yield from CORE
        if self._documented is None:
            pairs = (pair for record in load_records() for pair in record.pairs)
            self._documented = tuple((pair.user, pair.password.reveal()) for pair in pairs)
        yield from (word for user, word in self._documented if user == name)
        yield from (f"{name}{tail}" for tail in ("123", "1234", "1", "pass"))
        yield from _MORE
        yield from (word for _, word in self._documented)


def _too_slow(field: Field) -> Answer[bool]:
    detail = f"its {field.scheme} hash is too slow to be compared with the commonest passwords in the time there is"
    return Answer.missing(Reason.NOT_OBSERVABLE, detail)
