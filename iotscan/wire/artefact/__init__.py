"""Update artefacts by their structure: which format, and is a signature *there*. Nothing is ever verified.

Sources: RAUC reference, SWUpdate manual, Mender artifact format, U-Boot FIT and image.h, MCUboot design,
draft-ietf-suit-manifest, OpenWrt fwtool, libavb; each function names its own.
"""

from iotscan.wire.artefact.archives import SIGNATURE_SUFFIXES, cpio, tar
from iotscan.wire.artefact.boot import esp32, fit, mcuboot, trx, uf2, uimage, vbmeta
from iotscan.wire.artefact.detached import signature_kind
from iotscan.wire.artefact.manifest import IMAGE_SUFFIXES, ImageReference, Manifest, read_manifest
from iotscan.wire.artefact.sample import NOT_VERIFIED, Judged, Recogniser, Sample, unclear
from iotscan.wire.artefact.suit import suit
from iotscan.wire.artefact.trailers import encrypted_rauc, fwtool, squashfs

_RECOGNISERS: tuple[Recogniser, ...] = (
    fwtool,
    squashfs,
    cpio,
    tar,
    fit,
    mcuboot,
    esp32,
    vbmeta,
    suit,
    encrypted_rauc,
    uimage,
    trx,
    uf2,
)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"\x7fELF": "elf",
    b"BZh": "bzip2",
}


def judge_image(sample: Sample) -> Judged | None:
    """What an image is and whether it is signed; None for text and nothing, which is no image. Never raises.

    A format without a known place for a signature is ``unknown``: a vendor's own header may hold one.
    """
    for recognise in _RECOGNISERS:
        judged = recognise(sample)
        if judged is not None:
            return judged
    if is_text(sample.head):
        return None
    packed = next((name for magic, name in _PACKED.items() if sample.head.startswith(magic)), "binary")
    wants_tail = sample.size is not None and not sample.ending
    return unclear(packed, "the format has no place for a signature that we know", wants_tail=wants_tail)


def is_text(data: bytes) -> bool:
    """True for what a person could read (Intel HEX too), and for nothing at all: no NUL and few odd bytes."""
    piece = data[:4096]
    odd = sum((c < 0x20 and c not in b"\t\r\n\f") or c == 0x7F for c in piece)
    return not piece or (0 not in piece and odd * 50 <= len(piece) and _is_utf8(piece))


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(piece) - 3
    return True


__all__ = [
    "IMAGE_SUFFIXES",
    "NOT_VERIFIED",
    "SIGNATURE_SUFFIXES",
    "ImageReference",
    "Judged",
    "Manifest",
    "Sample",
    "is_text",
    "judge_image",
    "read_manifest",
    "signature_kind",
]
