"""Until when operating systems, kernels and main components get security updates, as their makers say.

The table is a YAML file of schema ``iotscan/end-of-life@1`` beside this module, with the date of its data. A series
that is not in it is not judged by it.
"""

import re
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from iotscan.data.typed_yaml import read_typed

SCHEMA: Final = "iotscan/end-of-life@1"
FILE: Final = Path(__file__).with_name("end_of_life.yaml")

Kind = Literal["system", "kernel", "component"]
_VERSION = re.compile(r"(?:[0-9]+:)?v?([0-9]+(?:\.[0-9]+)*)")


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A series and the last day of its free public security updates; None where nobody has named the day."""

    release: str
    codename: str = ""
    ends: date | None = None


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something with releases. ``os_ids`` are IDs of os-release(5), ``packages`` patterns of package names.

    ``maintains_kernel`` says that the system's own kernel packages get the system's updates.
    """

    id: str
    name: str
    kind: Kind
    policy: str
    sources: tuple[str, ...]
    releases: tuple[Release, ...]
    os_ids: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    maintains_kernel: bool = False
    note: str = ""

    def release_of(self, version: str) -> Release | None:
        """The release a version belongs to: the one that names most of its numbers (``1.1.1`` before ``1.1``)."""
        match = _VERSION.match(version)
        if match is None:
            return None
        own = f"{match[1]}."
        fitting = [r for r in self.releases if own.startswith(f"{r.release}.")]
        return max(fitting, key=lambda r: len(r.release), default=None)

    def release_called(self, codename: str) -> Release | None:
        """The release of this codename."""
        return next((r for r in self.releases if r.codename and r.codename == codename.lower()), None)

    def is_packaged_as(self, package: str) -> bool:
        """True for the name of a package that holds this component."""
        return any(fnmatchcase(package, pattern) for pattern in self.packages)


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table, beside its key ``schema``; ``date`` is the day its data was looked up."""

    date: date
    products: tuple[Product, ...]

    def of_kind(self, kind: Kind) -> tuple[Product, ...]:
        """The products of a kind."""
        return tuple(p for p in self.products if p.kind == kind)

    def product(self, id: str) -> Product:
        """The product with this id."""
        return next(p for p in self.products if p.id == id)


def read_end_of_life(file: Path = FILE) -> EndOfLife:
    """The table of a file. Raises BadYaml."""
    read = read_typed(file, EndOfLife, schema=SCHEMA)
    for number, product in enumerate(read.value.products):
        if not product.sources or not all(len(source) > 10 for source in product.sources):
            raise read.bad("names no source: say who publishes these dates", "products", number)
        named = [r.release for r in product.releases]
        if len(set(named)) < len(named):
            raise read.bad("lists a release twice", "products", number)
        if bool(product.os_ids) != (product.kind == "system") or bool(product.packages) != (
            product.kind == "component"
        ):
            raise read.bad("a system needs os_ids, a component packages, and no other has them", "products", number)
    return read.value


@cache
def our_end_of_life() -> EndOfLife:
    """The table that ships with iotscan, read once."""
    return read_end_of_life()
