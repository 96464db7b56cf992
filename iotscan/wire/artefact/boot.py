"""Images that a boot loader reads: FIT, uImage, TRX, MCUboot, ESP32, vbmeta, UF2."""

import struct
from collections.abc import Iterator
from typing import Final

from iotscan.wire.artefact.sample import Judged, Sample, signed, unclear, unsigned

_MCUBOOT_SIGNATURES: Final = frozenset({0x20, 0x21, 0x22, 0x23, 0x24, 0x25})
_DEPTH = 16
_TOKENS = 4096


def fit(sample: Sample) -> Judged | None:
    """A flattened image tree: a signature node with a ``value`` was signed (U-Boot doc/usage/fit/signature.rst)."""
    if not sample.head.startswith(b"\xd0\x0d\xfe\xed") or len(sample.head) < 40:
        return None
    is_image, is_complete = False, False
    for path, name in _fit_properties(sample):
        is_image |= path.startswith(("/images", "/configurations"))
        is_complete |= name == "end"
        node = path.rpartition("/")[2]
        if name == "value" and node.startswith("signature") and path.startswith(("/images", "/configurations")):
            return signed("fit", f"{path.split('/')[1]} carry a signature node with a value")
    if is_complete:
        if not is_image:
            return unclear("dtb", "a device tree without images")
        return unsigned("fit", "no signature node holds a value")
    return unclear("fit", "the tree goes on behind what was read", wants_tail=True)


def _fit_properties(sample: Sample) -> Iterator[tuple[str, str]]:
    """(node path, property name) in order, and ("", "end") when the tree was read whole (devicetree spec 5.4)."""
    _, _, at, strings = struct.unpack_from(">4I", sample.head)
    path: list[str] = []
    for _ in range(_TOKENS):
        token = sample.number(">I", at)
        at += 4
        if token == 1:
            node = _string(sample, at)
            if node is None or len(path) >= _DEPTH:
                return
            path.append(node)
            at = (at + len(node) + 4) & ~3
            yield "/".join(path), ""
        elif token == 2:
            if path:
                path.pop()
        elif token == 3:
            length, offset = sample.number(">I", at), sample.number(">I", at + 4)
            name = _string(sample, strings + offset) if offset is not None else None
            if length is None or name is None:
                return
            yield "/".join(path), name
            at = (at + 8 + length + 3) & ~3
        elif token == 9:
            yield "", "end"
            return
        elif token != 4:
            return


def _string(sample: Sample, offset: int) -> str | None:
    for length in (8, 16, 64):
        piece = sample.at(offset, length)
        if piece is not None and b"\0" in piece:
            return piece.partition(b"\0")[0].decode("latin-1")
    # The last string of the block may end with the file.
    rest = next((sample.at(offset, n) for n in range(7, 0, -1) if sample.at(offset, n) is not None), None)
    return rest.partition(b"\0")[0].decode("latin-1") if rest and b"\0" in rest else None


def uimage(sample: Sample) -> Judged | None:
    """A legacy U-Boot image: two CRC-32 and no place for a signature (U-Boot include/image.h)."""
    if not sample.head.startswith(b"\x27\x05\x19\x56") or len(sample.head) < 64:
        return None
    return _only_checksum(sample, "uimage", 64 + struct.unpack_from(">I", sample.head, 12)[0])


def trx(sample: Sample) -> Judged | None:
    """A Broadcom TRX: one CRC-32 and no place for a signature (OpenWrt trx.c)."""
    if not sample.head.startswith(b"HDR0") or len(sample.head) < 28:
        return None
    return _only_checksum(sample, "trx", struct.unpack_from("<I", sample.head, 4)[0])


def _only_checksum(sample: Sample, format: str, length: int) -> Judged:
    if sample.size is not None and length == sample.size:
        return unsigned(format, "the format has a checksum only, and nothing stands behind it")
    wants_tail = sample.size is not None and not sample.ending
    return unclear(
        format, "the format has a checksum only; what stands behind it was not judged", wants_tail=wants_tail
    )


def mcuboot(sample: Sample) -> Judged | None:
    """An MCUboot image: the TLVs behind the payload name the signature (MCUboot design, image format)."""
    if not sample.head.startswith(b"\x3d\xb8\xf3\x96") or len(sample.head) < 32:
        return None
    header, protected, length = struct.unpack_from("<HHI", sample.head, 8)
    start = header + length + protected
    kinds = _tlv_kinds(sample, start)
    if kinds is None:
        return unclear("mcuboot", "the TLV area behind the payload was not read", wants_tail=True)
    if kinds & _MCUBOOT_SIGNATURES:
        return signed("mcuboot", "the TLV area holds a signature")
    return unsigned("mcuboot", "the TLV area holds no signature, a hash at most")


def _tlv_kinds(sample: Sample, at: int) -> frozenset[int] | None:
    magic, total = sample.number("<H", at), sample.number("<H", at + 2)
    if magic != 0x6907 or total is None:
        return None
    kinds, end = set(), at + total
    at += 4
    while at < end:
        kind, length = sample.number("<H", at), sample.number("<H", at + 2)
        if kind is None or length is None or at + 4 + length > end:
            return None
        kinds.add(kind)
        at += 4 + length
    return frozenset(kinds)


def esp32(sample: Sample) -> Judged | None:
    """An ESP32 application: a signature sector of secure boot v2 begins with E7 (esptool espsecure)."""
    if sample.head[:1] != b"\xe9" or sample.number("<I", 0x20) != 0xABCD5432:
        return None
    if sample.size is None or not sample.ending:
        why = "a secure boot signature would stand at the end, which was not read"
        return unclear("esp32", why, wants_tail=sample.size is not None)
    if sample.size % 4096 == 0 and sample.at(sample.size - 4096, 2) in (b"\xe7\x02", b"\xe7\x03"):
        return signed("esp32", "the last sector is a secure boot v2 signature")
    # A plain image is padded to 16 bytes; the signature of secure boot v1 adds 68 behind it.
    if sample.size % 16 == 0:
        return unsigned("esp32", "no secure boot signature at the end")
    return unclear("esp32", "what stands behind the image was not recognised")


def vbmeta(sample: Sample) -> Judged | None:
    """Android verified boot metadata: algorithm 0 is none (libavb avb_vbmeta_image.h)."""
    if not sample.head.startswith(b"AVB0") or len(sample.head) < 256:
        return None
    if struct.unpack_from(">I", sample.head, 28)[0]:
        return signed("vbmeta", "the header names a signature algorithm")
    return unsigned("vbmeta", "the header says algorithm NONE")


def uf2(sample: Sample) -> Judged | None:
    """UF2 blocks: a container without a signature of its own; the payload may hold one."""
    if not sample.head.startswith(b"UF2\n\x57\x51\x5d\x9e"):
        return None
    return unclear("uf2", "the container has no signature; its payload was not judged")
