"""Private keys as text between ``-----BEGIN … PRIVATE KEY-----`` and its end (RFC 7468), wherever that stands.

Also as it stands inside JSON, a C string or an environment file: with escaped line ends, in quotes, on one line.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

import msgspec

from iotscan.wire.keys.curve25519 import read_tinc
from iotscan.wire.keys.der import read_der
from iotscan.wire.keys.found import FoundKey, NoKey
from iotscan.wire.keys.pgp import read_armoured
from iotscan.wire.keys.sshkeys import read_openssh

MARK = b"PRIVATE KEY"
"""No block is without it: searched first, as it is much cheaper."""
_BEGIN = re.compile(rb"-----BEGIN ((?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?)-----")
_BODY = re.compile(rb"[A-Za-z0-9+/=\s:,.\-_\"'\\()<>@;&*!?]{16,32768}")
_LARGEST = 32768
_SSH2 = re.compile(rb"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----[\s\S]{64,16384}?---- END SSH2 ENCRYPTED PRIVATE KEY")
_NO_DIGIT = re.compile(rb"[^A-Za-z0-9+/=]+")
_ESCAPED = re.compile(rb"\\+[rn]")


class PemKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and where in the bytes its block begins."""

    at: int
    key: FoundKey


def find_pem(data: bytes) -> Iterator[PemKey]:
    """The keys of all blocks in the bytes, those that parse."""
    for match in _BEGIN.finditer(data):
        at = match.end()
        # A block without an end must not swallow the one after it.
        limit = data.find(b"-----BEGIN ", at, at + _LARGEST)
        stop = data.find(b"-----END " + match[1] + b"-----", at, at + _LARGEST + 64 if limit < 0 else limit)
        body = _BODY.fullmatch(data, at, stop) if stop >= 0 else None
        if body is None:
            continue
        try:
            yield PemKey(at=match.start(), key=read_block(match[1], body[0]))
        except NoKey:
            continue
    if b"SSH2" in data:
        for match in _SSH2.finditer(data):
            yield PemKey(at=match.start(), key=FoundKey(format="ssh2", encrypted=True))


def read_block(label: bytes, body: bytes) -> FoundKey:
    """The key of one block. Raises NoKey."""
    body = _ESCAPED.sub(b"\n", body)
    if label.endswith(b"BLOCK"):
        return read_armoured(b"-----\n" + body.lstrip(b"\n") if b"\n\n" not in body[:3] else body)
    if b"ENCRYPTED" in body[:200]:
        return _traditional(label, body)
    if label.startswith(b"ED25519 "):
        return read_tinc(body)
    digits = _NO_DIGIT.sub(b"", body)
    try:
        raw = base64.b64decode(digits, validate=True)
    except binascii.Error as error:
        raise NoKey from error
    key = read_openssh(raw) if label.startswith(b"OPENSSH") else read_der(raw)
    return msgspec.structs.replace(key, digest=hashlib.sha256(raw).hexdigest())


def _traditional(label: bytes, body: bytes) -> FoundKey:
    """RFC 1421 headers as OpenSSL writes them: what they name must be there."""
    _, _, coded = body.rpartition(b"\n\n") if b"\n\n" in body else body.replace(b"\r", b"").rpartition(b"\n\n")
    digits = _NO_DIGIT.sub(b"", coded)
    if b"DEK-Info:" not in body or len(digits) < 32:
        raise NoKey
    form = {b"RSA": "pkcs1", b"EC": "sec1", b"DSA": "dsa"}.get(label.split()[0], "pkcs8")
    return FoundKey(format=form, encrypted=True, digest=hashlib.sha256(digits).hexdigest())
