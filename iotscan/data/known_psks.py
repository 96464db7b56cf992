"""Pre-shared keys that everybody knows: identity and key as examples and documentation have them, and where.

The records are a YAML file of schema ``iotscan/psks@1`` beside this module. Keys become :class:`Secret` here and
stay so; an identity is said in clear by whoever uses it, so it is none.
"""

from pathlib import Path
from typing import Final, Literal

import msgspec

from iotscan.data.credential_records import Mark, fits
from iotscan.data.typed_yaml import read_typed
from iotscan.model.secret import Secret

SCHEMA: Final = "iotscan/psks@1"
FILE: Final = Path(__file__).with_name("known_psks.yaml")
_LONGEST_IDENTITY, _LONGEST_KEY = 128, 64
"""Bytes that every server takes: RFC 4279 section 5.3."""
_SHORTEST_PATTERN = 3

Transport = Literal["tls", "dtls"]


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """One documented identity and its key (hex digits).

    ``hints`` are the identity hints of servers that use it, ``match`` maps a mark of the device (see
    ``iotscan.data.credential_records``) to patterns; both only say which keys are tried first. ``sources`` name the
    documents that publish it.
    """

    id: str
    product: str
    identity: str
    key: Secret
    transports: tuple[Transport, ...]
    hints: tuple[str, ...]
    match: dict[Mark, tuple[str, ...]]
    sources: tuple[str, ...]
    note: str = ""

    def recognises(self, mark: Mark, text: str) -> bool:
        """True when one of the patterns for ``mark`` fits ``text``."""
        return any(fits(pattern, text) for pattern in self.match.get(mark, ()))


class WrittenKnownKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record as it stands in a file: the key either as ``text`` or as ``hex`` digits."""

    id: str
    product: str
    identity: str
    transports: tuple[Transport, ...]
    sources: tuple[str, ...]
    text: str = ""
    hex: str = ""
    hints: tuple[str, ...] = ()
    match: dict[Mark, tuple[str, ...]] = {}
    note: str = ""


class WrittenKnownKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of records as it is written, beside its key ``schema``."""

    records: tuple[WrittenKnownKey, ...]


def read_known_psks(file: Path = FILE) -> tuple[KnownKey, ...]:
    """The records of a file, in its order. Raises BadYaml, which says where and never what: it may be a key."""
    read = read_typed(file, WrittenKnownKeys, schema=SCHEMA, hushed=True)
    seen: set[str] = set()
    for number, written in enumerate(read.value.records):
        if complaint := _complaint(written) or ("has an id that is used before" if written.id in seen else ""):
            raise read.bad(complaint, "records", number)
        seen.add(written.id)
    return tuple(_known(written) for written in read.value.records)


def _known(written: WrittenKnownKey) -> KnownKey:
    return KnownKey(
        id=written.id,
        product=written.product,
        identity=written.identity,
        key=Secret(written.hex.lower() or written.text.encode().hex()),
        transports=written.transports,
        hints=written.hints,
        match=written.match,
        sources=written.sources,
        note=written.note,
    )


def _complaint(written: WrittenKnownKey) -> str:
    patterns = [p for several in written.match.values() for p in several]
    if not all((written.id, written.product, written.identity, written.transports)):
        return "lacks its id, product, identity or transports: fill it in"
    if not written.sources or not all(len(source) > _SHORTEST_PATTERN for source in written.sources):
        return "names no source: say who publishes this key"
    if bool(written.text) == bool(written.hex):
        return "gives no key, or two: write it as text or as hex"
    if not _is_hex(written.hex) or len(written.hex) > 2 * _LONGEST_KEY or len(written.text.encode()) > _LONGEST_KEY:
        return f"has a key that is none: up to {_LONGEST_KEY} bytes, two hex digits a byte"
    if len(written.identity.encode()) > _LONGEST_IDENTITY:
        return f"has an identity of more than {_LONGEST_IDENTITY} bytes"
    if any(len(p.replace("*", "").strip()) < _SHORTEST_PATTERN for p in (*patterns, *written.hints)):
        return f"has a pattern that fits too much: use at least {_SHORTEST_PATTERN} characters"
    return ""


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(digit in "0123456789abcdefABCDEF" for digit in text)
