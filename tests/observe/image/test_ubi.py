"""UBI and UBIFS as mkfs.ubifs and ubinize write them, and what only a used flash holds: moved blocks and a journal."""

import random
import stat
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, Slice, read_whole
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.readers import ubifs_nodes as nodes
from iotscan.observe.image.readers.ubi import UBI
from iotscan.observe.image.readers.ubifs import UBIFS, UbifsTree
from iotscan.observe.image.readers.ubifs_index import known_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from tests.observe.image.sameness import assert_same, damaged, survives
from tests.observe.image.sample import CAPABILITY, Sample, build
from tests.observe.network.daemons import tool

PAGE, BLOCK = 512, 16384
USABLE = BLOCK - 2 * PAGE


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("ubi"))


def ubifs(sample: Sample, *options: str, page: int = PAGE, usable: int = USABLE, blocks: int = 200) -> bytes:
    place = sample.folder.parent / "image.ubifs"
    place.unlink(missing_ok=True)
    words = ["-m", str(page), "-e", str(usable), "-c", str(blocks), "-r", str(sample.folder), "-o", str(place)]
    sample.run(tool("mkfs.ubifs", "mtd-utils"), *words, *options)
    return place.read_bytes()


def ubi(folder: Path, volumes: dict[str, tuple[str, bytes]], *options: str, page: int = PAGE) -> bytes:
    """A UBI image of volumes: name -> (kind, content)."""
    sections = []
    for number, (name, (kind, content)) in enumerate(volumes.items()):
        (folder / f"v{number}").write_bytes(content)
        image = f"image={folder}/v{number}\n" if content else ""
        size = max(len(content) + (3 * BLOCK if kind == "dynamic" else 0), BLOCK)
        sections.append(
            f"[s{number}]\nmode=ubi\n{image}vol_id={number}\nvol_type={kind}\nvol_name={name}\nvol_size={size}\n"
        )
    (folder / "u.cfg").write_text("".join(sections))
    words = ["-m", str(page), "-p", str(BLOCK), *options, "-o", str(folder / "image.ubi"), str(folder / "u.cfg")]
    subprocess.run([tool("ubinize", "mtd-utils"), *words], check=True)
    return (folder / "image.ubi").read_bytes()


def opened(reader: Reader, data: bytes) -> Contents:
    blob = Bytes(data)
    assert reader.recognises(data[:HEAD], blob)
    return reader.opens(blob, Budget())


def tree_of(data: bytes) -> Tree:
    contents = opened(UBIFS, data)
    assert contents.problem == ""
    assert contents.tree is not None
    return contents.tree


@pytest.mark.parametrize("compressor", ["lzo", "zlib", "zstd", "none", "favor_lzo"])
def test_same_as_the_folder(sample: Sample, compressor: str) -> None:
    image = ubifs(sample, "-x", compressor)
    assert_same(tree_of(image), sample.expected, attributes=False)
    known = known_of(Bytes(image), nodes.read_superblock(Bytes(image)), Budget())
    used = {
        nodes.read_data(nodes.read_node(Bytes(image), at))[1]
        for blocks in known.data.values()
        for at in blocks.values()
    }
    assert used == {"lzo": {0, 1}, "zlib": {0, 2}, "zstd": {0, 3}, "none": {0}, "favor_lzo": {0, 1, 2}}[compressor]


def test_other_sizes_and_hash(sample: Sample) -> None:
    assert_same(
        tree_of(ubifs(sample, "-k", "test", "-f", "64", page=2048, usable=126976, blocks=60)),
        sample.expected,
        attributes=False,
    )
    assert_same(tree_of(ubifs(sample, "-f", "3", page=8)), sample.expected, attributes=False)


