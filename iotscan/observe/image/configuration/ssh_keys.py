"""Host keys of SSH servers that lie in an image: their public halves, of OpenSSH's and Dropbear's files.

Sources: PROTOCOL.key of OpenSSH, sshd(8) for the line of a ``.pub`` file, dropbearkey(1); public keys are those of RFC
4253 section 6.6, RFC 5656 section 3.1 and RFC 8709.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import HostKey
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.tree import Tree

OPENSSH_FILES: Final = tuple(f"/etc/ssh/ssh_host_{kind}_key" for kind in ("rsa", "ecdsa", "ed25519"))
DROPBEAR_FILES: Final = tuple(f"/etc/dropbear/dropbear_{kind}_host_key" for kind in ("rsa", "ecdsa", "ed25519", "dss"))
_LIMIT = 64 * 1024
_OPENSSH_MARK = b"openssh-key-v1\0"
_NUMBERS: Final = {b"ssh-rsa": 2, b"ssh-dss": 4, b"ssh-ed25519": 1}
"""Fields behind the type of a public key; ECDSA has two. Dropbear's private key goes on with the secret ones."""
_SIZE_AT: Final = {b"ssh-rsa": 2, b"ssh-dss": 1}
"""Which field is the modulus or prime."""


def host_keys_in(tree: Tree, files: Iterable[str]) -> Answer[tuple[HostKey, ...]]:
    """The host keys in these files, of those that are there. Raises Unreadable."""
    there = [path for path in files if tree.find(path) is not None]
    if not there:
        return Answer.missing(
            Reason.NOT_OBSERVABLE, "no host key lies in the image: each device has one of its own, or none"
        )
    keys = [_read(tree, path) for path in there]
    if None in keys:
        unread = there[keys.index(None)]
        return Answer.missing(Reason.UNREADABLE, f"{tree.show(unread)} is no host key that can be read")
    return Answer.of(tuple(sorted(key for key in keys if key)))


def _read(tree: Tree, path: str) -> HostKey | None:
    public = f"{path}.pub"
    if tree.find(public) is not None:
        words = tree.whole(public, _LIMIT).split()
        return _key(_decoded(words[1])) if len(words) > 1 else None
    data = tree.whole(path, _LIMIT)
    armoured = re.search(rb"-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END", data)
    return _key(_public_half(_decoded(b"".join(armoured[1].split())))) if armoured else _key(data)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _public_half(data: bytes) -> bytes:
    """Cipher, derivation, its options, how many keys, and then the first public one."""
    if not data.startswith(_OPENSSH_MARK):
        return b""
    rest = data[len(_OPENSSH_MARK) :]
    for _ in range(3):
        _, rest = _string(rest)
    return _string(rest[4:])[0]


def _key(data: bytes) -> HostKey | None:
    fields: list[bytes] = []
    rest = data
    while rest and len(fields) < 5:
        field, rest = _string(rest)
        fields.append(field)
    name = fields[0] if fields else b""
    count = 2 if name.startswith(b"ecdsa-sha2-nistp") else _NUMBERS.get(name, 0)
    if not count or len(fields) <= count or not all(fields[: count + 1]):
        return None
    own = fields[: count + 1]
    if name == b"ssh-ed25519":
        # Dropbear has the secret before it, in one field.
        own[1] = own[1][-32:]
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in own)
    place = _SIZE_AT.get(name, 0)
    bits = int.from_bytes(own[place], "big").bit_length() if place else 0
    return HostKey(algorithm=name.decode("ascii", "replace"), bits=bits, sha256=hashlib.sha256(blob).hexdigest())


def _string(data: bytes) -> tuple[bytes, bytes]:
    """A field and what follows; nothing at all where it is cut."""
    end = 4 + int.from_bytes(data[:4], "big")
    return (data[4:end], data[end:]) if 4 <= end <= len(data) else (b"", b"")
