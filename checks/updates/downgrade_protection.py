"""An older signed version is not installed, and the last good one can still be gone back to.

## What it looks at
Two things that are easily taken for one. Whether an older artefact with a sound signature is refused (RAUC's
`min-bundle-version`, SWUpdate's `no-downgrading`, OSTree's time stamps); and whether the device can fall back by itself
to what ran before (a second place, a counter, an alternative). Both are told for every update system, each by itself.

## Why it matters
A signature never expires on a device without a clock: whoever keeps last year's artefact installs last year's flaws,
properly signed. But a device that refuses everything older and has no second place cannot leave a bad update at all.

## How to fix
RAUC: `min-bundle-version=` in `[system]`, raised with each release that closes a hole. SWUpdate: `no-downgrading` in
`globals`, or `-N VERSION`. Mender has no such setting: refuse in a state script (`Download_Enter`). Keep two slots, so
that going back to the last good one does not need an older artefact.

## References
- OWASP ISVS 3.4.6 and 3.4.7; ETSI EN 303 645 V3.1.3 provision 5.3-7
- RAUC reference, min-bundle-version; SWUpdate, no-downgrading
"""

from iotscan.sdk import (
    Reason,
    Returned,
    Subject,
    Target,
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

SAID = {True: "yes", False: "no", None: "not known"}


def falls_back(system: UpdateSystem) -> bool | None:
    """Whether the last good system can be gone back to; None where that is not known."""
    slots = [t.holds.known for t in system.traits if t.name == "slots"]
    second = True if any(slots) else False if slots and None not in slots else None
    answers = (second, system.holds("boot-counter"), system.holds("fallback-target"))
    return False if False in answers else None if None in answers else True


def table(system: UpdateSystem) -> str:
    """Both answers."""
    older = system.trait("refuses-older")
    detail = f" ({older.detail})" if older is not None and older.detail else ""
    fallback, refused = SAID[falls_back(system)], SAID[system.holds("refuses-older")]
    return f"{system.system}: falls back to the last good: {fallback}; refuses what is older: {refused}{detail}"


def judge(system: UpdateSystem, image: str) -> list[Verdict]:
    """What is to be said of one system."""
    older = system.trait("refuses-older")
    if older is None:
        return []
    place = Subject(image=image, path=older.path or system.path, line=older.line)
    if older.holds.known is False:
        summary = f"{system.system} installs an older version whose signature is sound"
        expected = "older versions refused"
        return [
            bad("older-accepted", summary, observed=table(system), expected=expected, about=place, part=system.system)
        ]
    if not older.holds.is_answered:
        text = f"whether {system.system} refuses an older version could not be told"
        return [unknown(text, reason=older.holds.reason or Reason.NOT_OBSERVABLE, about=place, part=system.system)]
    if falls_back(system) is False:
        summary = f"{system.system} refuses older versions, and the device cannot fall back to the last good one"
        expected = "the last good system kept, and started when the new one fails"
        return [bad("no-way-back", summary, observed=table(system), expected=expected, about=place, part=system.system)]
    return []


@check(
    id="downgrade-protection",
    aliases=("OTA-024",),
    title="An older signed version is not installed, and the last good one is kept",
    element="updates",
    variants={
        "older-accepted": ("medium", "An older version is installed if its signature is sound"),
        "no-way-back": ("medium", "Older versions are refused, and the last good one is not kept"),
    },
    confidence="firm",
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.4.6"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-7"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(a)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="low",
)
def downgrade_protection(found: UpdateSystems, target: Target) -> Returned:
    """Judge every system that could refuse what is older."""
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    systems = [s for s in found.systems if s.trait("refuses-older")]
    if not systems:
        return open_ or skip("no updater of whole images is configured")
    judged = [verdict for system in systems for verdict in judge(system, target.subject.image)]
    return [*judged, *open_] or good(
        "older versions are refused", observed="; ".join(dict.fromkeys(map(table, systems)))
    )
