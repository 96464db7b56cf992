"""Keyrings: the keys that may sign data, as far as the signatures of their owners say so.

Read are transferable public keys (RFC 9580 section 10.1), binary or armoured, several in a file, and GnuPG's keybox
(GnuPG, kbx/keybox-blob.c). A key counts where its primary key has signed a user name or the key itself, a subkey where
it is bound and has signed back; revocations and the end of validity are taken from these signatures alone. What others
certify is not asked for.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from iotscan.model.facts.signing import PublicKey
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.openpgp.key_packet import KeyPacket, read_key
from iotscan.wire.signing.openpgp.packets import KEY, SIGNATURE, SUBKEY, USER, Packet, dearmour, is_armoured, packets
from iotscan.wire.signing.openpgp.signature_packet import SignaturePacket, Unsupported, as_fact, read_packet
from iotscan.wire.signing.public_keys import NoPublicKey
from iotscan.wire.signing.verifying import holds

_LARGEST: Final = 16 << 20
_MOST_KEYS: Final = 2000
_LONGEST_NAME: Final = 2048
"""Bytes of a name; GnuPG takes no longer one. Each signature over it is over all of it."""
_MOST_TRIED: Final = 10_000
"""Signatures of owners over their keys, of one file."""
_KINDS: Final = frozenset({"PUBLIC KEY BLOCK"})
_CERTIFIES: Final = frozenset({0x10, 0x11, 0x12, 0x13})
_BINDS, _SIGNS_BACK, _DIRECT, _REVOKES_KEY, _REVOKES_SUBKEY = 0x18, 0x19, 0x1F, 0x20, 0x28
_SIGNS: Final = 0x02
_KEYBOX: Final = b"KBXf"
_PARTS: Final = frozenset({USER, 17, SUBKEY})
"""What may be signed after a key: a name, a picture, a subkey."""


class RingKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a keyring that may sign data, or that would but for ``problem``."""

    fingerprint: str
    primary: str
    """The fingerprint of the key that it belongs to: its own for a primary key."""
    user: str
    """The first name of the owner; safe text."""
    key: PublicKey | None
    created: datetime | None = None
    expires: datetime | None = None
    problem: str = ""


def read_keyring(data: bytes) -> tuple[RingKey, ...]:
    """The keys of a file. Raises :class:`NoPublicKey` where it holds none, or is damaged."""
    if len(data) > _LARGEST:
        raise NoPublicKey("it is larger than a keyring")
    try:
        found = tuple(_keys(packets(_binary(data))))
    except Malformed as error:
        raise NoPublicKey(str(error)) from error
    if not found:
        raise NoPublicKey("it holds no OpenPGP key that signs")
    return found


def _binary(data: bytes) -> bytes:
    if data[8:12] == _KEYBOX:
        return b"".join(_keybox(data))
    return dearmour(data, _KINDS) if is_armoured(data) else data


