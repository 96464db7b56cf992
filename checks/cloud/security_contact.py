"""The device says where to report a flaw.

## What it looks at
`/.well-known/security.txt` (RFC 9116) on every web server of the device: whether it names a contact and still
holds. One server that does is enough, whatever the others redirect to. Who gives one page for every path, in place of
the scripts of that page too, may be a filter in front that hides it: then it stays open.

## Why it matters
Whoever finds a flaw needs somebody to tell. Without an address it is published, sold or forgotten, and the maker is
the last to know. An expired document sends reports to where nobody reads.

## How to fix
Serve a text file at `/.well-known/security.txt` with `Contact: mailto:security@example.com` (or an https address) and
`Expires: 2027-06-30T00:00:00Z`, at most a year ahead, and renew it with each release. Add `Policy:` and
`Preferred-Languages:`. The maker's own site needs one too.

## References
- RFC 9116 sections 2.5.3 (Contact) and 2.5.5 (Expires)
- ETSI EN 303 645 V3.1.3 provision 5.2-1; UK PSTI (SI 2023/1007) Schedule 1 paragraph 2
"""

from datetime import UTC, datetime

from iotscan.sdk import AsOf, Each, Returned, Seen, Target, WellKnown, bad, check, clause, command, good, unknown


def expiry(document: WellKnown) -> datetime | None:
    """When the document stops to hold, None where it names no readable date."""
    try:
        moment = datetime.fromisoformat(document.security_txt_expires.strip().upper())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def fetch(seen: Seen[WellKnown], script: str, *options: str) -> str:
    """A command that reads the document with awk, over https or, where none is spoken, http.

    ``script`` says nothing where nobody answers: silence proves no absence.
    """
    target = Target(subject=seen.subject)
    urls = (target.url(scheme, "/.well-known/security.txt") for scheme in ("https", "http"))
    asks = " || ".join(command("curl", "-g", "-k", "-s", "-m", "4", *options, url) for url in urls)
    return f"{{ {asks}; }} | {command('awk', script)}"


NO_CONTACT = 'tolower($0) ~ /^http\\// {a = 1} tolower($0) ~ /^contact:/ {c = 1} END {if (a && !c) print "no contact"}'
EXPIRY = (
    "tolower($0) ~ /^contact:/ {c = 1} tolower($0) ~ /^expires:/ {print; e = 1} "
    'END {if (c && !e) print "Expires: none"}'
)


@check(
    id="security-contact",
    aliases=("CLD-016",),
    title="The device says where to report a flaw",
    element="cloud",
    variants={
        "absent": ("low", "No security.txt names a contact"),
        "expired": ("low", "security.txt has expired, or names no date until which it holds"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.2-1"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I II(5)"),
    ),
    tags=("disclosure", "network", "web"),
    since="0.1",
    effort="low",
)
def security_contact(servers: Each[WellKnown], as_of: AsOf) -> Returned:
    """Pass on one document in force; an unanswered server leaves the question open."""
    present = [s for s in servers if s.fact.security_txt.known]
    for seen in present:
        end = expiry(seen.fact)
        if end and end > as_of:
            return good(f"{seen.subject} names a contact until {end:%Y-%m-%d}")
    for seen in servers:
        seen.fact.security_txt.value  # noqa: B018  # one that did not answer may hold it
    if servers.missed:
        return unknown(servers.missed)
    if present:
        date = present[0].fact.security_txt_expires
        return bad(
            "expired",
            "security.txt has expired" if expiry(present[0].fact) else "security.txt names no readable expiry date",
            observed=f"{present[0].subject} Expires: {date}",
            expected="a date in the future (RFC 9116 section 2.5.5)",
            reproduce=fetch(present[0], EXPIRY),
            shows=date or "Expires: none",
        )
    first = next(iter(servers))
    return bad(
        "absent",
        "no web server of the device has a security.txt with a contact",
        observed=", ".join(str(s.subject) for s in servers),
        expected="/.well-known/security.txt with Contact and Expires",
        reproduce=fetch(first, NO_CONTACT, "-i"),
        shows="no contact",
    )
