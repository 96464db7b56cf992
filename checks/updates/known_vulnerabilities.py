"""No package has a flaw that is known and grave.

## What it looks at
The packages that dpkg or apk lists, beside the advisories that were given with `--advisories`: OSV data, which you
download yourself, as iotscan fetches nothing. Debian, Ubuntu and Alpine; their advisories name the version in which
the distribution itself mended a flaw, so a mended package of an old upstream version is no finding. How grave a flaw
is, the advisory says (CVSS, or the distribution's word); where it does not, that is told. A package counts as
reachable where it brought the program of a service that starts at boot and that others on the network reach; a flaw
in a library that such a program loads counts as one that is not. What was copied in without a package, what no
distribution made, and what OSV has no records of (Alpine's community repository) is not seen.

## Why it matters
A published flaw with a ready-made exploit is what worms and botnets use. It is found by version alone, in the
minutes after a device appears.

## How to fix
Build the image again with the distribution's security updates (`apt-get upgrade`, `apk upgrade`) and ship it as an
update. Remove packages that nothing needs. Where there is no mended version, switch the affected part off or waive
the finding with the reason why it cannot be reached here, and with an end.

Get the data: `https://osv-vulnerabilities.storage.googleapis.com/Debian/all.zip` (or `Ubuntu`, `Alpine`), then
`iotscan image PATH --advisories all.zip`. Make it part of the build, with data of the same day.

## References
- EN 18031-1:2024 GEC-1 (no publicly known exploitable vulnerabilities)
- Regulation (EU) 2024/2847 (CRA), Annex I Part I (2)(a) and Part II (2)
- OWASP IoT Top 10 2018, I5; the OSV schema, https://ossf.github.io/osv-schema/
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from iotscan.sdk import (
    Advisory,
    AffectedPackage,
    AsOf,
    KnownVulnerabilities,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    unknown,
)

FRESH = timedelta(days=30)
"""How long data is believed that says nothing is known."""
MOST = 50
"""Packages that get a finding of their own."""
SHOWN = 5


@check(
    id="known-vulnerabilities",
    aliases=("OTA-029",),
    title="No package has a flaw that is known and grave",
    element="updates",
    variants={
        "reachable": ("high", "A service that the network reaches has known grave flaws"),
        "serious": ("medium", "A package has known grave flaws"),
        "unrated": ("low", "Packages have known flaws of which nobody says how grave they are"),
        "lesser": ("low", "Packages have known flaws of less than CVSS 7.0"),
    },
    confidence="firm",
    clauses=(
        clause("EN 18031-1", "2024", "GEC-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(a)"),
        clause("OWASP IoT Top 10", "2018", "I5"),
        clause("OWASP ISVS", "edfda29b", "3.2.4"),
    ),
    tags=("image", "packages", "updates"),
    since="0.1",
    effort="low",
)
def known_vulnerabilities(found: KnownVulnerabilities, as_of: AsOf, target: Target) -> Returned:
    """A finding for each package with grave flaws, the rest together; what nobody could compare stays open."""
    image = target.subject.image
    grave = sorted((p for p in found.affected if p.serious), key=lambda p: (not p.services, -_worst(p), p.name))
    verdicts = [_grave(p, found, Subject(image=image, path=p.database)) for p in grave[:MOST]]
    verdicts += _rest(grave[MOST:])
    verdicts += _together(found)
    verdicts += _open(found, as_of.date())
    text = f"no known flaw in {found.compared} source packages ({_dated(found)})"
    return verdicts or good(text)


def _grave(package: AffectedPackage, found: KnownVulnerabilities, place: Subject) -> Verdict:
    variant = "reachable" if package.services else "serious"
    called = f"{package.name} {package.version}"
    by = f", which {', '.join(package.services[:3])} runs," if package.services else ""
    flaws = f"{package.serious} known grave flaw{'s' if package.serious > 1 else ''}"
    grave = [a for a in package.advisories if a.is_serious]
    shown = [_shown(a) for a in grave[:SHOWN]]
    rest = f" and {package.serious - len(shown)} more" if package.serious > len(shown) else ""
    is_mended = any(a.fixed for a in grave)
    return bad(
        variant,
        f"{called}{by} has {flaws}",
        observed=f"{place}: {called} ({_made(package)}): {', '.join(shown)}{rest} ({_dated(found)})",
        expected="the distribution's mended version" if is_mended else "a package without known grave flaws",
        about=place,
        part=package.name,
    )


def _rest(packages: list[AffectedPackage]) -> Iterator[Verdict]:
    if packages:
        reached = [p for p in packages if p.services]
        names = ", ".join(p.name for p in packages[:20])
        yield bad(
            "reachable" if reached else "serious",
            f"{len(packages)} more packages have known grave flaws",
            observed=f"beside those told one by one: {names}{' …' if len(packages) > 20 else ''}",
            expected="packages without known grave flaws",
            part="the rest",
        )


def _together(found: KnownVulnerabilities) -> Iterator[Verdict]:
    counts: tuple[tuple[str, Callable[[AffectedPackage], int], str], ...] = (
        ("unrated", lambda p: p.unrated, "of unknown gravity"),
        ("lesser", lambda p: p.lesser, "below CVSS 7.0"),
    )
    for variant, count, words in counts:
        packages = sorted((p for p in found.affected if count(p)), key=lambda p: (-count(p), p.name))
        if packages:
            total = sum(map(count, packages))
            listed = ", ".join(f"{p.name} {p.version} ({count(p)})" for p in packages[:10])
            more = f" and {len(packages) - 10} more packages" if len(packages) > 10 else ""
            yield bad(
                variant,
                f"{total} known flaws {words} in {len(packages)} packages",
                observed=f"{listed}{more} ({_dated(found)})",
                expected="the distribution's mended versions",
                part=variant,
            )


def _open(found: KnownVulnerabilities, today: date) -> Iterator[Verdict]:
    if found.not_compared:
        more = f" and {len(found.not_compared) - 1} more" if len(found.not_compared) > 1 else ""
        yield unknown(f"there may be more: {found.not_compared[0]}{more}", part="not compared")
    newest = date.fromisoformat(found.newest) if found.newest else None
    if newest is None:
        yield unknown("the data does not say from when it is: there may be more", part="age")
    elif today - newest > FRESH:
        days = (today - newest).days
        yield unknown(f"the data is of {newest}, {days} days old: there may be more since", part="age")


def _worst(package: AffectedPackage) -> float:
    return max((a.score or 0.0 for a in package.advisories), default=0.0)


def _shown(advisory: Advisory) -> str:
    grave = f"{advisory.score:.1f}" if advisory.score is not None else advisory.gravity
    fixed = f", mended in {advisory.fixed}" if advisory.fixed else ", not mended yet"
    return f"{advisory.id} ({grave}{fixed})"


def _made(package: AffectedPackage) -> str:
    more = " …" if len(package.installed) > 3 else ""
    return f"installed: {', '.join(package.installed[:3])}{more}"


def _dated(found: KnownVulnerabilities) -> str:
    return f"{found.ecosystem}, data of {found.newest or 'an unknown day'}"
