"""What programs and services hold in files that are no text: programs, certificates, keys, databases, modules."""

import base64
import sqlite3
import struct
import zlib
from collections.abc import Callable

from tests.hostile_images.case import BACKDOOR, FOUND_KEY, KEY, Case
from tests.hostile_images.settings import with_files


def elf(**fields: int) -> bytes:
    """A header of a 64-bit program whose tables lie."""
    said = {"phoff": 64, "shoff": 0, "phnum": 1, "shnum": 0, "shstrndx": 0, "phentsize": 56, "shentsize": 64, **fields}
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<2HI3QI6H", 3, 183, 1, 0, said["phoff"], said["shoff"], 0, 64, said["phentsize"],
                        said["phnum"], said["shentsize"], said["shnum"], said["shstrndx"])  # fmt: skip
    dynamic = struct.pack("<2I6Q", 2, 6, 200, 200, 200, said.get("dynamic", 4096), 4096, 8)
    needed = struct.pack("<4Q", 1, 0xFFFFFFFF, 5, 0xFFFFFFFFFFFF)
    return (head + dynamic).ljust(200, b"\0") + needed * 200


def _der(depth: int) -> bytes:
    """Sequences in one another."""
    data = b""
    for _ in range(depth):
        length = len(data)
        size = struct.pack(">I", length).lstrip(b"\0") or b"\0"
        data = b"\x30" + (bytes([length]) if length < 128 else bytes([0x80 | len(size)]) + size) + data
    return data


def _pem(kind: bytes, body: bytes) -> bytes:
    return b"-----BEGIN " + kind + b"-----\n" + base64.encodebytes(body) + b"-----END " + kind + b"-----\n"


def _database(change: Callable[[bytes], bytes], *statements: str) -> bytes:
    """A database of rpm with a schema that does things, and bytes changed."""
    with sqlite3.connect(":memory:") as one:
        one.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        one.execute("INSERT INTO Packages VALUES (1, zeroblob(9000))")
        for statement in statements:
            one.execute(statement)
        one.commit()
        return change(one.serialize())


_RPM = "var/lib/rpm/rpmdb.sqlite"
_ENDLESS_VIEW = (
    "ALTER TABLE Packages RENAME TO Hidden",
    "CREATE VIEW Packages AS WITH RECURSIVE n(hnum, blob) AS (SELECT 1, x'00' UNION ALL SELECT hnum+1, blob FROM n)"
    " SELECT hnum, blob FROM n",
)
_BIG_VIEW = (
    "ALTER TABLE Packages RENAME TO Hidden",
    "CREATE VIEW Packages AS SELECT 1 AS hnum, zeroblob(900000000) AS blob",
)
_FILE_VIEW = (
    "ALTER TABLE Packages RENAME TO Hidden",
    "CREATE VIEW Packages AS SELECT 1 AS hnum, readfile('/etc/passwd') AS blob",
)


def _schema(data: bytes) -> bytes:
    """The text of the schema is another statement: whoever trusts it runs it."""
    return data.replace(
        b"CREATE TABLE Packages (hnum INTEGER PRIMARY KEY", b"CREATE TABLE Packages (hnum INTEGER PRIMARY KEX"
    )


def _rpm_store(count: int, size: int) -> str:
    blob = struct.pack(">2I", count, size).hex() + "00" * 64
    return f"UPDATE Packages SET blob = x'{blob}'"


def _module(length: int) -> bytes:
    """A kernel module whose appended signature says that it is ``length`` bytes long."""
    return elf() + b"x" * 600 + struct.pack(">8xI", length) + b"~Module signature appended~\n"


