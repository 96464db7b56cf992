"""Programs of UEFI (PE/COFF) and the signatures in them (Authenticode).

Source: Microsoft PE format specification; "Windows Authenticode Portable Executable Signature Format" (2008) for the
digest and the content that is signed; UEFI 2.10 section 32.2.4 for the certificate table. What is not told here: who
vouches for the signer (the firmware's ``db`` is not in the file) and whether a time stamp is sound.
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.wire.ber import OCTETS, OID, SEQUENCE, Malformed, take
from iotscan.wire.signed_data import DIGESTS, SignedData, Signer, read_signed_data

HEAD: Final = 16384
"""Bytes that hold the headers of any sound program."""
_SPC_INDIRECT_DATA: Final = bytes.fromhex("2b060104018237020104")
_PKCS_SIGNED_DATA: Final = 2
_SECTIONS: Final = 96
"""What a loader takes at most (PE specification, section 3.3)."""
_ENTRIES: Final = 16
_OPTIONAL = {0x10B: 96, 0x20B: 112}
"""Where the data directories begin in the optional header of PE32 and PE32+."""


class NotProgram(ValueError):
    """It is no PE program, or one whose headers make no sense."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section: where its bytes lie in the file, and how many count once it is loaded."""

    name: str
    offset: int
    length: int
    loaded: int


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A PE program. ``table`` are offset and length of its certificate table, (0, 0) without one."""

    machine: int
    subsystem: int
    headers: int
    checksum_at: int
    directory_at: int
    """Where the entry of the certificate table stands, 0 where the header ends before it."""
    sections: tuple[Section, ...]
    table: tuple[int, int]

    def section(self, name: str) -> Section | None:
        """The first section of this name."""
        return next((s for s in self.sections if s.name == name), None)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature says of a program: its digest."""

    algorithm: str
    digest: bytes
    signed: SignedData

    @property
    def signer(self) -> Signer:
        """Who says so; Authenticode knows exactly one."""
        return self.signed.signers[0]


def read_program(head: bytes, size: int) -> Program:
    """Read the headers of a program of ``size`` bytes that begins with ``head``. Raises :class:`NotProgram`."""
    try:
        return _read(head, size)
    except struct.error as error:
        raise NotProgram("its headers are cut short") from error


def _read(head: bytes, size: int) -> Program:
    if head[:2] != b"MZ":
        raise NotProgram("no program")
    (at,) = struct.unpack_from("<I", head, 0x3C)
    if head[at : at + 4] != b"PE\0\0":
        raise NotProgram("no PE header")
    machine, count, optional_size = *struct.unpack_from("<HH", head, at + 4), *struct.unpack_from("<H", head, at + 20)
    optional = at + 24
    (magic,) = struct.unpack_from("<H", head, optional)
    if magic not in _OPTIONAL or count > _SECTIONS:
        raise NotProgram("its headers make no sense")
    directories = optional + _OPTIONAL[magic]
    (headers,) = struct.unpack_from("<I", head, optional + 60)
    (subsystem,) = struct.unpack_from("<H", head, optional + 68)
    (entries,) = struct.unpack_from("<I", head, directories - 4)
    directory_at = directories + 32 if entries > 4 and directories + 40 <= optional + optional_size else 0
    table = struct.unpack_from("<II", head, directory_at) if directory_at else (0, 0)
    if headers > size or headers < optional + optional_size + 40 * count or sum(table) > size:
        raise NotProgram("its headers point outside of it")
    return Program(
        machine=machine,
        subsystem=subsystem,
        headers=headers,
        checksum_at=optional + 64,
        directory_at=directory_at,
        sections=tuple(_section(head, optional + optional_size + 40 * i) for i in range(count)),
        table=(table[0], table[1]) if table[1] else (0, 0),
    )


def _section(head: bytes, at: int) -> Section:
    name, loaded, _, length, offset = struct.unpack_from("<8sIIII", head, at)
    return Section(name=name.rstrip(b"\0").decode("ascii", "replace"), offset=offset, length=length, loaded=loaded)


def hashed_ranges(program: Program, size: int) -> tuple[tuple[int, int], ...]:
    """The (start, end) pairs whose bytes, one after another, give the digest that is signed.

    Raises :class:`NotProgram` where sections overlap or lie outside: no firmware would hash those as we do.
    """
    ranges = [(0, program.checksum_at)]
    if program.directory_at:
        ranges += [(program.checksum_at + 4, program.directory_at), (program.directory_at + 8, program.headers)]
    else:
        ranges.append((program.checksum_at + 4, program.headers))
    at = program.headers
    for section in sorted(program.sections, key=lambda s: s.offset):
        if not section.length:
            continue
        if section.offset < at or section.offset + section.length > size:
            raise NotProgram("its sections overlap or lie outside of it")
        ranges.append((section.offset, section.offset + section.length))
        at = section.offset + section.length
    # What follows the last section is hashed too, but for the certificates (step 14 of the 2008 paper).
    hashed = sum(end - start for start, end in ranges) + 4 + (8 if program.directory_at else 0)
    end = size - program.table[1]
    if end > hashed:
        ranges.append((hashed, end))
    return tuple(ranges)


def read_table(table: bytes) -> Iterator[bytes]:
    """The PKCS #7 messages of a certificate table. Raises :class:`~iotscan.wire.ber.Malformed`."""
    at = 0
    for _ in range(_ENTRIES):
        if at + 8 > len(table):
            return
        length, _, kind = struct.unpack_from("<IHH", table, at)
        if length == 0 and not any(table[at:]):
            return
        if length < 8 or at + length > len(table):
            raise Malformed
        if kind == _PKCS_SIGNED_DATA:
            yield table[at + 8 : at + length]
        at += (length + 7) & ~7


def read_statement(message: bytes) -> Statement:
    """Read one PKCS #7 message of a program. Raises :class:`~iotscan.wire.ber.Malformed`."""
    signed = read_signed_data(message)
    if signed.content_type != _SPC_INDIRECT_DATA or len(signed.signers) != 1:
        raise Malformed
    _, rest = take(signed.content, SEQUENCE)
    info, _ = take(rest, SEQUENCE)
    algorithm, rest = take(info, SEQUENCE)
    digest, _ = take(rest, OCTETS)
    name = DIGESTS.get(take(algorithm, OID)[0], "other")
    return Statement(algorithm=name, digest=digest, signed=signed)
