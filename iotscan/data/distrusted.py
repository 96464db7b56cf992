"""Certificate authorities that browsers stopped trusting, wholly or for what they issue after a day: a dated list."""

import functools
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from iotscan.model.facts.certificate import Certificate, Distrust

FILE: Final = Path(__file__).with_name("distrusted.tsv")
DATED: Final = date(2026, 5, 1)
"""The newest of what the file was read from."""
_NOTHING: Final = "-"


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    after: str
    year: str
    by: str
    key: str
    subject: str


@functools.cache
def _rows() -> tuple[_Row, ...]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    fields = (line.split("\t") for line in lines if not line.startswith(("#", "sha256\t")))
    names = _Row.__struct_fields__
    return tuple(_Row(**{n: v if v != _NOTHING else "" for n, v in zip(names, f, strict=True)}) for f in fields)


@functools.cache
def _index() -> tuple[dict[str, _Row], dict[str, tuple[_Row, ...]]]:
    """By fingerprint and by name."""
    named: dict[str, tuple[_Row, ...]] = {}
    for row in _rows():
        named[row.subject] = (*named.get(row.subject, ()), row)
    return {row.sha256: row for row in _rows()}, named


def distrusts(chain: Iterable[Certificate]) -> tuple[Distrust, ...]:
    """What of a chain, leaf first, was withdrawn: a certificate of it, or one that signed the last of it.

    The certificate itself is told by its fingerprint, a signer that was not sent by its name and its key identifier;
    by its name alone where either names no key.
    """
    held, named = _index()
    sent = _on_way(tuple(chain))
    found: dict[str, Distrust] = {}
    for one in sent:
        if one.sha256 in held:
            found[one.sha256] = _distrust(held[one.sha256], told_by="certificate")
        elif not one.is_self_issued:
            wanted = one.extensions.authority_key if one.extensions else ""
            for row in named.get(one.issuer, ()):
                if not (wanted and row.key) or wanted == row.key:
                    told_by = "key" if wanted and row.key else "name"
                    found.setdefault(row.sha256, _distrust(row, told_by=told_by))
                    break
    return tuple(found.values())


def _on_way(sent: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Those that lead up from the first, by their names: what else is sent along has to do with nothing."""
    wanted = {sent[0].issuer} if sent else set[str]()
    for _ in sent:
        wanted |= {one.issuer for one in sent if one.subject in wanted}
    return (*sent[:1], *(one for one in sent[1:] if one.subject in wanted))


def refusal(sha256: str, issued: date) -> str:
    """Why browsers refuse what a root issued on a day; empty where they do not, or where it is in no list."""
    row = _index()[0].get(sha256)
    if row is None or (row.after and issued <= date.fromisoformat(row.after)):
        return ""
    since = f"what it issued after {row.after}" if row.after else "it"
    return f"{row.by} stopped trusting {since} ({row.subject})"


def _distrust(row: _Row, *, told_by: str) -> Distrust:
    return Distrust(subject=row.subject, by=row.by, year=row.year, after=row.after, told_by=told_by)
