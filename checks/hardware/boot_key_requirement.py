"""U-Boot starts signed configurations only.

## What it looks at
The device tree of the bootloader itself (inside U-Boot, beside it in a FIT of firmware, or as a file), the keys under
its `/signature` node, and whether each is `required`: `conf` for whole configurations, `image` for single images. This
is evidence in the image: that the chip starts no other bootloader is decided by fuses. Where a key is required, also
whether the boot commands go round it: `booti`, `bootz`, `bootefi`, `go`, `source` and `sysboot` look into no FIT.

## Why it matters
A signed kernel protects nothing while nobody demands the signature: without a required key U-Boot starts an unsigned
FIT as readily as a signed one. A key that is required for images only lets somebody put an old kernel and another
device tree together into a new FIT, each with its genuine signature.

## How to fix
Have `mkimage` write the key into the control device tree as required: `mkimage -f image.its -k keys -K u-boot.dtb -r
image.itb`, then build U-Boot with that tree (`EXT_DTB=u-boot.dtb`). In Yocto `UBOOT_SIGN_ENABLE = "1"` does both.
Start with `bootm` alone, and switch `CONFIG_LEGACY_IMAGE_FORMAT`, `CONFIG_CMD_BOOTI` and `CONFIG_CMD_SOURCE` off: no
other format is then a way round it.

## References
- U-Boot doc/usage/fit/signature.rst ("Required keys", "Signed Configurations")
- ETSI EN 303 645 V3.1.3 provision 5.7-1; OWASP ISVS 3.1.5 (git edfda29b)
"""

from iotscan.sdk import (
    BootEnvironments,
    BootKeys,
    BootStages,
    ControlTree,
    FitImages,
    Presence,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    skip,
    unknown,
)

WANTED = 'a key under /signature with required = "conf"'


def judge(tree: ControlTree, place: Subject, is_signed: bool) -> Verdict | None:
    """The verdict on one control device tree; None where it demands signed configurations."""
    required = {key.required for key in tree.keys}
    keys = ", ".join(f"{key.name} ({key.algorithm}) required={key.required!r}" for key in tree.keys)
    ask = command("fdtget", tree.path.rpartition(":")[2], "/signature", "-l")
    if "conf" in required:
        return None
    if "image" in required:
        text = "the key is required for single images: a mix of old and new ones is started"
        return bad(
            "images-only", text, observed=f"{place}: {keys}", expected=WANTED, reproduce=ask, about=place, part="image"
        )
    if tree.keys:
        text = "a key is there, and nothing requires a signature of it"
        return bad("not-required", text, observed=f"{place}: {keys}", expected=WANTED, reproduce=ask, about=place)
    if not is_signed:
        return unknown("no FIT in the image is signed, and the bootloader has no key: there is nothing to require")
    text = "the bootloader has no key, although a FIT is signed"
    return bad("no-key", text, observed=f"{place}: no key under /signature", expected=WANTED, about=place)


def ways_round(found: BootEnvironments | None, image: str) -> list[Verdict]:
    """Boot commands that start what is in no FIT: the required key is never asked for it."""
    return [
        bad(
            "bypassed",
            f"{one.boots_unchecked[0]} starts something that no required key covers",
            observed=f"{one.path} ({one.source} environment): {', '.join(one.boots_unchecked[:5])}",
            expected="bootm of a FIT, and no booti, bootz, bootefi, go, source or sysboot",
            about=Subject(image=image, path=one.path),
        )
        for one in (found.environments if found else ())
        if one.boots_unchecked
    ]


@check(
    id="boot-key-requirement",
    aliases=("HW-002",),
    title="U-Boot starts signed configurations only",
    element="hardware",
    variants={
        "no-key": ("high", "The bootloader has no key, although a FIT is signed"),
        "not-required": ("high", "The bootloader has a key that nothing requires"),
        "bypassed": ("medium", "A boot command starts something that no required key covers"),
        "images-only": ("medium", "The key is required for single images, not for configurations"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("ETSI EN 303 645", "V2.1.1", "5.7-1"),
        clause("OWASP ISVS", "edfda29b", "3.1.5"),
        clause("IEC 62443-4-2", "2019", "EDR 3.14"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="high",
)
def boot_key_requirement(
    found: BootKeys,
    fits: FitImages,
    stages: BootStages,
    environments: Presence[BootEnvironments],
    target: Target,
) -> Returned:
    """Judge each control device tree; absence counts where a FIT is signed, a way round it where there is a key."""
    if not stages.stages:
        return unknown("the image holds no boot stage: the bootloader and its keys are elsewhere")
    is_signed = any(s.has_value for f in fits.images for c in f.configurations for s in c.signatures)
    image = target.subject.image
    if found.trees:
        verdicts = [judge(tree, Subject(image=image, path=tree.path), is_signed) for tree in found.trees]
        said = [verdict for verdict in verdicts if verdict] or ways_round(environments.fact, image)
        return said or good("every control device tree requires signed configurations")
    if found.without:
        return unknown(f"no device tree was found in the bootloader at {found.without[0]}")
    if fits.images:
        return unknown("the bootloader that starts the FIT is not in the image")
    return skip("no U-Boot and no FIT in the image")
