"""U-Boot starts nothing from the network or a USB stick, unless it demands a signature.

## What it looks at
What U-Boot's environments start: `boot_targets`, and the commands that are reached from `bootcmd`, `altbootcmd` and
`preboot` through `run`. `dhcp`, `pxe`, `tftp` and `usb` among them are reported, unless the bootloader's device tree
requires signed configurations and no command starts what no FIT holds (`booti`, `bootefi`, `source`). `bootflow scan`
without `boot_targets` leaves the order to drivers: not assessed.

## Why it matters
A stick in the socket, or a DHCP server on the same network while the internal storage is slow or empty, then brings
the kernel. Distribution defaults list every medium; on a gateway one of them is meant.

## How to fix
Set `boot_targets` to the internal medium alone (`CONFIG_BOOT_TARGETS`, `BOOT_TARGET_DEVICES` in the board's header,
and the saved environment), and build without `CONFIG_CMD_DHCP`, `CONFIG_CMD_PXE` and `CONFIG_CMD_USB` where production
needs none. Where a rescue start from USB is wanted, require signed configurations (see boot-key-requirement).

## References
- U-Boot include/config_distro_bootcmd.h, doc/develop/distro.rst, doc/develop/bootstd/overview.rst
- OWASP ISVS 3.1.1 (git edfda29b)
"""

from iotscan.sdk import (
    BootEnvironment,
    BootEnvironments,
    BootKeys,
    BootStages,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)


def judge(one: BootEnvironment, place: Subject) -> list[Verdict]:
    """What one environment starts from outside."""
    verdicts = []
    for variant, what, found in (("network", "the network", one.boots_network), ("usb", "USB", one.boots_usb)):
        if found:
            shown = ", ".join(found[:5])
            verdicts.append(
                bad(
                    variant,
                    f"U-Boot starts from {what} without demanding a signature",
                    observed=f"{place} ({one.source} environment): {shown}",
                    expected="the internal medium alone, or signed configurations required",
                    about=place,
                    part=variant,
                )
            )
    if not verdicts and "bootflow" in one.variables.get("bootcmd", "") and "boot_targets" not in one.variables:
        verdicts.append(unknown("bootflow scan without boot_targets: the drivers decide from where", about=place))
    return verdicts


@check(
    id="boot-targets",
    aliases=("HW-009",),
    title="U-Boot starts nothing from the network or a USB stick unless it is signed",
    element="hardware",
    variants={
        "network": ("medium", "U-Boot starts from the network without demanding a signature"),
        "usb": ("medium", "U-Boot starts from USB without demanding a signature"),
    },
    clauses=(clause("OWASP ISVS", "edfda29b", "3.1.1"),),
    tags=("boot", "image"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def boot_targets(found: BootEnvironments, keys: BootKeys, stages: BootStages, target: Target) -> Returned:
    """Judge every environment that has a boot command, unless signatures are demanded of whatever is started."""
    if not stages.stages:
        return unknown("the image holds no boot stage: the bootloader is elsewhere")
    starting = [one for one in found.environments if "bootcmd" in one.variables or "boot_targets" in one.variables]
    if not starting:
        if any(stage.kind == "u-boot" for stage in stages.stages):
            return unknown("no environment with a boot command was found in U-Boot")
        kinds = {stage.kind for stage in stages.stages}
        if kinds & {"fit", "uimage", "boot-script", "extlinux"}:
            return unknown("the bootloader and its environment are not in the image")
        return skip("no U-Boot in the image")
    is_demanded = keys.trees and all(any(key.required == "conf" for key in tree.keys) for tree in keys.trees)
    if is_demanded and not any(one.boots_unchecked for one in starting):
        return good("U-Boot starts FIT images only, and requires signed configurations of them")
    verdicts = [v for one in starting for v in judge(one, Subject(image=target.subject.image, path=one.path))]
    return verdicts or good(f"{len(starting)} environments, each starts from the internal medium only")
