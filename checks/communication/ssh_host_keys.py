"""The host keys of SSH are long enough.

## What it looks at
Kind and length of every host key that an SSH server proves to hold, and the certificates that it shows for them:
whether they hold today, are for hosts, and are signed by the authority that they name. In an image the host keys that
lie in it. A kind that the server offers and did not show, or did not prove to hold, leaves the question open. Whether
another device has the same key, `ssh-key-uniqueness` asks.

## Why it matters
Who can compute a host key can pass for the device, and reads the passwords that are typed there. RSA of 1024 bits is
within reach of those with a large budget, 768 bits of everybody; DSA has 1024 bits at most here, and one bad random
number gives it away. RSA of 2048 bits holds today; NIST accepts it until 2030, which a device that is sold now will
see, and BSI wants 3000 bits already.

## How to fix
OpenSSH: `rm /etc/ssh/ssh_host_dsa_key* /etc/ssh/ssh_host_rsa_key*; ssh-keygen -A`, or with Ed25519 alone `HostKey
/etc/ssh/ssh_host_ed25519_key`. dropbear: `dropbearkey -t ed25519 -f /etc/dropbear/dropbear_ed25519_host_key`, or RSA
with `-s 3072`. On network gear: `crypto key generate rsa modulus 3072`. Tell the users the new fingerprints. Where
users verify host keys by a CA (`@cert-authority`), have the new key signed, too.

## References
- NIST SP 800-57 Part 1 table 2 and SP 800-131A (RSA of 2048 bits has 112 bits of strength)
- BSI TR-02102-1; RFC 9142 section 1.2 (112 bits of strength at least); FIPS 186-5 (no DSA any more); RFC 8709 (Ed25519)
"""

from datetime import UTC, datetime, timedelta

from iotscan.sdk import (
    AsOf,
    HostCertificate,
    HostKey,
    Policy,
    Returned,
    SshServer,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    parameter,
    show_host_certificate,
    show_host_key,
    skip,
    unknown,
)

FIXED = ("ssh-ed25519", "ssh-ed448", "ecdsa-sha2-nistp", "sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256")
RSA = ("ssh-rsa", "rsa-sha2-")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = 200_000_000_000
"""Seconds; beyond the year 8000 a date is no date any more."""


@check(
    id="ssh-host-keys",
    aliases=("SVC-015-K",),
    title="SSH host keys have at least the strength of RSA 2048",
    element="communication",
    variants={
        "dsa": ("high", "An SSH host key is DSA"),
        "short": ("high", "An SSH host key is too short"),
        "certificate": ("low", "A certificate of an SSH host key does not hold"),
        "not-for-long": ("info", "An RSA host key of SSH should be longer beyond 2030"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "rsa_bits": parameter("integer", "The shortest RSA key that is accepted", default=2048, unit="bits"),
        "noted_bits": parameter("integer", "RSA keys below this are noted", default=3072, unit="bits"),
    },
    tags=("configuration", "crypto", "network", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_host_keys(ssh: SshServer, policy: Policy, as_of: AsOf, target: Target) -> Returned:
    """A verdict for each key; what was offered and not shown stays open."""
    if ssh.protocol.startswith("1.") and ssh.protocol != "1.99":
        return skip("SSH 1 has keys of its own: ssh-protocol-version judges it")
    keys = ssh.host_keys.value
    verdicts = [v for v in (_judge(key, policy, target) for key in keys) if v]
    verdicts += [v for c in ssh.host_certificates if (v := _judge_certificate(c, as_of, target))]
    if ssh.unproved_keys:
        named = ", ".join(map(_named, ssh.unproved_keys))
        verdicts.append(unknown(f"it showed a key and did not prove to hold it: {named}", part="unproved"))
    if ssh.unread_keys:
        kinds = ", ".join(ssh.unread_keys)
        # Nothing failed: dropbear offers RSA without having such a key, and hangs up on whoever asks for it.
        verdicts.append(unknown(f"it offers a key that it did not show: {kinds}", part="unread"))
    if not keys and not verdicts:
        return unknown("no host key was shown")
    return verdicts or good(f"its host keys are {', '.join(map(_named, keys))}")


def _judge(key: HostKey, policy: Policy, target: Target) -> Verdict | None:
    least, noted = policy.integer("rsa_bits"), policy.integer("noted_bits")
    if key.algorithm.startswith("ssh-dss"):
        return _bad("dsa", key, "Ed25519, ECDSA or RSA", target)
    if key.algorithm.startswith(RSA):
        if not key.bits:
            return unknown(f"the length of its key of kind {key.algorithm} was not read", part=key.algorithm)
        if key.bits < least:
            return _bad("short", key, f"at least {least} bits", target)
        return _bad("not-for-long", key, f"{noted} bits beyond 2030", target) if key.bits < noted else None
    if key.algorithm.startswith(FIXED):
        return None
    return unknown(f"a host key is of a kind that is not judged: {key.algorithm}", part=key.algorithm)


def _judge_certificate(found: HostCertificate, as_of: datetime, target: Target) -> Verdict | None:
    since = EPOCH + timedelta(seconds=min(found.valid_from, FAR))
    until = EPOCH + timedelta(seconds=min(found.valid_until, FAR)) if found.valid_until is not None else None
    if not found.is_signed:
        wrong = "is not signed by the authority that it names"
    elif found.kind != "host":
        wrong = f"is one for a {found.kind}"
    elif as_of < since:
        wrong = f"holds from {since:%Y-%m-%d} only"
    elif until is not None and as_of >= until:
        wrong = f"held until {until:%Y-%m-%d}"
    else:
        return None
    return bad(
        "certificate",
        f"the certificate of its host key {wrong}",
        observed=f"{found.algorithm}, authority {found.authority} SHA-256 {found.authority_sha256}",
        expected="a host certificate that holds today",
        reproduce=show_host_certificate(target, found.algorithm),
        shows="Type: " + found.algorithm,
        part=found.algorithm,
    )


def _bad(variant: str, key: HostKey, expected: str, target: Target) -> Verdict:
    # ssh-keygen prints the length before the fingerprint.
    shows = f"{key.bits} SHA256:" if key.bits else "(DSA)"
    return bad(
        variant,
        f"a host key is {_named(key)}",
        observed=f"{_named(key)}, SHA-256 {key.sha256}",
        expected=expected,
        reproduce=show_host_key(target, key.algorithm),
        shows=shows,
        part=key.algorithm,
    )


def _named(key: HostKey) -> str:
    certified = ", certified by a CA" if "-cert-v0" in key.algorithm else ""
    length = f" of {key.bits} bits" if key.bits else ""
    return f"{key.algorithm}{length}{certified}"
