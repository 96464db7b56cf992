"""Signatures that stand behind the end of an image: CMS of RAUC, fwtool of OpenWrt, squashfs alone."""

import struct
from typing import Final, Literal

from iotscan.wire.artefact.sample import Judged, Sample, signed, unclear, unsigned

SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_ENVELOPED_DATA: Final = bytes.fromhex("06092a864886f70d010703")
_LARGEST_CMS = 1024 * 1024
_FWTOOL = struct.Struct(">4sIB3xI")
_BLOCKS = (1024, 4096, 65536, 131072, 262144)
"""What squashfs images are padded to by mksquashfs and by build systems for flash."""

Cms = Literal["signed", "enveloped"]


def cms_at_end(sample: Sample) -> tuple[Cms, int] | None:
    """The kind and start of a CMS at the end of a RAUC bundle: its length is the last 8 bytes (RAUC bundle.c)."""
    if sample.size is None or len(sample.ending) < 8:
        return None
    length = int.from_bytes(sample.ending[-8:], "big")
    start = sample.size - 8 - length
    if not 32 <= length <= _LARGEST_CMS or start < 0:
        return None
    opening = sample.at(start, 20) or b""
    if opening[:1] != b"\x30":
        return None
    if SIGNED_DATA in opening:
        return "signed", start
    return ("enveloped", start) if _ENVELOPED_DATA in opening else None


def squashfs(sample: Sample) -> Judged | None:
    """A squashfs: a RAUC bundle when a CMS follows it, bare when nothing does (RAUC reference, bundle formats)."""
    if not sample.head.startswith(b"hsqs") or len(sample.head) < 96:
        return None
    cms = cms_at_end(sample)
    if cms and cms[0] == "signed":
        return signed("rauc", "a CMS signature stands behind the file system")
    if sample.size is None:
        return unclear("squashfs", "the length of the file is not known, a signature would stand at its end")
    if not sample.ending:
        return unclear("squashfs", "a signature would stand at the end, which was not read", wants_tail=True)
    used = struct.unpack_from("<Q", sample.head, 40)[0]
    if used <= sample.size and any(sample.size == -(-used // block) * block for block in (1, *_BLOCKS)):
        return unsigned("squashfs", "nothing stands behind the file system: no CMS of a RAUC bundle")
    return unclear("squashfs", "what stands behind the file system is no signature that we know")


def encrypted_rauc(sample: Sample) -> Judged | None:
    """A crypt bundle: no file system can be seen and the CMS is enveloped."""
    cms = cms_at_end(sample)
    if cms is None:
        return None
    if cms[0] == "enveloped":
        return unclear("rauc-crypt", "the bundle is encrypted; whether it is signed shows only with its key")
    return signed("cms-trailer", "a CMS signature stands at the end")


def fwtool(sample: Sample) -> Judged | None:
    """An OpenWrt image whose last trailer is a signature (fwtool, fwimage.h: magic ``FWx0``, type 0)."""
    if sample.size is None or len(sample.ending) < _FWTOOL.size:
        return None
    magic, _, kind, length = _FWTOOL.unpack(sample.ending[-_FWTOOL.size :])
    if magic != b"FWx0" or not _FWTOOL.size <= length <= sample.size:
        return None
    if kind == 0:
        return signed("openwrt-sysupgrade", "an fwtool signature stands at the end")
    if kind == 1:
        return unsigned("openwrt-sysupgrade", "the last fwtool trailer holds metadata, none a signature")
    return None
