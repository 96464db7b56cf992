"""Private keys in the image are readable by their owner only.

## What it looks at
The permission bits, as the image's own file system records them, of every file that was parsed and found to
hold a private key. Any right of everybody counts, and any of the group but to read (mode 0640 of Debian's `ssl-cert`),
which is told apart: who the group is does not matter. Keys among documentation and tests are left out; a file system
without permissions (FAT) cannot answer.

## Why it matters
A key that any process may read belongs to any process: one flaw in a web interface that runs as `nobody` then
is enough to impersonate the device. It turns every small intrusion into the theft of its identity.

## How to fix
Install keys with mode 0600, owned by the account of the one service that uses them: `install -m 0600 -o mosquitto`
in the recipe, `umask 077` before `openssl genpkey` or `dropbearkey` in a first-boot script, `UMask=0077` in its
systemd unit. Where two services need it, start them as root and let them drop privileges, or use `LoadCredential=`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-1 (sensitive security parameters are stored securely)
- sshd(8), FILES: a host key must not be readable by others than root
"""

from iotscan.sdk import (
    KeyFile,
    PrivateKeys,
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

OTHERS = 0o077
"""Every right of the group and of everybody."""
GROUP_READS = 0o040


@check(
    id="private-key-permissions",
    aliases=("HW-016",),
    title="Private keys are readable by their owner only",
    element="hardware",
    variants={
        "readable": ("high", "A private key may be read by others than its owner"),
        "group": ("low", "A private key may be read by the group of its file"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-1"),
        clause("OWASP ISVS", "edfda29b", "2.4.4"),
        clause("EN 18031-1", "2024", "SSM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("image", "private-keys", "root-filesystem"),
    since="0.1",
    effort="low",
)
def private_key_permissions(found: PrivateKeys, target: Target) -> Returned:
    """Fail on each key file whose mode grants the group or others anything."""
    if not found.files_searched:
        return unknown("no file was searched for private keys")
    keys = [key for key in found.keys if not key.in_documentation]
    if not keys:
        return skip(f"no private key to protect in {found.files_searched} files")
    image = target.subject.image
    judged = [judge(key, Subject(image=image, path=key.path, line=key.line)) for key in keys]
    return [v for v in judged if v] or good(f"{len(keys)} private keys, each readable by its owner only")


def judge(key: KeyFile, place: Subject) -> Verdict | None:
    """The verdict on one key, None when it is in order."""
    if not key.has_permissions:
        return unknown("the file system of a private key knows no permissions", about=place, part=key.format)
    if not key.mode & OTHERS:
        return None
    by_group = key.mode & OTHERS == GROUP_READS
    return bad(
        "group" if by_group else "readable",
        "who is in its group may read a private key" if by_group else "others than the owner may use a private key",
        observed=f"{place} mode {key.mode & 0o7777:04o}, owner {key.uid}, {key.format}",
        expected="mode 0600 or 0400",
        about=place,
        part=key.format,
    )
