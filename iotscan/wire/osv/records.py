"""One OSV record: which packages it concerns, and what it says of each.

Source: the OSV schema 1.7 (ossf.github.io/osv-schema). Fields that we do not need are skipped unread; a list may be
null. A record of a database that says a flaw in other words than the schema's is no record.
"""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
LARGEST = 8 << 20
"""Bytes of one record: those of kernels, with every version in them, have a few hundred thousand."""
_NEVER = "0001-01-01"
"""How a converter of Debian's data writes a date that it does not have."""


class BadRecord(Exception):
    """Bytes that are no OSV record."""


class Event(msgspec.Struct, frozen=True):
    """Where a range begins or ends: one of the four."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, frozen=True):
    """Versions that are affected: ``type`` says in which order (``ECOSYSTEM``, ``SEMVER``, ``GIT``)."""

    type: str = ""
    events: tuple[Event, ...] | None = None


class Rated(msgspec.Struct, frozen=True):
    """How grave it is: a CVSS vector (``CVSS_V3``), or the word of a distribution (``Ubuntu``)."""

    type: str = ""
    score: str = ""


class Named(msgspec.Struct, frozen=True):
    """A package of an ecosystem: ``openssl`` of ``Debian:12``."""

    ecosystem: str = ""
    name: str = ""


class Affected(msgspec.Struct, frozen=True):
    """What a record says of one package. The two last are whatever the database likes."""

    package: Named | None = None
    ranges: tuple[Range, ...] | None = None
    versions: tuple[str, ...] | None = None
    severity: tuple[Rated, ...] | None = None
    ecosystem_specific: Any = None
    database_specific: Any = None


class Record(msgspec.Struct, frozen=True):
    """An advisory. ``upstream`` and ``aliases`` are its other names."""

    id: str
    modified: str = ""
    withdrawn: str | None = None
    aliases: tuple[str, ...] | None = None
    upstream: tuple[str, ...] | None = None
    severity: tuple[Rated, ...] | None = None
    affected: tuple[Affected, ...] | None = None
    database_specific: Any = None

    @property
    def is_withdrawn(self) -> bool:
        """True for one that its database has taken back."""
        return bool(self.withdrawn) and not str(self.withdrawn).startswith(_NEVER)


class _Concerns(msgspec.Struct, frozen=True):
    package: Named | None = None


class Heading(msgspec.Struct, frozen=True):
    """What is read of every record, to see whether it is wanted."""

    id: str
    modified: str = ""
    affected: tuple[_Concerns, ...] | None = None

    @property
    def packages(self) -> tuple[Named, ...]:
        """The packages it concerns."""
        return tuple(a.package for a in self.affected or () if a.package is not None)


_HEADING = msgspec.json.Decoder(Heading)
_RECORD = msgspec.json.Decoder(Record)


def read_heading(data: bytes) -> Heading:
    """What a record is about. Raises :class:`BadRecord`."""
    return _decoded(_HEADING, data)


def read_record(data: bytes) -> Record:
    """All that we need of a record. Raises :class:`BadRecord`."""
    return _decoded(_RECORD, data)


def _decoded(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T:
    if len(data) > LARGEST:
        raise BadRecord(f"larger than {LARGEST >> 20} MiB")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecord("no OSV record") from error
    except RecursionError as error:
        raise BadRecord("nested too deep") from error
