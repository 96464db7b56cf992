"""Default logins that makers document: which product, how it is recognised, which pairs, and who says so.

The records are YAML files of schema ``iotscan/credentials@1`` beside this module; further files in the
same form can be given. Passwords become :class:`Secret` here and stay so.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from iotscan.data.typed_yaml import read_typed, shown
from iotscan.model.errors import BadInput
from iotscan.model.secret import Secret

SCHEMA: Final = "iotscan/credentials@1"
FOLDER: Final = Path(__file__).with_name("credentials")
_MOST_FILES = 200
"""Of one folder; each has at most 256 KiB."""
_MOST_PAIRS = 3
_MOST_PAIRS_OF_ONE_USER = 2
_SHORTEST_PATTERN = 3

EVERY_ACCOUNT: Final = "*"
"""In a ledger of tries: the account that stands for all, noted when a device shows a sign of lock-out."""

Protocol = Literal["http", "telnet", "ssh", "mqtt", "ftp", "snmp", "rtsp", "amqp", "onvif", "redis"]
"""Where a pair is valid; ``http`` is a web page that asks by HTTP Basic or Digest, or by a form."""
Mark = Literal["realm", "title", "server", "banner", "model", "product"]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A documented user name and password.

    An SNMP community has no user: ``user`` is empty and ``password`` holds the community. So has a password of Redis
    without an account (``AUTH password``).
    """

    user: str
    password: Secret


class CredentialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One product and its documented default logins.

    ``match`` maps a mark (what a service shows: ``realm``, ``title``, ``server``, ``banner``,
    ``model``; or ``product``, which is "VENDOR PRODUCT" as the fingerprint rules tell them) to patterns, see
    :func:`fits`; one that fits is enough. ``path`` is the page whose login is asked for over HTTP, by its own challenge
    or by a form. ``source`` names the document that publishes the pairs;
    ``verified`` is true when it was read for this record.
    """

    id: str
    vendor: str
    product: str
    protocols: tuple[Protocol, ...]
    match: dict[Mark, tuple[str, ...]]
    pairs: tuple[Pair, ...]
    source: str
    verified: bool = False
    note: str = ""
    path: str = "/"

    @property
    def name(self) -> str:
        """Vendor and product as a person says them."""
        return f"{self.vendor} {self.product}"

    def recognises(self, mark: Mark, text: str) -> bool:
        """True when one of the patterns for ``mark`` fits ``text``."""
        return any(fits(pattern, text) for pattern in self.match.get(mark, ()))


def fits(pattern: str, text: str) -> bool:
    """Whether ``text`` holds ``pattern``, whatever the case. With ``*`` in it the pattern is the whole text's.

    ``*`` stands for any run of characters; nothing else is special. Linear in the length of ``text``.
    """
    pattern, text = pattern.casefold(), text.casefold()
    first, *others = pattern.split("*")
    if not others:
        return pattern in text
    *middle, last = others
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(last) and len(text) - len(last) >= at


class WrittenPair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pair as it stands in a file."""

    user: str
    password: str


class WrittenRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record as it stands in a file."""

    id: str
    vendor: str
    product: str
    protocols: tuple[Protocol, ...]
    match: dict[Mark, str | tuple[str, ...]]
    pairs: tuple[WrittenPair, ...]
    source: str
    verified: bool = False
    note: str = ""
    path: str = "/"


class WrittenRecords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of records as it is written, beside its key ``schema``."""

    records: tuple[WrittenRecord, ...]


def load_records(extra: Sequence[Path] = ()) -> tuple[CredentialRecord, ...]:
    """Our records and those of ``extra`` (files, or folders of ``*.yaml``), in the order of their files.

    Raises BadInput.
    """
    records = dict(_ours())
    for file in [f for place in extra for f in _files(place)]:
        _add(records, file)
    return tuple(records.values())


@cache
def _ours() -> dict[str, CredentialRecord]:
    """Our records by their id. To read them takes half a second: it is done once, and nobody changes them."""
    records: dict[str, CredentialRecord] = {}
    for file in _files(FOLDER):
        _add(records, file)
    return records


def _add(records: dict[str, CredentialRecord], file: Path) -> None:
    for record in read_records(file):
        if record.id in records:
            raise BadInput(f"{file}: the id '{shown(record.id)}' is used twice; give this record another")
        records[record.id] = record


def _files(place: Path) -> Sequence[Path]:
    """The file itself, or those of a folder. Raises BadInput for a folder without any, or with too many."""
    if not place.is_dir():
        return (place,)
    found = sorted(f for f in place.glob("*.yaml") if f.is_file())
    if not 1 <= len(found) <= _MOST_FILES:
        few_or_many = (
            f"more than {_MOST_FILES} files: give folders of fewer" if found else "no *.yaml file: name another"
        )
        raise BadInput(f"{shown(str(place))} holds {few_or_many}")
    return found


def read_records(file: Path) -> tuple[CredentialRecord, ...]:
    """The records of one file. Raises BadYaml, which says where and never what: it may be a password."""
    read = read_typed(file, WrittenRecords, schema=SCHEMA, hushed=True)
    if not read.value.records:
        raise read.bad("holds no record: write at least one", "records")
    records = []
    for number, written in enumerate(read.value.records):
        record = _record(written)
        if complaint := _complaint(record):
            raise read.bad(complaint, "records", number)
        records.append(record)
    return tuple(records)


def _record(written: WrittenRecord) -> CredentialRecord:
    return CredentialRecord(
        id=written.id,
        vendor=written.vendor,
        product=written.product,
        protocols=written.protocols,
        match={m: (p,) if isinstance(p, str) else p for m, p in written.match.items()},
        pairs=tuple(Pair(user=p.user, password=Secret(p.password)) for p in written.pairs),
        source=written.source,
        verified=written.verified,
        note=written.note,
        path=written.path,
    )


def _complaint(record: CredentialRecord) -> str:
    patterns = [p for several in record.match.values() for p in several]
    if not all((record.id, record.vendor, record.product, record.source)):
        return "lacks its id, vendor, product or source: fill it in"
    if not record.protocols:
        return "names no protocol: say where the pair is valid"
    if not 1 <= len(record.pairs) <= _MOST_PAIRS:
        return f"has {len(record.pairs)} pairs: give one to {_MOST_PAIRS}, those that the source documents"
    if "snmp" in record.protocols:
        if len(record.protocols) > 1 or any(p.user or not p.password.reveal() for p in record.pairs):
            return "is for SNMP: name no other protocol, leave each user empty and give the community as the password"
        return _unfit(record, patterns)
    users = [p.user for p in record.pairs]
    if any(users.count(user) > _MOST_PAIRS_OF_ONE_USER for user in users):
        return f"has more than {_MOST_PAIRS_OF_ONE_USER} pairs of one user: a third miss locks some accounts"
    return _unfit(record, patterns)


def _unfit(record: CredentialRecord, patterns: Sequence[str]) -> str:
    """What is wrong with the patterns or the path."""
    if not patterns:
        return "matches nothing: say how the product is recognised"
    if any(len(p.replace("*", "").strip()) < _SHORTEST_PATTERN for p in patterns):
        return f"has a pattern that fits too much: use at least {_SHORTEST_PATTERN} characters"
    if not record.path.startswith("/") or not record.path.isprintable() or " " in record.path:
        return "has a path that is none: begin it with '/'"
    return ""
