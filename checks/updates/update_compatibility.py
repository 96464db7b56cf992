"""An artefact for other hardware is not installed.

## What it looks at
Whether each updater of whole images knows what hardware it is on and compares: RAUC's `compatible`, SWUpdate's
`/etc/hwrevision` or `-H`, Mender's device type, OpenWrt's list of supported devices; and whether a start script tells
it to ignore that.

## Why it matters
The artefact for the sister product is signed with the same key and passes every other check. Installed on the wrong
board it has no driver for the network by which it could be mended.

## How to fix
RAUC: `compatible=` in `[system]`, another for each board, no `--ignore-compatible`. SWUpdate: `hardware-compatibility`
in every sw-description and `/etc/hwrevision` on the device. Mender: the right `device_type`. OpenWrt:
`REQUIRE_IMAGE_METADATA=1`.

## References
- RAUC reference, compatible; SWUpdate, hardware compatibility; Mender, device type; RFC 9124 section 3.2
- ETSI EN 303 645 V3.1.3 provision 5.9-1
"""

from iotscan.sdk import (
    Reason,
    Returned,
    Subject,
    Target,
    UpdateSystems,
    UpdateTrait,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)


def judge(system: str, trait: UpdateTrait, place: Subject) -> Verdict | None:
    """The verdict on one updater; None where it compares."""
    if trait.holds.known:
        return None
    if not trait.holds.is_answered:
        text = f"whether {system} refuses artefacts for other hardware could not be told: {trait.detail}"
        return unknown(text, reason=trait.holds.reason or Reason.NOT_OBSERVABLE, about=place, part=system)
    return bad(
        "any-hardware",
        f"{system} installs artefacts for other hardware",
        observed=trait.detail,
        expected="the hardware's name, compared with the artefact's",
        about=place,
        part=system,
    )


@check(
    id="update-compatibility",
    aliases=("OTA-025",),
    title="An artefact for other hardware is not installed",
    element="updates",
    variants={"any-hardware": ("medium", "Artefacts for other hardware are installed")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("OWASP ISVS", "edfda29b", "3.4.7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="low",
)
def update_compatibility(found: UpdateSystems, target: Target) -> Returned:
    """Judge every system that could compare."""
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    pairs = [(s, t) for s in found.systems if (t := s.trait("compatibility"))]
    if not pairs:
        return open_ or skip("no updater of whole images is configured")
    image = target.subject.image
    judged = [judge(s.system, t, Subject(image=image, path=t.path or s.path, line=t.line)) for s, t in pairs]
    observed = "; ".join(dict.fromkeys(f"{s.system}: {t.detail}" for s, t in pairs))
    return [*(v for v in judged if v), *open_] or good("artefacts for other hardware are refused", observed=observed)
