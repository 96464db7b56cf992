"""No network service runs as root without confinement.

## What it looks at
Every service that the image starts at boot (systemd units with their drop-ins, init scripts, OpenRC, procd, inittab,
inetd, runit, s6): whom it runs as, whether it listens on the network, and what confines it (`User=`, `DynamicUser=`,
`ProtectSystem=`, `CapabilityBoundingSet=` and their like, a procd jail). Programs that are known to give up root by
themselves count as not root. Masked and disabled services are not started, and not judged.

## Why it matters
A flaw in a service that listens is a flaw with the rights of that service. As root it is the whole device: its keys,
its updates and its boot loader. As a user of its own, or behind a few lines of sandboxing, it is that service.

## How to fix
systemd: `DynamicUser=yes` or `User=`, with `AmbientCapabilities=CAP_NET_BIND_SERVICE` for ports below 1024, and
`NoNewPrivileges=yes`, `ProtectSystem=strict`, `ProtectHome=yes`, `PrivateDevices=yes`, `CapabilityBoundingSet=` in a
drop-in (`systemctl edit NAME`); `systemd-analyze security NAME` shows what is left. OpenWrt: `procd_set_param user`,
`procd_add_jail`. OpenRC: `command_user`, `no_new_privs=yes`. Init scripts: `start-stop-daemon --chuid USER`. Login
services must be root to become whoever logs in: confine what they do not need (`ProtectKernelModules=yes`,
`ProtectKernelTunables=yes`), and keep them off the networks that need no login.

## References
- ETSI EN 303 645 V3.1.3 provision 5.6-7 (least necessary privileges)
- systemd.exec(5), "Sandboxing"; OWASP ISVS 2.2.2
"""

from iotscan.sdk import (
    Returned,
    StartedService,
    StartedServices,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    unknown,
)

LOGIN = frozenset(
    {
        *("sshd", "dropbear", "tinysshd", "telnetd", "in.telnetd", "inetutils-telnetd", "utelnetd"),
        *("vsftpd", "proftpd", "pure-ftpd", "ftpd", "in.ftpd", "adbd", "smbd"),
    }
)
EXPECTED = "a user of its own, or sandboxing"


def is_confined(service: StartedService) -> bool:
    """True for a service that is not root for long, or is held in."""
    if service.user.value not in ("root", "0"):
        return True
    return bool(service.sandbox) or service.becomes not in ("", "root")


def judge(service: StartedService, place: Subject) -> Verdict:
    """The verdict on a service that listens as root without anything that confines it."""
    ports = ", ".join(f"{p.transport}/{p.port}" for p in service.listeners if p.faces_network)
    variant, also = "root", f"listens on {ports}"
    if service.program.rpartition("/")[2] in LOGIN:
        variant = "login"
    elif all(p.source == "default" for p in service.listeners):
        variant, also = "default-port", f"usually listens on {ports}"
    return bad(
        variant,
        f"{service.name} runs as root without sandboxing and {also}",
        observed=f"{service.program} as root, {ports}",
        expected=EXPECTED,
        about=place,
        part=service.name,
    )


@check(
    id="service-privileges",
    aliases=("HW-018",),
    title="No network service runs as root without confinement",
    element="hardware",
    variants={
        "root": ("medium", "A service listens on the network as root, without sandboxing"),
        "default-port": ("low", "A program that usually listens on the network runs as root, without sandboxing"),
        "login": ("low", "A login service, which has to be root, has no sandboxing"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-7"),
        clause("OWASP ISVS", "edfda29b", "2.2.2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(k)"),
    ),
    tags=("exposure", "image", "root-filesystem"),
    since="0.1",
    effort="medium",
)
def service_privileges(started: StartedServices, target: Target) -> Returned:
    """Judge every service that listens; those of which nobody knows whether they do leave it open."""
    image = target.subject.image
    loose = [s for s in started.services if not is_confined(s)]
    bad_ones = [
        judge(s, Subject(image=image, path=s.path, line=s.line))
        for s in loose
        if s.faces_network.is_answered and s.faces_network.value
    ]
    if bad_ones:
        return bad_ones
    names = list(dict.fromkeys(s.name for s in loose if not s.faces_network.is_answered))
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return unknown(f"root without sandboxing, and whether it listens is not known: {', '.join(names[:3])}{more}")
    if not started.services:
        return unknown("no started service was found, which no image is without")
    if started.not_seen and started.system == "systemd":
        return unknown(f"what it starts is not all seen: {', '.join(started.not_seen[:3])}")
    count = sum(s.faces_network.is_answered and s.faces_network.value for s in started.services)
    return good(f"{len(started.services)} services are started, {count} listen, none as root without sandboxing")
