"""Programs are confined by mandatory access control that is enforced.

## What it looks at
SELinux, AppArmor and Smack in the root file system: the mode that is configured, whether there is a policy, and what
loads it at start; and whether a kernel command line in the image switches it off. That the kernel has it built in, and
that the policy is a good one, is not seen.

## Why it matters
With it a service that is broken into can do what its profile allows, even as root. Without it root is everything.

## How to fix
AppArmor: profiles for the services that face the network in `/etc/apparmor.d`, `systemctl enable apparmor`,
`lsm=...,apparmor` on the command line (meta-security in Yocto). SELinux: `SELINUX=enforcing` with a policy
(`refpolicy` of meta-selinux, `BR2_PACKAGE_REFPOLICY`), labels in the image.

## References
- OWASP ISVS 3.3.5
- selinux_config(5), apparmor.d(5)
"""

from iotscan.sdk import (
    AccessControl,
    KernelCommandLines,
    MandatoryAccess,
    Presence,
    Returned,
    Subject,
    Target,
    bad,
    check,
    clause,
    good,
)

OFF = {"selinux": ("selinux=0", "enforcing=0"), "apparmor": ("apparmor=0",), "smack": ()}
WANTED = "SELinux or AppArmor with a policy, loaded at start and enforcing"


def weakness(system: AccessControl, words: set[str]) -> str:
    """Why a system confines nothing; empty where it does."""
    off = [word for word in OFF[system.system] if word in words]
    if off:
        return f"the kernel command line says {off[0]}"
    if system.mode != "enforcing":
        return f"its mode is {system.mode or 'not configured'}"
    if not system.policies:
        return "there is no policy for it"
    if system.system == "apparmor" and not system.enabled_by:
        return "nothing loads its profiles at start"
    return ""


@check(
    id="mandatory-access-control",
    aliases=("HW-019",),
    title="Programs are confined by mandatory access control that is enforced",
    element="hardware",
    variants={
        "none": ("low", "There is no mandatory access control"),
        "not-enforced": ("low", "Mandatory access control is there and confines nothing"),
    },
    confidence="firm",
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.3.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.6-7"),
        clause("IEC 62443-4-2", "2019", "CR 2.1"),
    ),
    tags=("hardening", "image"),
    since="0.1",
    effort="high",
)
def mandatory_access_control(found: MandatoryAccess, lines: Presence[KernelCommandLines], target: Target) -> Returned:
    """Pass where one system is enforced; else say why each is not."""
    if not found.systems:
        return bad("none", "no SELinux, AppArmor or Smack in the image", observed="none", expected=WANTED)
    words = {word for line in (lines.fact.lines if lines.fact else ()) for word in line.arguments}
    weak = [(system, weakness(system, words)) for system in found.systems]
    sound = [system for system, why in weak if not why]
    if sound:
        return good(f"{sound[0].system} is enforced", observed=f"{sound[0].path}, {sound[0].policies} policies")
    system, why = weak[0]
    return bad(
        "not-enforced",
        f"{system.system} confines nothing: {why}",
        observed=f"{system.path}: mode {system.mode or 'unset'}, {system.policies} policies",
        expected=WANTED,
        about=Subject(image=target.subject.image, path=system.path, line=system.line),
        part=system.system,
    )