def _gz(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    return machine.compress(data) + machine.flush()


CASES = (
    Case(
        name="elf: 65,535 sections that are not there",
        build=with_files(
            {
                "usr/bin/x": elf(shoff=0xFFFFFFFFFFFF, shnum=65535, shstrndx=65535),
                "usr/lib/y.so": elf(shoff=64, shnum=65535, shentsize=1),
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="elf: program headers beyond its end",
        build=with_files(
            {
                "usr/bin/x": elf(phoff=0xFFFFFFFFFFFFFFF0, phnum=65535),
                "usr/bin/y": elf(phentsize=0, phnum=65535),
                "usr/bin/z": elf(dynamic=1 << 62),
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="elf: cut at any place",
        build=with_files({f"usr/bin/{n}": elf()[:n] for n in range(4, 340, 7)}),
        finds=BACKDOOR,
    ),
    Case(
        name="certificate: 30,000 sequences in one another",
        build=with_files(
            {
                "etc/ssl/certs/x.pem": _pem(b"CERTIFICATE", _der(30_000)),
                "etc/ssl/x.key": _pem(b"PRIVATE KEY", _der(30_000)),
                "etc/ssl/x.p12": _der(30_000),
                "etc/ssl/x.der": _der(30_000),
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="certificate: a length of 2^63",
        build=with_files(
            {
                path: _pem(kind, b"\x30\x88\x7f" + b"\xff" * 7 + b"\x02\x84\xff\xff\xff\xff" * 400)
                for path, kind in (
                    ("etc/ssl/certs/x.pem", b"CERTIFICATE"),
                    ("etc/ssl/x.key", b"RSA PRIVATE KEY"),
                    ("etc/ssl/y.key", b"EC PRIVATE KEY"),
                    ("root/.ssh/id_rsa", b"OPENSSH PRIVATE KEY"),
                )
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="certificate: a number of 400,000 bits",
        build=with_files(
            {
                "etc/ssl/x.key": _pem(
                    b"RSA PRIVATE KEY",
                    b"\x30\x83\x00\xc3\x60\x02\x01\x00\x02\x82\xc3\x50" + b"\xff" * 50_000 + b"\x02\x03\x01\x00\x01",
                )
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="certificate: 4,000 in one file",
        build=with_files({"etc/ssl/certs/ca-certificates.crt": _pem(b"CERTIFICATE", b"\x30\x03\x02\x01\x01") * 4_000}),
        finds=BACKDOOR,
    ),
    Case(
        name="key: two billion rounds of its own",
        build=with_files(
            {
                "root/.ssh/id_ed25519": _pem(
                    b"OPENSSH PRIVATE KEY",
                    b"openssh-key-v1\0\0\0\0\x0aaes256-ctr\0\0\0\x06bcrypt\0\0\0\x18\0\0\0\x10"
                    + b"s" * 16
                    + b"\x7f\xff\xff\xff\0\0\0\x01"
                    + bytes(400),
                )
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="key: behind the begin of another that does not end",
        build=with_files({"usr/lib/x": b"-----BEGIN PRIVATE KEY-----\nMC4CAQ\n" + KEY}),
        finds=FOUND_KEY,
    ),
    Case(
        name="key: behind 33 MB of nothing in a line",
        build=with_files({"usr/lib/x": b"\0" * (33 << 20) + KEY}),
        finds=FOUND_KEY,
    ),
    Case(
        name="sqlite: a view without an end",
        build=with_files({_RPM: _database(lambda d: d, *_ENDLESS_VIEW)}),
        problem="rpm|package|cannot|regular|damaged|not known",
        finds=BACKDOOR,
    ),
    Case(
        name="sqlite: a view of 900 MB",
        build=with_files({_RPM: _database(lambda d: d, *_BIG_VIEW)}),
        problem="rpm|package|cannot|damaged",
        finds=BACKDOOR,
    ),
    Case(
        name="sqlite: a view that reads a file",
        build=with_files({_RPM: _database(lambda d: d, *_FILE_VIEW)}),
        problem="rpm|package|cannot|damaged",
        finds=BACKDOOR,
    ),
    Case(name="sqlite: a schema that is no statement", build=with_files({_RPM: _database(_schema)}), finds=BACKDOOR),
    Case(
        name="sqlite: pages of no length",
        build=with_files({_RPM: _database(lambda d: d[:16] + b"\0\0" + d[18:])}),
        problem="rpm|package|cannot|damaged",
        finds=BACKDOOR,
    ),
    Case(
        name="sqlite: pages in circles",
        build=with_files({_RPM: _database(lambda d: d.replace(b"\0\0\0\3", b"\0\0\0\2"))}),
        finds=BACKDOOR,
    ),
    Case(
        name="sqlite: cut in half",
        build=with_files({_RPM: _database(lambda d: d[: len(d) // 2])}),
        problem="rpm|package|cannot|damaged",
        finds=BACKDOOR,
    ),
    Case(
        name="rpm: four billion entries",
        build=with_files({_RPM: _database(lambda d: d, _rpm_store(0xFFFFFFFF, 0xFFFFFFFF))}),
        problem="rpm|package|cannot|damaged",
        finds=BACKDOOR,
    ),
    Case(
        name="module: a signature of four gibibytes",
        build=with_files(
            {"lib/modules/6.1/kernel/x.ko": _module(0xFFFFFFFF), "lib/modules/6.1/kernel/y.ko": _module(0)}
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="kernel: a configuration that is a bomb",
        build=with_files(
            {
                "boot/config.gz": _gz(bytes(20 << 20)),
                "boot/vmlinuz": b"IKCFG_ST" + _gz(bytes(20 << 20)) + b"IKCFG_ED" + bytes(600),
                "boot/initrd.img": _gz(bytes(20 << 20)),
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="verity: a hash tree that lies",
        build=with_files(
            {
                "boot/x.verity": b"verity\0\0"
                + struct.pack("<2I16s32s2IQH", 1, 1, bytes(16), b"sha256", 512, 512, 1 << 62, 65535).ljust(504, b"\xff")
                + bytes(600)
            }
        ),
        finds=BACKDOOR,
    ),
)
