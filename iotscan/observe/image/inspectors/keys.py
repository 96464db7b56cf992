"""Private keys in an image: parsed, not guessed by their label."""

import hashlib
import re
import struct
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from iotscan.model.facts import KeyFile, PrivateKeys
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.tree import Entry, Tree, Unreadable

_READ_LIMIT = 16 * 1024 * 1024
_KEYS_PER_FILE = 32
_PEM = re.compile(
    rb"-----BEGIN ((?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY)-----"
    rb"[A-Za-z0-9+/=\s:,.\-]{1,16384}?-----END \1-----"
)
_FORMATS = {
    b"RSA PRIVATE KEY": "pkcs1",
    b"EC PRIVATE KEY": "sec1",
    b"DSA PRIVATE KEY": "dsa",
    b"OPENSSH PRIVATE KEY": "openssh",
    b"PRIVATE KEY": "pkcs8",
    b"ENCRYPTED PRIVATE KEY": "pkcs8",
}
_DROPBEAR = (
    b"ssh-rsa",
    b"ssh-dss",
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
    b"ssh-ed25519",
)


def _inspect(tree: Tree) -> Heard:
    keys: list[KeyFile] = []
    searched = unreadable = 0
    try:
        for entry in tree.walk():
            if entry.kind != "file" or entry.size == 0:
                continue
            try:
                content = tree.read(entry.path, _READ_LIMIT)
            except Unreadable:
                unreadable += 1
                continue
            searched += 1
            keys.extend(find_keys(content, entry))
    except Unreadable as error:
        return _gap(f"the image cannot be searched whole: {error}")
    if unreadable and not keys:
        return _gap(f"{unreadable} files cannot be read; run as their owner")
    return Heard(facts=(PrivateKeys(keys=tuple(keys), files_searched=searched),))


def _gap(detail: str) -> Heard:
    return all_missed((PrivateKeys,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, detail)


def find_keys(content: bytes, entry: Entry) -> Iterator[KeyFile]:
    """The private keys in one file's bytes: PEM blocks that parse or are encrypted, Dropbear host keys."""
    for number, match in enumerate(_PEM.finditer(content)):
        if number >= _KEYS_PER_FILE:
            return
        parsed = _parse(match[0], match[1])
        if parsed is not None:
            encrypted, public = parsed
            yield KeyFile(
                path=safe_text(entry.path, 400),
                line=content.count(b"\n", 0, match.start()) + 1,
                format=_FORMATS[match[1]],
                encrypted=encrypted,
                mode=entry.mode,
                public_sha256=public,
            )
    if _is_dropbear(content):
        yield KeyFile(path=safe_text(entry.path, 400), format="dropbear", encrypted=False, mode=entry.mode)


def _parse(pem: bytes, label: bytes) -> tuple[bool, str] | None:
    """(encrypted, SHA-256 of the public half), or None when this is no key."""
    load = serialization.load_ssh_private_key if label.startswith(b"OPENSSH") else serialization.load_pem_private_key
    try:
        key = load(pem, password=None)
    except TypeError:
        return True, ""
    except (ValueError, UnsupportedAlgorithm):
        # An encrypted key without its cipher's library and a block of nonsense look alike; only the first is a key.
        return (True, "") if b"ENCRYPTED" in pem[:200] else None
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return False, hashlib.sha256(public).hexdigest()


def _is_dropbear(content: bytes) -> bool:
    """A Dropbear host key begins with its algorithm as an SSH string and is short (dropbearkey(1))."""
    if not 40 < len(content) < 4096:
        return False
    (length,) = struct.unpack(">I", content[:4])
    return length < 32 and content[4 : 4 + length] in _DROPBEAR


INSPECTOR = Inspector(name="keys", version=1, gives=(PrivateKeys,), inspect=_inspect)
