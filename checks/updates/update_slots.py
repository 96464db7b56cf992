"""An update goes to a second place, beside what runs.

## What it looks at
For every update system of the image, component by component (bootloader, kernel, root file system, packages,
configuration): whether there is a second place to install to. RAUC's slots that can be started, SWUpdate's selected
copy, Mender's two root partitions, OSTree's deployments. A package manager replaces files where they are. Components
that no system replaces by themselves are in the table, too: they come with another one, or are never updated.

## Why it matters
An update that overwrites what runs leaves nothing behind when the power goes, or when the new system does not start.
Of a million devices one in a thousand is a thousand visits. What cannot be rolled back is worth knowing by name: the
bootloader mostly, and whatever is installed as a package beside an A/B system.

## How to fix
Two root partitions and RAUC (`[slot.rootfs.0]` and `[slot.rootfs.1]`, each with a `bootname=`), SWUpdate with
`-e stable,copy1` and `copy2`, Mender (`RootfsPartA`, `RootfsPartB`) or OSTree. Bootloader: RAUC's slot type `boot-emmc`
or `boot-mbr-switch`. Do not install packages beside an image that is replaced as a whole.

## References
- OWASP ISVS 3.4.7; ETSI EN 303 645 V3.1.3 provision 5.9-1; IEC 62443-4-2 CR 7.4
- RAUC reference, slots; SWUpdate, software collections; Mender, partition layout
"""

from iotscan.sdk import (
    Reason,
    Returned,
    Subject,
    Target,
    UpdateSystem,
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

VARIANTS = {"bootloader": "bootloader-in-place", "packages": "packages-in-place", "containers": "packages-in-place"}
SAID = {True: "second place", False: "in place", None: "not known"}


COMPONENTS = ("bootloader", "kernel", "rootfs", "packages", "containers", "configuration")
"""What a device is made of. What no system replaces by itself is updated with another component, or never."""


def table(systems: tuple[UpdateSystem, ...]) -> str:
    """One cell for each component of an image, of all its update systems."""
    slots = [(s.system, t) for s in systems for t in s.traits if t.name == "slots"]
    asked = dict.fromkeys((*COMPONENTS, *(t.component for _, t in slots if t.component)))
    return "; ".join(f"{component}: {cell(component, systems)}" for component in asked)


def cell(component: str, systems: tuple[UpdateSystem, ...]) -> str:
    """What is known of one component: of each system that replaces it."""
    said = []
    for system in systems:
        slots = [t for t in system.traits if t.name == "slots" and t.component in (component, None)]
        said += [f"{SAID[t.holds.known]} ({system.system}: {t.detail})" for t in slots]
        if not slots and component in system.components:
            said.append(f"not known ({system.name})")
    return ", ".join(dict.fromkeys(said)) or "no update of its own"


def judge(system: UpdateSystem, slot: UpdateTrait, image: str, tables: str) -> Verdict | None:
    """The verdict on one component, None where there are two places."""
    what = slot.component or "system"
    place = Subject(image=image, path=slot.path or system.path, line=slot.line)
    if slot.holds.known:
        return None
    if not slot.holds.is_answered:
        text = f"whether {system.system} has a second place for the {what} could not be told"
        return unknown(
            text, reason=slot.holds.reason or Reason.NOT_OBSERVABLE, about=place, part=f"{system.system} {what}"
        )
    return bad(
        VARIANTS.get(what, "in-place"),
        f"{system.system} writes the {what} over the one that runs",
        observed=tables,
        expected="a second place to install to, for each component",
        about=place,
        part=f"{system.system} {what}",
    )


@check(
    id="update-slots",
    aliases=("OTA-018",),
    title="An update goes to a second place, beside what runs",
    element="updates",
    variants={
        "in-place": ("high", "The running system is overwritten by an update"),
        "bootloader-in-place": ("medium", "The bootloader is overwritten by an update"),
        "packages-in-place": ("low", "Packages are replaced in place, and cannot be rolled back"),
    },
    confidence="firm",
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.4.7"),
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
        clause("IEC 62443-4-2", "2019", "CR 7.4"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="high",
)
def update_slots(found: UpdateSystems, target: Target) -> Returned:
    """Judge each component of each system; one whose artefacts decide stays open."""
    image = target.subject.image
    open_ = [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    pairs = [(s, t) for s in found.systems for t in s.traits if t.name == "slots"]
    if not pairs:
        return open_ or skip("no update system with slots is configured")
    tables = table(found.systems)
    judged = [judge(system, slot, image, tables) for system, slot in pairs]
    said = "what is replaced by itself goes to a second place"
    return [*(v for v in judged if v), *open_] or good(said, observed=tables)
