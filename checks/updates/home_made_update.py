"""No script of its own writes updates to the device without a signature.

## What it looks at
Shell scripts in the image that fetch something (`wget`, `curl`, `tftp` …) and write it over the system: `dd` to a
device, `flashcp`, `mtd write`, `sysupgrade`, a package from `/tmp`, a pipe into a shell. And what such a script looks
at in between, with a consequence: a signature, a digest, or nothing. What it hands to an updater that verifies by
itself (RAUC, SWUpdate, Mender) is none of this.

## Why it matters
`wget … && flashcp` is the whole update system of many devices, and whoever answers the request owns them: over HTTP
anybody on the way, over HTTPS whoever gets into the server or its name. A checksum from the same server finds broken
downloads and no attacker. And half a download written over the running system is a brick.

## How to fix
Use an updater that verifies before it writes, into a second place. At the very least: HTTPS with the certificate
checked, a detached signature (`openssl dgst -verify`, `signify -V`, `gpgv`) by a key that is in the image, and
`set -e`, so that a failure stops the script.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-9 and 5.3-10; OWASP IoT Top 10 2018 I4
- J. Vermillard, The 5 elements of IoT security: checksum and cryptographic signature
"""

from iotscan.sdk import (
    HomemadeUpdate,
    Reason,
    Returned,
    Subject,
    Target,
    UpdateSystems,
    Verdict,
    bad,
    check,
    clause,
    skip,
    unknown,
)

SAID = {"signature": "checks a signature", "digest": "checks a digest only", "nothing": "checks nothing"}


def judge(script: HomemadeUpdate, image: str) -> Verdict:
    """A script is named whatever it does; how bad it is depends on what it checks and how it fetches."""
    place = Subject(image=image, path=script.path, line=script.line)
    where = script.fetches or "an address that it is told"
    if script.checks == "signature":
        variant, summary = "own-updater", f"a script checks a signature and installs with {script.writes}"
    elif script.encrypted.known is False:
        variant, summary = (
            "unsigned-cleartext",
            f"a script installs with {script.writes} what it fetched unencrypted and unsigned",
        )
    else:
        variant, summary = "unsigned", f"a script installs with {script.writes} what it fetched, without a signature"
    return bad(
        variant,
        summary,
        observed=f"{place}: fetches {where}, {SAID[script.checks]}{f' ({script.detail})' if script.detail else ''}",
        expected="an updater that verifies a signature before it writes, into a second place",
        about=place,
        part=script.writes,
    )


@check(
    id="home-made-update",
    title="No script of its own writes updates without a signature",
    element="updates",
    variants={
        "unsigned-cleartext": ("critical", "A script installs what it fetched unencrypted and unsigned"),
        "unsigned": ("high", "A script installs what it fetched without a signature"),
        "own-updater": ("low", "A script of its own verifies and installs updates"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-9"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.3"),
        clause("OWASP IoT Top 10", "2018", "I4"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="high",
)
def home_made_update(found: UpdateSystems, target: Target) -> Returned:
    """Name each script that fetches and writes."""
    open_ = [unknown(t, reason=Reason.UNREADABLE, part=t) for t in found.unread if "scripts: " in t]
    judged = [judge(script, target.subject.image) for script in found.scripts]
    return [*judged, *open_] or skip("no script fetches something and writes it over the system")
