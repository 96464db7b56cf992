"""HMAC keys that anybody would try first, and which of them signs a token.

Nothing is sent: who has the token can try keys on it for as long as they like. This list is short on purpose. It shows
that a key is guessable, not that it is not.

Sources of the keys that are no mere words: the examples of RFC 7515 (appendix A.1) and of jwt.io; the manual of the
library jsonwebtoken (npm); settings as shipped of ThingsBoard (``security.jwt.tokenSigningKey``), ChirpStack
(``[api] secret``, ``jwt_secret`` of its Application Server) and EMQX 4 (``auth.jwt.secret``).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec

HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
"""RFC 7518 section 3.2."""
_LONGEST_WORD: Final = 256

_RFC_7515: Final = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
_KEYS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("the empty key", ("",)),
    (
        "the example key of jwt.io",
        (
            "your-256-bit-secret",
            "your-384-bit-secret",
            "your-512-bit-secret",
            "a-string-secret-at-least-256-bits-long",
            "a-valid-string-secret-that-is-at-least-384-bits-long",
            "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
        ),
    ),
    ("the example key of RFC 7515", (_RFC_7515,)),
    ("the example key of a library", ("shhhhh", "shhhhhhared-secret", "secretOrPrivateKey", "AllYourBase")),
    ("the key that ThingsBoard ships with", ("thingsboardDefaultSigningKey",)),
    ("the key that ChirpStack ships with", ("you-must-replace-this", "verysecret")),
    ("the key that EMQX ships with", ("emqxsecret",)),
    (
        "a common word",
        (
            *("secret", "Secret", "SECRET", "secretkey", "secret_key", "secret-key", "secret123", "mysecret"),
            *("my-secret", "my_secret", "mysecretkey", "my-secret-key", "supersecret", "super-secret", "super_secret"),
            *("topsecret", "jwt", "jwtsecret", "jwt_secret", "jwt-secret", "jwtkey", "token", "key", "private"),
            *("privatekey", "password", "passw0rd", "changeme", "change-me", "change_me", "default", "test", "testing"),
            *("example", "demo", "dev", "development", "admin", "root", "device", "iot", "mqtt", "gateway"),
            *("123", "1234", "12345", "123456", "12345678", "123456789", "1234567890", "qwerty", "letmein", "0"),
        ),
    ),
)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What an HMAC was made over, the HMAC, and with which algorithm (a name of HASHES)."""

    algorithm: str
    text: bytes
    signature: bytes


@lru_cache(maxsize=256)
def guess_key(signed: Signed, words: tuple[tuple[str, str], ...] = ()) -> str:
    """Which guessable key signs it, by what it is and never itself; empty where none of them does.

    ``words`` are further keys to try, each with what it is: names that stand in the token. An algorithm without HMAC
    has no such key. At most a few hundred HMACs are computed, and only once for a token that comes
    with every request of a device.
    """
    hashed = HASHES.get(signed.algorithm, "")
    if not hashed or len(signed.signature) != hashlib.new(hashed).digest_size:
        return ""
    further = ((meaning, key) for meaning, word in words if len(word) <= _LONGEST_WORD for key in _readings(word))
    keys = chain(_READY, further)
    return next((m for m, key in keys if hmac.digest(key, signed.text, hashed) == signed.signature), "")


def _readings(word: str) -> Iterator[bytes]:
    """As it stands, and as Base64: servers differ in how they take a key of their settings."""
    yield word.encode("utf-8", "surrogatepass")
    if len(word) >= 4 and word.isascii():
        try:
            yield base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return


_READY: Final = tuple((meaning, key) for meaning, several in _KEYS for word in several for key in _readings(word))
