"""SSH offers no broken algorithms.

## What it looks at
The lists of algorithms that an SSH server sends before anybody logs in (KEXINIT): key exchange, host keys, ciphers
and checksums. And whether it announces strict key exchange where it offers the ciphers that need it. In an image: the
same lists from `sshd_config` and the defaults of its version of OpenSSH, and whether the program knows strict key
exchange.

## Why it matters
A 1024-bit group (`diffie-hellman-group1-sha1`) or RSA key, `ssh-dss`, RC4, 3DES-CBC and HMAC-MD5 are breakable or
nearly so, and an attacker who sits between can make two ends meet at the weakest they share. Terrapin
(CVE-2023-48795) lets such an attacker cut the first messages off a connection that uses ChaCha20-Poly1305, or CBC
with encrypt-then-MAC, unless both ends do strict key exchange.

## How to fix
OpenSSH, in `/etc/ssh/sshd_config`: delete old `KexAlgorithms`, `Ciphers`, `MACs` and `HostKeyAlgorithms` lines that
begin without `-`, or take the bad ones out (`KexAlgorithms -diffie-hellman-group1-sha1`, `Ciphers -3des-cbc`, `MACs
-hmac-md5*`); update to 9.6 for strict key exchange. dropbear, in `localoptions.h`: `#define DROPBEAR_DH_GROUP1 0`,
`#define DROPBEAR_3DES 0`, `#define DROPBEAR_DSS 0`; update to 2024.84. Until the update comes, `Ciphers
-chacha20-poly1305@openssh.com` and `MACs -*-etm@openssh.com` stop Terrapin, too.

## References
- RFC 9142 (key exchange methods), RFC 8758 (RC4 must not be used)
- CVE-2023-48795 (Terrapin)
"""

from iotscan.sdk import Returned, SshServer, Target, bad, check, clause, command, good, listen, skip, unknown

BROKEN = frozenset(
    {
        *("diffie-hellman-group1-sha1", "rsa1024-sha1"),
        *("ssh-dss", "ssh-dss-cert-v01@openssh.com"),
        *("arcfour", "arcfour128", "arcfour256", "3des-cbc", "des-cbc", "none"),
        *("hmac-md5", "hmac-md5-96", "hmac-md5-etm@openssh.com", "hmac-md5-96-etm@openssh.com"),
    }
)
CHACHA = "chacha20-poly1305@openssh.com"


@check(
    id="ssh-algorithms",
    aliases=("SVC-015",),
    title="SSH offers current algorithms only",
    element="communication",
    variants={
        "broken": ("high", "SSH offers broken algorithms"),
        "terrapin": ("medium", "SSH can be cut short by Terrapin (CVE-2023-48795)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_algorithms(ssh: SshServer, target: Target) -> Returned:
    """Broken algorithms and Terrapin are verdicts of their own; without a KEXINIT nothing is judged."""
    if not ssh.kex and not ssh.unsaid:
        if ssh.protocol.startswith("1.") and ssh.protocol != "1.99":
            return skip("SSH 1 has no lists of algorithms: ssh-protocol-version judges it")
        return unknown("the server's list of algorithms was not read")
    offered = dict.fromkeys((*ssh.kex, *ssh.host_key_algorithms, *ssh.ciphers, *ssh.macs))
    broken = [name for name in offered if name in BROKEN]
    # The lists cross the network in the clear, as text, before anybody logs in.
    kexinit = f"{listen(target, 'SSH-2.0-iotscan')} | tr -cd '[:print:]'"
    found = []
    if broken:
        words = [word for name in broken for word in ("-e", name)]
        found.append(
            bad(
                "broken",
                f"{', '.join(broken)} offered",
                observed=", ".join(broken),
                expected="none of these",
                reproduce=f"{kexinit} | {command('grep', '-aoF', *words)}",
                shows=broken[0],
            )
        )
    loose = "" if "strict kex" in ssh.unsaid else _open_to_terrapin(ssh)
    if loose:
        unless_strict = f"/kex-strict-s-v00/!s/.*{loose[:8]}.*/{loose} without strict key exchange/p"
        found.append(
            bad(
                "terrapin",
                f"{loose} without strict key exchange",
                observed=loose,
                expected="kex-strict-s-v00@openssh.com, or neither ChaCha20-Poly1305 nor CBC with encrypt-then-MAC",
                reproduce=f"{kexinit} | {command('sed', '-n', unless_strict)}",
                shows=f"{loose} without strict key exchange",
            )
        )
    if found:
        return found
    if ssh.unsaid:
        return unknown(f"the configuration does not say: {', '.join(ssh.unsaid)}")
    return good("no broken algorithm is offered")


def _open_to_terrapin(ssh: SshServer) -> str:
    """The cipher that Terrapin works on, empty when there is none or the server does strict key exchange."""
    if ssh.has_strict_kex:
        return ""
    if CHACHA in ssh.ciphers:
        return CHACHA
    cbc = [name for name in ssh.ciphers if name.endswith("-cbc") and name.replace("-", "").isalnum()]
    return cbc[0] if cbc and any("-etm@" in name for name in ssh.macs) else ""
