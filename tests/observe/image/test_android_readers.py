"""Android's images: sparse ones by img2simg, boot images by mkbootimg, what avbtool and libufdt would make by hand."""

import struct
import subprocess
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, read_whole
from iotscan.observe.image.budget import Budget, Limits, OverBudget
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.readers import android
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from tests.observe.image.sameness import damaged, survives
from tests.observe.network.daemons import tool
from tests.wire.test_android import vbmeta

RAW = b"ABCD" * 1024 + bytes(40960) + bytes(range(256)) * 48 + bytes(4096) + b"last".ljust(4096, b"\0")
HEADER = struct.Struct("<I4H4I")
CHUNK = struct.Struct("<HHII")


def opened(reader: Reader, data: bytes) -> Contents:
    blob = Bytes(data)
    assert reader.recognises(data[:HEAD], blob)
    return reader.opens(blob, Budget())


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sparse")
    (folder / "raw").write_bytes(RAW)
    subprocess.run([tool("img2simg", "android-sdk-libsparse-utils"), "raw", "sparse"], cwd=folder, check=True)
    return (folder / "sparse").read_bytes()


def test_a_sparse_image_is_read_as_it_was(sparse: bytes) -> None:
    (part,) = opened(android.SPARSE, sparse).parts
    assert part.blob is not None
    assert len(sparse) < len(RAW)
    assert read_whole(part.blob, 1 << 20) == RAW
    assert part.blob.read_at(4090, 12) == RAW[4090:4102]
    assert part.blob.read_at(len(RAW) - 3, 100) == RAW[-3:]


def made(*chunks: tuple[int, int, bytes], blocks: int | None = None) -> bytes:
    """A sparse image of chunks ``(kind, blocks, data)``: img2simg makes no fills of other words, and no checksums."""
    count = sum(n for kind, n, _ in chunks) if blocks is None else blocks
    body = b"".join(CHUNK.pack(kind, 0, n, 12 + len(data)) + data for kind, n, data in chunks)
    return HEADER.pack(0xED26FF3A, 1, 0, 28, 12, 4096, count, len(chunks), 0) + body


def test_every_kind_of_chunk() -> None:
    image = made((0xCAC2, 2, b"wxyz"), (0xCAC4, 0, bytes(4)), (0xCAC3, 1, b""), (0xCAC1, 1, b"q" * 4096))
    (part,) = opened(android.SPARSE, image).parts
    assert part.blob is not None
    assert read_whole(part.blob, 1 << 20) == b"wxyz" * 2048 + bytes(4096) + b"q" * 4096
    assert part.blob.read_at(4099, 5) == b"zwxyz"


@pytest.mark.parametrize(
    "image",
    [made((0xCAC3, 1, b""), blocks=2), made((0xCAC1, 2, b"q" * 4096)), made((0xCAC9, 1, b"")), made((0xCAC2, 1, b""))],
)
def test_chunks_that_lie_are_told(image: bytes) -> None:
    with pytest.raises(Unreadable):
        opened(android.SPARSE, image)


def test_a_huge_sparse_image_is_over_budget() -> None:
    with pytest.raises(OverBudget):
        opened(android.SPARSE, made((0xCAC3, 0xFFFFFFFF, b"")))
    over = Budget(Limits(seconds=-1))
    (part,) = android.SPARSE.opens(Bytes(made((0xCAC3, 1, b""), (0xCAC3, 1 << 23, b""))), Budget()).parts
    assert part.blob is not None
    assert part.blob.read_at(1 << 34, 4) == bytes(4)
    with pytest.raises(OverBudget):
        android.SPARSE.opens(Bytes(made((0xCAC3, 1, b""))), over)


def test_boot_image_and_its_footer(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(b"K" * 5000)
    (tmp_path / "ramdisk").write_bytes(b"R" * 300)
    words = ["--kernel", "kernel", "--ramdisk", "ramdisk", "--pagesize", "2048", "-o", "boot.img"]
    subprocess.run([tool("mkbootimg", "mkbootimg"), *words], cwd=tmp_path, check=True)
    image = (tmp_path / "boot.img").read_bytes()
    found = {p.name: read_whole(p.blob, 1 << 20) for p in opened(android.BOOT, image).parts if p.blob}
    assert found == {"kernel": b"K" * 5000, "ramdisk": b"R" * 300}
    verified = vbmeta()
    footer = struct.pack(">4sIIQQQ28x", b"AVBf", 1, 0, len(image), len(image), len(verified))
    whole = image + verified + footer
    *_, last = opened(android.BOOT, whole).parts
    assert last.name == "vbmeta"
    assert last.blob is not None
    assert opened(android.VBMETA, read_whole(last.blob, 1 << 20)) == Contents()
    lying = footer.replace(len(image).to_bytes(8, "big"), b"\x7f" * 8)
    assert "vbmeta" in opened(android.BOOT, image + verified + lying).problem
    for what, broken in damaged(whole):
        survives(android.BOOT.opens, broken, what)


def test_table_of_device_trees() -> None:
    entries = struct.pack(">8I", 5, 100, 0, 0, 0, 0, 0, 0) + struct.pack(">8I", 3, 105, 0, 0, 0, 0, 0, 0)
    head = b"\xd7\xb7\xab\x1e" + struct.pack(">7I", 108, 32, 32, 2, 32, 2048, 0)
    table = (head + entries).ljust(100, b"\0") + b"firstnew"
    parts = opened(android.TABLE, table).parts
    assert [(p.name, read_whole(p.blob, 99)) for p in parts if p.blob] == [("dtb-1", b"first"), ("dtb-2", b"new")]
    for what, broken in damaged(table):
        survives(android.TABLE.opens, broken, what)


def test_logical_partitions_are_named() -> None:
    image = bytes(4096) + b"gDla" + bytes(8000)
    with pytest.raises(Unsupported, match="super"):
        opened(android.SUPER, image)


def test_damage_is_survived(sparse: bytes) -> None:
    for what, broken in damaged(sparse):
        survives(android.SPARSE.opens, broken, what)
    for what, broken in damaged(vbmeta()):
        survives(android.VBMETA.opens, broken, what)
