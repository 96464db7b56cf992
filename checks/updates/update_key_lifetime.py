"""Keys that verify updates last as long as the device.

## What it looks at
The certificates and dated keys by which the image verifies updates (RAUC, SWUpdate, Mender, apt, OSTree and the like),
by what they are for: until when the last one of each kind holds. Keys without an end (bare public keys) last. Keys of
the kernel are left out: it does not look at their dates. Keys of apt come anew in a package: they must hold today.

## Why it matters
An updater that checks dates refuses every update once the last certificate of its keyring has expired. A device in the
field cannot be repaired by an update then: somebody has to go there. A device whose clock starts in 1970 has the same
trouble from the other side.

## How to fix
Let the authority in the keyring hold for longer than the product is supported (`openssl x509 -days 7300`), and give the
signers below it short lives. Ship its successor with an update long before it ends; RAUC takes several certificates in
one keyring file. State the product's life in the profile: `device_life_years`.

## References
- RAUC documentation, advanced topics, certificates with limited validity
- Regulation (EU) 2024/2847 (CRA), Article 13(8): a support period of at least five years
- ETSI EN 303 645 V3.1.3 provision 5.3-2
"""

from datetime import datetime

from iotscan.sdk import (
    AsOf,
    Policy,
    Returned,
    Subject,
    Target,
    TrustedKey,
    TrustedKeys,
    Verdict,
    bad,
    check,
    clause,
    good,
    parameter,
    skip,
    unknown,
)

UNDATED = ("module", "ima", "given")
"""Uses in which nobody looks at a date: the kernel does not, and what the user gave is no key of the image."""

ROTATED = ("apt",)
"""Uses whose keys come anew in a package of their own, years before the old ones end."""


@check(
    id="update-key-lifetime",
    title="Keys that verify updates last as long as the device",
    element="updates",
    variants={
        "expired": ("high", "All keys that verify updates of a kind have expired"),
        "ends-early": ("medium", "The last key that verifies updates of a kind expires before the device's life ends"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-2"),
        clause("EN 18031-1", "2024", "SUM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(c)"),
    ),
    parameters={
        "device_life_years": parameter(
            "integer", "How long from now the device is to get updates", default=5, unit="years"
        ),
    },
    tags=("certificates", "image", "key-rotation", "updates"),
    since="0.1",
    effort="medium",
)
def update_key_lifetime(trusted: TrustedKeys, as_of: AsOf, policy: Policy, target: Target) -> Returned:
    """Judge the keys of each use by the one that holds longest; those in an update that nobody installed apart."""
    years = policy.integer("device_life_years")
    rings: dict[tuple[str, tuple[str, ...]], list[TrustedKey]] = {}
    for key in trusted.keys:
        if key.use not in UNDATED:
            rings.setdefault((key.use, key.within), []).append(key)
    if not rings:
        return skip("it verifies updates with no key whose date counts")
    verdicts = [v for _, keys in sorted(rings.items()) if (v := judge(keys, as_of, years, target))]
    uses = sorted({use for use, _ in rings})
    return verdicts or good(f"keys for {', '.join(uses)} hold for {years} years and more")


def judge(keys: list[TrustedKey], as_of: datetime, years: int, target: Target) -> Verdict | None:
    """The result of the keys of one use; None where one of them holds long enough."""
    known = [k for k in keys if k.public is not None]
    if any(end_of(k) is None for k in known):
        return None
    last = max(known, key=lambda k: end_of(k) or as_of, default=None)
    end = end_of(last) if last is not None else None
    if last is not None and end is not None and reaches(end, as_of, 0 if last.use in ROTATED else years):
        return None
    unread = next((k for k in keys if k.public is None), None)
    if unread is not None or last is None or end is None:
        # What could not be read may hold for longer.
        first = unread or keys[0]
        place = Subject(image=target.subject.image, path=first.path, line=first.line)
        return unknown(
            f"until when keys for {first.use} hold was not read: {first.problem}", about=place, part=first.use
        )
    place = Subject(image=target.subject.image, path=last.path, line=last.line)
    has_ended = end < as_of
    return bad(
        "expired" if has_ended else "ends-early",
        f"the last key for {last.use} {'expired' if has_ended else 'expires'} on {end:%Y-%m-%d}",
        observed=f"{place}: {named(last)} holds until {end:%Y-%m-%d}",
        expected=f"a key that holds for {years} years from {as_of:%Y-%m-%d}",
        about=place,
        part=last.use,
    )


def end_of(key: TrustedKey) -> datetime | None:
    """The last day of a key; None where it has none."""
    ends = [e for e in (key.expires, key.certificate and key.certificate.not_after) if e]
    return min(ends) if ends else None


def reaches(end: datetime, start: datetime, years: int) -> bool:
    """Whether ``end`` is that many years after ``start``, by the calendar."""
    return (end.year - start.year, end.month, end.day) >= (years, start.month, start.day)


def named(key: TrustedKey) -> str:
    """A key as the report names it."""
    return key.certificate.subject if key.certificate is not None else f"key {key.name}"
