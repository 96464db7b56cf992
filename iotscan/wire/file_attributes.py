"""Extended attributes that speak of security.

Sources: linux/capability.h (``vfs_cap_data``, revisions 1 to 3, little-endian); security/integrity/integrity.h
(``evm_ima_xattr_data``, ``signature_v2_hdr``); crypto/hash_info.h for the numbers of hashes.
"""

import struct

import msgspec

CAPABILITIES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
)  # fmt: skip
_WORDS = {1: 1, 2: 2, 3: 2}
"""Pairs of words by revision."""
HASHES = ("md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224")
_DIGEST, _HMAC, _SIGNATURE, _DIGEST_NG, _VERITY_SIGNATURE = 1, 2, 3, 4, 6


def capabilities_of(value: bytes) -> tuple[str, ...] | None:
    """The permitted capabilities of a ``security.capability``; None where it is none."""
    if len(value) < 12:
        return None
    words = _WORDS.get(value[3], 0)
    if not words or len(value) < 4 + 8 * words:
        return None
    permitted = sum(struct.unpack_from("<I", value, 4 + 8 * n)[0] << 32 * n for n in range(words))
    known = tuple(name for bit, name in enumerate(CAPABILITIES) if permitted >> bit & 1)
    return (*known, *(f"capability {bit}" for bit in range(len(CAPABILITIES), 64) if permitted >> bit & 1))


class ImaMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``security.ima`` holds: a hash, or a signature with its key's identifier and its hash."""

    is_signature: bool
    digest: str = ""
    key: str = ""


def ima_of(value: bytes) -> ImaMark | None:
    """The meaning of a ``security.ima``; None where it has none."""
    if not value:
        return None
    if value[0] in (_SIGNATURE, _VERITY_SIGNATURE) and len(value) > 9 and value[1] in (2, 3):
        return ImaMark(is_signature=True, digest=_hash_name(value[2]), key=value[3:7].hex())
    if value[0] == _DIGEST_NG and len(value) > 2:
        return ImaMark(is_signature=False, digest=_hash_name(value[1]))
    if value[0] == _DIGEST and len(value) in (17, 21):
        return ImaMark(is_signature=False, digest="md5" if len(value) == 17 else "sha1")
    return None


class ImaSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature of version 2 (``signature_v2_hdr``): of which hash of the file, by which key, the bytes."""

    digest: str
    key: str
    value: bytes


def ima_signature_of(value: bytes) -> ImaSignature | None:
    """The signature in a ``security.ima``; None for a hash, for one of fs-verity's, and where its length is a lie."""
    if len(value) <= 9 or value[0] != _SIGNATURE or value[1] != 2:
        return None
    (length,) = struct.unpack_from(">H", value, 7)
    if len(value) != 9 + length:
        return None
    return ImaSignature(digest=_hash_name(value[2]), key=value[3:7].hex(), value=value[9:])


def _hash_name(number: int) -> str:
    return HASHES[number] if number < len(HASHES) else f"hash {number}"
