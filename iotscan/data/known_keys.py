"""Private keys that everybody can download: by the SHA-256 of their public half, and who publishes them.

Some of them libraries carry in their own files, for their self-tests: there they are no key of the device. The records
are a YAML file of schema ``iotscan/keys@1`` beside this module. No key stands in it.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.typed_yaml import read_typed
from iotscan.model.known_key import KnownKey
from iotscan.model.text import safe_text

SCHEMA: Final = "iotscan/keys@1"
FILE: Final = Path(__file__).with_name("known_keys.yaml")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class WrittenPublishedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published key, or those that one library carries.

    ``spki_sha256`` are of the SubjectPublicKeyInfo; ``sha256`` are of the key itself (DER; of an encrypted block its
    base64 digits) where the public half cannot be known; ``carried_by`` are patterns of the names of the files that
    have it for self-tests; ``sources`` name who publishes it.
    """

    id: str
    product: str
    spki_sha256: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    carried_by: tuple[str, ...] = ()
    sources: tuple[str, ...]


class WrittenPublishedKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of records as it is written, beside its key ``schema``."""

    records: tuple[WrittenPublishedKey, ...]


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a published key: its record, whose it is, and which files carry it for their own tests."""

    id: str
    carried_by: tuple[str, ...]
    product: str = ""

    def is_at_home(self, name: str) -> bool:
        """True in a file of the library whose self-tests use it."""
        return any(fnmatchcase(name, pattern) for pattern in self.carried_by)


def known_keys(file: Path = FILE) -> dict[str, PublishedKey]:
    """SHA-256 (of the public half, or of the key itself) -> the record. Raises BadYaml, which says where."""
    read = read_typed(file, WrittenPublishedKeys, schema=SCHEMA)
    found: dict[str, PublishedKey] = {}
    for number, record in enumerate(read.value.records):
        digests = (*record.spki_sha256, *record.sha256)
        if not (record.id and record.product and record.sources and digests):
            raise read.bad("lacks an id, a product, a source or a digest", "records", number)
        for digest in digests:
            if not _SHA256.fullmatch(digest) or digest in found:
                raise read.bad("has a digest that is none, or stands twice", "records", number)
            found[digest] = PublishedKey(id=record.id, carried_by=record.carried_by, product=record.product)
    return found


def read_known_keys(file: Path) -> tuple[KnownKey, ...]:
    """The records of a list that the user gives. Raises BadYaml, which says where."""
    known_keys(file)
    read = read_typed(file, WrittenPublishedKeys, schema=SCHEMA)
    return tuple(
        KnownKey(
            id=safe_text(record.id),
            product=safe_text(record.product),
            digests=(*record.spki_sha256, *record.sha256),
            told_by=safe_text(file.name),
        )
        for record in read.value.records
    )
