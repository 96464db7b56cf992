"""Private keys in an image: parsed, not guessed by their label."""

import base64
import binascii
import contextlib
import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from iotscan.data.known_keys import PublishedKey, known_keys
from iotscan.model.facts import KeyFile, PrivateKeys
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.places import is_documentation
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.used import Used
from iotscan.wire.keys import stores
from iotscan.wire.keys.curve25519 import AGE, read_age, read_wireguard
from iotscan.wire.keys.der import looks_like_der, read_der
from iotscan.wire.keys.found import FoundKey, NoKey
from iotscan.wire.keys.pem import MARK, find_pem
from iotscan.wire.keys.pgp import looks_like_pgp, read_agent, read_packets
from iotscan.wire.keys.sshkeys import PUTTY_MARK, looks_like_dropbear, read_dropbear, read_putty

_KEYS_PER_FILE = 32
_TEXT_LIMIT = 4 << 20
_WIREGUARD = re.compile(
    rb"^[ \t]*(?:option[ \t]+)?[\"']?(?:PrivateKey|private[-_]?key)[\"']?(?:[ \t]{0,64}[=:][ \t]{0,64}|[ \t]{1,64})"
    rb"[\"']?([A-Za-z0-9+/]{43}=)[\"']?[ \t,]*\r?$",
    re.MULTILINE | re.IGNORECASE,
)
_WIDE = b"\0".join(bytes((sign,)) for sign in MARK)
"""In UTF-16, be it little or big endian."""
_CODED = (b"LS0tLS1CRUdJTi", b"TFMwdExTMUNSVWRKVG")
"""How ``-----BEGIN`` begins in base64, and how that does."""
_BASE64 = re.compile(rb"(?:LS0tLS1CRUdJTi|TFMwdExTMUNSVWRKVG)[A-Za-z0-9+/]{40,131072}={0,2}")
_BARE = re.compile(rb"\s*([A-Za-z0-9+/]{43}=)\s*")

At = tuple[int, FoundKey]
"""Where in the bytes, and what; 0 also for a file that is the key as a whole."""


class _Keys:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._keys: list[tuple[KeyFile, Tree, str]] = []
        self._used = Used()

    def wants(self, entry: Entry) -> bool:
        return True

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """Metadata alone shows no key, but a link may lead to one."""
        self._used.follow(tree, entry)

    def see(self, swept: Swept) -> None:
        self._used.read(swept)
        self._keys.extend((key, swept.tree, swept.entry.path) for key in find_keys(swept))

    def heard(self, searched: int) -> Heard:
        # A key on the seam of two windows is seen in both.
        keys = tuple(dict.fromkeys(self._judged(*found) for found in self._keys))
        return Heard(facts=(PrivateKeys(keys=keys, files_searched=searched),))

    def _judged(self, key: KeyFile, tree: Tree, path: str) -> KeyFile:
        """What lies among documentation and is used is no documentation; the key of a self-test lies anywhere."""
        is_used = key.in_documentation and is_documentation(path) and self._used.names(tree, path)
        return msgspec.structs.replace(key, in_documentation=False) if is_used else key


def find_keys(swept: Swept) -> Iterator[KeyFile]:
    """The private keys in one window of a file: blocks of text anywhere in it, and files that are a key as a whole."""
    found = list(islice(_as_text(swept.data), _KEYS_PER_FILE))
    whole = islice(_as_whole(swept), _KEYS_PER_FILE) if swept.is_whole and not found else ()
    for at, key in found:
        yield _file(swept, key, swept.line_at(at))
    for key in whole:
        yield _file(swept, key, 0)


def _file(swept: Swept, key: FoundKey, line: int) -> KeyFile:
    public = hashlib.sha256(key.spki).hexdigest() if key.spki else ""
    published = _published().get(public or key.digest)
    # A library that carries the key of its self-tests does not use it for anything else.
    is_self_test = published is not None and published.is_at_home(swept.entry.name)
    return KeyFile(
        path=swept.shown,
        line=line,
        format=key.format,
        encrypted=key.encrypted,
        mode=swept.entry.mode,
        uid=swept.entry.uid,
        has_permissions=swept.tree.keeps_permissions,
        public_sha256=public,
        known_leaked=published.id if published else "",
        in_documentation=is_documentation(swept.entry.path) or is_self_test,
    )


@functools.cache
def _published() -> dict[str, PublishedKey]:
    return known_keys()


def _as_text(data: bytes) -> Iterator[At]:
    narrow = list(find_pem(data)) if MARK in data else []
    yield from ((block.at, block.key) for block in narrow)
    if _WIDE in data:
        known = [block.key for block in narrow]
        wide = find_pem(data.replace(b"\0", b""))
        yield from ((2 * block.at, block.key) for block in wide if block.key not in known)
    if any(mark in data for mark in _CODED):
        yield from _decoded(data)
    # Programs that know such keys hold their names, too: those are no text.
    if len(data) > _TEXT_LIMIT or b"\0" in data[:8192]:
        return
    if b"rivate" in data:
        yield from _parsed(_WIREGUARD, data, lambda text: read_wireguard(text, named=True))
    if b"AGE-SECRET-KEY-1" in data:
        yield from _parsed(AGE, data, read_age)


def _decoded(data: bytes) -> Iterator[At]:
    """Blocks that stand in base64 as a whole, once or twice: ``client-key-data`` of Kubernetes, and Secrets with it."""
    for match in _BASE64.finditer(data):
        inside = match[0]
        for _ in _CODED:
            if inside.startswith(_CODED):
                with contextlib.suppress(binascii.Error):
                    inside = base64.b64decode(inside + b"=" * (-len(inside) % 4))
        yield from ((match.start(), block.key) for block in find_pem(inside))


def _parsed(pattern: re.Pattern[bytes], data: bytes, read: Callable[[bytes], FoundKey]) -> Iterator[At]:
    for match in pattern.finditer(data):
        try:
            yield match.start(), read(match[match.lastindex or 0])
        except NoKey:
            continue


def _as_whole(swept: Swept) -> Iterator[FoundKey]:
    data, name = swept.data, swept.entry.name.lower()
    try:
        if looks_like_dropbear(data):
            yield read_dropbear(data)
        elif data.startswith(PUTTY_MARK):
            yield read_putty(data)
        elif len(data) <= stores.LARGEST and stores.looks_like_store(data[:64], name):
            yield from stores.read_store(data)
        elif looks_like_der(data):
            yield read_der(data)
        elif looks_like_pgp(data[:4096], name):
            yield _gnupg(data)
        elif len(data) < 128 and "w" in (folder := swept.entry.path.lower()):
            yield _bare(data, folder)
    except NoKey:
        return


def _gnupg(data: bytes) -> FoundKey:
    return read_packets(data) if data[0] & 0x80 else read_agent(data)


def _bare(data: bytes, path: str) -> FoundKey:
    """What ``wg genkey`` prints, in a file that is called so: the public half beside it looks the same."""
    match = _BARE.fullmatch(data)
    if match is None or not ("wireguard" in path or "wg" in path) or "pub" in path or "psk" in path:
        raise NoKey
    return read_wireguard(match[1], named=False)


INSPECTOR = Inspector(name="keys", version=3, gives=(PrivateKeys,), sweep=_Keys)
