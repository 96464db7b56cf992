"""Archives: links that are written through, sizes that lie, members without end, archives within archives."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, FOUND_KEY, KEY, PASSWD, Case, Yard
from tests.hostile_images.traversal import ROOT, in_cpio, in_tar

_ROOT_TAR = in_tar(ROOT)[: -len(raw.TAR_END)]
_DAMAGED = "header of it is damaged"
_CUT = "cut short"


def tar(*members: bytes) -> Callable[[Yard], Path]:
    """A small root file system as a tar, and these members; ``CANARY`` in a link is the host's canary."""
    return lambda yard: yard.write("image.tar", _ROOT_TAR + raw.tar(*members))


def _to_canary(*wanted: tuple[bytes, bytes]) -> Callable[[Yard], Path]:
    """Members of a kind (1 is a hard link, 2 a symbolic one) that lead to the canary, and a link through them."""

    def build(yard: Yard) -> Path:
        host = str(yard.canary).encode()
        members = []
        for name, kind in wanted:
            records = raw.pax([(b"linkpath", host)])
            members.append(records + raw.tar_header(name, kind=kind, link=host))
        return yard.write("image.tar", _ROOT_TAR + raw.tar(*members))

    return build


def _through(link: bytes, *, kind: bytes = b"2") -> Callable[[Yard], Path]:
    """A link first, then a member that is written through it."""
    return tar(raw.tar_header(b"way", kind=kind, link=link), raw.tar_file(b"way/passwd", PASSWD))


def _sparse(real: int, runs: bytes) -> bytes:
    """An old GNU sparse member that claims ``real`` bytes."""
    tail = bytes(386 - 345) + runs.ljust(96, b"\0") + b"\0" + b"\x80" + real.to_bytes(11, "big")
    return raw.tar_header(b"etc/passwd", kind=b"S", magic=b"ustar  \0", tail=tail)


def _nested(levels: int) -> bytes:
    data = in_tar([(b"etc/passwd", PASSWD), (b"bin/sh", b"x")])
    for _ in range(levels):
        data = in_tar([(b"rootfs.img", data)])
    return data


def _many(yard: Yard) -> Path:
    """200,000 members: a hundred megabytes that pack to nothing."""
    with gzip.open(yard.place / "image.tar.gz", "wb", 1) as out:
        out.write(_ROOT_TAR)
        block = b"".join(raw.tar_header(b"var/%d" % number) for number in range(1000))
        for _ in range(200):
            out.write(block)
    return yard.place / "image.tar.gz"


def _names(yard: Yard) -> Path:
    """30,000 hard links to one file."""
    with gzip.open(yard.place / "image.tar.gz", "wb", 1) as out:
        out.write(_ROOT_TAR)
        out.write(raw.tar_file(b"usr/key", KEY))
        for number in range(30_000):
            out.write(raw.tar_header(b"usr/l%d" % number, kind=b"1", link=b"usr/key"))
    return yard.place / "image.tar.gz"


def _broken_images(yard: Yard) -> Path:
    """1,500 files that claim to be file systems and are none."""
    lie = b"hsqs" + b"\xff" * 600
    with gzip.open(yard.place / "image.tar.gz", "wb", 1) as out:
        for number in range(1_500):
            out.write(raw.tar_file(b"images/%d.squashfs" % number, lie))
        out.write(raw.TAR_END)
    return yard.place / "image.tar.gz"


def _python_made(**fields: object) -> Callable[[Yard], Path]:
    """A member as tarfile writes it, in GNU's format with numbers in base 256."""

    def build(yard: Yard) -> Path:
        info = tarfile.TarInfo("etc/passwd")
        for name, value in fields.items():
            setattr(info, name, value)
        return yard.write("image.tar", _ROOT_TAR + info.tobuf(tarfile.GNU_FORMAT) + raw.TAR_END)

    return build


def _cpio(*members: bytes, root: bool = True) -> Callable[[Yard], Path]:
    begin = b"".join(raw.cpio_member(name, data) for name, data in ROOT) if root else b""
    return lambda yard: yard.write("image.cpio", begin + raw.cpio(*members))


def _cut_at_trailer(yard: Yard) -> Path:
    whole = in_cpio(ROOT)
    return yard.write("image.cpio", whole[: whole.rindex(b"070701")])


