"""The system, the kernel and the main components still get security updates.

## What it looks at
The operating system that the image says it is, the kernels in it, and OpenSSL, Python, Node.js and PHP where its
package databases list them, each beside the last day of free public updates in a table that ships with iotscan (its
date is in the finding). What a distribution brings is judged by the distribution's day, as it mends its packages by
itself. A vendor's own support, or one that is paid for, no image shows: waive the finding with the contract's number.
Components without a package are not seen.

## Why it matters
After that day flaws go on being found and published, and nobody mends them here. What is in the image on the day it
ships stays on the devices for years.

## How to fix
Build on a release whose support covers the life of the product, and plan the change to the next one before it ends:
a Debian or Ubuntu LTS, a Yocto LTS, a longterm kernel of kernel.org or of CIP. Name in the product's documents until
when there will be updates.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-13 and 5.3-16
- EN 18031-1:2024 GEC-1 (no publicly known exploitable vulnerabilities)
- Regulation (EU) 2024/2847, Annex I Part I (2)(a) and Part II (1)
"""

from datetime import date, timedelta

from iotscan.sdk import (
    AsOf,
    Returned,
    SoftwareSupport,
    Subject,
    Support,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    unknown,
)

FRESH = timedelta(days=180)
"""How long a table is believed that says updates go on."""


def judge(item: Support, today: date, table: date, place: Subject) -> Verdict | None:
    """The verdict on one thing; None where it still gets updates."""
    called = f"{item.name} {item.version}".strip()
    dated = f"table of {table}"
    ends, kept = item.ends.known, item.maintained_until.known if item.maintained_until else None
    last = max((day for day in (ends, kept) if day), default=None)
    if last and date.fromisoformat(last) < today:
        variant = "component" if item.kind == "component" else "system"
        by = f" by {item.maintainer}" if kept == last else ""
        observed = f"{place}: {called}, last updates{by} on {last} ({dated}: {item.source})"
        summary = f"{called} gets no security updates since {last}"
        expected = "software that gets security updates"
        return bad(variant, summary, observed=observed, expected=expected, about=place, part=f"{item.kind} {item.name}")
    part = f"{item.kind} {item.name}"
    if not last:
        return unknown(f"until when {called} gets updates is not known: {item.ends.detail}", about=place, part=part)
    if today - table > FRESH:
        return unknown(f"{called}: what the {dated} says is too old to go by", about=place, part=part)
    return None


@check(
    id="end-of-life-software",
    aliases=("OTA-028",),
    title="The system, the kernel and the main components still get security updates",
    element="updates",
    variants={
        "system": ("high", "The operating system or kernel gets no more security updates"),
        "component": ("medium", "A main component gets no more security updates"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-13"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-16"),
        clause("EN 18031-1", "2024", "GEC-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(a)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I II(1)"),
        clause("OWASP IoT Top 10", "2018", "I5"),
        clause("OWASP ISVS", "edfda29b", "3.2.4"),
    ),
    tags=("image", "packages", "updates"),
    since="0.1",
    effort="high",
)
def end_of_life_software(found: SoftwareSupport, as_of: AsOf, target: Target) -> Returned:
    """Judge each thing by itself; what could not be read may hold more."""
    table = date.fromisoformat(found.table_date)
    image = target.subject.image
    judged = [judge(i, as_of.date(), table, Subject(image=image, path=i.path)) for i in found.items]
    verdicts = [v for v in judged if v]
    if not found.items:
        return unknown("the image does not say which system, kernel or packages it has")
    if found.not_read:
        verdicts.append(unknown(f"there may be more that is too old: {found.not_read[0]}"))
    named = ", ".join(f"{i.name} {i.version}".strip() for i in found.items)
    return verdicts or good(f"updates go on for {named} (table of {table})"[:400])
