"""Signatures over data: in a file of their own, binary or armoured, or around the text that they sign.

Source: RFC 9580 sections 5.2.4 and 7. The digest over the data is worked out here, so that anybody can try a key on
the fact; by its first two bytes, which stand in the signature, a change of the data shows without any key.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from iotscan.model.facts.signing import ArtefactSignature
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.openpgp.packets import SIGNATURE, dearmour, is_armoured, packets
from iotscan.wire.signing.openpgp.signature_packet import (
    BINARY,
    TEXT,
    SignaturePacket,
    Unsupported,
    as_fact,
    read_packet,
)
from iotscan.wire.signing.source import STEP, Source, exactly

LARGEST_SIGNATURE: Final = 256 * 1024
MOST_SIGNATURES: Final = 50
_BEGIN: Final = b"-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE_BEGIN: Final = b"-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END: Final = b"-----END PGP SIGNATURE-----"
_KINDS: Final = frozenset({"SIGNATURE"})


class SignedData(msgspec.Struct, frozen=True, kw_only=True):
    """The signatures over some data. ``damage``, ``problem`` and ``notes`` are those of an artefact."""

    signatures: tuple[ArtefactSignature, ...] = ()
    expires: datetime | None = None
    """When the first of the signatures ends."""
    damage: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


class Cleartext(msgspec.Struct, frozen=True, kw_only=True):
    """A text with the signatures around it. ``text`` is what is signed, with one byte for the end of a line."""

    text: bytes
    signed: SignedData


def claims_openpgp(data: bytes) -> bool:
    """Cheap: a file of its own that wants to be an OpenPGP signature."""
    return data.lstrip()[:29] == _SIGNATURE_BEGIN or data[:1] in (b"\x88", b"\x89", b"\x8a", b"\xc2")


def read_detached(signature: bytes, message: Source) -> SignedData:
    """The signatures of a file of their own over ``message``. Damage is told, never raised."""
    if len(signature) > LARGEST_SIGNATURE:
        return SignedData(damage="the signature is larger than any")
    try:
        data = dearmour(signature, _KINDS) if is_armoured(signature) else signature
        read, problem = _read(data)
        return _over(read, problem, _Message(message))
    except Malformed as error:
        return SignedData(damage=f"the signature: {error}")


def read_cleartext(data: bytes) -> Cleartext | None:
    """A text that is signed where it stands (RFC 9580 section 7); None where it does not claim to be one.

    What stands before or after it is damage: those who read the file and not the signed text would believe it.
    """
    if not data.startswith(_BEGIN):
        return None
    try:
        text, canonical, headers, signature = _split(data)
        read, problem = _read(dearmour(signature, _KINDS))
        _agree(headers, read)
        return Cleartext(text=text, signed=_over(read, problem, _Text(canonical)))
    except Malformed as error:
        return Cleartext(text=b"", signed=SignedData(damage=f"the signed text: {error}"))


def _split(data: bytes) -> tuple[bytes, bytes, list[bytes], bytes]:
    lines = [line.rstrip(b" \t\r") for line in data.split(b"\n")]
    if lines[0] != _BEGIN or b"" not in lines or _SIGNATURE_BEGIN not in lines:
        raise Malformed("it is cut short")
    start, end = lines.index(b""), lines.index(_SIGNATURE_BEGIN)
    if start > end or any(not line.startswith(b"Hash: ") for line in lines[1:start]):
        raise Malformed("its head holds what is no digest")
    rest = lines[end:]
    if _SIGNATURE_END not in rest or any(rest[rest.index(_SIGNATURE_END) + 1 :]):
        raise Malformed("something follows it, or it is cut short")
    body = [_undashed(line) for line in lines[start + 1 : end]]
    # The end of the last line belongs to the mark of the signature.
    return b"\n".join(body) + b"\n", b"\r\n".join(body), lines[1:start], b"\n".join(rest)


def _undashed(line: bytes) -> bytes:
    if line.startswith(b"- "):
        return line[2:]
    if line.startswith(b"-"):
        raise Malformed("a line of it begins like a mark")
    return line


def _agree(headers: list[bytes], read: list[SignaturePacket]) -> None:
    named = {name.strip().lower() for line in headers for name in line[6:].decode("latin-1").split(",")}
    for packet in read:
        if packet.digest not in named and (named or packet.digest != "md5"):
            raise Malformed("its head names another digest than its signature")


def _read(data: bytes) -> tuple[list[SignaturePacket], str]:
    found, problem = [], ""
    every = packets(data)
    if not every or any(p.tag != SIGNATURE for p in every):
        raise Malformed("it holds something else than signatures")
    if len(every) > MOST_SIGNATURES:
        raise Malformed(f"it holds more than {MOST_SIGNATURES} signatures")
    for packet in every:
        try:
            found.append(read_packet(packet.body))
        except Unsupported as error:
            problem = str(error)
    return found, problem


class _Message:
    """Bytes that are signed as they are, or as lines; each digest over them is worked out once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._states: dict[tuple[str, bool], Any] = {}

    def digest(self, packet: SignaturePacket) -> bytes:
        kind = (packet.digest, packet.type == TEXT)
        if kind not in self._states:
            hashing = hashlib.new(packet.digest, usedforsecurity=False)
            for piece in self._lines() if packet.type == TEXT else self._pieces():
                hashing.update(piece)
            self._states[kind] = hashing
        hashing = self._states[kind].copy()
        hashing.update(packet.trailer)
        return bytes(hashing.digest())

    def _pieces(self) -> Iterator[bytes]:
        for at in range(0, self._source.size, STEP):
            yield exactly(self._source, at, min(STEP, self._source.size - at))

    def _lines(self) -> Iterator[bytes]:
        held = b""
        for piece in self._pieces():
            data = held + piece
            held = data[-1:] if data.endswith(b"\r") else b""
            yield data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        yield held


class _Text:
    """A text that is canonical already, whichever type the signature has (GnuPG signs with TEXT)."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def digest(self, packet: SignaturePacket) -> bytes:
        return hashlib.new(packet.digest, self._text + packet.trailer, usedforsecurity=False).digest()


def _over(read: list[SignaturePacket], problem: str, message: _Message | _Text) -> SignedData:
    signatures, damage, notes = [], "", []
    for packet in read:
        try:
            over = message.digest(packet)
        except ValueError as error:
            if isinstance(error, Malformed):
                raise
            problem = f"{packet.digest} is not there to try"
            continue
        if packet.type not in (BINARY, TEXT):
            damage = "the signature is not one over data"
        elif over[:2] != packet.prefix:
            damage = "the signature is over other bytes"
        damage = damage or packet.refused
        if packet.digest in ("md5", "sha1", "ripemd160"):
            notes.append(f"signed over {packet.digest.upper()}")
        signatures.append(as_fact(packet, over))
    if problem and signatures:
        # One that is read is enough to rely on; that there is another is still told.
        notes.append(safe_text(problem, 120))
        problem = ""
    ends = [p.expires for p in read if p.expires is not None]
    return SignedData(
        signatures=tuple(signatures),
        expires=min(ends) if ends else None,
        damage=damage,
        problem=safe_text(problem, 120),
        notes=tuple(dict.fromkeys(notes)),
    )