def _tar_in_io(yard: Yard) -> Path:
    """Sparse in pax 1.0, with a map that never ends."""
    out = io.BytesIO()
    out.write(raw.pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"etc/passwd"),
                       (b"GNU.sparse.realsize", b"%d" % (1 << 45))]))  # fmt: skip
    out.write(raw.tar_file(b"x", b"999999999\n" + b"1\n" * 2000))
    return yard.write("image.tar", _ROOT_TAR + out.getvalue() + raw.TAR_END)


CASES = (
    Case(name="tar: a member is written through a link to the host's etc", build=_through(b"/etc"), finds=BACKDOOR),
    Case(
        name="tar: a member is written through a link that climbs out",
        build=_through(b"../" * 30 + b"etc"),
        finds=BACKDOOR,
    ),
    Case(name="tar: a member is written through a link to itself", build=_through(b"way"), finds='"root"'),
    Case(
        name="tar: a member is written through a hard link",
        build=_through(b"etc", kind=b"1"),
        problem="hard links that lead nowhere",
    ),
    Case(
        name="tar: a link through a link through a link out",
        build=tar(
            raw.tar_header(b"a", kind=b"2", link=b"usr/lib"),
            raw.tar_header(b"a/b", kind=b"2", link=b"../../.."),
            raw.tar_file(b"a/b/etc/passwd", PASSWD),
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="tar: etc/passwd is a hard link to the host's canary",
        build=_to_canary((b"etc/passwd", b"1")),
        problem="hard links that lead nowhere",
    ),
    Case(
        name="tar: etc/passwd is a symbolic link to the host's canary",
        build=_to_canary((b"etc/passwd", b"2")),
        problem="leads nowhere",
    ),
    Case(
        name="tar: a hard link to a symbolic link to the host's canary",
        build=_to_canary((b"way", b"2"), (b"etc/passwd", b"2")),
        problem="leads nowhere",
    ),
    Case(
        name="tar: a hard link to itself",
        build=tar(raw.tar_header(b"usr/self", kind=b"1", link=b"usr/self")),
        problem="hard links that lead nowhere",
    ),
    Case(
        name="tar: a hard link to a folder",
        build=tar(raw.tar_header(b"usr/again", kind=b"1", link=b"usr")),
        problem="hard links that lead nowhere",
    ),
    Case(
        name="tar: devices and fifos where files are read",
        build=tar(
            raw.tar_header(b"etc/passwd", kind=b"4", device=(8, 0)),
            raw.tar_header(b"etc/shadow", kind=b"6"),
            raw.tar_header(b"etc/os-release", kind=b"3", device=(1, 5)),
        ),
        problem="regular file|cannot be read",
    ),
    Case(
        name="tar: the second of two names of one file is the one that counts",
        build=tar(raw.tar_file(b"etc/passwd", PASSWD)),
        finds=BACKDOOR,
    ),
    Case(
        name="tar: a file in the place of a folder",
        build=tar(raw.tar_file(b"etc", b"no folder")),
        problem="/etc is a link|cannot be read",
    ),
    Case(
        name="tar: a file below a file",
        build=tar(raw.tar_file(b"etc/passwd/hidden", PASSWD)),
        problem="cannot be read|regular file|folder",
    ),
    Case(name="tar: a size beyond its end", build=tar(raw.tar_header(b"etc/passwd", size=1 << 30)), problem=_CUT),
    Case(name="tar: a size of sixteen exbibytes", build=_python_made(size=(1 << 63) - 1), problem=_DAMAGED),
    Case(name="tar: a negative size", build=tar(raw.tar_header(b"etc/passwd", size=b"\xff" * 12)), problem=_DAMAGED),
    Case(
        name="tar: a size that is no number",
        build=tar(raw.tar_header(b"etc/passwd", size=b"zzzzzzzzzzz\0")),
        problem=_DAMAGED,
    ),
    Case(
        name="tar: a pax size of a thousand digits",
        build=tar(raw.pax([(b"size", b"9" * 1000)]) + raw.tar_file(b"etc/passwd", PASSWD)),
        problem=_DAMAGED,
    ),
    Case(
        name="tar: a wrong sum hides the rest",
        build=tar(bytes(100) + b"x" * 412, raw.tar_file(b"etc/passwd", PASSWD)),
        problem=_DAMAGED,
    ),
    Case(name="tar: a sparse terabyte for etc/passwd", build=tar(_sparse(1 << 40, b"")), problem="larger than"),
    Case(name="tar: a sparse map without an end", build=_tar_in_io, problem="too many pieces|damaged"),
    Case(
        name="tar: sparse runs that overlap",
        build=tar(_sparse(1000, b"00000000000\x0000000000700\x0000000000000\x0000000000700\0")),
        problem=_DAMAGED,
    ),
    Case(
        name="tar: a pax header of a gibibyte",
        build=tar(raw.tar_header(b"pax", kind=b"x", size=1 << 30)),
        problem=_DAMAGED,
    ),
    Case(
        name="tar: a pax record longer than its header",
        build=tar(raw.tar_file(b"pax", b"99999 path=etc/passwd\n", kind=b"x")),
        problem=_DAMAGED,
    ),
    Case(
        name="tar: one name for all that follow",
        build=lambda yard: yard.write(
            "image.tar", raw.pax([(b"path", b"etc/passwd")], kind=b"g") + _ROOT_TAR + raw.TAR_END
        ),
        refused="neither|looks|root",
    ),
    Case(
        name="tar: a name with a zero in it",
        build=tar(raw.pax([(b"path", b"etc/passwd\0.txt")]) + raw.tar_file(b"x", PASSWD)),
        problem="lead out of it|none that",
    ),
    Case(
        name="tar: a name of 5,000 characters",
        build=tar(raw.pax([(b"path", b"usr/" + b"n" * 5000)]) + raw.tar_file(b"x", PASSWD)),
        problem="longer than 4,096",
    ),
    Case(
        name="tar: a path of 3,000 folders",
        build=tar(raw.pax([(b"path", b"d/" * 1500 + b"x")]) + raw.tar_file(b"x", PASSWD)),
        problem="nested deeper than 128",
    ),
    Case(
        name="tar: it goes on from another volume",
        build=tar(raw.tar_header(b"etc/passwd", kind=b"M", size=10)),
        problem="another volume",
    ),
    Case(name="tar: 200,000 members", build=_many, problem="more than 8,000 files"),
    Case(name="tar: 30,000 names of one file", build=_names, problem="more than 8,000 files", finds=FOUND_KEY),
    Case(name="tar: 1,500 images that are broken", build=_broken_images, problem="more that cannot be read"),
    Case(
        name="tar: eleven archives in one another",
        build=lambda yard: yard.write("image.tar", _nested(11)),
        problem="nested deeper than 8",
    ),
    Case(
        name="tar: three archives in one another",
        build=lambda yard: yard.write("image.tar", _nested(3)),
        finds=BACKDOOR,
        is_whole=True,
    ),
    Case(
        name="cpio: a size beyond its end", build=_cpio(raw.cpio_member(b"etc/passwd", size=0xFFFFFFFF)), problem=_CUT
    ),
    Case(
        name="cpio: a name of four gibibytes",
        build=_cpio(raw.cpio_member(b"etc/passwd", name_size=0xFFFFFFF0)),
        problem="damaged",
    ),
    Case(name="cpio: a name of no length", build=_cpio(raw.cpio_member(b"etc/passwd", name_size=0)), problem="damaged"),
    Case(name="cpio: no trailer", build=_cut_at_trailer, problem=_CUT),
    Case(name="cpio: what follows is no member", build=_cpio(b"070701" + b"Z" * 104), problem="damaged"),
    Case(
        name="cpio: a link of a gibibyte",
        build=_cpio(raw.cpio_member(b"etc/passwd", mode=0o120777, size=1 << 30)),
        problem="damaged",
    ),
    Case(name="cpio: a node of no kind", build=_cpio(raw.cpio_member(b"etc/passwd", mode=0o170644)), problem="damaged"),
    Case(
        name="cpio: a file behind the trailer",
        build=lambda yard: yard.write("image.cpio", in_cpio(ROOT) + bytes(512) + in_cpio([(b"etc/passwd", PASSWD)])),
        finds=BACKDOOR,
    ),
    Case(
        name="cpio: noise behind the trailer",
        build=lambda yard: yard.write("image.cpio", in_cpio(ROOT) + b"noise" * 99),
        problem="behind it is not known",
    ),
    Case(
        name="cpio: hard links whose data come with one that is overwritten",
        build=_cpio(
            raw.cpio_member(b"etc/passwd", b"", inode=9, names=2),
            raw.cpio_member(b"usr/other", PASSWD, inode=9, names=2),
            raw.cpio_member(b"usr/other", b"x"),
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="cpio: a device for etc/passwd",
        build=_cpio(raw.cpio_member(b"etc/passwd", mode=0o060644)),
        problem="regular file|cannot be read|leads",
    ),
)
