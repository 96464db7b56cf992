"""rpm's database in SQLite, and the headers in it.

Sources: rpm, lib/backend/sqlite.c (table ``Packages`` of ``hnum`` and ``blob``), lib/header.c (two counts, an index of
16 bytes an entry, the data; all in network order), include/rpm/rpmtag.h for the numbers.
"""

import sqlite3
import struct
from collections.abc import Iterator

from iotscan.wire.packages import BadDatabase, Installed

MAGIC = b"SQLite format 3\0"
_LARGEST_HEADER = 32 << 20
"""Bytes; rpm itself refuses more than 256 MiB, and the largest packages have a few."""
_MOST_ENTRIES = 65536
_STEPS = 50_000_000
"""Instructions of SQLite's machine: what reading 100,000 packages takes many times over."""
_NAME, _VERSION, _RELEASE, _EPOCH, _LICENCE, _ARCH, _SOURCE = 1000, 1001, 1002, 1003, 1014, 1022, 1044
_WANTED = frozenset((_NAME, _VERSION, _RELEASE, _EPOCH, _LICENCE, _ARCH, _SOURCE))
_INT32, _STRING, _I18N = 4, 6, 9


def read_rpm_sqlite(data: bytes) -> Iterator[Installed]:
    """The installed packages. Raises :class:`BadDatabase`.

    The database is opened from memory; nothing of its schema is trusted, and it may take its share of work only.
    """
    if not data.startswith(MAGIC):
        raise BadDatabase("it is no SQLite database")
    # A database in write-ahead mode cannot be opened from memory: bytes 18 and 19 say which mode (fileformat2.html).
    plain = data[:18] + b"\x01\x01" + data[20:]
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(plain)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_HEADER)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        left = [_STEPS // 10_000]

        def is_over() -> int:
            left[0] -= 1
            return int(left[0] < 0)

        connection.set_progress_handler(is_over, 10_000)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA query_only=ON")
        kind = connection.execute("SELECT type FROM sqlite_master WHERE name='Packages'").fetchone()
        if kind != ("table",):
            raise BadDatabase("it holds no table of packages")
        for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum"):
            if isinstance(blob, bytes):
                package = read_header(blob)
                # The keys that packages are signed with stand among the packages.
                if package is not None and package.name != "gpg-pubkey":
                    yield package
    except (sqlite3.Error, OverflowError, MemoryError) as error:
        raise BadDatabase("it is damaged, or too large") from error
    finally:
        connection.close()


def read_header(blob: bytes) -> Installed | None:
    """The package of a header; None for one without name and version. Raises :class:`BadDatabase`."""
    if len(blob) < 8:
        raise BadDatabase("a header in it is cut short")
    entries, length = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if entries > _MOST_ENTRIES or start + length > len(blob):
        raise BadDatabase("a header in it is cut short")
    data = blob[start : start + length]
    found: dict[int, str] = {}
    for tag, kind, offset, count in struct.iter_unpack(">IIII", blob[8:start]):
        if tag not in _WANTED or offset >= len(data) or not count:
            continue
        if kind in (_STRING, _I18N):
            found.setdefault(tag, data[offset : data.find(b"\0", offset) % (len(data) + 1)].decode("utf-8", "replace"))
        elif kind == _INT32 and offset + 4 <= len(data):
            found.setdefault(tag, str(struct.unpack_from(">I", data, offset)[0]))
    if not found.get(_NAME) or not found.get(_VERSION):
        return None
    release = f"-{found[_RELEASE]}" if found.get(_RELEASE) else ""
    epoch = f"{found[_EPOCH]}:" if found.get(_EPOCH, "0") != "0" else ""
    return Installed(
        name=found[_NAME],
        version=f"{epoch}{found[_VERSION]}{release}",
        architecture=found.get(_ARCH, ""),
        source=_source_name(found.get(_SOURCE, "")),
        licence=found.get(_LICENCE, ""),
    )


def _source_name(file: str) -> str:
    """``openssl`` of ``openssl-3.0.7-6.el9.src.rpm``."""
    parts = file.rsplit("-", 2)
    return parts[0] if len(parts) == 3 else ""
