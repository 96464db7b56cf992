"""Package feeds are verified before anything is installed.

## What it looks at
Every package feed configured in the image (opkg, apk, apt, dnf, ostree): whether its configuration demands a
signature on what is fetched, whether a key is there to verify it, and whether the address is plain HTTP.

## Why it matters
A package manager installs as root. With verification off, anybody on the path to the feed, or on the mirror,
installs what they like. Over plain HTTP with verification on they can still see and hold back updates.

## How to fix
opkg: keep `option check_signature` uncommented in `/etc/opkg.conf`, and the feed's key in `/etc/opkg/keys`. apk: no
`--allow-untrusted`. apt: no `[trusted=yes]`, no `Acquire::AllowInsecureRepositories`; name the key with `signed-by=`.
dnf: `gpgcheck=1` and `repo_gpgcheck=1`. ostree: `gpg-verify=true` or `sign-verify=ed25519`. Use `https://` addresses.

## References
- ETSI EN 303 645 V3.1.3 provision 5.3-9
- apt-secure(8), sources.list(5); dnf.conf(5); ostree.repo-config(5); OpenWrt, opkg package manager
"""

from iotscan.sdk import (
    Reason,
    Returned,
    Subject,
    Target,
    UpdateSource,
    UpdateSystem,
    UpdateSystems,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

FEEDS = ("opkg", "apk", "apt", "dnf", "ostree")
INSIDE = ("file:", "cdrom:", "copy:", "/")
CLEARTEXT = ("http:", "ftp:", "mirror+http:")


def judge(system: str, feed: UpdateSource, place: Subject) -> Verdict | None:
    """The verdict on one remote feed, None when nothing is to be said."""
    name = f"{system} {feed.url}"
    where = f"{place}: {name} {feed.detail}".strip()
    if feed.verifies.known is False:
        summary = f"{system} installs from a feed whose signature it does not check"
        return bad(
            "unverified", summary, observed=where, expected="signatures demanded for every feed", about=place, part=name
        )
    if not feed.verifies.is_answered:
        summary = f"whether {system} checks signatures could not be told"
        return unknown(summary, reason=feed.verifies.reason or Reason.NOT_OBSERVABLE, about=place, part=name)
    if feed.url.lower().startswith(CLEARTEXT):
        summary = f"{system} fetches from a verified feed over plain HTTP"
        return bad("cleartext", summary, observed=where, expected="an https:// address", about=place, part=name)
    return None


def judge_key(system: UpdateSystem, image: str) -> Verdict | None:
    """The verdict on the keys that feeds are verified by."""
    key = system.trait("key-present")
    if key is None or key.holds.known is not False:
        return None
    place = Subject(image=image, path=key.path or system.path, line=key.line)
    summary = f"{system.system} verifies its feeds, and no key is in the image"
    return bad("no-key", summary, observed=key.detail, expected="the feed's key", about=place, part=system.system)


@check(
    id="package-feed-signature",
    aliases=("OTA-011", "OTA-012", "OTA-013"),
    title="Package feeds are verified before anything is installed",
    element="updates",
    variants={
        "unverified": ("high", "Packages are installed from a feed without checking its signature"),
        "no-key": ("medium", "Feeds are verified, and there is no key to do so: nothing can be installed"),
        "cleartext": ("low", "Packages are fetched over plain HTTP"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-9"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("OWASP IoT Top 10", "2018", "I4"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("image", "packages", "root-filesystem", "updates"),
    since="0.1",
    effort="low",
)
def package_feed_signature(found: UpdateSystems, target: Target) -> Returned:
    """Judge each feed that is fetched from elsewhere; a feed inside the image needs no signature."""
    open_ = [unknown(t, reason=Reason.UNREADABLE, part=t) for t in found.unread if any(f"{n}: " in t for n in FEEDS)]
    systems = [s for s in found.systems if s.system in FEEDS]
    feeds = [(s.system, f) for s in systems for f in s.sources if not f.url.lower().startswith(INSIDE)]
    if not feeds:
        return open_ or skip("no remote package feed is configured")
    image = target.subject.image
    judged = [judge(name, feed, Subject(image=image, path=feed.path, line=feed.line)) for name, feed in feeds]
    judged += [judge_key(system, image) for system in systems]
    text = f"{len(feeds)} package feeds, all verified and none over plain HTTP"
    return [*(v for v in judged if v), *open_] or good(text)
