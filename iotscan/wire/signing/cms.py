"""CMS messages as updates carry them: SignedData to its signatures, EnvelopedData to that it is one.

Source: RFC 5652 sections 5 and 6. What OpenSSL's ``CMS_verify`` refuses is damage here: a signer whose certificate is
not in the message, signed attributes that RFC 5652 forbids. Indefinite lengths (BER) are not read, and said so.
"""

import hashlib
from typing import Final, Literal

import msgspec

from iotscan.model.facts.signing import ArtefactSignature
from iotscan.wire.ber import OID, SEQUENCE, Malformed, take, take_integer
from iotscan.wire.certificates import UnreadableCertificate
from iotscan.wire.signed_data import SET, SIGNED_DATA, SignedData, elements
from iotscan.wire.signing.cms_signer import DigestOf, described, read_signer
from iotscan.wire.signing.cms_stamp import with_stamp
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.verifying import LONGEST_MESSAGE

LARGEST: Final = 1 << 20
"""Bytes of a message that is read: sixteen times what RAUC takes unless told otherwise."""
_ENVELOPED: Final = bytes.fromhex("2a864886f70d010703")
_VERSIONS: Final = (1, 3, 4, 5)
_SIGNERS: Final = 16
"""Of one message: with each stand the certificates of all."""

Kind = Literal["signed", "enveloped", "other"]


class Signatures(msgspec.Struct, frozen=True, kw_only=True):
    """The signatures of a message. ``flaw`` is why every verifier refuses it, ``notes`` what weakens it."""

    signatures: tuple[ArtefactSignature, ...] = ()
    flaw: str = ""
    notes: tuple[str, ...] = ()


def kind_of(der: bytes) -> Kind | None:
    """What the beginning of a message (20 bytes will do) says it is; None where it is no ContentInfo."""
    if len(der) < 4 or der[0] != SEQUENCE:
        return None
    start = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    if start > 6 or der[start : start + 1] != bytes((OID,)):
        return None
    try:
        kind, _ = take(der[start:], OID)
    except Malformed:
        return None
    return "signed" if kind == SIGNED_DATA else "enveloped" if kind == _ENVELOPED else "other"


def is_indefinite(der: bytes) -> bool:
    """True where the length is not told at the beginning (X.690 section 8.1.3.6): BER, as streaming makers write."""
    return der[1:2] == b"\x80"


def read_signatures(message: SignedData, content: DigestOf, short: bytes | None = None) -> Signatures:
    """The signatures of a message over what ``content`` gives the digests of; ``short`` is the content itself."""
    if message.version not in _VERSIONS or message.left:
        return Signatures(flaw="its version is wrong" if not message.left else "something follows its signature")
    if not message.signers:
        return Signatures(flaw="it has no signer")
    if len(message.signers) > _SIGNERS:
        return Signatures(flaw=f"it has more than {_SIGNERS} signers")
    try:
        certificates = described(message.certificates)
        read = [(read_signer(message, s, certificates, content, short), s) for s in message.signers]
    except UnreadableCertificate:
        return Signatures(flaw="a certificate in it cannot be read")
    except Malformed as error:
        return Signatures(flaw=str(error) or "its signed attributes make no sense")
    stamped = [with_stamp(one.signature, signer) for one, signer in read]
    notes = [n for one, _ in read for n in one.notes] + [why for _, why in stamped if why]
    return Signatures(
        signatures=tuple(signature for signature, _ in stamped),
        flaw=next((one.flaw for one, _ in read if one.flaw), ""),
        notes=tuple(dict.fromkeys(notes)),
    )


def recipients_of(der: bytes) -> int:
    """For how many an EnvelopedData is (section 6.1). Raises Malformed."""
    info, left = take(der, SEQUENCE)
    kind, info = take(info, OID)
    if kind != _ENVELOPED or left:
        raise Malformed("it is no encrypted message")
    explicit, _ = take(info, 0xA0)
    body, _ = take(explicit, SEQUENCE)
    _, body = take_integer(body)
    if body[:1] == b"\xa0":
        _, body = take(body, 0xA0)
    recipients, body = take(body, SET)
    encrypted, _ = take(body, SEQUENCE)
    _, encrypted = take(encrypted, OID)
    take(encrypted, SEQUENCE)
    return len(elements(recipients))


class Hashed:
    """The digests of a part of a source, each made once and only when somebody asks."""

    def __init__(self, source: Source, start: int = 0, length: int | None = None) -> None:
        self.source, self.start = source, start
        self.length = source.size - start if length is None else length
        self._known: dict[str, bytes] = {}

    def __call__(self, algorithm: str) -> bytes:
        """The digest by the name that hashlib knows. Raises Malformed where the part is not there."""
        if algorithm not in self._known:
            self._known[algorithm] = digest_of(self.source, algorithm, self.start, self.length)
        return self._known[algorithm]

    @property
    def short(self) -> bytes | None:
        """All of it, where it is short enough to be kept as a message."""
        return exactly(self.source, self.start, self.length) if self.length <= LONGEST_MESSAGE else None


def of_bytes(data: bytes) -> DigestOf:
    """The digests of bytes that are in memory."""
    return lambda algorithm: hashlib.new(algorithm, data, usedforsecurity=False).digest()
