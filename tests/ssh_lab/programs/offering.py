"""Says who it is and what it offers, and hangs up then: ``python -m …offering HOST PORT OPTIONS``.

OPTIONS is JSON: ``line`` (its identification) and the lists ``kex``, ``host_keys``, ``ciphers``, ``ciphers_in``,
``macs``, ``compression``; without ``kex`` it speaks protocol 1, and shows its two keys.
"""

import binascii
import json
import socket
import sys
from contextlib import suppress
from typing import Any

from iotscan.wire.ssh.fields import uint32
from iotscan.wire.ssh.kexinit import KexInit, kexinit
from iotscan.wire.ssh.packets import packet

_SMSG_PUBLIC_KEY = 2
_OFFER_HAS_COME = 60
"""Bytes of a client: more than its identification."""


def _offer(options: dict[str, Any]) -> bytes:
    ciphers, macs, compression = (tuple(options[name]) for name in ("ciphers", "macs", "compression"))
    offer = KexInit(
        kex=tuple(options["kex"]),
        host_key_algorithms=tuple(options["host_keys"]),
        ciphers=ciphers,
        ciphers_in=tuple(options.get("ciphers_in", ciphers)),
        macs=macs,
        macs_in=macs,
        compression=compression,
        compression_in=compression,
    )
    return packet(kexinit(offer, b"c" * 16))


def _public_keys() -> bytes:
    """SMSG_PUBLIC_KEY of protocol 1.5: a server key of 768 bits, a host key of 1024, 3DES, passwords."""
    keys = b"".join(uint32(bits) + _number(65537) + _number((1 << (bits - 1)) + 1) for bits in (768, 1024))
    body = bytes([_SMSG_PUBLIC_KEY]) + b"cookie__" + keys + uint32(0) + uint32(1 << 3) + uint32(1 << 3)
    # Length counts type, data and checksum; the padding fills up to whole blocks of eight.
    padded = bytes(8 - (len(body) + 4) % 8) + body
    return uint32(len(body) + 4) + padded + uint32(_crc(padded))


def _number(value: int) -> bytes:
    return value.bit_length().to_bytes(2, "big") + value.to_bytes((value.bit_length() + 7) // 8, "big")


def _crc(data: bytes) -> int:
    """The CRC-32 of protocol 1: the usual one without its complements."""
    return binascii.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def _talk(guest: socket.socket, options: dict[str, Any]) -> None:
    guest.settimeout(5)
    guest.sendall(options["line"].encode() + b"\r\n" + (_offer(options) if "kex" in options else b""))
    heard = b""
    while piece := guest.recv(4096):
        heard += piece
        if "kex" in options and len(heard) > _OFFER_HAS_COME:
            # What it is asked for in vain: the end of the conversation is its answer.
            return
        if "kex" not in options and heard.startswith(b"SSH-1.") and heard.endswith(b"\n"):
            guest.sendall(_public_keys())


def _serve(host: str, port: int, options: dict[str, Any]) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            guest, _ = listener.accept()
            with guest, suppress(OSError):
                _talk(guest, options)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
