"""SSH offers no broken algorithms.

## What it looks at
The lists of algorithms that an SSH server sends before anybody logs in (KEXINIT), in both directions: key exchange,
host keys, ciphers, checksums and compression. And whether it announces strict key exchange where it offers the
ciphers that need it. In an image: the same lists from `sshd_config` and the defaults of its version of OpenSSH, and
whether the program knows strict key exchange. A name that iotscan does not know leaves the question open. How long
host keys are, `ssh-host-keys` asks, and how large the groups of group exchange are, `ssh-group-exchange`.

Not judged, as there is no attack: checksums of 64 bits (`umac-64`), HMAC with SHA-1, the NIST curves, groups of 2048
bits. Key exchange that a quantum computer of tomorrow cannot undo (`mlkem768x25519-sha256`,
`sntrup761x25519-sha512`) is named where it is there.

## Why it matters
An attacker who sits between can make two ends meet at the weakest they share. *Broken*: a 1024-bit group
(`diffie-hellman-group1-sha1`) or RSA key exchange, `ssh-dss`, RC4, DES, no cipher at all. *Weak*: group exchange with
SHA-1, ciphers with blocks of 64 bits (3DES, Blowfish, CAST), HMAC-MD5. *Dated*: signatures and key exchange with SHA-1
(`ssh-rsa`, `diffie-hellman-group14-sha1`), CBC, which leaks some plaintext (CVE-2008-5161), HMAC-SHA1-96 and
RIPEMD-160, and compression before the login (`zlib`), which lets anybody reach zlib. Terrapin (CVE-2023-48795) lets an
attacker cut the first messages off a connection that uses ChaCha20-Poly1305, or CBC with encrypt-then-MAC, unless both
ends do strict key exchange.

## How to fix
OpenSSH, in `/etc/ssh/sshd_config`: delete old `KexAlgorithms`, `Ciphers`, `MACs` and `HostKeyAlgorithms` lines that
begin without `-`, or take the bad ones out (`KexAlgorithms -diffie-hellman-group1-sha1`, `Ciphers -*-cbc`, `MACs
-hmac-md5*`, `HostKeyAlgorithms -ssh-rsa`); update to 9.6 for strict key exchange. dropbear, in `localoptions.h`:
`#define DROPBEAR_DH_GROUP1 0`, `#define DROPBEAR_DH_GROUP14_SHA1 0`, `#define DROPBEAR_3DES 0`, `#define
DROPBEAR_ENABLE_CBC_MODE 0`, `#define DROPBEAR_DSS 0`, `#define DROPBEAR_RSA_SHA1 0`; update to 2024.84. Until the
update comes, `Ciphers -chacha20-poly1305@openssh.com` and `MACs -*-etm@openssh.com` stop Terrapin, too.

## References
- RFC 9142 (key exchange methods), RFC 8758 (RC4 must not be used), RFC 8332 (RSA with SHA-2), RFC 8268
- NIST SP 800-131A (3DES is disallowed since 2024); CVE-2016-2183 (blocks of 64 bits), CVE-2008-5161 (CBC)
- CVE-2023-48795 (Terrapin); draft-ietf-sshm-mlkem-hybrid-kex
"""

from collections.abc import Iterator

from iotscan.sdk import (
    Returned,
    SshList,
    SshServer,
    SshStrength,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    is_post_quantum,
    list_algorithms,
    listen,
    show_lists,
    skip,
    ssh_strength,
    unknown,
)

CHACHA = "chacha20-poly1305@openssh.com"
TOLD: tuple[SshStrength, ...] = ("broken", "weak", "dated")
SHOWN = 12
NONE = "(ciphers|MACs) (ctos|stoc): (.*,)?none(,|$)"


@check(
    id="ssh-algorithms",
    aliases=("SVC-015",),
    title="SSH offers current algorithms only",
    element="communication",
    variants={
        "broken": ("high", "SSH offers broken algorithms"),
        "weak": ("medium", "SSH offers algorithms that should not be used"),
        "dated": ("low", "SSH offers algorithms that better ones have replaced"),
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
    """One verdict for each strength, and Terrapin; without a KEXINIT nothing is judged."""
    if not ssh.kex and not ssh.unsaid:
        if ssh.protocol.startswith("1.") and ssh.protocol != "1.99":
            return skip("SSH 1 has no lists of algorithms: ssh-protocol-version judges it")
        return unknown("the server's list of algorithms was not read")
    judged = [(ssh_strength(kind, name), kind, name) for kind, names in lists_of(ssh) for name in names]
    found = [
        _offered(strength, [(kind, name) for s, kind, name in judged if s == strength], target)
        for strength in TOLD
        if any(s == strength for s, _, _ in judged)
    ]
    found += _terrapin(ssh, target)
    strange = list(dict.fromkeys(name for strength, _, name in judged if strength == "unknown"))
    if strange:
        found.append(unknown(f"how strong these are is not known: {_few(strange)}", part="unknown names"))
    if ssh.unsaid and not found:
        return unknown(f"the configuration does not say: {', '.join(ssh.unsaid)}")
    ahead = next((name for name in ssh.kex if is_post_quantum(name)), "")
    return found or good("no broken, weak or dated algorithm is offered", observed=ahead)


def lists_of(ssh: SshServer) -> Iterator[tuple[SshList, tuple[str, ...]]]:
    """What it offers, both directions together."""
    yield "kex", ssh.kex
    yield "host key", ssh.host_key_algorithms
    yield "cipher", ssh.every_cipher
    yield "mac", ssh.every_mac
    yield "compression", tuple(dict.fromkeys((*ssh.compression, *ssh.compression_in)))


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _offered(strength: SshStrength, found: list[tuple[SshList, str]], target: Target) -> Verdict:
    names = list(dict.fromkeys(name for _, name in found))
    # Every server has "none" in its list of compression: where it stands for a cipher, only ssh tells one list from
    # the other.
    plain = [name for name in names if name != "none"]
    shows = plain[0] if plain else "none"
    line = list_algorithms(target, plain[:SHOWN]) if plain else show_lists(target, NONE)
    return bad(
        strength,
        f"{_few(names)} offered",
        observed=", ".join(names),
        expected="none of these",
        reproduce=line,
        shows=shows,
    )


def _terrapin(ssh: SshServer, target: Target) -> list[Verdict]:
    loose = "" if "strict kex" in ssh.unsaid else _open_to_terrapin(ssh)
    if not loose:
        return []
    unless_strict = f"/kex-strict-s-v00/!s/.*{loose[:8]}.*/{loose} without strict key exchange/p"
    return [
        bad(
            "terrapin",
            f"{loose} without strict key exchange",
            observed=loose,
            expected="kex-strict-s-v00@openssh.com, or neither ChaCha20-Poly1305 nor CBC with encrypt-then-MAC",
            reproduce=f"{listen(target, 'SSH-2.0-iotscan')} | tr -cd '[:print:]' "
            f"| {command('sed', '-n', unless_strict)}",
            shows=f"{loose} without strict key exchange",
        )
    ]


def _open_to_terrapin(ssh: SshServer) -> str:
    """The cipher that Terrapin works on, empty when there is none or the server does strict key exchange."""
    if ssh.has_strict_kex:
        return ""
    if CHACHA in ssh.every_cipher:
        return CHACHA
    for ciphers, macs in ((ssh.ciphers, ssh.macs), (ssh.ciphers_in, ssh.macs_in)):
        cbc = [name for name in ciphers if name.endswith("-cbc") and name.replace("-", "").isalnum()]
        if cbc and any("-etm@" in name for name in macs):
            return cbc[0]
    return ""