def _keybox(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < 5 or at + length > len(data):
            raise Malformed("it is cut short")
        blob = data[at : at + length]
        if blob[4] == 2:
            start, size = (int.from_bytes(blob[o : o + 4], "big") for o in (8, 12))
            if start + size > length:
                raise Malformed("it is cut short")
            yield blob[start : start + size]
        at += length


class _Part(msgspec.Struct, kw_only=True):
    """A key or a name, with the signatures that follow it."""

    packet: Packet
    signatures: list[SignaturePacket]


def _keys(every: list[Packet]) -> Iterator[RingKey]:
    tries, count = [_MOST_TRIED], 0
    for block in _blocks(every):
        count += len(block)
        if count > _MOST_KEYS * 10:
            raise Malformed(f"it holds more than {_MOST_KEYS} keys")
        yield from _Owner(block, tries).keys()


def _blocks(every: list[Packet]) -> Iterator[list[_Part]]:
    block: list[_Part] = []
    for packet in every:
        if packet.tag == KEY:
            if block:
                yield block
            block = [_Part(packet=packet, signatures=[])]
        elif not block:
            raise Malformed("it begins with no key")
        elif packet.tag == SIGNATURE:
            try:
                block[-1].signatures.append(read_packet(packet.body))
            except Unsupported:
                # One that others made, or that nobody can try: it vouches for nothing here.
                continue
        elif packet.tag == USER and len(packet.body) > _LONGEST_NAME:
            raise Malformed("a name in it is longer than any")
        elif packet.tag in _PARTS:
            # GnuPG notes what it trusts between them (tag 12).
            block.append(_Part(packet=packet, signatures=[]))
    if block:
        yield block


class _Owner:
    """A primary key with all that follows it."""

    def __init__(self, parts: list[_Part], tries: list[int]) -> None:
        self._parts = parts
        self._tries = tries
        self._users = [p.packet.body for p in parts if p.packet.tag == USER]

    def keys(self) -> Iterator[RingKey]:
        user = safe_text(self._users[0], 120) if self._users else ""
        try:
            primary = read_key(self._parts[0].packet.body)
        except Unsupported as error:
            yield RingKey(fingerprint="", primary="", user=user, key=None, problem=str(error))
            return
        says = self._self_signatures(primary)
        latest = max(says, key=_moment, default=None)
        problem = self._revoked(primary, primary.hashed, self._parts[0].signatures, _REVOKES_KEY)
        if primary.key is not None and primary.key.type == "dsa":
            problem = problem or "a DSA key: its signatures are not tried"
        elif latest is None:
            problem = problem or "no signature of its own holds"
        # What is said of the key itself goes before what is said with a name, as GnuPG has it.
        of_key = max((s for s in says if s.type == _DIRECT and s.key_lifetime), key=_moment, default=None)
        of_name = max((s for s in says if s.type != _DIRECT), key=_moment, default=None)
        ends = _ends(primary, of_key or of_name)
        if primary.key is not None and (latest is None or latest.flags is None or latest.flags & _SIGNS):
            yield _ring_key(primary, primary, user, ends, problem)
        for part in self._parts[1:]:
            if part.packet.tag == SUBKEY:
                yield from self._subkey(primary, part, user, ends, problem)

    def _self_signatures(self, primary: KeyPacket) -> list[SignaturePacket]:
        found = [s for s in self._parts[0].signatures if s.type == _DIRECT and self._holds(s, primary, primary.hashed)]
        for part in self._parts[1:]:
            if part.packet.tag == USER:
                over = primary.hashed + b"\xb4" + len(part.packet.body).to_bytes(4, "big") + part.packet.body
                found += [s for s in part.signatures if s.type in _CERTIFIES and self._holds(s, primary, over)]
        return found

    def _revoked(self, primary: KeyPacket, over: bytes, signatures: list[SignaturePacket], kind: int) -> str:
        for signature in signatures:
            if signature.type == kind and self._holds(signature, primary, over):
                when = f" on {signature.created:%Y-%m-%d}" if signature.created else ""
                return f"its owner revoked it{when}"
        return ""

    def _subkey(
        self, primary: KeyPacket, part: _Part, user: str, ends: datetime | None, problem: str
    ) -> Iterator[RingKey]:
        try:
            key = read_key(part.packet.body)
        except Unsupported as error:
            yield RingKey(fingerprint="", primary=primary.fingerprint, user=user, key=None, problem=str(error))
            return
        over = primary.hashed + key.hashed
        binding = [s for s in part.signatures if s.type == _BINDS and self._holds(s, primary, over)]
        latest = max(binding, key=_moment, default=None)
        if key.key is None or (latest is not None and latest.flags is not None and not latest.flags & _SIGNS):
            return
        if latest is None:
            problem = problem or "its primary key has not bound it"
        elif not self._signed_back(latest, key, over):
            problem = problem or "it has not signed its primary key"
        problem = problem or self._revoked(primary, over, part.signatures, _REVOKES_SUBKEY)
        own = _ends(key, latest)
        yield _ring_key(key, primary, user, min((e for e in (ends, own) if e is not None), default=None), problem)

    def _signed_back(self, binding: SignaturePacket, key: KeyPacket, over: bytes) -> bool:
        try:
            back = read_packet(binding.embedded)
        except (Malformed, Unsupported):
            return False
        return back.type == _SIGNS_BACK and self._holds(back, key, over)

    def _holds(self, signature: SignaturePacket, by: KeyPacket, over: bytes) -> bool:
        if by.key is None or signature.refused or not by.fingerprint.endswith(signature.issuer[-16:]):
            return False
        if self._tries[0] <= 0:
            raise Malformed(f"it holds more than {_MOST_TRIED} signatures")
        self._tries[0] -= 1
        try:
            digest = _digest(signature, over)
        except ValueError:
            return False
        return holds(as_fact(signature, digest), by.key) is True


def _digest(signature: SignaturePacket, over: bytes) -> bytes:
    return hashlib.new(signature.digest, over + signature.trailer, usedforsecurity=False).digest()


def _moment(signature: SignaturePacket) -> float:
    return signature.created.timestamp() if signature.created is not None else 0.0


def _ends(key: KeyPacket, says: SignaturePacket | None) -> datetime | None:
    lifetime: timedelta | None = says.key_lifetime if says is not None else None
    return None if lifetime is None else key.created + lifetime


def _ring_key(key: KeyPacket, primary: KeyPacket, user: str, expires: datetime | None, problem: str) -> RingKey:
    return RingKey(
        fingerprint=key.fingerprint,
        primary=primary.fingerprint,
        user=user,
        key=key.key,
        created=key.created,
        expires=expires,
        problem=problem,
    )
