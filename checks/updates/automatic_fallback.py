"""A system that does not start is left for the one before, without anybody's help.

## What it looks at
Where an update system has two places: the three things without which the second is of no use, each by itself. A
counter (U-Boot's `bootlimit`, `BOOT_x_LEFT` that a script counts down and saves, GRUB's saved variables, barebox's
bootchooser, the tries in systemd-boot's entries); an alternative that is started when the count is out (`altbootcmd`,
`BOOT_ORDER`, a second entry); and something that sets the count back once a start was good (`rauc status mark-good`,
`fw_setenv`, Mender's commit). What a bootloader does that is not in the image is not judged. RAUC switches by
`BOOT_ORDER` and `BOOT_x_LEFT`: where U-Boot has only its own `bootlimit`, it is not assessed whether the two meet.

## Why it matters
Two slots do not save a device: a slot that hangs at start is started again for ever unless somebody counts. And a
count that nothing sets back makes a healthy device fall back to the old, vulnerable system after a few starts.

## How to fix
U-Boot: `bootlimit=3`, an `altbootcmd` that switches slots, `CONFIG_BOOTCOUNT_LIMIT=y`; with RAUC its boot script, which
counts `BOOT_x_LEFT` down and calls `saveenv`. GRUB: `load_env`, a variable that is changed and saved with `save_env`
before the kernel is started. Then one unit that confirms the start. Rehearse it: install a system that panics.

## References
- OWASP ISVS 3.4.7; ETSI EN 303 645 V3.1.3 provision 5.9-1; IEC 62443-4-2 CR 7.4
- U-Boot, boot count limit; RAUC, integration; systemd, automatic boot assessment
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

PIECES = (
    ("boot-counter", "not-counted", "a counter", "no start is counted"),
    ("fallback-target", "no-alternative", "an alternative", "nothing else is started when the count is out"),
    ("confirmed", "never-reset", "a reset", "nothing says that a start was good"),
)


def table(system: UpdateSystem) -> str:
    """What is known of the three."""
    cells = []
    for name, _, short, _ in PIECES:
        trait = next((t for t in system.traits if t.name == name), None)
        said = "not known" if trait is None or not trait.holds.is_answered else "yes" if trait.holds.known else "no"
        cells.append(f"{short.partition(' ')[2]}: {said}" + (f" ({trait.detail})" if trait and trait.detail else ""))
    return "; ".join(cells)


def judge(system: UpdateSystem, image: str) -> list[Verdict]:
    """A verdict for each piece that is missing or not known; none of the kind where a second place is not known."""
    if True not in slots_of(system):
        text = f"whether {system.system} has a second place to fall back to could not be told"
        about = Subject(image=image, path=system.path, line=system.line)
        return [unknown(f"{text} ({table(system)})", about=about, part=system.system)]
    verdicts = []
    for name, variant, short, missing in PIECES:
        trait = next((t for t in system.traits if t.name == name), None)
        holds = trait.holds.known if trait is not None else None
        place = Subject(
            image=image, path=trait.path if trait and trait.path else system.path, line=trait.line if trait else 0
        )
        part = f"{system.system} {name}"
        if holds is False:
            verdicts.append(
                bad(
                    variant,
                    f"{system.system} has a second place, and {missing}",
                    observed=table(system),
                    expected=f"{short}: all three, a counter, an alternative and a reset",
                    about=place,
                    part=part,
                )
            )
        elif holds is None:
            reason = trait.holds.reason if trait is not None else None
            why = f": {trait.detail}" if trait is not None and trait.detail else ""
            text = f"whether {system.system} has {short} could not be told{why}"
            verdicts.append(unknown(text, reason=reason or Reason.NOT_OBSERVABLE, about=place, part=part))
    return verdicts


@check(
    id="automatic-fallback",
    aliases=("OTA-019",),
    title="A system that does not start is left for the one before",
    element="updates",
    variants={
        "not-counted": ("high", "Starts that fail are not counted"),
        "no-alternative": ("high", "Nothing else is started when starts fail"),
        "never-reset": ("medium", "Nothing says that a start was good"),
    },
    confidence="firm",
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.4.7"),
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("EN 18031-1", "2024", "RLM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
        clause("IEC 62443-4-2", "2019", "CR 7.4"),
    ),
    tags=("boot", "image", "updates"),
    since="0.1",
    effort="medium",
)
def automatic_fallback(found: UpdateSystems, target: Target) -> Returned:
    """Judge every system that has, or may have, a second place and something to fall back with."""
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    systems = [s for s in found.systems if s.trait("boot-counter") and can_go_back(s)]
    if not systems:
        return open_ or skip("no update system has a second place to fall back to")
    judged = [verdict for system in systems for verdict in judge(system, target.subject.image)]
    observed = "; ".join(dict.fromkeys(f"{s.system}: {table(s)}" for s in systems))
    # Both slots of an image may be counted by one file: that is said once.
    return [*dict.fromkeys(judged), *open_] or good("counted, with an alternative, and set back", observed=observed)


def slots_of(system: UpdateSystem) -> list[bool | None]:
    """Whether there is a second place, for each component."""
    return [t.holds.known for t in system.traits if t.name == "slots"]


def can_go_back(system: UpdateSystem) -> bool:
    """False where it is known that every component is written in place: then another check says all there is."""
    slots = slots_of(system)
    return not slots or any(holds is not False for holds in slots)
