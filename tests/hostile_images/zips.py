"""Zips: names that share their bytes, zips within zips, tables that lie."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, PASSWD, Case, Yard
from tests.hostile_images.traversal import ROOT, with_root


def _forty_two(levels: int, width: int) -> bytes:
    """A zip of ``width`` zips, and so on; zeros at the bottom, which are unpacked once a name."""
    data = _deflated([(b"0.bin", bytes(1 << 16))])
    for _ in range(levels):
        data = _deflated([(b"%d.zip" % number, data) for number in range(width)])
    return data


def _deflated(files: list[tuple[bytes, bytes]]) -> bytes:
    body, table = b"", b""
    for name, data in files:
        packed = zlib.compress(data, 9, -15)
        crc = zlib.crc32(data)
        table += raw.zip_entry(name, len(body), method=8, crc=crc, size=len(data), packed=len(packed))
        body += raw.zip_local(name, packed, method=8, crc=crc, size=len(data))
    return body + table + raw.zip_end(len(files), len(table), len(body))


def _overlapping(yard: Yard) -> Path:
    """300 names for the same packed bytes, each of 256 KiB."""
    data = bytes(1 << 18)
    packed, crc = zlib.compress(data, 9, -15), zlib.crc32(data)
    body = raw.zip_local(b"0", packed, method=8, crc=crc, size=len(data))
    table = b"".join(
        raw.zip_entry(b"boot/%d.img" % number, 0, method=8, crc=crc, size=len(data), packed=len(packed))
        for number in range(300)
    )
    return yard.write("image.zip", body + table + raw.zip_end(300, len(table), len(body)))


def _within_itself(yard: Yard) -> Path:
    """A zip with two names for all of itself: each level is twice the one before."""
    length = 40_000
    table = b"".join(
        raw.zip_entry(name, at, crc=0, size=length, packed=length) for name, at in ((b"a.zip", 0), (b"b.zip", 0))
    )
    body = raw.zip_local(b"a.zip", b"", crc=0, size=length, packed=length)
    # The data of both are what follows the first header: a header again, and the same table.
    inner = raw.zip_local(b"a.zip", b"", crc=0, size=length, packed=length)
    end = raw.zip_end(2, len(table), len(body) + len(inner))
    return yard.write("image.zip", body + inner + table + end)


def _lying_size(real: bytes, said: int) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        packed, crc = zlib.compress(real, 9, -15), zlib.crc32(real)
        name = b"etc/passwd"
        rest = [(n, d) for n, d in ROOT if n != name]
        body = raw.zip_local(name, packed, method=8, crc=crc, size=said)
        table = raw.zip_entry(name, 0, method=8, crc=crc, size=said, packed=len(packed))
        for other, data in rest:
            table += raw.zip_entry(other, len(body), crc=zlib.crc32(data), size=len(data), packed=len(data))
            body += raw.zip_local(other, data, crc=zlib.crc32(data), size=len(data))
        return yard.write("image.zip", body + table + raw.zip_end(len(ROOT), len(table), len(body)))

    return build


def _zip_link(yard: Yard) -> Path:
    link = str(yard.canary).encode()
    body, table = b"", b""
    for name, data in [*(f for f in ROOT if f[0] != b"etc/passwd"), (b"etc/passwd", link)]:
        mode = 0o120777 if data is link else 0o100644
        crc = zlib.crc32(data)
        table += raw.zip_entry(name, len(body), crc=crc, size=len(data), packed=len(data), mode=mode)
        body += raw.zip_local(name, data, crc=crc, size=len(data))
    return yard.write("image.zip", body + table + raw.zip_end(len(ROOT), len(table), len(body)))


def _zip_end(change: Callable[[bytes], bytes]) -> Callable[[Yard], Path]:
    """The end of a zip, changed."""

    def build(yard: Yard) -> Path:
        whole = raw.zipped(ROOT)
        return yard.write("image.zip", whole[:-22] + change(whole[-22:]))

    return build


def _two_tables(yard: Yard) -> Path:
    """A comment that looks like the end of another zip."""
    hidden = raw.zipped([*ROOT, (b"etc/passwd", PASSWD)])
    plain = raw.zipped(ROOT)
    return yard.write("image.zip", plain[:-2] + struct.pack("<H", len(hidden)) + hidden)


CASES = (
    Case(name="zip: 300 names for the same 256 KiB", build=_overlapping, problem="unpacks to more than|cannot be read"),
    Case(
        name="zip: zips within zips within zips",
        build=lambda yard: yard.write("image.zip", _forty_two(5, 16)),
        problem="more than|longer than",
    ),
    Case(name="zip: a zip with itself in it twice", build=_within_itself, refused="neither|cannot"),
    Case(
        name="zip: more than its table says",
        build=_lying_size(PASSWD * 50_000, 100),
        problem="unpacks to more than 200",
    ),
    Case(name="zip: less than its table says", build=_lying_size(PASSWD, 1 << 30), problem="larger|damaged|cut short"),
    Case(name="zip: etc/passwd is a link to the host's canary", build=_zip_link, problem="leads nowhere"),
    Case(
        name="zip: the last of two files of one name", build=with_root("zip", (b"etc/passwd", PASSWD)), finds=BACKDOOR
    ),
    Case(
        name="zip: a table beyond its end",
        build=_zip_end(lambda end: end[:16] + b"\xff\xff\xff\x7f" + end[20:]),
        problem="table of contents|damaged",
    ),
    Case(
        name="zip: a table of two gibibytes",
        build=_zip_end(lambda end: end[:12] + b"\xff\xff\xff\x7f" + end[16:]),
        problem="table of contents",
    ),
    Case(name="zip: without its end", build=_zip_end(lambda end: b""), problem="table of contents"),
    Case(
        name="zip: fewer files than its table has",
        build=_zip_end(lambda end: end[:8] + b"\1\0\1\0" + end[12:]),
        finds='"root"',
    ),
    Case(name="zip: a comment that is another zip", build=_two_tables, finds=f"{BACKDOOR}|root"),
)
