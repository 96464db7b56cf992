"""Host keys are made by each device itself, with its first start.

## What it looks at
Whether SSH host keys lie in the image (`/etc/ssh/ssh_host_*`, `/etc/dropbear`), and whether what the image starts
makes them: `ssh-keygen -A`, `dropbearkey`, Dropbear's `-R`, the key generation of Yocto, Fedora and OpenWrt,
cloud-init. Keys that the start takes away and makes anew are in order. Scripts are read, not run.

## Why it matters
A host key from the image is on every device: whoever has one device can pass for all the others and read the logins
of their owners, and no client can notice.

## How to fix
Delete host keys at the end of the image build and enable the unit or script that makes them: `sshd-keygen.target`,
`sshdgenkeys.service`, Dropbear with `-R`, `ssh_deletekeys: true` of cloud-init. Make the place writable and lasting
(an overlay or a data partition), or every start makes others.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-4 (critical security parameters unique for each device)
- ssh-keygen(1) `-A`, dropbear(8) `-R`
"""

import re

from iotscan.sdk import FirstBoot, PrivateKeys, Returned, Subject, Target, bad, check, clause, good, skip, unknown

HOST_KEY = re.compile(r"/ssh_host_[^/]*key|/etc/dropbear/[^/]+$|/dropbear_[^/]*host_key")


@check(
    id="first-boot-keys",
    aliases=("KEY-010",),
    title="Every device makes its own host keys",
    element="keys",
    variants={"baked": ("high", "An SSH host key comes with the image, and nothing makes another")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("image", "private-keys", "shared-keys", "ssh"),
    since="0.1",
    effort="low",
)
def first_boot_keys(at_start: FirstBoot, found: PrivateKeys, target: Target) -> Returned:
    """Absent from the image and made at the start is good; there and never replaced is bad."""
    root = f"{target.subject.path}:" if target.subject.path else ""
    baked = [k for k in found.keys if k.path.startswith(root) and HOST_KEY.search(k.path)]
    makers = [m for m in at_start.key_makers if m.makes == "ssh-host-key"]
    makes = [m for m in makers if m.tool != "rm"]
    is_made_anew = bool(makes) and any(m.removes for m in makers)
    if baked and not is_made_anew:
        verdicts = []
        for key in baked:
            place = Subject(image=target.subject.image, path=key.path, line=key.line)
            finding = bad(
                "baked",
                "an SSH host key is the same on every device made from the image",
                observed=f"{place}: {key.format}, and no command of the start replaces it",
                expected="no host key in the image, and a command of the start that makes one",
                about=place,
                part=key.public_sha256[:16] or key.path,
            )
            verdicts.append(finding)
        return verdicts
    if not at_start.start.is_answered:
        return unknown(at_start.start.detail or "what the image starts is not known")
    if not found.files_searched:
        return unknown("no file was searched for private keys")
    if makes and (baked or at_start.ssh_servers):
        tools = ", ".join(sorted({m.tool for m in makes}))
        return good(
            f"{'host keys are replaced' if baked else 'no host key in the image'}; the start makes them: {tools}"
        )
    if not at_start.ssh_servers:
        return skip("the image starts no SSH server that we know")
    return unknown("no host key is in the image, and nothing was seen that makes one: where it comes from is open")
