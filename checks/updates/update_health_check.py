"""A new system is looked at before it is confirmed.

## What it looks at
What confirms that a start was good (`rauc status mark-good`, `fw_setenv` or `grub-editenv` that sets the count back),
and whether something that can fail stands before it: a unit that is required by `boot-complete.target` or by the unit
that confirms, a command before it, a condition in the script. A unit that is only wanted stops nothing when it fails. A
state script of Mender comes with each artefact, and is not seen.

## Why it matters
A system that reaches its shell and not its network is as good as dead in the field. Confirmed at every start, without
a look, it is kept, and the working one is the one that the next update overwrites.

## How to fix
A unit of type oneshot that asks what the device is for (the broker answers, the modem registers, the application is
up), with `Before=boot-complete.target` and `RequiredBy=boot-complete.target`; and `Requires=` and
`After=boot-complete.target` in the unit that confirms. RAUC's own `rauc-mark-good.service` has the second half only.

## References
- systemd, automatic boot assessment; RAUC, integration, marking slots; greenboot
- OWASP ISVS 3.4.7; ETSI EN 303 645 V3.1.3 provision 5.9-1
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
    """The verdict on what confirms; None where it looks before."""
    if trait.holds.known:
        return None
    if not trait.holds.is_answered:
        text = f"whether anything looks before {system} confirms could not be told: {trait.detail}"
        return unknown(text, reason=trait.holds.reason or Reason.NOT_OBSERVABLE, about=place, part=system)
    return bad(
        "unconditional",
        f"a start with {system} is confirmed without a look at the system",
        observed=trait.detail,
        expected="a check that can fail, required before the start is confirmed",
        about=place,
        part=system,
    )


@check(
    id="update-health-check",
    aliases=("OTA-020",),
    title="A new system is looked at before it is confirmed",
    element="updates",
    variants={"unconditional": ("medium", "A start is confirmed without a look at the system")},
    confidence="firm",
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.4.7"),
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="medium",
)
def update_health_check(found: UpdateSystems, target: Target) -> Returned:
    """Judge every system that something confirms."""
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    pairs = [(s, t) for s in found.systems if (t := s.trait("health-check"))]
    if not pairs:
        return open_ or skip("nothing in the image confirms a start")
    image = target.subject.image
    judged = [judge(s.system, t, Subject(image=image, path=t.path or s.path, line=t.line)) for s, t in pairs]
    observed = "; ".join(dict.fromkeys(f"{s.system}: {t.detail}" for s, t in pairs))
    return [*(v for v in judged if v), *open_] or good("something looks before a start is confirmed", observed=observed)
