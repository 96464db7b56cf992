"""Archives with a place for a signature: SWUpdate's cpio, Mender's tar, and any other by member name."""

from collections.abc import Iterator
from typing import Final

from iotscan.wire.artefact.sample import Judged, Sample, signed, unclear, unsigned

SIGNATURE_SUFFIXES: Final = (".sig", ".asc", ".minisig", ".p7s", ".sign")
_BLOCK = 512
_CPIO_HEADER = 110
_MEMBERS = 512
_END: Final = "\0end"


def cpio(sample: Sample) -> Judged | None:
    """A cpio archive; SWUpdate's begins with ``sw-description`` and its signature (SWUpdate manual, signed images)."""
    if not sample.head.startswith((b"070701", b"070702")):
        return None
    names = list(_cpio_names(sample.head))
    if names and names[0] == "sw-description":
        if len(names) < 2:
            return unclear("swupdate", "the second member, where the signature would stand, was not read")
        if names[1] == "sw-description.sig":
            return signed("swupdate", "sw-description.sig is the second member")
        return unsigned("swupdate", "no sw-description.sig behind sw-description")
    return _by_names("cpio", names)


def tar(sample: Sample) -> Judged | None:
    """A tar archive; Mender's begins with ``version``, ``manifest`` and ``manifest.sig`` (Mender artifact format 3)."""
    names = list(_tar_names(sample.head))
    if not names:
        return None
    if names[0] == "version" and b'"mender"' in sample.head[_BLOCK : 2 * _BLOCK]:
        if "manifest.sig" in names[:3]:
            return signed("mender", "manifest.sig stands behind the manifest")
        # The signature, when there is one, is the third member: header.tar comes behind it.
        is_past = len(names) > 2 and names[1] == "manifest"
        why = "no manifest.sig behind the manifest"
        return unsigned("mender", why) if is_past else unclear("mender", "the third member was not read")
    return _by_names("tar", names)


def _by_names(format: str, names: list[str]) -> Judged:
    found = next((n for n in names if n.endswith(SIGNATURE_SUFFIXES)), "")
    if found:
        return signed(format, "a member is named like a signature")
    if names and names[-1] == _END:
        return unsigned(format, "no member is named like a signature")
    return unclear(format, "only the first members were read")


def _cpio_names(data: bytes) -> Iterator[str]:
    """Member names of a newc archive as far as it was read, ``_END`` behind the last (cpio(5))."""
    at = 0
    for _ in range(_MEMBERS):
        header = data[at : at + _CPIO_HEADER]
        if len(header) < _CPIO_HEADER or not header.startswith((b"070701", b"070702")):
            return
        size, length = _hex(header[54:62]), _hex(header[94:102])
        if size is None or length is None or at + _CPIO_HEADER + length > len(data):
            return
        name = data[at + _CPIO_HEADER : at + _CPIO_HEADER + length].rstrip(b"\0").decode("latin-1")
        if name == "TRAILER!!!":
            yield _END
            return
        yield name.removeprefix("./")
        at = _round(at + _CPIO_HEADER + length, 4)
        at = _round(at + size, 4)


def _tar_names(data: bytes) -> Iterator[str]:
    """Member names of a tar as far as it was read, ``_END`` behind the last (POSIX ustar)."""
    at = 0
    for _ in range(_MEMBERS):
        header = data[at : at + _BLOCK]
        if len(header) == _BLOCK and not any(header) and at:
            yield _END
            return
        size = _octal(header[124:136]) if len(header) == _BLOCK else None
        if size is None or not _has_checksum(header):
            return
        if header[156:157] in (b"0", b"\0", b"7"):
            yield header[:100].rstrip(b"\0").decode("latin-1").removeprefix("./")
        at += _BLOCK + _round(size, _BLOCK)


def _has_checksum(header: bytes) -> bool:
    return _octal(header[148:156]) == sum(header[:148]) + 8 * 0x20 + sum(header[156:])


def _octal(field: bytes) -> int | None:
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and all(0x30 <= d <= 0x37 for d in digits) else None


def _hex(field: bytes) -> int | None:
    return int(field, 16) if all(c in b"0123456789abcdefABCDEF" for c in field) else None


def _round(value: int, block: int) -> int:
    return -(-value // block) * block
