"""The host keys of an SSH server are known to that server alone.

## What it looks at
Each host key that a server proves to have, whether anybody else may have its private half: it stands in a list of
published keys (iotscan's, or yours: `--known-keys FILE`), it lies in an image of the same run, or it can be computed
from the public one: a small prime, two primes close together, ROCA, a short secret exponent, a prime in common with
another RSA key of the run, whatever the protocol. Nothing is sent for it.

## Why it matters
Whoever has a host key stands in for the device, sees the passwords that are typed there, and no client warns. A key
from a firmware image is one download away; a key with a shared prime takes a second on any computer.

## How to fix
Delete the host keys and make new ones on the device once its generator has been seeded: `rm /etc/ssh/ssh_host_*_key*
&& ssh-keygen -A`, or `dropbear -R` without keys in `/etc/dropbear`. Take the old ones out of the image, and tell the
users the new fingerprints.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-4 (critical security parameters are unique per device)
- CVE-2017-15361 (ROCA), CVE-2022-26320 (close primes), Heninger et al. 2012 (shared primes)
"""

from iotscan.sdk import (
    HostKey,
    Keyring,
    Reason,
    Returned,
    SshServer,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    hash_host_key,
    skip,
    spki_digest,
    unknown,
)


@check(
    id="ssh-key-secrecy",
    aliases=("KEY-004-SSH",),
    title="The host keys of an SSH server are known to it alone",
    element="keys",
    variants={
        "published": ("critical", "An SSH host key is one that everybody can download"),
        "in-image": ("critical", "The private half of an SSH host key lies in an image"),
        "computable": ("critical", "Anybody can compute the private half of an SSH host key"),
        "shared-prime": ("critical", "An SSH host key has a prime in common with another key"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "private-keys", "shared-keys", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_key_secrecy(server: SshServer, keyring: Keyring, target: Target) -> Returned:
    """One verdict for each key and each way by which others have it; a key that was not shown stays open."""
    if target.subject.image:
        return skip("a key that lies in an image is the question of private-keys")
    keys = server.host_keys.known or ()
    if not keys:
        reason = server.host_keys.reason or Reason.NOT_OBSERVABLE
        return unknown("its host keys could not be read", reason=reason)
    found = [_bad(key, variant, said, target) for key in keys for variant, said in _ways(key, keyring, target.subject)]
    if found:
        return found
    without = [key.algorithm for key in keys if not key.spki]
    if without:
        return unknown(f"the run does not hold its keys themselves: {', '.join(without)}")
    if server.unread_keys:
        # Nothing failed: dropbear offers RSA without having such a key, and hangs up on whoever asks for it.
        return unknown(f"it offers a key that it did not show: {', '.join(server.unread_keys)}")
    return good("no list and no image of this run has its host keys, and no known way leads to their private halves")


def _ways(key: HostKey, keyring: Keyring, own: Subject) -> list[tuple[str, str]]:
    found = []
    digest = spki_digest(key.spki)
    if whose := keyring.published(digest):
        found.append(("published", f"its host key is published: {whose}"))
    if files := keyring.lies_at(digest):
        found.append(("in-image", f"the private half of its host key lies in an image: {_some(files)}"))
    if why := keyring.weakness(key.spki):
        found.append(("computable", f"the private half of its host key can be computed: {why}"))
    if others := keyring.sharing(key.spki):
        places = _some(tuple(o for o in others if o != own) or others)
        found.append(("shared-prime", f"its host key has a prime in common with {places}: both can be computed"))
    return found


def _bad(key: HostKey, variant: str, said: str, target: Target) -> Verdict:
    return bad(
        variant,
        said,
        observed=f"{key.algorithm} {key.bits or ''}".strip() + f", SHA-256 {key.sha256}",
        expected="host keys that were made at random on this device, and are nowhere else",
        reproduce=hash_host_key(target, key.algorithm),
        shows=key.sha256,
        part=key.algorithm,
    )


def _some(places: tuple[Subject, ...]) -> str:
    """The first five by name; of a file in an image, in which image."""
    names = [f"{p} of {p.image}" if p.image and p.path else str(p) for p in places]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
