"""Of when an SSH server is, as far as its banner says: never which flaws it has.

A distribution mends an old version and leaves its number alone; only who puts its own name into the banner (Debian,
Ubuntu, Raspberry Pi OS, FreeBSD) shows that. Sources: openssh.com/releasenotes.html; dropbear's CHANGES; the table of
distributions is :mod:`iotscan.data.end_of_life`.
"""

import re
from datetime import date
from typing import Final

import msgspec

from iotscan.data.end_of_life import our_end_of_life

_OPENSSH: Final = {
    (5, 3): "2009-10-01",
    (5, 4): "2010-03-08",
    (5, 5): "2010-04-16",
    (5, 6): "2010-08-23",
    (5, 7): "2011-01-24",
    (5, 8): "2011-02-04",
    (5, 9): "2011-09-06",
    (6, 0): "2012-04-22",
    (6, 1): "2012-08-29",
    (6, 2): "2013-03-22",
    (6, 3): "2013-09-13",
    (6, 4): "2013-11-08",
    (6, 5): "2014-01-30",
    (6, 6): "2014-03-15",
    (6, 7): "2014-10-06",
    (6, 8): "2015-03-18",
    (6, 9): "2015-07-01",
    (7, 0): "2015-08-11",
    (7, 1): "2015-08-21",
    (7, 2): "2016-02-29",
    (7, 3): "2016-08-01",
    (7, 4): "2016-12-19",
    (7, 5): "2017-03-20",
    (7, 6): "2017-10-03",
    (7, 7): "2018-04-02",
    (7, 8): "2018-08-24",
    (7, 9): "2018-10-19",
    (8, 0): "2019-04-17",
    (8, 1): "2019-10-09",
    (8, 2): "2020-02-14",
    (8, 3): "2020-05-27",
    (8, 4): "2020-09-27",
    (8, 5): "2021-03-03",
    (8, 6): "2021-04-19",
    (8, 7): "2021-08-20",
    (8, 8): "2021-09-26",
    (8, 9): "2022-02-23",
    (9, 0): "2022-04-08",
    (9, 1): "2022-10-04",
    (9, 2): "2023-02-02",
    (9, 3): "2023-03-15",
    (9, 4): "2023-08-10",
    (9, 5): "2023-10-04",
    (9, 6): "2023-12-18",
    (9, 7): "2024-03-11",
    (9, 8): "2024-07-01",
    (9, 9): "2024-09-19",
    (10, 0): "2025-04-09",
    (10, 1): "2025-10-06",
}
_DEBIAN: Final = {
    (5, 5): "6",
    (6, 0): "7",
    (6, 7): "8",
    (7, 4): "9",
    (7, 9): "10",
    (8, 4): "11",
    (9, 2): "12",
    (10, 0): "13",
}
_UBUNTU: Final = {
    (5, 9): "12.04",
    (6, 6): "14.04",
    (7, 2): "16.04",
    (7, 6): "18.04",
    (8, 2): "20.04",
    (8, 9): "22.04",
    (9, 6): "24.04",
}
_UNNAMED: Final = {
    (8, 0): ("Red Hat Enterprise Linux 8", date(2029, 5, 31)),
    (8, 7): ("Red Hat Enterprise Linux 9", date(2032, 5, 31)),
}
"""Distributions that keep a version mended until that day, and put no name into the banner (Red Hat's life cycle)."""
_FIRST_YEAR = 2011
"""Of dropbear's versions by year; 0.53 was the last before them."""


class SshRelease(msgspec.Struct, frozen=True, kw_only=True):
    """What a banner says of an SSH server's age."""

    product: str
    """``OpenSSH`` or ``dropbear``; empty for others."""
    version: str = ""
    published: date | None = None
    """When this version came out, at the latest; None where that is not known."""
    distribution: str = ""
    """Whose package it is by its own word: ``Debian 10``."""
    ends: date | None = None
    """The last day of that distribution's free updates."""
    may_be: str = ""
    """A distribution that has this version, keeps it mended and puts no name into the banner."""
    mended_until: date | None = None
    """Until when it does."""


def ssh_release(software: str) -> SshRelease:
    """Read ``OpenSSH_9.2p1 Debian-2+deb12u3`` or ``dropbear_2020.81``: what stands behind ``SSH-2.0-``."""
    if found := re.match(r"OpenSSH_(\d{1,3})\.(\d{1,3})(?:\.\d+)?(?:p\d+)?(.*)", software):
        return _openssh((int(found[1]), int(found[2])), found[3])
    if found := re.match(r"dropbear_(\d{1,4})\.(\d{1,3})", software):
        year = int(found[1])
        is_dated = year >= _FIRST_YEAR
        published = date(min(year, 9998), 12, 31) if is_dated else date(_FIRST_YEAR, 2, 24) if year == 0 else None
        return SshRelease(product="dropbear", version=f"{found[1]}.{found[2]}", published=published)
    return SshRelease(product="")


def _openssh(version: tuple[int, int], rest: str) -> SshRelease:
    known = _OPENSSH.get(version)
    silent, until = _UNNAMED.get(version, ("", None)) if not rest.strip() else ("", None)
    release = SshRelease(
        product="OpenSSH",
        version=f"{version[0]}.{version[1]}",
        published=date.fromisoformat(known) if known else date(2009, 9, 30) if version < (5, 3) else None,
        may_be=silent,
        mended_until=until,
    )
    if found := re.search(r"\b(Debian|Raspbian)-(?:\S*[+~]deb(\d+))?", rest):
        number = found[2] or _DEBIAN.get(version, "")
        return _of_distribution(release, "debian" if found[1] == "Debian" else "raspbian", number)
    if re.search(r"\bUbuntu-", rest):
        return _of_distribution(release, "ubuntu", _UBUNTU.get(version, ""))
    if found := re.search(r"\b(FreeBSD|NetBSD)[^\s-]*-(\d{8})\b", rest):
        return _of_day(release, found[1], found[2])
    return release


def _of_distribution(release: SshRelease, product: str, number: str) -> SshRelease:
    known = our_end_of_life().product(product)
    ends = next((r.ends for r in known.releases if r.release == number), None)
    return msgspec.structs.replace(release, distribution=f"{known.name} {number}".strip(), ends=ends)


def _of_day(release: SshRelease, name: str, digits: str) -> SshRelease:
    """The BSDs write the day of their last change behind their name."""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return release
    return msgspec.structs.replace(release, distribution=name, published=max(day, release.published or day))
