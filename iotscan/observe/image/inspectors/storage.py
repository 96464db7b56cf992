"""The partitions of an image: which hold the system, which the data, and which take a key."""

import struct

from iotscan.model.facts import Storage, Volume
from iotscan.model.text import safe_text
from iotscan.observe.heard import Heard
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.luks import read_luks

_WRITABLE = ("ext", "ext2", "ext3", "ext4", "f2fs", "ubifs", "jffs2", "btrfs", "xfs")
_BOOT_WORDS = ("boot", "efi", "esp", "firmware", "kernel", "recovery", "factory")
_ENCRYPT, _MAGIC = 0x10000, 0xEF53
"""ext4's feature ``encrypt`` (fs/ext4/ext4.h, EXT4_FEATURE_INCOMPAT_ENCRYPT)."""
_MOST = 200


def _survey(site: Site) -> Heard:
    volumes = [_volume(place) for place in site.places if _counts(place)]
    fact = Storage(
        volumes=tuple(volumes[:_MOST]),
        is_disk=any(place.format in ("disk", "ubi") for place in site.places),
        not_read=tuple(f"{p.shown or p.format or 'image'}: {p.problem}" for p in site.places if p.problem)[:5],
    )
    return Heard(facts=(fact,))


def _counts(place: Place) -> bool:
    return place.role == "sealed" or place.format == "swap" or place.tree is not None


def _volume(place: Place) -> Volume:
    encryption, tokens, slots, cipher = _encryption(place)
    return Volume(
        path=place.shown,
        format=place.format,
        role=_role(place),  # type: ignore[arg-type]  # one of the words of Volume.role
        label=place.label,
        encryption=encryption,
        tokens=tokens,
        slots=slots,
        cipher=cipher,
    )


def _role(place: Place) -> str:
    if place.role in ("root", "sealed"):
        return place.role
    if place.format == "swap":
        return "swap"
    if place.format == "fat" or any(word in place.label.lower() for word in _BOOT_WORDS) or _holds_kernel(place.tree):
        return "boot"
    is_partition = place.role == "files" and ":" not in place.path and "/" not in place.path
    return "data" if is_partition and place.format in _WRITABLE and place.path else "other"


def _holds_kernel(tree: Tree | None) -> bool:
    try:
        names = [entry.name.lower() for entry in tree.children("/")] if tree is not None else []
    except Unreadable:
        return False
    return any(name.startswith(("vmlinuz", "uimage", "zimage", "image", "fitimage", "bzimage")) for name in names)


def _encryption(place: Place) -> tuple[str, tuple[str, ...], int, str]:
    if place.blob is None:
        return "", (), 0, ""
    try:
        if place.role == "sealed":
            header = read_luks(place.blob.read_at)
            if header is None:
                return place.format, (), 0, ""
            tokens = tuple(safe_text(token, 60) for token in header.tokens[:16])
            return f"luks{header.version}", tokens, header.slots, safe_text(header.cipher, 60)
        return ("fscrypt" if _can_encrypt(place.blob) else ""), (), 0, ""
    except Unreadable:
        return "", (), 0, ""


def _can_encrypt(blob: Blob) -> bool:
    head = blob.read_at(1024, 104)
    if len(head) < 104 or struct.unpack_from("<H", head, 56)[0] != _MAGIC:
        return False
    return bool(struct.unpack_from("<I", head, 96)[0] & _ENCRYPT)


INSPECTOR = Inspector(name="storage", version=1, boots=True, gives=(Storage,), survey=_survey)
