"""Signed packages of rpm, version 4: OpenPGP over the header, which names the payload by digest.

Source: RPM's documentation, "RPM V4 Package format" and "Signatures and digests": a lead of 96 bytes, the signature
header, padding to 8 bytes, the header, the payload.
"""

import struct
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import digest_text
from iotscan.wire.signing.openpgp.signatures import read_detached
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.windows import Window

MAGIC: Final = b"\xed\xab\xee\xdb"
_LEAD: Final = 96
_HEADER_MAGIC: Final = b"\x8e\xad\xe8\x01"
_MOST_ENTRIES: Final = 65_536
_LARGEST_HEADER: Final = 64 << 20
_MOST_BESIDE: Final = 32
"""Entries of the header with the signatures, each of which may be as many texts as a header may have entries."""
_HEADER_SIGNATURES: Final = (268, 267)
"""RSA, and what began as DSA and is everything else."""
_WHOLE_SIGNATURES: Final = (1002, 1005)
_SHA1, _SHA256, _MD5, _SIZE = 269, 273, 1004, 1000
_NAME, _VERSION, _RELEASE, _PAYLOAD, _PAYLOAD_ALGORITHM = 1000, 1001, 1002, 5092, 5093
_ALGORITHMS: Final = {1: "md5", 2: "sha1", 8: "sha256", 10: "sha512"}
_BINARY, _STRINGS, _STRING, _INT32 = 7, 8, 6, 4
_SIZES: Final = {0: 0, 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, _BINARY: 1}
_REGION: Final = 62


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    """One header: where it lies, and its entries by tag (kind, count, and all data from theirs on)."""

    start: int
    end: int
    entries: dict[int, tuple[int, int, int]]
    data: bytes

    def binary(self, tag: int) -> bytes:
        """Bytes; empty where there are none."""
        kind, offset, count = self.entries.get(tag, (_BINARY, 0, 0))
        if kind != _BINARY or offset + count > len(self.data):
            raise Malformed("an entry of its header is damaged")
        return self.data[offset : offset + count]

    def text(self, tag: int) -> str:
        """The first text; empty where there is none."""
        if tag not in self.entries:
            return ""
        kind, offset, _ = self.entries[tag]
        end = self.data.find(b"\0", offset)
        if kind not in (_STRING, _STRINGS, 9) or end < 0:
            raise Malformed("an entry of its header is damaged")
        return self.data[offset:end].decode("utf-8", "replace")

    def number(self, tag: int) -> int | None:
        """The first number of 32 bits; None where there is none."""
        if tag not in self.entries:
            return None
        kind, offset, _ = self.entries[tag]
        if kind != _INT32 or offset + 4 > len(self.data):
            raise Malformed("an entry of its header is damaged")
        return int.from_bytes(self.data[offset : offset + 4], "big")


def read_rpm(source: Source, path: str = "") -> SignedArtefact | None:
    """One package; None where it is none."""
    if source.read_at(0, 4) != MAGIC:
        return None
    signatures: list[ArtefactSignature] = []
    payloads: tuple[Payload, ...] = ()
    damage, problem, version = "", "", ""
    notes: list[str] = []
    try:
        said = _beside(source)
        header = _header(source, said.end + -said.end % 8)
        version = safe_text("-".join(header.text(t) for t in (_NAME, _VERSION, _RELEASE)), 120)
        for tags, end in ((_HEADER_SIGNATURES, header.end), (_WHOLE_SIGNATURES, source.size)):
            for tag in tags:
                if signature := said.binary(tag):
                    read = read_detached(signature, Window(source, header.start, end - header.start))
                    signatures += read.signatures
                    damage, problem = damage or read.damage, problem or read.problem
                    notes += read.notes
        damage = damage or _contradiction(source, said, header)
        payloads = _payloads(source, header, covered=bool(signatures))
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        damage = str(error) or "it is damaged"
    return SignedArtefact(
        path=safe_text(path),
        format="other",
        variant="rpm",
        version=version,
        protection="signed" if signatures else "unknown" if damage or problem else "none",
        signatures=tuple(signatures),
        payloads=payloads,
        damage=damage,
        problem=problem,
        notes=tuple(dict.fromkeys(notes)),
    )


