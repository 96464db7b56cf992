"""Whether a password is that of a hash: the system's libcrypt, else libpass, else Python's own hashes.

Only fields that :func:`~iotscan.observe.image.passwords.field.read_field` matched whole come here. libcrypt is asked
through ``crypt_r`` (crypt(3)), which gives a hash that begins as the setting does, ``*0`` or NULL where it does not
know the scheme, and on old systems a DES hash of a setting it did not understand.
"""

import base64
import ctypes
import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from iotscan.model.vocabulary import Reason
from iotscan.observe.image.unreadable import INSTALL

_LIBRARIES: Final = ("libcrypt.so.1", "libcrypt.so.2")
_SCRATCH: Final = 256 * 1024
"""Bytes for ``struct crypt_data``: 32 KiB in libxcrypt, 128 KiB in glibc before 2.39."""
_CRYPT: Final = frozenset(
    {"des", "bsdi", "md5", "bcrypt", "sha256", "sha512", "yescrypt", "gost-yescrypt", "scrypt", "sunmd5", "sha1", "nt"}
)
_LIBPASS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "des": "des_crypt",
        "bsdi": "bsdi_crypt",
        "md5": "md5_crypt",
        "apr1": "apr_md5_crypt",
        "sha256": "sha256_crypt",
        "sha512": "sha512_crypt",
        "sunmd5": "sun_md5_crypt",
        "sha1": "sha1_crypt",
        "nt": "bsd_nthash",
    }
)
Verify = Callable[[str, str], bool]
"""(password, field) -> whether it fits. Raises ValueError where the library does not take the field after all."""


class Untestable(Exception):
    """No library here tests a scheme: ``reason`` says whether one could be installed."""

    def __init__(self, scheme: str) -> None:
        is_missing = scheme in _CRYPT or scheme in _LIBPASS
        self.reason = Reason.MISSING_TOOL if is_missing else Reason.NOT_OBSERVABLE
        cure = f": {INSTALL}, or libcrypt.so of libxcrypt" if is_missing else ""
        super().__init__(f"no library here tests {scheme} hashes{cure}")


class Hashing:
    """The libraries of this machine, looked for once."""

    def __init__(self, libraries: tuple[str, ...] = _LIBRARIES) -> None:
        self._crypt = _load(libraries)
        self._scratch = ctypes.create_string_buffer(_SCRATCH)

    def verifier(self, scheme: str, field: str) -> Verify:
        """What tests passwords against ``field``. Raises :class:`Untestable`."""
        if scheme in _OWN:
            return _OWN[scheme]
        if scheme == "argon2":
            return _argon2(field)
        if scheme in _CRYPT and self._hash("", field) is not None:
            return self._fits
        if scheme in _LIBPASS:
            try:
                from passlib import hash as schemes
            except ImportError:
                raise Untestable(scheme) from None
            verify: Verify = getattr(schemes, _LIBPASS[scheme]).verify
            return verify
        raise Untestable(scheme)

    def _fits(self, word: str, field: str) -> bool:
        made = self._hash(word, field)
        return made is not None and hmac.compare_digest(made, field.encode())

    def _hash(self, word: str, field: str) -> bytes | None:
        """The hash of ``word`` under the setting in ``field``; None where libcrypt does not know the scheme."""
        if self._crypt is None or "\0" in word or not field.isascii():
            return None
        ctypes.memset(self._scratch, 0, _SCRATCH)
        made = self._crypt(word.encode(), field.encode(), self._scratch)
        if made is None or made[:1] == b"*" or made[:3] != field.encode()[:3]:
            return None
        return bytes(made)


def _load(names: tuple[str, ...]) -> Callable[..., bytes | None] | None:
    for name in names:
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p)
        function.restype = ctypes.c_char_p
        return function
    return None


def _argon2(field: str) -> Verify:
    """argon2id alone (RFC 9106), where OpenSSL 3.2 and cryptography 45 are there."""
    try:
        from cryptography.exceptions import InvalidKey, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
    except ImportError:
        raise Untestable("argon2") from None
    if not field.startswith("$argon2id$v=19$") or not hasattr(Argon2id, "verify_phc_encoded"):
        raise Untestable("argon2")

    def verify(word: str, field: str) -> bool:
        try:
            Argon2id.verify_phc_encoded(word.encode(), field)
        except InvalidKey:
            return False
        except UnsupportedAlgorithm as error:
            raise ValueError("argon2 is not in this OpenSSL") from error
        return True

    return verify


def _mosquitto_sha512(word: str, field: str) -> bool:
    """``$6$salt$hash`` of mosquitto 1.6 and before: one SHA-512 over password and salt, in base64."""
    _, _, salt, digest = field.split("$")
    made = hashlib.sha512(word.encode() + base64.b64decode(salt)).digest()
    return hmac.compare_digest(made, base64.b64decode(digest))


def _pbkdf2_sha512(word: str, field: str) -> bool:
    """``$7$iterations$salt$hash`` of mosquitto 2: PBKDF2-HMAC-SHA512, in base64."""
    _, _, rounds, salt, digest = field.split("$")
    made = hashlib.pbkdf2_hmac("sha512", word.encode(), base64.b64decode(salt), int(rounds))
    return hmac.compare_digest(made, base64.b64decode(digest))


def _sha1(word: str, field: str) -> bool:
    """``{SHA}base64`` of htpasswd(1)."""
    made = hashlib.sha1(word.encode(), usedforsecurity=False).digest()
    return hmac.compare_digest(made, base64.b64decode(field[5:]))


def _salted_sha1(word: str, field: str) -> bool:
    """``{SSHA}base64(digest + salt)`` (RFC 2307 §5.3 and its well-known extension)."""
    raw = base64.b64decode(field[6:])
    made = hashlib.sha1(word.encode() + raw[20:], usedforsecurity=False).digest()
    return hmac.compare_digest(made, raw[:20])


def _digest(word: str, field: str) -> bool:
    """``user:realm:MD5`` of htdigest(1): MD5 over ``user:realm:password`` (RFC 7616 §3.4.2)."""
    who, _, digest = field.rpartition(":")
    made = hashlib.md5(f"{who}:{word}".encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(made, digest.lower())


def _plain(word: str, field: str) -> bool:
    return hmac.compare_digest(word.encode(), field.encode())


_OWN: Final[Mapping[str, Verify]] = MappingProxyType(
    {
        "mosquitto-sha512": _mosquitto_sha512,
        "pbkdf2-sha512": _pbkdf2_sha512,
        "unsalted-sha1": _sha1,
        "salted-sha1": _salted_sha1,
        "htdigest": _digest,
        "plain": _plain,
    }
)
