"""An update that is cut off leaves a system that runs, and updates that go on.

## What it looks at
What happens to an update when the power goes or the connection breaks half way. An update that is written beside what
runs (RAUC, SWUpdate with a selected copy, Mender, OSTree) and switched to at the end, after its digests, is safe by
that. Reported is what undoes it, or leaves an update that was cut off to somebody else: OSTree with `fsync=false`,
dpkg with `force-unsafe-io`, unattended-upgrades with `AutoFixInterruptedDpkg` off or apt by the clock with nothing that
calls `dpkg --configure -a`, SWUpdate without a second copy and with `--no-transaction-marker`. Where an updater writes
over what runs, update-slots says so, and this check says nothing; a script of its own is home-made-update's, a boot
environment without a copy boot-environment-copies's. How an artefact itself says that it is installed is not known
from an image.

## Why it matters
Of a fleet that updates, some devices lose their power in that minute, every time. What was not written out is a file
of length zero after the next start. And apt refuses every later update until somebody logs in, so that devices that
nobody visits are never mended again.

## How to fix
Write beside what runs, and switch at the end (see update-slots). OSTree: no `fsync=false` in the system's repository.
Debian: no `force-unsafe-io` in `/etc/dpkg/dpkg.cfg.d` (images for containers have it; take it out of those for
devices), `Unattended-Upgrade::AutoFixInterruptedDpkg "true"`, `MinimalSteps "true"`, and `dpkg --configure -a` before a
job of your own upgrades. SWUpdate with one copy and a rescue system: leave the marker on, and have U-Boot look at
`recovery_status`.

## References
- ostree.repo-config(5), `fsync`; dpkg(1), `--force-unsafe-io`; unattended-upgrades, README, AutoFixInterruptedDpkg
- SWUpdate documentation, boot loader interface, `recovery_status`
- ETSI EN 303 645 V3.1.3 provision 5.9-1; OWASP ISVS 3.4.7
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

FLAWS = (
    (
        "durable-write",
        "not-flushed",
        "counts as installed what may not be on the medium yet",
        "writes that are flushed",
    ),
    (
        "recovers",
        "not-resumed",
        "leaves an update that was cut off as it is",
        "what was cut off is finished or taken back",
    ),
)


def flaws(system: UpdateSystem, image: str) -> list[Verdict]:
    """What the configuration undoes."""
    found = []
    for name, variant, summary, expected in FLAWS:
        trait = next((t for t in system.traits if t.name == name), None)
        # With a second place the old system stays, marked or not.
        if trait is None or (system.system == "swupdate" and system.holds("slots")):
            continue
        place = Subject(image=image, path=trait.path or system.path, line=trait.line)
        part = f"{system.system} {name}"
        if trait.holds.known is False:
            said = f"{system.name} {summary}"
            found.append(
                bad(
                    variant,
                    said,
                    observed=trait.detail or "it is so configured",
                    expected=expected,
                    about=place,
                    part=part,
                )
            )
        elif not trait.holds.is_answered:
            found.append(unknown(f"{system.name}: {trait.detail}", about=place, part=part))
    return found


def judge(system: UpdateSystem, image: str) -> list[Verdict]:
    """The verdicts on one system: on its configuration, and on components of which nobody says where they go."""
    place = Subject(image=image, path=system.path, line=system.line)
    found = flaws(system, image)
    slots = [trait for trait in system.traits if trait.name == "slots"]
    if not slots and not found:
        why = "its configuration was not read" if not system.is_read else "nothing in the image says so"
        return [unknown(f"where {system.name} writes an update to is not known: {why}", about=place, part=system.name)]
    for trait in slots:
        if not trait.holds.is_answered:
            what = trait.component or "system"
            text = f"where {system.name} writes the {what} to could not be told: {trait.detail}"
            reason = trait.holds.reason or Reason.NOT_OBSERVABLE
            found.append(unknown(text, reason=reason, about=place, part=f"{system.name} {what}"))
    return found


@check(
    id="update-interruption",
    aliases=("OTA-026",),
    title="An update that is cut off leaves a system that runs, and updates that go on",
    element="updates",
    variants={
        "not-flushed": ("low", "What counts as installed may not be on the medium yet"),
        "not-resumed": ("low", "An update that was cut off is left as it is"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("OWASP ISVS", "edfda29b", "3.4.7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
        clause("IEC 62443-4-2", "2019", "CR 7.4"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="medium",
)
def update_interruption(found: UpdateSystems, target: Target) -> Returned:
    """Judge every system; what is written over itself is the finding of another check."""
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    if found.in_container:
        return skip("a container is replaced as a whole, from outside")
    judged = [verdict for system in found.systems for verdict in judge(system, target.subject.image)]
    if judged or open_:
        return [*judged, *open_]
    slots = [(s, t) for s in found.systems for t in s.traits if t.name == "slots"]
    in_place = [f"{s.name} {t.component or 'system'}" for s, t in slots if not t.holds.known]
    if slots and not in_place:
        observed = "; ".join(f"{s.name}: {t.detail}" for s, t in slots)
        return good("updates are written beside what runs, and switched to at the end", observed=observed)
    if in_place:
        return skip(f"written over what runs, which is update-slots's to say: {', '.join(in_place)}")
    return skip("no update system is configured")
