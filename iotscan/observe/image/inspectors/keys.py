"""Private keys in an image: parsed, not guessed by their label."""

import hashlib
import re
import struct
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from iotscan.model.facts import KeyFile, PrivateKeys
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree

_MARK = b"PRIVATE KEY-----"
"""No PEM block of a private key is without it: searched first, as it is much cheaper."""
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


class _Keys:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._keys: list[KeyFile] = []

    def wants(self, entry: Entry) -> bool:
        return True

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """Metadata alone shows no key."""

    def see(self, swept: Swept) -> None:
        self._keys.extend(find_keys(swept))

    def heard(self, searched: int) -> Heard:
        # A key on the seam of two windows is seen in both.
        keys = tuple(dict.fromkeys(self._keys))
        return Heard(facts=(PrivateKeys(keys=keys, files_searched=searched),))


def find_keys(swept: Swept) -> Iterator[KeyFile]:
    """The private keys in one file's bytes: PEM blocks that parse or are encrypted, Dropbear host keys."""
    content = swept.data
    if _MARK not in content and not (swept.is_whole and _is_dropbear(content)):
        return
    for number, match in enumerate(_PEM.finditer(content)):
        if number >= _KEYS_PER_FILE:
            return
        parsed = _parse(match[0], match[1])
        if parsed is not None:
            encrypted, public = parsed
            yield KeyFile(
                path=swept.shown,
                line=swept.line_at(match.start()),
                format=_FORMATS[match[1]],
                encrypted=encrypted,
                mode=swept.entry.mode,
                public_sha256=public,
            )
    if swept.is_whole and _is_dropbear(content):
        yield KeyFile(path=swept.shown, format="dropbear", encrypted=False, mode=swept.entry.mode)


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


INSPECTOR = Inspector(name="keys", version=1, gives=(PrivateKeys,), sweep=_Keys)
