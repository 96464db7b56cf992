"""Headers of Android's boot chain, which gateways borrow: verified boot, boot images, sparse images.

Sources: AVB 2.0 ``libavb/avb_vbmeta_image.h``, ``avb_footer.h`` and ``avb_*_descriptor.h`` (all big-endian);
``system/tools/mkbootimg/include/bootimg/bootimg.h``; ``system/core/libsparse/sparse_format.h`` (little-endian).
"""

import struct
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

VBMETA_MAGIC: Final = b"AVB0"
VBMETA_HEADER: Final = 256
FOOTER_MAGIC: Final = b"AVBf"
FOOTER: Final = 64
"""Bytes at the very end of a partition."""
BOOT_MAGIC: Final = b"ANDROID!"
VENDOR_BOOT_MAGIC: Final = b"VNDRBOOT"
BOOT_HEADER: Final = 4096
"""Bytes that hold the header of every version."""
SPARSE_MAGIC: Final = b"\x3a\xff\x26\xed"
SPARSE_HEADER: Final = 28
CHUNK_HEADER: Final = 12

ALGORITHMS: Final = (
    "NONE", "SHA256_RSA2048", "SHA256_RSA4096", "SHA256_RSA8192", "SHA512_RSA2048", "SHA512_RSA4096", "SHA512_RSA8192",
    "MLDSA65", "MLDSA87",
)  # fmt: skip
HASHTREE_DISABLED, VERIFICATION_DISABLED = 1, 2
"""Bits of ``flags``."""

_DESCRIPTORS = 1024
_AUXILIARY: Final = 1 << 20
_MODERN_PAGE = 4096


class BadHeader(ValueError):
    """It is not what its magic says: the message says why."""


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a vbmeta image: how a partition is verified, or who may speak for it.

    ``hash`` and ``hashtree`` verify ``partition`` with ``algorithm`` and ``digest``; ``chain`` hands it to ``key``,
    whose rollback index stands at ``rollback_location``; ``cmdline`` is ``text`` for the kernel; ``property`` is
    ``partition`` (its key) and ``text``; ``other`` is a tag we do not know.
    """

    kind: Literal["property", "hashtree", "hash", "cmdline", "chain", "other"]
    partition: str = ""
    algorithm: str = ""
    digest: bytes = b""
    salt: bytes = b""
    image_size: int = 0
    text: str = ""
    key: bytes = b""
    rollback_location: int = 0
    flags: int = 0
    data_block: int = 0
    hash_block: int = 0
    """Bytes of a block of the data and of the tree of a ``hashtree``."""


class Vbmeta(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a vbmeta image and its descriptors. ``algorithm`` 0 is NONE: not signed.

    ``key`` is the public key as AVB writes it (bits, n0inv, n, rr), empty for none; ``size`` that of the whole.
    """

    version: tuple[int, int]
    algorithm: int
    flags: int
    rollback_index: int
    rollback_location: int
    release: str
    key: bytes
    signature: bytes
    descriptors: tuple[Descriptor, ...]
    size: int

    @property
    def algorithm_name(self) -> str:
        """``SHA256_RSA4096``; a number that is none of them as it is."""
        return ALGORITHMS[self.algorithm] if self.algorithm < len(ALGORITHMS) else str(self.algorithm)


class Footer(msgspec.Struct, frozen=True, kw_only=True):
    """The last 64 bytes of a partition with a vbmeta image of its own, in bytes from its start."""

    original_size: int
    vbmeta_offset: int
    vbmeta_size: int


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a boot image: ``kernel``, ``ramdisk``, ``second``, ``recovery-dtbo``, ``dtb``, ``bootconfig`` …"""

    name: str
    offset: int
    length: int


class BootImage(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a boot or vendor boot image. Pieces that are empty are not in ``sections``.

    ``os_version`` and ``patch_level`` are ``11.0.0`` and ``2023-04``, empty where the header has none.
    ``is_signed`` is True where a header of version 4 makes room for a signature.
    """

    version: int
    is_vendor: bool
    page_size: int
    name: str
    cmdline: str
    os_version: str
    patch_level: str
    is_signed: bool
    sections: tuple[Section, ...]


