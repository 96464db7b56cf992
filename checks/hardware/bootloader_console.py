"""Nobody can stop the bootloader at its console without a secret.

## What it looks at
U-Boot's environments (stored blocks, the default in the program, texts and scripts): `bootdelay`, and whether a stop
key or password is asked for. The menus of GRUB (`superusers` with a password) and of systemd-boot (`editor no`).
Which environment counts on a device, and whether its console is wired, is not in the image.

## Why it matters
At a U-Boot prompt one types another `bootargs` and has a root shell, reads and writes flash and memory, or loads
another kernel from the network: with three wires on the board and a key pressed in time. The menu of GRUB does the
same for a keyboard.

## How to fix
U-Boot: `CONFIG_BOOTDELAY=-2`, and the same in the saved environment; or `CONFIG_AUTOBOOT_KEYED=y` with
`CONFIG_AUTOBOOT_ENCRYPTION=y` and a hash of each device's own. -1 and 0 are no protection. GRUB: `set superusers` and
`password_pbkdf2`, and `--unrestricted` on the one entry that starts. systemd-boot: `editor no` in `loader.conf`.

## References
- U-Boot doc/usage/environment.rst (bootdelay), cmd/Kconfig and common/autoboot.c; GRUB manual, "Security"
- OWASP ISVS 3.1.1 and 3.1.3 (git edfda29b); EN 18031-1:2024 GEC-5
"""

from iotscan.sdk import (
    BootEnvironment,
    BootEnvironments,
    BootMenu,
    BootMenus,
    BootStages,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    unknown,
)

KEYS = ("bootstopkey", "bootstopkey2", "bootdelaykey", "bootdelaykey2", "bootstopkeysha256", "bootstopkeycrypt")
NEVER = -2
"""bootdelay: start at once and look at no key (common/autoboot.c)."""


def delay_of(one: BootEnvironment) -> int | None:
    """The delay in seconds as U-Boot reads it; None where the environment does not say."""
    text = one.variables.get("bootdelay", "").strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 8 else None


def judge(one: BootEnvironment, keyed: tuple[str, ...], place: Subject) -> Verdict | None:
    """The verdict on one environment; None when it asks for a secret, cannot be stopped, or does not say."""
    delay = delay_of(one)
    if delay is None or delay <= NEVER or any(key in one.variables for key in KEYS) or one.path in keyed:
        return None
    what = f"{place} ({one.source} environment): bootdelay={delay}"
    wanted = "bootdelay=-2, or a stop password"
    if delay == -1:
        return bad("no-autoboot", "U-Boot waits at its prompt", observed=what, expected=wanted, about=place)
    summary = f"any key within {delay} s stops U-Boot" if delay else "a key pressed early stops U-Boot"
    return bad("interruptible", summary, observed=what, expected=wanted, about=place)


def judge_menu(one: BootMenu, image: str) -> Verdict | None:
    """The verdict on one boot menu, None where editing is protected."""
    if one.is_protected:
        return None
    place = Subject(image=image, path=one.path)
    wanted = "superusers with a password" if one.program == "grub" else "editor no"
    text = f"{one.program} lets anybody change the command line"
    return bad("menu-editable", text, observed=f"{place}: {one.program}", expected=wanted, about=place)


@check(
    id="bootloader-console",
    aliases=("HW-008",),
    title="Nobody stops the bootloader at its console without a secret",
    element="hardware",
    variants={
        "interruptible": ("medium", "A key stops U-Boot at its prompt"),
        "no-autoboot": ("medium", "U-Boot waits at its prompt for whoever comes"),
        "menu-editable": ("medium", "The boot menu lets anybody change the command line"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.1.1"),
        clause("OWASP ISVS", "edfda29b", "3.1.3"),
        clause("EN 18031-1", "2024", "GEC-5"),
    ),
    tags=("boot", "image"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def bootloader_console(found: BootEnvironments, menus: BootMenus, stages: BootStages, target: Target) -> Returned:
    """Judge every environment and menu; what says nothing of a delay settles nothing."""
    if not stages.stages:
        return unknown("the image holds no boot stage: the bootloader is elsewhere")
    image = target.subject.image
    verdicts = [
        verdict
        for one in found.environments
        if (verdict := judge(one, found.keyed, Subject(image=image, path=one.path)))
    ]
    verdicts += [verdict for menu in menus.menus if (verdict := judge_menu(menu, image))]
    if verdicts:
        return verdicts
    telling = [one for one in found.environments if delay_of(one) is not None]
    if telling or menus.menus:
        return good(f"{len(telling)} environments and {len(menus.menus)} menus, none is open to any key")
    return unknown("no environment of U-Boot and no boot menu in the image says whether the start can be stopped")
