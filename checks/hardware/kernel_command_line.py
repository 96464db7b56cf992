"""No kernel command line opens the system or switches its protection off.

## What it looks at
Every kernel command line in the image: U-Boot's environment and scripts, `/chosen/bootargs` of device trees,
`cmdline.txt`, `extlinux.conf`, `grub.cfg`, entries of the Boot Loader Specification, unified kernel images, boot images
of Android and vbmeta, `CONFIG_CMDLINE`. Of each the words that give a shell without a login, mount a verified root
file system for writing, or switch off what hardens the kernel.

## Why it matters
`init=/bin/sh` or `systemd.debug_shell` is a root shell for whoever has the serial line. `mitigations=off` and `nokaslr`
turn a small flaw into a sure one. They are set for one afternoon of debugging and stay in the image.

## How to fix
Take the word out where the finding says it stands: `APPEND` of the machine (Yocto), `CONFIG_BOOTARGS` and the saved
environment (U-Boot), `GRUB_CMDLINE_LINUX`, `cmdline.txt`. Keep a separate image for debugging. Where the command line
itself should be out of reach, build it into a signed unified kernel image or the device tree of a signed FIT.

## References
- Linux Documentation/admin-guide/kernel-parameters.txt; kernel-command-line(7); systemd-debug-generator(8)
- ETSI EN 303 645 V3.1.3 provision 5.6-4A; OWASP ISVS 3.1.2 (git edfda29b)
"""

import re

from iotscan.sdk import (
    BootStages,
    CommandLine,
    KernelCommandLines,
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

SHELLS = re.compile(r"(?:rd)?init=(?:/usr)?/(?:s?bin/)?(?:(?:ba|a|da)?sh|busybox)$")
SINGLE = ("single", "S", "s", "1", "emergency", "rescue", "-b")
UNITS = ("systemd.unit=rescue.target", "systemd.unit=emergency.target", "rd.break", "rd.shell", "rd.shell=1")
DEBUG = re.compile(r"systemd\.debug_shell(?:=(?:1|yes|true|on|tty.*))?$")
KERNEL_DEBUG = re.compile(r"kgdb(?:oc=.+|wait)$")
MITIGATIONS = re.compile(r"mitigations=off|(?:nospectre_v[12]|nopti|nosmap|nosmep)$|spectre_v2=off")
APPRAISAL = re.compile(r"ima_appraise=(?:off|log|fix)$")
LSM = re.compile(r"(?:selinux=0|apparmor=0|enforcing=0)$")
VERIFIED = re.compile(r"(?:roothash|systemd\.verity_root_hash|dm-mod\.create)=")
WANTED = "no such word on the command line"


def judge(line: CommandLine, place: Subject) -> list[Verdict]:
    """What one command line opens or switches off."""
    words = line.arguments
    found = [
        *named("shell", "init is a shell: root without a login", [w for w in words if SHELLS.match(w)]),
        *named("debug-shell", "a root shell waits on a console", [w for w in words if DEBUG.match(w)]),
        *named("single-user", "the system starts into maintenance", [w for w in words if w in (*SINGLE, *UNITS)]),
        *named("kernel-debugger", "the kernel waits for a debugger", [w for w in words if KERNEL_DEBUG.match(w)]),
        *named("appraisal-off", "IMA does not insist", [w for w in words if APPRAISAL.match(w)]),
        *named("access-control-off", "mandatory access control is off", [w for w in words if LSM.match(w)]),
        *named("mitigations-off", "mitigations of the processor are off", [w for w in words if MITIGATIONS.match(w)]),
        *named("no-kaslr", "the kernel is at a known address", [w for w in words if w in ("nokaslr", "norandmaps")]),
    ]
    if "rw" in words and any(VERIFIED.match(w) for w in words):
        found += named("verity-writable", "a verified root file system is to be mounted for writing", ["rw"])
    return [
        bad(variant, summary, observed=f"{place} ({line.carrier}): {word}", expected=WANTED, about=place, part=word)
        for variant, summary, word in found
    ]


def named(variant: str, summary: str, words: list[str]) -> list[tuple[str, str, str]]:
    """The first of the words that say so, as variant, summary and word."""
    return [(variant, f"{summary}: {words[0]}", words[0])] if words else []


@check(
    id="kernel-command-line",
    aliases=("HW-007",),
    title="No kernel command line opens the system or switches its protection off",
    element="hardware",
    variants={
        "shell": ("high", "The first process is a shell"),
        "debug-shell": ("high", "A root shell waits on a console"),
        "single-user": ("medium", "The system starts into single-user or rescue mode"),
        "kernel-debugger": ("high", "The kernel takes a debugger on a serial line"),
        "verity-writable": ("medium", "A verified root file system is mounted for writing"),
        "appraisal-off": ("medium", "IMA measures or logs, and forbids nothing"),
        "access-control-off": ("low", "SELinux or AppArmor is switched off"),
        "mitigations-off": ("medium", "Mitigations of flaws in the processor are switched off"),
        "no-kaslr": ("low", "Address space randomisation is switched off"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-4A"),
        clause("ETSI EN 303 645", "V2.1.1", "5.6-4"),
        clause("OWASP ISVS", "edfda29b", "3.1.2"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="low",
)
def kernel_command_line(found: KernelCommandLines, stages: BootStages, target: Target) -> Returned:
    """Judge every line by itself; without any the question stays open."""
    if not found.lines:
        if not stages.stages:
            return unknown("the image holds no boot stage: the kernel command line is elsewhere")
        return unknown("no kernel command line was found in the boot stages of the image")
    image = target.subject.image
    verdicts: list[Verdict] = []
    for line in found.lines:
        place = Subject(image=image, path=line.path, line=line.line)
        said = judge(line, place)
        if line.is_cut:
            said.append(unknown("a command line is longer than what was read of it", about=place))
        verdicts += said
    return verdicts or good(f"{len(found.lines)} kernel command lines, none opens a shell or switches protection off")
