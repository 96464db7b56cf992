"""What unblob says of what it took apart (``--report``, a JSON list of tasks with their reports).

Whatever is not known to be harmless is named: a kind of report that is new to us, too.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.image.unreadable import Unreadable

LARGEST = 16 << 20
"""Bytes of a report."""
_HARMLESS = ("StatReport", "FileMagicReport", "HashReport", "RandomnessReport", "CarveDirectoryReport")
_SHOWN = 4
"""How many of a kind are named."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``said`` is for people, and never empty. ``is_carved`` is True where pieces were cut out of it."""

    said: str
    is_carved: bool


def read(data: bytes) -> Verdict:
    """Raises :class:`Unreadable` where it is no report."""
    try:
        reports = list(_reports(msgspec.json.decode(data)))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable("its report cannot be read") from error
    chunks: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    unknown = unknown_bytes = 0
    for report in reports:
        kind = str(report["__typename__"])
        if kind in ("ChunkReport", "MultiFileReport"):
            chunks[safe_text(str(report.get("handler_name")), 40)] += 1
            if report.get("is_encrypted"):
                wrong["encrypted pieces"] += 1
        elif kind == "UnknownChunkReport":
            size = report.get("size")
            unknown, unknown_bytes = unknown + 1, unknown_bytes + (size if isinstance(size, int) else 0)
        elif kind not in _HARMLESS:
            wrong[_named(kind, report)] += 1
    said = [f"unblob found {_listed(chunks)} in it" if chunks else "unblob does not know it either"]
    if chunks and unknown:
        said.append(f"pieces that are not known: {unknown} ({unknown_bytes:,} bytes)")
    if wrong:
        said.append(f"unblob says: {_listed(wrong)}")
    return Verdict(said=", ".join(said), is_carved=any(r["__typename__"] == "CarveDirectoryReport" for r in reports))


def _reports(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        if "__typename__" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _reports(item)


def _named(kind: str, report: dict[str, object]) -> str:
    needed = report.get("dependencies")
    if isinstance(needed, list) and needed:
        return safe_text(f"it needs {' or '.join(map(str, needed))}", 80)
    return safe_text(kind, 60)


def _listed(counted: Counter[str]) -> str:
    named = [name if count == 1 else f"{name} ({count}x)" for name, count in counted.most_common(_SHOWN)]
    more = len(counted) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
