"""What Tuya's devices broadcast every few seconds: which product they are, and which protocol they speak.

The framing and the one key that all of them use are published by tuya-convert, tuyapi and TinyTuya. The key hides
nothing: whoever hears the broadcast can read it.
"""

import hashlib
import json
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

PLAIN_PORT, PORT = 6666, 6667
_KEY: Final = hashlib.md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()
_OLD, _OLD_END, _NEW, _NEW_END = b"\0\0\x55\xaa", b"\0\0\xaa\x55", b"\0\0\x66\x99", b"\0\0\x99\x66"
_OLD_HEAD, _OLD_TAIL, _BLOCK = 20, 8, 16
_NEW_HEAD, _NONCE, _TAG = 18, 12, 16
_LONGEST = 1024


def read_broadcast(packet: bytes) -> tuple[Claim, ...] | None:
    """What a device says of itself; None for anything else. Never raises."""
    if len(packet) > _LONGEST:
        return None
    if packet.startswith(_OLD) and packet.endswith(_OLD_END):
        said = packet[_OLD_HEAD:-_OLD_TAIL]
        return _claims(said) or _claims(_opened(said))
    if packet.startswith(_NEW) and packet.endswith(_NEW_END):
        return _claims(_opened_newer(packet))
    return None


def _opened(said: bytes) -> bytes:
    """AES in ECB with PKCS #7 padding (protocol 3.3 and 3.4)."""
    if not said or len(said) % _BLOCK:
        return b""
    # The choice is the maker's; nothing of ours is hidden by it.
    opening = Cipher(algorithms.AES(_KEY), modes.ECB()).decryptor()  # noqa: S305
    text = opening.update(said) + opening.finalize()
    return text[: -text[-1]] if 0 < text[-1] <= _BLOCK else b""


def _opened_newer(packet: bytes) -> bytes:
    """AES in GCM, behind a head that it vouches for, and four bytes of a return code (protocol 3.5)."""
    nonce, sealed = packet[_NEW_HEAD : _NEW_HEAD + _NONCE], packet[_NEW_HEAD + _NONCE : -len(_NEW_END)]
    if len(nonce) < _NONCE or len(sealed) < _TAG:
        return b""
    try:
        text = AESGCM(_KEY).decrypt(nonce, sealed, packet[4:_NEW_HEAD])
    except InvalidTag:
        return b""
    return text[text.find(b"{") :]


def _claims(text: bytes) -> tuple[Claim, ...] | None:
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("gwId"), str):
        return None
    version, product = (said.get(name) for name in ("version", "productKey"))
    claims = [Claim(what="serial", value=safe_text(said["gwId"], 64), how="tuya broadcast")]
    if isinstance(product, str) and product:
        claims.append(Claim(what="tuya-product", value=safe_text(product, 64), how="tuya broadcast"))
    if isinstance(version, str) and version:
        claims.append(Claim(what="software", value=f"Tuya {safe_text(version, 16)}", how="tuya broadcast"))
    return tuple(claim for claim in claims if claim.value) or None
