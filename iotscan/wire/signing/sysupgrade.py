"""OpenWrt's images with what fwtool puts behind them: metadata, and a signature of usign with certificates.

Sources: OpenWrt ``package/system/fwtool`` (fwtool.c, fwimage.h), ``base-files/files/lib/upgrade/fwtool.sh``, ucert. A
piece is data and 16 bytes: ``FWx0``, CRC-32 of all before, kind, length of both. The signature is over all before it.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.jsons import object_of, read_object, text_of, texts_of
from iotscan.wire.signing.signify import claims_signify, read_message
from iotscan.wire.signing.source import STEP, Source, exactly
from iotscan.wire.signing.ucert import LARGEST, Chain, read_chain
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.windows import Memory, Window

_TRAILER: Final = 16
_MAGIC: Final = b"FWx0"
_SIGNATURE, _METADATA = 0, 1
_LONGEST: Final = {_SIGNATURE: max(LARGEST, 4096), _METADATA: 64 << 10}
"""Bytes of a piece; fwtool takes 30 KiB of metadata."""
_PIECES: Final = 8


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` is where its data begin, ``end`` is where its trailer does."""

    kind: int
    start: int
    end: int
    crc: int
    data: bytes


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    signature: ArtefactSignature
    expires: datetime | None = None


def read_sysupgrade(source: Source, path: str = "", keys: Sequence[PublicKey] = ()) -> SignedArtefact | None:
    """An image with fwtool's pieces; None where nothing of the kind stands at its end.

    ``keys`` are tried where the image is signed with one of them itself. Never raises but what the source raises.
    """
    if source.read_at(max(0, source.size - _TRAILER), 4) != _MAGIC or source.size < _TRAILER:
        return None
    pieces: list[_Piece] = []
    proof: _Proof | None = None
    damage = problem = ""
    try:
        pieces = _pieces(source)
        _check(source, pieces)
        proof = _proof(source, pieces, keys)
    except Malformed as error:
        damage = str(error) or "it is damaged"
    except NotRead as error:
        problem = str(error)
    return _artefact(source, path, pieces, proof, damage, problem)


def _pieces(source: Source) -> list[_Piece]:
    """From the end on. Raises Malformed where one points outside."""
    found: list[_Piece] = []
    end = source.size
    while end >= _TRAILER and len(found) < _PIECES:
        trailer = exactly(source, end - _TRAILER, _TRAILER)
        if not trailer.startswith(_MAGIC):
            break
        crc, kind, size = int.from_bytes(trailer[4:8], "big"), trailer[8], int.from_bytes(trailer[12:16], "big")
        start = end - size
        if size < _TRAILER or start < 0:
            raise Malformed("what stands at its end is larger than all of it")
        if size - _TRAILER > _LONGEST.get(kind, 0):
            raise Malformed("what stands at its end is of no known kind, or too large")
        data = exactly(source, start, size - _TRAILER)
        found.append(_Piece(kind=kind, start=start, end=end - _TRAILER, crc=crc, data=data))
        end = start
    if sum(p.kind == _SIGNATURE for p in found) > 1:
        raise Malformed("it has two signatures")
    return found


def _check(source: Source, pieces: Sequence[_Piece]) -> None:
    """Every checksum is over all that stands before it; all of them in one go."""
    crc, at = 0, 0
    for piece in reversed(pieces):
        while at < piece.end:
            data = exactly(source, at, min(STEP, piece.end - at))
            crc = zlib.crc32(data, crc)
            at += len(data)
        if crc ^ 0xFFFFFFFF != piece.crc:
            raise Malformed("a checksum in it is wrong")


def _proof(source: Source, pieces: Sequence[_Piece], keys: Sequence[PublicKey]) -> _Proof | None:
    """The signature that a key of the device has made: over the first certificate, else over the image."""
    piece = next((p for p in pieces if p.kind == _SIGNATURE), None)
    if piece is None:
        return None
    if pieces[0] is not piece:
        raise Malformed("something follows its signature")
    image = Window(source, 0, piece.start)
    if claims_signify(piece.data):
        return _Proof(signature=_over(piece.data, image, keys))
    chain = read_chain(piece.data)
    if not chain.certificates:
        return _Proof(signature=_over(chain.signature, image, keys))
    first = chain.certificates[0]
    signature = _over(first.signature, Memory(first.payload), keys)
    return _Proof(
        signature=replace(signature, fits=Answer[bool].of(_is_whole(chain, image))),
        expires=min(c.expires for c in chain.certificates),
    )


def _is_whole(chain: Chain, image: Source) -> bool:
    """Whether each key of the chain has signed what comes next: the last one the image."""
    links: list[tuple[bytes, Source]] = [(c.signature, Memory(c.payload)) for c in chain.certificates[1:]]
    links.append((chain.signature, image))
    for certificate, (signature, message) in zip(chain.certificates, links, strict=True):
        key = certificate.key.key
        if key.sha256 not in _over(signature, message, [key]).holds_with:
            return False
    return True


def _over(data: bytes, message: Source, keys: Sequence[PublicKey]) -> ArtefactSignature:
    read = read_message(data, message, keys)
    if read.damage:
        raise Malformed(read.damage)
    if read.signature is None:
        raise NotRead(read.problem or "its signature was not read")
    return read.signature


def _artefact(
    source: Source, path: str, pieces: Sequence[_Piece], proof: _Proof | None, damage: str, problem: str
) -> SignedArtefact:
    devices, version = _metadata(pieces)
    protection: Protection = "signed" if proof is not None else "unknown" if damage or problem else "none"
    size = pieces[-1].start if pieces else source.size
    matches = Answer[bool].missing(Reason.NOT_OBSERVABLE, "nothing signs it")
    return SignedArtefact(
        path=path,
        format="openwrt-sysupgrade",
        version=version,
        compatible=devices,
        protection=protection,
        signatures=(proof.signature,) if proof is not None else (),
        payloads=(
            Payload(
                name="image",
                size=size,
                is_covered=proof is not None,
                matches=Answer[bool].of(True) if proof is not None else matches,
            ),
        ),
        damage=safe_text(damage, 300),
        problem=safe_text(problem, 300),
        expires=proof.expires if proof is not None else None,
    )


def _metadata(pieces: Sequence[_Piece]) -> tuple[tuple[str, ...], str]:
    """For which devices it is, and its version; nothing where it has none that can be read."""
    piece = next((p for p in pieces if p.kind == _METADATA), None)
    if piece is None:
        return (), ""
    try:
        read = read_object(piece.data[8:].rstrip(b"\0"), "metadata")
    except Malformed:
        return (), ""
    devices = texts_of(read, "new_supported_devices") + texts_of(read, "supported_devices")
    stated = object_of(read, "version")
    version = " ".join(filter(None, (text_of(stated, "dist"), text_of(stated, "version"), text_of(stated, "revision"))))
    return tuple(safe_text(d, 100) for d in dict.fromkeys(devices))[:50], safe_text(version, 200)