class Sparse(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a sparse image: ``chunks`` chunks make ``blocks`` blocks of ``block_size`` bytes."""

    header_size: int
    chunk_header_size: int
    block_size: int
    blocks: int
    chunks: int


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """The header of one chunk: ``size`` bytes with itself, for ``blocks`` blocks."""

    kind: Literal["raw", "fill", "skip", "crc"]
    blocks: int
    size: int


def read_footer(tail: bytes) -> Footer | None:
    """The footer at the end of ``tail``; None where there is none."""
    last = tail[-FOOTER:]
    if len(last) < FOOTER or not last.startswith(FOOTER_MAGIC):
        return None
    original, offset, size = struct.unpack_from(">QQQ", last, 12)
    return Footer(original_size=original, vbmeta_offset=offset, vbmeta_size=size)


def vbmeta_size(head: bytes) -> int:
    """Bytes of a whole vbmeta image by its header. Raises :class:`BadHeader` for none, or an absurd one."""
    if len(head) < VBMETA_HEADER or not head.startswith(VBMETA_MAGIC):
        raise BadHeader("no vbmeta header")
    authentication, auxiliary = struct.unpack_from(">QQ", head, 12)
    if authentication > _AUXILIARY or auxiliary > _AUXILIARY:
        raise BadHeader("its vbmeta blocks are larger than any that libavb takes")
    return VBMETA_HEADER + int(authentication) + int(auxiliary)


def read_vbmeta(data: bytes) -> Vbmeta:
    """A whole vbmeta image (see :func:`vbmeta_size`). Raises :class:`BadHeader`."""
    size = vbmeta_size(data)
    if len(data) < size:
        raise BadHeader("it is cut short")
    major, minor, authentication_size, _ = struct.unpack_from(">IIQQ", data, 4)
    (algorithm,) = struct.unpack_from(">I", data, 28)
    signature_at, signature_size, key_at, key_size = struct.unpack_from(">4Q", data, 48)
    descriptors_at, descriptors_size, rollback, flags, location = struct.unpack_from(">QQQII", data, 96)
    authentication = data[VBMETA_HEADER : VBMETA_HEADER + authentication_size]
    auxiliary = data[VBMETA_HEADER + authentication_size : size]
    return Vbmeta(
        version=(major, minor),
        algorithm=algorithm,
        flags=flags,
        rollback_index=rollback,
        rollback_location=location,
        release=_text(data[128:176]),
        key=_within(auxiliary, key_at, key_size),
        signature=_within(authentication, signature_at, signature_size),
        descriptors=tuple(_descriptors(_within(auxiliary, descriptors_at, descriptors_size))),
        size=size,
    )


def _descriptors(data: bytes) -> Iterator[Descriptor]:
    at = 0
    for _ in range(_DESCRIPTORS):
        if at == len(data):
            return
        if at + 16 > len(data):
            raise BadHeader("a descriptor is cut short")
        tag, length = struct.unpack_from(">QQ", data, at)
        body = _within(data, at + 16, length)
        try:
            yield _descriptor(tag, body)
        except struct.error as error:
            raise BadHeader("a descriptor is cut short") from error
        at += 16 + length
    raise BadHeader(f"more than {_DESCRIPTORS:,} descriptors")


def _descriptor(tag: int, body: bytes) -> Descriptor:
    if tag == 0:
        key_size, value_size = struct.unpack_from(">QQ", body)
        key, value = _split(body, 16, key_size + 1, value_size)
        return Descriptor(kind="property", partition=_text(key), text=_text(value))
    if tag == 1:
        image_size, _, _, data_block, hash_block = struct.unpack_from(">QQQII", body, 4)
        algorithm, name_size, salt_size, digest_size, flags = struct.unpack_from(">32sIIII", body, 56)
        name, salt, digest = _split(body, 164, name_size, salt_size, digest_size)
        tree = _verified("hashtree", name, algorithm, digest, salt, image_size, flags)
        return msgspec.structs.replace(tree, data_block=data_block, hash_block=hash_block)
    if tag == 2:
        image_size, algorithm, name_size, salt_size, digest_size, flags = struct.unpack_from(">Q32sIIII", body)
        name, salt, digest = _split(body, 116, name_size, salt_size, digest_size)
        return _verified("hash", name, algorithm, digest, salt, image_size, flags)
    if tag == 3:
        flags, size = struct.unpack_from(">II", body)
        return Descriptor(kind="cmdline", flags=flags, text=_text(_split(body, 8, size)[0]))
    if tag == 4:
        location, name_size, key_size, flags = struct.unpack_from(">IIII", body)
        name, key = _split(body, 76, name_size, key_size)
        return Descriptor(kind="chain", partition=_text(name), key=key, rollback_location=location, flags=flags)
    return Descriptor(kind="other")


def _verified(
    kind: Literal["hash", "hashtree"], name: bytes, algorithm: bytes, digest: bytes, salt: bytes, size: int, flags: int
) -> Descriptor:
    return Descriptor(
        kind=kind,
        partition=_text(name),
        algorithm=_text(algorithm),
        digest=digest,
        salt=salt,
        image_size=size,
        flags=flags,
    )


def _split(body: bytes, at: int, *sizes: int) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(_within(body, at, size))
        at += size
    return pieces


def read_boot(head: bytes) -> BootImage:
    """A boot or vendor boot image by its first :data:`BOOT_HEADER` bytes. Raises :class:`BadHeader`."""
    try:
        if head.startswith(VENDOR_BOOT_MAGIC):
            return _vendor_boot(head)
        if head.startswith(BOOT_MAGIC):
            (version,) = struct.unpack_from("<I", head, 40)
            return _modern_boot(head, version) if version >= 3 else _boot(head, version)
    except struct.error as error:
        raise BadHeader("it is cut short") from error
    raise BadHeader("no boot image")


def _boot(head: bytes, version: int) -> BootImage:
    kernel, _, ramdisk, _, second, _, _, page = struct.unpack_from("<8I", head, 8)
    (release,) = struct.unpack_from("<I", head, 44)
    sizes = [("kernel", kernel), ("ramdisk", ramdisk), ("second", second)]
    if version >= 1:
        sizes.append(("recovery-dtbo", struct.unpack_from("<I", head, 1632)[0]))
    if version >= 2:
        sizes.append(("dtb", struct.unpack_from("<I", head, 1648)[0]))
    return BootImage(
        version=version,
        is_vendor=False,
        page_size=page,
        name=_text(head[48:64]),
        cmdline=_text(head[64:576]) + _text(head[608:1632]),
        **_release(release),
        is_signed=False,
        sections=_sections(page, page, sizes),
    )


def _modern_boot(head: bytes, version: int) -> BootImage:
    if version > 4:
        raise BadHeader(f"a boot image of version {version}")
    kernel, ramdisk, release = struct.unpack_from("<III", head, 8)
    signature = struct.unpack_from("<I", head, 1580)[0] if version == 4 else 0
    sizes = [("kernel", kernel), ("ramdisk", ramdisk), ("signature", signature)]
    return BootImage(
        version=version,
        is_vendor=False,
        page_size=_MODERN_PAGE,
        name="",
        cmdline=_text(head[44:1580]),
        **_release(release),
        is_signed=signature > 0,
        sections=_sections(_MODERN_PAGE, _MODERN_PAGE, sizes),
    )


def _vendor_boot(head: bytes) -> BootImage:
    version, page = struct.unpack_from("<II", head, 8)
    if version not in (3, 4):
        raise BadHeader(f"a vendor boot image of version {version}")
    (ramdisk,) = struct.unpack_from("<I", head, 24)
    (dtb,) = struct.unpack_from("<I", head, 2100)
    sizes = [("ramdisk", ramdisk), ("dtb", dtb)]
    header = 2112
    if version == 4:
        table, _, _, bootconfig = struct.unpack_from("<4I", head, 2112)
        sizes += [("ramdisk-table", table), ("bootconfig", bootconfig)]
        header = 2128
    return BootImage(
        version=version,
        is_vendor=True,
        page_size=page,
        name=_text(head[2080:2096]),
        cmdline=_text(head[28:2076]),
        os_version="",
        patch_level="",
        is_signed=False,
        sections=_sections(header, page, sizes),
    )


def _sections(header: int, page: int, sizes: list[tuple[str, int]]) -> tuple[Section, ...]:
    if page < 512 or page > 1 << 20 or page & (page - 1):
        raise BadHeader("its page size makes no sense")
    at = -(-header // page) * page
    sections = []
    for name, length in sizes:
        if length:
            sections.append(Section(name=name, offset=at, length=length))
        at += -(-length // page) * page
    return tuple(sections)


def _release(packed: int) -> dict[str, str]:
    """Version in the upper 21 bits (seven each), year from 2000 and month of the patch level in the lower eleven."""
    version, level = packed >> 11, packed & 0x7FF
    parts = (version >> 14 & 127, version >> 7 & 127, version & 127)
    return {
        "os_version": ".".join(map(str, parts)) if version else "",
        "patch_level": f"{2000 + (level >> 4)}-{level & 15:02}" if level else "",
    }


def read_sparse(head: bytes) -> Sparse:
    """The header of a sparse image. Raises :class:`BadHeader`."""
    if len(head) < SPARSE_HEADER or not head.startswith(SPARSE_MAGIC):
        raise BadHeader("no sparse image")
    major, _, header, chunk_header, block, blocks, chunks = struct.unpack_from("<4HIII", head, 4)
    if major != 1:
        raise BadHeader(f"a sparse image of version {major}")
    if header < SPARSE_HEADER or chunk_header < CHUNK_HEADER or block == 0 or block % 4:
        raise BadHeader("its sizes make no sense")
    return Sparse(header_size=header, chunk_header_size=chunk_header, block_size=block, blocks=blocks, chunks=chunks)


def read_chunk(header: bytes) -> Chunk:
    """The header of a chunk. Raises :class:`BadHeader`."""
    if len(header) < CHUNK_HEADER:
        raise BadHeader("it is cut short")
    kind, _, blocks, size = struct.unpack_from("<HHII", header)
    kinds: dict[int, Literal["raw", "fill", "skip", "crc"]]
    kinds = {0xCAC1: "raw", 0xCAC2: "fill", 0xCAC3: "skip", 0xCAC4: "crc"}
    if kind not in kinds:
        raise BadHeader("a chunk of no known kind")
    return Chunk(kind=kinds[kind], blocks=blocks, size=size)


def _within(data: bytes, offset: int, length: int) -> bytes:
    if offset + length > len(data):
        raise BadHeader("a part lies outside of it")
    return data[offset : offset + length]


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")
