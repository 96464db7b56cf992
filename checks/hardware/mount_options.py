"""What can be written is mounted without setuid programs and devices, and what is for all without programs.

## What it looks at
`/etc/fstab` and systemd's mount units: `nosuid` and `nodev` for what is mounted to be written at `/tmp`, `/var/tmp`,
`/dev/shm`, `/home`, `/data` and other places for data and removable media, and `noexec` for the three that everybody
may write. What nothing mentions (initramfs, init scripts, systemd's own `/tmp`) is not seen. The root itself
and `/var`, where package managers run programs, are not judged.

## Why it matters
An intruder who may write to `/tmp` or to a USB stick first puts a program there, and then a setuid one. The options
cost nothing and take both away.

## How to fix
`tmpfs /tmp tmpfs nosuid,nodev,noexec,mode=1777 0 0`, and `nosuid,nodev` on `/data` and removable media. In a
systemd unit: `Options=nosuid,nodev,noexec`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.6-7
- mount(8), file-system-independent mount options
"""

from iotscan.sdk import Mount, Mounts, Returned, Subject, Target, bad, check, clause, good, skip

FOR_ALL = ("/dev/shm", "/tmp", "/var/tmp")  # noqa: S108  # looked for, not used
FOR_DATA = ("/config", "/data", "/home", "/media", "/mnt", "/persist", "/srv", "/userdata", "/var/log")
NOT_WRITTEN = ("iso9660", "none", "overlay", "proc", "squashfs", "swap", "sysfs")


def is_judged(mount: Mount) -> bool:
    """True for a place for data or for all that can be written."""
    is_place = mount.point in FOR_ALL or any(mount.point == p or mount.point.startswith(f"{p}/") for p in FOR_DATA)
    return is_place and mount.type not in NOT_WRITTEN and not {"ro", "bind", "rbind"} & set(mount.options)


def lacks(mount: Mount) -> list[str]:
    """The options that are missing of those that can be asked. ``user`` implies all three (mount(8))."""
    asked = ("nosuid", "nodev", "noexec") if mount.point in FOR_ALL else ("nosuid", "nodev")
    is_users = bool({"user", "users"} & set(mount.options))
    return [] if is_users else [word for word in asked if word not in mount.options]


@check(
    id="mount-options",
    title="What can be written is mounted without setuid programs and devices",
    element="hardware",
    variants={"missing": ("low", "A place that can be written allows setuid programs, devices or programs of anybody")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(k)"),
    ),
    tags=("hardening", "image", "root-filesystem", "storage"),
    since="0.1",
    effort="low",
)
def mount_options(found: Mounts, target: Target) -> Returned:
    """Fail on each mount that lacks an option."""
    judged = [m for m in found.mounts if is_judged(m)]
    if not judged:
        return skip("nothing in fstab or in a mount unit is mounted at a place for data or for all")
    wrong = [
        bad(
            "missing",
            f"{m.point} is mounted without {', '.join(lacks(m))}",
            observed=f"{m.source} {m.point} {m.type} {','.join(m.options)}",
            expected="nosuid,nodev, and noexec where everybody may write",
            about=Subject(image=target.subject.image, path=m.path, line=m.line),
        )
        for m in judged
        if lacks(m)
    ]
    return wrong or good(f"{len(judged)} places that can be written, each with the options it needs")
