"""How often something runs by the clock (crontab(5), systemd.time(7)), as far as its words tell simply."""

import re
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.startup.boot_commands import parts_of
from iotscan.observe.image.startup.declared import declared_of

HOUR, DAY = 3600, 86_400
_WORDS = {"hourly": HOUR, "daily": DAY, "midnight": DAY, "weekly": 7 * DAY, "monthly": 31 * DAY, "yearly": 366 * DAY,
          "annually": 366 * DAY, "quarterly": 92 * DAY, "semiannually": 183 * DAY, "minutely": 60}  # fmt: skip
_SPAN = re.compile(r"OnUnitActiveSec=(\d{1,9})\s*(|s|sec|m|min|h|hour|hours|d|day|days|w|week|weeks)\b")
_UNITS = {"": 1, "s": 1, "m": 60, "h": HOUR, "d": DAY, "w": 7 * DAY}
_CALENDAR = re.compile(r"OnCalendar=([^,]+)")
_DAYS = re.compile(r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)")


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A job by the clock: where it is set, its words, seconds between two turns (0: not told simply)."""

    path: str
    line: int
    when: str
    period: int


def turns(root: Root, *programs: str, words: tuple[str, ...] = ()) -> Iterator[Turn]:
    """The jobs that run one of these programs (with one of ``words`` among its arguments), be it through a script."""
    calls = {c.path for c in root.calls(*programs) if not words or any(w in c.argv[1:] for w in words)}
    for job in declared_of(root.tree).jobs:
        called = [word.rstrip(";") for word in job.command.split()]
        called += [part for word in _folders(called) for part in parts_of(root.tree, word)]
        direct = any(word.rpartition("/")[2] in programs for word in called) and (
            not words or any(w in called for w in words)
        )
        if direct or not calls.isdisjoint(called):
            yield Turn(path=job.path, line=job.line, when=job.when, period=period_of(job.when))


def _folders(called: list[str]) -> list[str]:
    """Those whose programs a job runs."""
    return [word for word in called if word.startswith("/")] if "run-parts" in called else []


def period_of(when: str) -> int:
    """Seconds between two turns; 0 where the words do not tell it simply."""
    if when.startswith("@"):
        return _WORDS.get(when[1:], 0)
    span = _SPAN.search(when)
    if span is not None:
        return int(span[1]) * _UNITS[span[2][:1]]
    calendar = _CALENDAR.search(when)
    if calendar is not None:
        return _of_calendar(calendar[1].strip())
    return _of_cron(when.split())


def _of_calendar(text: str) -> int:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _DAYS.match(text):
        return 7 * DAY
    date = text.partition(" ")[0]
    return DAY if date == "*-*-*" or ":" in date else 0


def _of_cron(fields: list[str]) -> int:
    if len(fields) != 5:
        return 0
    _, hour, day, month, weekday = fields
    if month != "*":
        return 366 * DAY
    if day != "*" and not day.startswith("*/"):
        return 31 * DAY
    if weekday != "*":
        return 7 * DAY
    return HOUR if hour == "*" or hour.startswith("*/") else DAY
