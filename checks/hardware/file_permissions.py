"""Nobody but root may change the system, and programs that borrow its rights are the usual ones.

## What it looks at
The modes, capabilities and device nodes that the image's file systems record: files that everybody may write and
folders without the sticky bit, above all in the system's own folders; setuid programs that are a shell, an
interpreter or a tool that runs others; setuid programs that no common distribution has; broad capabilities; device
nodes outside `/dev`. File systems without owners and modes (FAT) say nothing and are named.

## Why it matters
A file that root runs and everybody may write makes every account root, that of the smallest service too. A setuid
program runs as root whoever starts it: each is one more place where a flaw becomes the whole device.

## How to fix
`chmod o-w` in the recipe, `chmod 1777` for a folder that is meant for all. Take setuid from what needs none
(`chmod u-s`), give one capability instead (`setcap cap_net_raw+ep`), or let the service manager give it
(`AmbientCapabilities=`). Build images as root or under fakeroot/pseudo with a umask of 022.

## References
- ETSI EN 303 645 V3.1.3 provision 5.6-7 (least privilege)
- chmod(1), capabilities(7), inode(7)
"""

from iotscan.sdk import (
    FileMode,
    FilePermissions,
    Reason,
    Returned,
    Subject,
    Target,
    bad,
    check,
    clause,
    command,
    good,
    unknown,
)

SYSTEM = ("/bin/", "/boot/", "/etc/", "/lib", "/opt/", "/sbin/", "/usr/")
_TOOLS = """
    ash awk bash busybox cp csh dash dd ed emacs env find gawk gdb git ksh less lua more mv nano nice nmap node perl php
    python python2 python3 rsync ruby sed sh socat strace tar tclsh tcpdump tee vi vim xargs zsh
"""
RUNS_OTHERS = frozenset(_TOOLS.split())
_COMMON = """
    at bsd-write busybox.suid chage chfn chkpwd chrome-sandbox chsh crontab cron dbus-daemon-launch-helper doas
    dotlockfile exim4 expiry fping fusermount fusermount3 gpasswd login lxc-user-nic mount mount.cifs mount.nfs
    mount.nfs4 mtr-packet newgidmap newgrp newuidmap ntfs-3g pam_extrausers_chkpwd pam_timestamp_check passwd ping
    ping6 pkexec polkit-agent-helper-1 postdrop postqueue pppd procmail sg sendmail snap-confine ssh-agent ssh-keysign
    su sudo sudoedit suexec traceroute traceroute6 traceroute6.iputils umount unix2_chkpwd unix_chkpwd unix_update
    userhelper usernetctl utempter vlock wall write
"""
USUAL = frozenset(_COMMON.split())
BROAD = frozenset(
    ("chown", "dac_override", "dac_read_search", "fowner", "setfcap", "setgid", "setuid", "sys_admin", "sys_module",
     "sys_ptrace", "sys_rawio", "mac_admin", "mac_override")
)  # fmt: skip


def kind_of(file: FileMode) -> tuple[str, str] | None:
    """Variant and sentence for a setuid program; None for one of the usual."""
    name = file.path.rpartition("/")[2].removesuffix(".shadow").removesuffix(".util-linux")
    if not file.mode & 0o4000 or name in USUAL:
        return None
    if name in RUNS_OTHERS and not file.uid:
        return "setuid-shell", f"{file.path} runs what it is told as root"
    return "setuid", f"{file.path} runs as user {file.uid} whoever starts it, and is none of the usual programs"


@check(
    id="file-permissions",
    title="Nobody but root may change the system, and programs that borrow its rights are the usual ones",
    element="hardware",
    variants={
        "setuid-shell": ("high", "A shell or a tool that runs others is setuid root"),
        "writable-system": ("high", "Everybody may write in the system's own folders"),
        "device-node": ("medium", "A device node stands outside /dev"),
        "writable": ("low", "Everybody may write a file, or take away another's"),
        "setuid": ("low", "A setuid program is none of the usual"),
        "capability": ("low", "A program has a capability that is as good as root"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-7"),
        clause("IEC 62443-4-2", "2019", "CR 2.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("hardening", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def file_permissions(found: FilePermissions, target: Target) -> Returned:
    """Judge each file that stands out by itself."""
    verdicts = []

    def tell(variant: str, summary: str, file: str, observed: str, expected: str) -> None:
        place = Subject(image=target.subject.image, path=file)
        line = command("stat", "-c", "%A %u %g %n", file.rpartition(":")[2])
        verdicts.append(bad(variant, summary, observed=observed, expected=expected, reproduce=line, about=place))

    for file in found.setuid:
        if said := kind_of(file):
            tell(*said, file.path, f"mode {file.mode:04o}, owner {file.uid}:{file.gid}", "no setuid bit")
    for file in found.writable:
        is_system = file.path.rpartition(":")[2].startswith(SYSTEM)
        variant = "writable-system" if is_system else "writable"
        summary = f"everybody may write {file.path}"
        tell(variant, summary, file.path, f"mode {file.mode:04o}", "no right to write for others, or the sticky bit")
    for program in found.capabilities:
        broad = [name for name in program.capabilities if name in BROAD]
        if broad:
            summary = f"{program.path} has cap_{broad[0]}, which is as good as root"
            tell("capability", summary, program.path, ", ".join(program.capabilities), "only the capability it needs")
    for file in found.devices:
        tell("device-node", f"{file.path} is a device outside /dev", file.path, f"mode {file.mode:04o}", "none")
    if found.unread:
        return [*verdicts, unknown(f"not everything is known: {found.unread[0]}", reason=Reason.UNREADABLE)]
    if not found.entries:
        return unknown("; ".join(found.not_kept))
    counted = f"{found.entries:,} files and folders, {len(found.setuid)} setuid programs, all of them usual"
    return verdicts or good(counted, observed="; ".join(found.not_kept))
