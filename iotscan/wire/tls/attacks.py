"""The bytes of three known attacks, and what answers to them mean. Only their least form: nothing is gained by it.

Source: RFC 6520 and CVE-2014-0160 (Heartbleed), CVE-2014-0224 (early ChangeCipherSpec), Böck, Somorovsky and Young,
"Return Of Bleichenbacher's Oracle Threat" (ROBOT; RFC 8017 section 7.2.1 for the right padding).
"""

from collections.abc import Iterator
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from iotscan.wire.tls import framing
from iotscan.wire.tls.alerts import alert_name
from iotscan.wire.tls.framing import message, record, vector, version_code

CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT = 20, 23, 24
_CLIENT_KEY_EXCHANGE = 16
_CLAIMED = 64
"""Bytes that a heartbeat says it holds; it holds one."""
_UNEXPECTED_MESSAGE, _BAD_RECORD_MAC, _DECRYPTION_FAILED = 10, 20, 21
_SECRET = bytes(range(1, 47))
"""The rest of every premaster secret: no byte of it is 0."""
_NOISE = bytes((7 * at + 3) % 255 + 1 for at in range(64))
"""In place of an encrypted Finished: whole blocks, and longer than any tag."""

Padding = Literal["right padding", "wrong first bytes", "zero in the wrong place", "no zero", "wrong version"]
PADDINGS: tuple[Padding, ...] = (
    "right padding",
    "wrong first bytes",
    "zero in the wrong place",
    "no zero",
    "wrong version",
)


def short_heartbeat(version: str) -> bytes:
    """A heartbeat that holds one byte and says that it holds 64, and after it a farewell.

    RFC 6520 section 4: it must be discarded silently. The farewell tells silence from a server that is gone.
    """
    body = b"\x01" + _CLAIMED.to_bytes(2, "big") + b"\x00"
    goodbye = record(framing.ALERT, version_code(version), b"\x01\x00")
    return record(HEARTBEAT, version_code(version), body) + goodbye


def is_leak(heard: bytes) -> bool:
    """True when a heartbeat came back that holds more than was sent."""
    return any(kind == HEARTBEAT and body[:1] == b"\x02" and len(body) > 20 for kind, body in records(heard))


def early_change(version: str) -> bytes:
    """A ChangeCipherSpec."""
    return record(CHANGE_CIPHER_SPEC, version_code(version), b"\x01")


def nonsense(version: str) -> bytes:
    """A record that only who believes to have keys tries to decrypt."""
    return record(framing.HANDSHAKE, version_code(version), _NOISE)


def was_decrypted(heard: bytes) -> bool | None:
    """Whether an answer to :func:`nonsense` says that it was decrypted; None for one that says neither."""
    said = first_alert(heard)
    if said in (_BAD_RECORD_MAC, _DECRYPTION_FAILED):
        return True
    return False if said is not None else None


def first_alert(heard: bytes) -> int | None:
    """The description of the first alert that is no farewell."""
    found = (body[1] for kind, body in records(heard) if kind == framing.ALERT and len(body) == 2)
    return next((description for description in found if description), None)


def rsa_key(der: bytes) -> tuple[int, int] | None:
    """Modulus and exponent of a certificate's key; None for any other key and for what cannot be read."""
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except Exception:
        return None
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    numbers = key.public_numbers()
    return numbers.n, numbers.e


def padded(padding: Padding, size: int, version: str) -> bytes:
    """A premaster secret in ``size`` bytes, padded as PKCS #1 v1.5 wants it, or wrong in one way."""
    code = version_code(version).to_bytes(2, "big")
    filling = bytes(at % 255 + 1 for at in range(size - 51))
    bodies: dict[Padding, bytes] = {
        "right padding": b"\x00\x02" + filling + b"\x00" + code + _SECRET,
        "wrong first bytes": b"\x41\x17" + filling + b"\x00" + code + _SECRET,
        "zero in the wrong place": b"\x00\x02" + filling + b"\x11" + _SECRET + b"\x00\x11",
        "no zero": b"\x00\x02" + filling + b"\x11\x11\x11" + _SECRET,
        "wrong version": b"\x00\x02" + filling + b"\x00\x02\x02" + _SECRET,
    }
    return bodies[padding]


def key_exchange(padding: Padding, key: tuple[int, int], version: str) -> bytes:
    """A client's second flight with an RSA key exchange whose padding is right or wrong, and whose Finished is noise.

    Raises ValueError for a key too short to hold a premaster secret.
    """
    modulus, exponent = key
    size = (modulus.bit_length() + 7) // 8
    if size < 64:
        raise ValueError("an RSA key of less than 512 bits")
    secret = int.from_bytes(padded(padding, size, version), "big")
    # Two of the wrong ones may be no smaller than the modulus.
    sealed = pow(secret % modulus, exponent, modulus).to_bytes(size, "big")
    body = sealed if version == "SSLv3" else vector(2, sealed)
    code = version_code(version)
    exchange = record(framing.HANDSHAKE, code, message(_CLIENT_KEY_EXCHANGE, body))
    return exchange + early_change(version) + record(framing.HANDSHAKE, code, _NOISE)


def answer_name(heard: bytes) -> str:
    """What a server said to a key exchange: ``alert bad_record_mac``, ``record 22`` or empty for nothing."""
    said = first_alert(heard)
    if said is not None:
        return f"alert {alert_name(said)}".replace("alert alert", "alert")
    return next((f"record {kind}" for kind, _ in records(heard) if kind != framing.ALERT), "")


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The complete records at the front of ``data``, of any type there is; ends at what is none. Never raises."""
    at = 0
    while at + 5 <= len(data) and CHANGE_CIPHER_SPEC <= data[at] <= HEARTBEAT and data[at + 1] == 3:
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        if length > framing.RECORD_LIMIT or at + 5 + length > len(data):
            return
        yield data[at], data[at + 5 : at + 5 + length]
        at += 5 + length