def _header(source: Source, start: int) -> _Header:
    magic, reserved, count, size = struct.unpack(">4s4sII", exactly(source, start, 16))
    if magic != _HEADER_MAGIC or any(reserved):
        raise Malformed("its header is damaged")
    if count > _MOST_ENTRIES or size > _LARGEST_HEADER:
        raise NotRead("its header is larger than is read")
    index = exactly(source, start + 16, 16 * count)
    entries = {}
    for at in range(0, len(index), 16):
        tag, kind, offset, number = struct.unpack_from(">IIII", index, at)
        if tag in entries:
            raise Malformed("an entry stands twice in its header")
        entries[tag] = (kind, offset, number)
    end = start + 16 + 16 * count + size
    return _Header(start=start, end=end, entries=entries, data=exactly(source, end - size, size))


def _beside(source: Source) -> _Header:
    """The lead and the header with the signatures, which nobody signs: as strictly as rpm reads them."""
    lead = exactly(source, 0, _LEAD)
    if lead[4] not in (3, 4) or lead[78:80] != b"\0\5":
        raise Malformed("its lead is damaged")
    header = _header(source, _LEAD)
    if len(header.entries) > _MOST_BESIDE:
        raise NotRead("its signature header is larger than is read")
    region = header.entries.get(_REGION)
    if region is None or region != (_BINARY, len(header.data) - 16, 16) or next(iter(header.entries)) != _REGION:
        raise Malformed("its signature header has no sound region")
    trailer = struct.pack(">IIiI", _REGION, _BINARY, -16 * len(header.entries), 16)
    if header.data[-16:] != trailer:
        raise Malformed("its signature header has no sound region")
    at = 0
    for kind, offset, count in list(header.entries.values())[1:]:
        if offset < at or not count:
            raise Malformed("the entries of its signature header overlap")
        at = _end(header.data, kind, offset, count)
    if at > len(header.data) - 16:
        raise Malformed("the entries of its signature header overlap")
    return header


def _end(data: bytes, kind: int, offset: int, count: int) -> int:
    """Where an entry ends. Raises Malformed."""
    if kind in _SIZES:
        if offset % max(_SIZES[kind], 1):
            raise Malformed("an entry of its header is damaged")
        return offset + _SIZES[kind] * count
    if kind not in (_STRING, _STRINGS, 9) or (kind == _STRING and count != 1) or count > _MOST_ENTRIES:
        raise Malformed("an entry of its header is damaged")
    for _ in range(count):
        offset = data.find(b"\0", offset) + 1
        if not offset:
            raise Malformed("an entry of its header is damaged")
    return offset


def _contradiction(source: Source, said: _Header, header: _Header) -> str:
    """What of the unsigned digests beside the signature is not that of the bytes; rpm refuses it."""
    for tag, algorithm in ((_SHA256, "sha256"), (_SHA1, "sha1")):
        value = said.text(tag)
        if value and digest_of(source, algorithm, header.start, header.end - header.start).hex() != value:
            return "its header is not what the digest beside it says"
    md5 = said.binary(_MD5)
    if md5 and digest_of(source, "md5", header.start) != md5:
        return "it is not what the digest beside it says"
    size = said.number(_SIZE)
    return "it has another size than it says" if size not in (None, source.size - header.start) else ""


def _payloads(source: Source, header: _Header, *, covered: bool) -> tuple[Payload, ...]:
    value, number = header.text(_PAYLOAD), header.number(_PAYLOAD_ALGORITHM)
    algorithm = _ALGORITHMS.get(number or 0, "") if value else ""
    if value and not algorithm:
        raise NotRead("the digest of its payload is not read")
    is_right = not value or digest_of(source, algorithm, header.end).hex() == digest_text(value, algorithm)
    return (
        Payload(name="header", size=header.end - header.start, is_covered=covered, matches=Answer.of(True)),
        Payload(
            name="payload",
            size=source.size - header.end,
            digest=algorithm,
            is_covered=covered and bool(value),
            matches=Answer.of(is_right),
        ),
    )
