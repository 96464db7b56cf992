"""SSH speaks version 2 only.

## What it looks at
The line with which an SSH server introduces itself: `SSH-2.0-…`, `SSH-1.5-…`, or `SSH-1.99-…`, which means that it
takes version 1 as well as 2.

## Why it matters
SSH 1 protects its data with a CRC, which an attacker on the path can forge; he can put commands into a session, and
with the server's 1024-bit session key also read it. Where 1.99 is offered he only has to make both ends fall back.
A server that still knows version 1 is also about twenty years old, with everything found since then.

## How to fix
OpenSSH: `Protocol 2` in `sshd_config` up to 7.3; newer ones have no version 1 any more, so update. Cisco IOS: `ip
ssh version 2`, after `crypto key generate rsa modulus 2048`. Other network gear: look for "SSH v1 compatibility"
and switch it off. dropbear never had version 1. Where only version 1 exists, reach the device over a serial
console server or a VPN.

## References
- RFC 4253 section 5.1 (1.99 means compatible with older versions)
- CVE-1999-1085, CVE-2001-0361 (insertion and key recovery in SSH 1)
"""

from iotscan.sdk import Returned, SshServer, Target, bad, check, clause, good, listen, unknown


@check(
    id="ssh-protocol-version",
    aliases=("SVC-016",),
    title="SSH speaks version 2 only",
    element="communication",
    variants={"ssh-1": ("high", "SSH protocol version 1 is accepted")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "ssh"),
    since="0.1",
    effort="medium",
)
def ssh_protocol_version(ssh: SshServer, target: Target) -> Returned:
    """Any version that begins with 1 is bad; 1.99 takes both."""
    if ssh.protocol == "2.0":
        return good("SSH 2 only", observed=ssh.software)
    if not ssh.protocol.startswith("1."):
        return unknown(f"the version {ssh.protocol} is not known")
    return bad(
        "ssh-1",
        "SSH 1 is accepted beside SSH 2" if ssh.protocol == "1.99" else "only SSH 1 is spoken",
        observed=f"SSH-{ssh.protocol}-{ssh.software}{_sizes(ssh)}",
        expected="SSH-2.0",
        reproduce=f"{listen(target)} | grep -a -m 1 '^SSH-'",
        shows=f"SSH-{ssh.protocol}-",
    )


def _sizes(ssh: SshServer) -> str:
    """What it showed in protocol 1, where it was asked."""
    shown = ssh.ssh1
    if shown is None:
        return ""
    ciphers = ", ".join(shown.ciphers) or "none"
    return f"; host key of {shown.host_key_bits} bits, server key of {shown.server_key_bits} bits, ciphers: {ciphers}"
