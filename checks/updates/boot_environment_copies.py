"""What the bootloader counts survives a power cut.

## What it looks at
Where the count of starts and the chosen slot are kept, for update systems that depend on it: the copies that
`/etc/fw_env.config` names for U-Boot's environment, GRUB's environment block (one, written in place) or Mender's two
with locks, barebox's state, which keeps copies by itself.

## Why it matters
The environment is written with every start that is counted. A cut in the middle leaves one copy with a wrong checksum,
and the bootloader goes back to its defaults: the count is lost, and with it perhaps the slot that works.

## How to fix
U-Boot: `CONFIG_SYS_REDUNDAND_ENVIRONMENT=y` (`CONFIG_ENV_REDUNDANT` in newer ones) and two lines in
`/etc/fw_env.config`. GRUB: two environment blocks with a checksum or lock each, as grub-mender-grubenv does.

## References
- U-Boot, environment, redundant environment; `tools/env/fw_env.config`; barebox, state framework
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
    """The verdict on where the count is kept; None where there are copies."""
    if trait.holds.known:
        return None
    if not trait.holds.is_answered:
        text = f"how many copies of the boot environment {system} has could not be told: {trait.detail}"
        return unknown(text, reason=trait.holds.reason or Reason.NOT_OBSERVABLE, about=place, part=system)
    return bad(
        "single",
        f"{system} depends on a boot environment of which there is one copy",
        observed=trait.detail,
        expected="two copies, written in turn",
        about=place,
        part=system,
    )


@check(
    id="boot-environment-copies",
    aliases=("OTA-022",),
    title="What the bootloader counts survives a power cut",
    element="updates",
    variants={"single": ("low", "There is one copy of the boot environment")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("OWASP ISVS", "edfda29b", "3.4.7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
    ),
    tags=("boot", "image", "updates"),
    since="0.1",
    effort="medium",
)
def boot_environment_copies(found: UpdateSystems, target: Target) -> Returned:
    """Judge every system that a boot environment belongs to."""
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    pairs = [(s, t) for s in found.systems if (t := s.trait("redundant-environment"))]
    if not pairs:
        return open_ or skip("no update system depends on a boot environment")
    image = target.subject.image
    judged = [judge(s.system, t, Subject(image=image, path=t.path or s.path, line=t.line)) for s, t in pairs]
    observed = "; ".join(dict.fromkeys(f"{s.system}: {t.detail}" for s, t in pairs))
    # Both slots of an image may be counted by one file: that is said once.
    return [*dict.fromkeys(v for v in judged if v), *open_] or good(
        "the boot environment has copies", observed=observed
    )