def test_authenticated(sample: Sample, tmp_path: Path) -> None:
    new = [tool("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dev"]
    subprocess.run([*new, "-keyout", tmp_path / "key", "-out", tmp_path / "crt"], check=True, stderr=subprocess.DEVNULL)
    options = ["--hash-algo=sha256", f"--auth-key={tmp_path}/key", f"--auth-cert={tmp_path}/crt"]
    assert_same(tree_of(ubifs(sample, *options)), sample.expected, attributes=False)


def test_encrypted_is_named(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(range(64)))
    with pytest.raises(Unsupported, match="encrypted"):
        opened(UBIFS, ubifs(sample, "-K", str(tmp_path / "key"), "-b", "0102030405060708", "-C", "AES-256-XTS"))


def test_volumes_with_a_file_system(sample: Sample, tmp_path: Path) -> None:
    root, kernel = ubifs(sample), random.Random(3).randbytes(40_000)
    volumes = {"kernel": ("static", kernel), "rootfs": ("dynamic", root), "rootfs_data": ("dynamic", b"")}
    contents = opened(UBI, ubi(tmp_path, volumes))
    assert contents.problem == ""
    assert [part.name for part in contents.parts] == ["kernel", "rootfs", "rootfs_data"]
    blobs = [part.blob for part in contents.parts if part.blob is not None]
    assert read_whole(blobs[0], 1 << 20) == kernel
    assert blobs[2].size == 0
    assert_same(tree_of(read_whole(blobs[1], 1 << 24)), sample.expected, attributes=False)


@pytest.mark.parametrize(("options", "page"), [(["-s", "512"], 2048), (["-O", "4096"], 2048), (["-e", "7"], 1)])
def test_other_pages(tmp_path: Path, options: list[str], page: int) -> None:
    noise = random.Random(page).randbytes(40_000)
    image = ubi(tmp_path, {"s": ("static", noise), "d": ("dynamic", noise)}, *options, page=page)
    assert content(image, "s") == noise
    assert content(image, "d").rstrip(b"\xff") == noise.rstrip(b"\xff")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A static and a dynamic volume, three blocks each."""
    volumes = {"s": ("static", b"S" * 40_000), "d": ("dynamic", b"".join(bytes([n]) * USABLE for n in b"abc"))}
    return ubi(tmp_path_factory.mktemp("small"), volumes, "-Q", "77")


def content(image: bytes, name: str) -> bytes:
    (part,) = [part for part in opened(UBI, image).parts if part.name == name]
    assert part.blob is not None
    return read_whole(part.blob, 1 << 24)


def blocks_of(image: bytes) -> list[bytes]:
    return [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]


def test_blocks_in_any_order_and_erased_ones_between(small: bytes) -> None:
    blocks = blocks_of(small)
    erased = blocks[0][:64].ljust(BLOCK, b"\xff")
    mixed = [erased, b"\xff" * BLOCK, *reversed(blocks), erased]
    assert content(b"".join(mixed), "d") == content(small, "d")
    assert opened(UBI, b"".join(mixed)).problem == ""


def rewritten(block: bytes, data: bytes, *, sequence: int, is_copy: bool = False, checksum: int | None = None) -> bytes:
    """A block of a volume as it is when it was written again later."""
    vid = bytearray(block[PAGE : PAGE + 60])
    vid[6] = is_copy
    vid[20:24] = len(data).to_bytes(4, "big") if is_copy else vid[20:24]
    found = zlib.crc32(data) ^ 0xFFFFFFFF if checksum is None else checksum
    vid[32:36] = found.to_bytes(4, "big") if is_copy else vid[32:36]
    vid[40:48] = sequence.to_bytes(8, "big")
    head = bytes(vid) + (zlib.crc32(vid) ^ 0xFFFFFFFF).to_bytes(4, "big")
    return (block[:PAGE] + head).ljust(2 * PAGE, b"\0") + data.ljust(USABLE, b"\xff")


def test_ubi_inside_of_ubi_does_not_confuse_the_size_of_blocks(small: bytes, tmp_path: Path) -> None:
    image = ubi(tmp_path, {"inner": ("dynamic", small)}, "-Q", "78")
    assert content(image, "inner").rstrip(b"\xff") == small.rstrip(b"\xff")


def test_the_block_written_last_counts_unless_it_is_half_a_copy(small: bytes) -> None:
    (old,) = [block for block in blocks_of(small) if block[2 * PAGE :] == b"b" * USABLE]
    newer = b"B" * USABLE
    for image in (small + rewritten(old, newer, sequence=9), rewritten(old, newer, sequence=9) + small):
        assert content(image, "d")[USABLE : 2 * USABLE] == newer
    whole = rewritten(old, newer, sequence=9, is_copy=True)
    half = rewritten(old, newer, sequence=9, is_copy=True, checksum=5)
    assert content(small + whole, "d")[USABLE : 2 * USABLE] == newer
    assert content(small + half, "d") == content(small, "d")


def test_blocks_that_are_missing(small: bytes) -> None:
    def without(mark: bytes) -> bytes:
        kept = [block for block in blocks_of(small) if block[2 * PAGE :][:1] != mark]
        return b"".join(kept)

    assert content(without(b"b"), "d")[USABLE : 2 * USABLE] == b"\xff" * USABLE
    assert content(without(b"c"), "d") == content(small, "d")[: 2 * USABLE]
    assert opened(UBI, without(b"S")).problem == ""
    less = blocks_of(small)
    del less[next(n for n, block in enumerate(less) if block[2 * PAGE :].startswith(b"S"))]
    contents = opened(UBI, b"".join(less))
    assert contents.problem == "s: blocks of it are missing"
    assert [part.name for part in contents.parts] == ["d"]


def test_damage_is_told(small: bytes) -> None:
    blocks = blocks_of(small)
    number = next(n for n, block in enumerate(blocks) if block[2 * PAGE :].startswith(b"S"))
    wrong = bytearray(small)
    wrong[number * BLOCK + 2 * PAGE + 9] ^= 1
    assert opened(UBI, bytes(wrong)).problem == "s: a block of it does not fit its checksum"
    wrong = bytearray(small)
    wrong[number * BLOCK + PAGE + 9] ^= 1
    assert opened(UBI, bytes(wrong)).problem.startswith("1 blocks of it have no sound header")
    for at in (0, 1):
        wrong = bytearray(small)
        wrong[at * BLOCK + 2 * PAGE + 20] ^= 1
        assert opened(UBI, bytes(wrong)).problem == "", "the other copy of the volume table counts"
    wrong[2 * PAGE + 20] ^= 1
    with pytest.raises(Unreadable, match="volume table"):
        opened(UBI, bytes(wrong))
    with pytest.raises(Unreadable, match="first header"):
        opened(UBI, b"UBI#" + bytes(5000))


def test_damaged_ubi_is_survived(small: bytes) -> None:
    for what, broken in damaged(small, count=80):
        survives(UBI.opens, broken, what)


def test_damaged_ubifs_is_survived(sample: Sample) -> None:
    whole = ubifs(sample, "-x", "zlib")
    said = [survives(UBIFS.opens, broken, what) for what, broken in damaged(whole, count=60, first=3 * USABLE)]
    assert len(set(said)) > 3


class Journal:
    """Nodes that were written since the last commit: no tool writes them without a kernel."""

    def __init__(self, image: bytes) -> None:
        self.image = bytearray(image)
        self.block = nodes.read_superblock(Bytes(image)).block
        master = nodes.read_master(nodes.read_node(Bytes(image), self.block), self.block)
        self.log = master.log * self.block
        self.sequence = 1_000_000
        self.bud = len(image) // self.block
        self.image += b"\xff" * self.block
        self.at = self.bud * self.block
        # mkfs.ubifs writes the node that begins the log, and nothing behind it.
        begin = nodes.read_node(Bytes(image), self.log)
        assert begin.kind == nodes.COMMIT
        self.put(self.log + ((len(begin.raw) + 511) & ~511), nodes.REFERENCE, struct.pack("<III28x", self.bud, 0, 1))
        # There is one block more than mkfs.ubifs made.
        self.image[40:44] = (self.bud + 1).to_bytes(4, "little")
        self.image[4:8] = (zlib.crc32(self.image[8:4096]) ^ 0xFFFFFFFF).to_bytes(4, "little")

    def put(self, at: int, kind: int, body: bytes) -> int:
        self.sequence += 1
        tail = struct.pack("<QIBB2x", self.sequence, nodes.HEADER + len(body), kind, 0) + body
        node = nodes.MAGIC + (zlib.crc32(tail) ^ 0xFFFFFFFF).to_bytes(4, "little") + tail
        self.image[at : at + len(node)] = node
        return (len(node) + 7) & ~7

    def add(self, kind: int, body: bytes) -> None:
        self.at += self.put(self.at, kind, body)

    def inode(
        self,
        number: int,
        *,
        size: int = 0,
        links: int = 1,
        mode: int = stat.S_IFREG | 0o600,
        inside: bytes = b"",
        flags: int = 0,
    ) -> None:
        key = struct.pack("<II8x", number, 0)
        body = struct.pack("<QQ36xIIIIII", 0, size, links, 0, 0, mode, flags, len(inside))
        self.add(nodes.INODE, (key + body).ljust(160 - nodes.HEADER, b"\0") + inside)

    def name(self, parent: int, name: bytes, number: int, *, kind: int = nodes.DENT) -> None:
        key = struct.pack("<II8x", parent, kind << 29 | 5)
        self.add(kind, key + struct.pack("<QBBHI", number, 0, 0, len(name), 0) + name + b"\0")

    def data(self, number: int, block: int, data: bytes) -> None:
        key = struct.pack("<II8x", number, nodes.DATA << 29 | block)
        self.add(nodes.DATA, key + struct.pack("<IHH", len(data), 0, 0) + data)

    def cut(self, number: int, size: int) -> None:
        self.add(nodes.TRUNCATION, struct.pack("<I12xQQ", number, 1 << 20, size))


def inode_of(tree: Tree, path: str) -> int:
    entry = tree.find(path)
    assert entry is not None
    return entry.inode


def test_the_journal_counts(sample: Sample) -> None:
    image = ubifs(sample)
    before = tree_of(image)
    assert bytes(Journal(image).image[: len(image)]) != image
    journal = Journal(image)
    passwd, lines, sparse = (inode_of(before, path) for path in ("/etc/passwd", "/usr/lib/lines.txt", "/var/sparse"))
    journal.inode(90_000, size=5000)
    journal.name(nodes.ROOT, b"new", 90_000)
    journal.data(90_000, 0, b"n" * 4096)
    journal.data(90_000, 1, b"m" * 904)
    journal.inode(passwd, size=4, mode=stat.S_IFREG | 0o644)
    journal.data(passwd, 0, b"gone")
    journal.data(passwd, 0, b"evil")
    journal.cut(lines, 5000)
    journal.inode(lines, size=9000)
    journal.name(inode_of(before, "/etc"), b"shadow", 0)
    journal.inode(sparse, links=0)
    contents = opened(UBIFS, bytes(journal.image))
    tree = contents.tree
    assert tree is not None
    assert tree.read("/new", 9999) == b"n" * 4096 + b"m" * 904
    assert tree.read("/etc/passwd", 99) == b"evil"
    text = before.read("/usr/lib/lines.txt", 8192)
    assert tree.read("/usr/lib/lines.txt", 9999) == text + bytes(9000 - 8192)
    assert not tree.is_named("/etc/shadow")
    assert contents.problem == "1 names lead nowhere"


def test_an_index_that_loops_is_told(sample: Sample) -> None:
    journal = Journal(ubifs(sample))
    here = journal.bud
    branch = struct.Struct("<IIIII")
    below = struct.pack("<HH", 1, 0) + branch.pack(here, 512, 40, 5, nodes.DENT << 29)
    child = struct.pack("<HH", 2, 1) + 2 * branch.pack(here, 0, nodes.HEADER + 24, 0, 0)
    top = struct.pack("<HH", 1, 2) + branch.pack(here, 256, nodes.HEADER + 44, 0, 0)
    for at, body in ((0, below), (256, child), (768, top)):
        journal.put(here * journal.block + at, nodes.INDEX, body)
    for number in (1, 2):
        at = number * journal.block
        while (head := bytes(journal.image[at : at + 24])).startswith(nodes.MAGIC):
            if head[20] == nodes.MASTER:
                struct.pack_into("<III", journal.image, at + 48, here, 768, nodes.HEADER + 24)
                whole = zlib.crc32(journal.image[at + 8 : at + 512]) ^ 0xFFFFFFFF
                journal.image[at + 4 : at + 8] = whole.to_bytes(4, "little")
            at += 512
    contents = opened(UBIFS, bytes(journal.image))
    assert contents.problem.startswith("2 nodes of its index are damaged")


def test_blocks_that_are_short_or_of_another_file(sample: Sample) -> None:
    image = ubifs(sample)
    journal = Journal(image)
    passwd = inode_of(tree_of(image), "/etc/passwd")
    journal.inode(passwd, size=4100, mode=stat.S_IFREG | 0o644)
    journal.data(passwd, 0, b"short")
    journal.data(passwd, 1, b"next")
    blob = Bytes(bytes(journal.image))
    known = known_of(blob, nodes.read_superblock(blob), Budget())
    assert UbifsTree(blob, known, Budget()).read("/etc/passwd", 9999) == b"short".ljust(4096, b"\0") + b"next"
    known.data[passwd][1] = known.data[passwd][0]
    with pytest.raises(Unreadable, match="not where the index says"):
        UbifsTree(blob, known, Budget()).read("/etc/passwd", 9999)


def test_extended_attributes(sample: Sample) -> None:
    """Debian's mkfs.ubifs is built without them."""
    image = ubifs(sample)
    journal = Journal(image)
    ping = inode_of(tree_of(image), "/usr/bin/ping")
    for number, (name, value) in enumerate(
        {b"security.capability": CAPABILITY, b"user.a": b"", b"user.b": b"b"}.items()
    ):
        journal.inode(90_000 + number, inside=value)
        journal.name(ping, name, 90_000 + number, kind=nodes.XENT)
    journal.name(ping, b"user.b", 0, kind=nodes.XENT)
    journal.name(nodes.ROOT, b"user.lost", 99_999, kind=nodes.XENT)
    tree = tree_of(bytes(journal.image))
    entry, root = tree.find("/usr/bin/ping"), tree.find("/")
    assert entry is not None
    assert root is not None
    assert tree.attributes(entry) == {"security.capability": CAPABILITY, "user.a": b""}
    with pytest.raises(Unreadable):
        tree.attributes(root)


def test_an_encrypted_folder_is_named_and_the_others_are_read(sample: Sample) -> None:
    image = ubifs(sample)
    journal = Journal(image)
    journal.inode(inode_of(tree_of(image), "/etc"), mode=stat.S_IFDIR | 0o755, links=2, flags=0x40)
    contents = opened(UBIFS, bytes(journal.image))
    assert contents.problem == "1 files or folders are encrypted (fscrypt)"
    tree = contents.tree
    assert tree is not None
    with pytest.raises(Unsupported, match="fscrypt"):
        tree.children("/etc")
    assert tree.read("/usr/bin/ping", 9) == b"\x7fELF ping"


def test_a_journal_that_breaks_off_is_told(sample: Sample) -> None:
    journal = Journal(ubifs(sample))
    journal.name(nodes.ROOT, b"new", 1 << 20)
    journal.image[journal.at - 8] ^= 1
    assert opened(UBIFS, bytes(journal.image)).problem == "1 nodes of its index are damaged"


def test_nodes_too_short_for_their_kind_are_told(sample: Sample) -> None:
    image = ubifs(sample)
    passwd = inode_of(tree_of(image), "/etc/passwd")
    for kind in (nodes.INODE, nodes.DATA, nodes.DENT, nodes.TRUNCATION):
        journal = Journal(image)
        journal.add(kind, b"1234")
        assert opened(UBIFS, bytes(journal.image)).problem == "1 nodes of its index are damaged"
    journal = Journal(image)
    journal.add(nodes.DATA, struct.pack("<II8x", passwd, nodes.DATA << 29))
    with pytest.raises(Unreadable):
        tree_of(bytes(journal.image)).read("/etc/passwd", 99)


def test_padding_between_nodes_is_passed(sample: Sample) -> None:
    journal = Journal(ubifs(sample))
    journal.add(nodes.PADDING, struct.pack("<I", 68))
    journal.at += 64
    journal.image[journal.at : journal.at + 16] = b"\xce" * 16
    journal.at += 16
    journal.inode(90_000)
    journal.name(nodes.ROOT, b"new", 90_000)
    assert tree_of(bytes(journal.image)).is_named("/new")


def test_a_flipped_bit_is_never_silent(sample: Sample) -> None:
    whole = ubifs(sample, "-x", "none")
    chance = random.Random(8)
    good = {entry.path: entry for entry in tree_of(whole).walk()}
    for _ in range(20):
        at = chance.randrange(14 * USABLE, len(whole) - USABLE)
        broken = Bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        if whole[at] in (0, 0xFF, 0xCE):
            continue
        try:
            contents = UBIFS.opens(broken, Budget())
            assert contents.tree is not None
            read = [contents.tree.content(e).read_at(0, e.size) for e in good.values() if e.kind == "file"]
            assert contents.problem or read == [
                tree_of(whole).content(e).read_at(0, e.size) for e in good.values() if e.kind == "file"
            ]
        except Unreadable:
            continue


def test_a_part_of_a_larger_flash(small: bytes) -> None:
    blob = Slice(Bytes(bytes(512) + small), 512, len(small))
    assert len(UBI.opens(blob, Budget()).parts) == 2
