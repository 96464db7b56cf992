"""Times as a reader of a document expects them, always with their zone."""

from datetime import UTC, datetime
from typing import Final

from iotscan.report.words import clean

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day(text: str) -> str:
    """``22 November 2026`` of an ISO date or time; what is none stays as it is."""
    read = _read(text)
    return _day(read) if read else clean(text, 40)


def moment(text: str) -> str:
    """``22 November 2026, 18:00 UTC`` of an ISO time; what is none stays as it is."""
    read = _read(text)
    if read is None or len(text) <= len("2026-11-22"):
        return day(text)
    return f"{_day(read)}, {read:%H:%M} UTC"


def stamp(text: str) -> str:
    """``2026-11-22 18:01:07 UTC`` of an ISO time, for records; what is none stays as it is."""
    read = _read(text)
    return f"{read:%Y-%m-%d %H:%M:%S} UTC" if read else clean(text, 40)


def days(start: str, end: str) -> str:
    """``22 November 2026``, or ``22 November 2026 to 24 November 2026``; the start alone where there is no end."""
    first, last = day(start), day(end)
    return f"{first} to {last}" if last and last != first else first


def _day(read: datetime) -> str:
    return f"{read.day} {_MONTHS[read.month - 1]} {read.year}"


def _read(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read
    except (ValueError, OverflowError):
        return None
