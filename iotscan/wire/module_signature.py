"""Signatures behind kernel modules: a PKCS #7 message, 12 bytes that tell its length, a text.

Source: Linux ``include/linux/module_signature.h`` and ``scripts/sign-file.c``. Whether the signature holds depends on
a key in the kernel, not on the module.
"""

import struct
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import read_signed_data

MARK: Final = b"~Module signature appended~\n"
_INFO: Final = struct.Struct(">BBBBB3sI")
_PKCS7: Final = 2


class ModuleSignature(msgspec.Struct, frozen=True, kw_only=True):
    """``digest`` is the algorithm (``sha256``), ``signer`` the serial number or key identifier as hex digits."""

    digest: str
    signer: str


def has_mark(data: bytes) -> bool:
    """True where a module ends as a signed one."""
    return data.endswith(MARK)


def parts_of(data: bytes) -> tuple[int, bytes] | None:
    """How many bytes of a module are signed, and the message; None without one. Raises Malformed."""
    if not has_mark(data):
        return None
    end = len(data) - len(MARK) - _INFO.size
    if end < 0:
        raise Malformed
    algorithm, digest, kind, signer_length, key_length, padding, length = _INFO.unpack_from(data, end)
    # As mod_check_sig() of kernel/module_signature.c.
    if kind != _PKCS7 or algorithm or digest or signer_length or key_length or any(padding):
        raise Malformed
    if not 0 < length <= end:
        raise Malformed
    return end - length, data[end - length : end]


def read_signature(data: bytes) -> ModuleSignature | None:
    """The signature behind a module, None without one. Raises Malformed where it says it has one and has none."""
    parts = parts_of(data)
    if parts is None:
        return None
    signed = read_signed_data(parts[1])
    if not signed.signers:
        raise Malformed
    signer = signed.signers[0]
    return ModuleSignature(digest=signer.digest, signer=signer.serial.hex())
