"""The key of a TLS server is known to that server alone.

## What it looks at
The public key that a server proves to have, whether anybody else may have its private half: it stands in a list of
published keys (iotscan's, or yours: `--known-keys FILE`), it lies in an image of the same run, or it can be computed
from the public one: a small prime, two primes close together, ROCA, a short secret exponent, a prime in common with
another RSA key of the run, whatever the protocol. Nothing is sent for it.

## Why it matters
Whoever has the private key is the device, for every client, and reads what older key exchanges protected. A key from a
firmware image is one download away; a key with a shared prime takes a second on any computer.

## How to fix
Make a new key on the device, with a generator that has been seeded (`getrandom` blocks until then; rngd or a hardware
generator helps early in the start): `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`. Take the old one
out of the image, revoke its certificates, and count what it protected as read.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-4 (critical security parameters are unique per device)
- CVE-2017-15361 (ROCA), CVE-2022-26320 (close primes), Heninger et al. 2012 (shared primes)
"""

from iotscan.sdk import (
    CertificateChain,
    Keyring,
    Reason,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    hash_tls_key,
    skip,
    unknown,
)

EXPECTED = "a key that was made at random on this device, and is nowhere else"


@check(
    id="tls-key-secrecy",
    aliases=("KEY-004",),
    title="The key of a TLS server is known to it alone",
    element="keys",
    variants={
        "published": ("critical", "The TLS key is one that everybody can download"),
        "in-image": ("critical", "The private half of the TLS key lies in an image"),
        "computable": ("critical", "Anybody can compute the private half of the TLS key"),
        "shared-prime": ("critical", "The TLS key has a prime in common with another key"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "private-keys", "shared-keys", "tls"),
    since="0.1",
    effort="medium",
)
def tls_key_secrecy(chain: CertificateChain, keyring: Keyring, target: Target) -> Returned:
    """One verdict for each way by which others have the key; a key whose bytes are not known stays open."""
    if target.subject.image:
        return skip("a key that lies in an image is the question of private-keys")
    if chain.is_unproved or not chain.certificates:
        said = chain.trusted.detail if chain.is_unproved else "the server's certificate is malformed"
        return unknown(f"whose key it is is not known: {said}", reason=Reason.UNREADABLE)
    leaf = chain.certificates[0]
    found = [
        bad(
            variant,
            said,
            observed=f"{leaf.key_type} {leaf.key_bits}, SHA-256 of the public key {leaf.spki_sha256}",
            expected=EXPECTED,
            reproduce=hash_tls_key(target, opening=chain.opening),
            shows=leaf.spki_sha256,
        )
        for variant, said in _known(keyring, leaf.spki_sha256)
    ]
    if leaf.key_type == "rsa" and not leaf.spki:
        return found or unknown("the run is of an iotscan that kept no public keys: scan again")
    for variant, said in _computed(keyring, leaf.spki, target.subject):
        verdict = bad(
            variant,
            said,
            observed=f"an RSA key of {leaf.key_bits} bits, SHA-256 {leaf.spki_sha256}",
            expected=EXPECTED,
            reproduce=hash_tls_key(target, opening=chain.opening),
            shows=leaf.spki_sha256,
        )
        found.append(verdict)
    return found or _unharmed(leaf.key_type)


def _unharmed(kind: str) -> Verdict:
    more = ", and no known way leads from it to the private half" if kind == "rsa" else ""
    return good(f"no list and no image of this run has its key{more}")


def _known(keyring: Keyring, digest: str) -> list[tuple[str, str]]:
    found = []
    if whose := keyring.published(digest):
        found.append(("published", f"its key is published: {whose}"))
    if files := keyring.lies_at(digest):
        found.append(("in-image", f"the private half of its key lies in an image: {_some(files)}"))
    return found


def _computed(keyring: Keyring, spki: str, own: Subject) -> list[tuple[str, str]]:
    found = []
    if why := keyring.weakness(spki):
        found.append(("computable", f"its private key can be computed: {why}"))
    if others := keyring.sharing(spki):
        places = _some(tuple(o for o in others if o != own) or others)
        found.append(("shared-prime", f"its key has a prime in common with that of {places}: both can be computed"))
    return found


def _some(places: tuple[Subject, ...]) -> str:
    """The first five by name; of a file in an image, in which image."""
    names = [f"{p} of {p.image}" if p.image and p.path else str(p) for p in places]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
