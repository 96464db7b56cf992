"""The certificate is vouched for: by a public CA, by one of yours, or by being the one that is known.

## What it looks at
Three ways in which the certificate of a TLS server can be trusted, each said by itself. Publicly: it leads to a root of
the system or of Mozilla; one that was added to this machine (a company's, a proxy's) is told apart, and is no public
one. By a CA that you gave with `--trust-store FILE`: the roots of your own CA, or the certificates
of single devices. Known: its key, or the certificate itself, is one that the profile pins (`pinned_keys`), or the same
service of the same device showed this key in the run given by `--first-seen` (trust on first use: whether that one was
the right one, nobody said). The name in it is not compared: on a local network most devices are reached by
address. Mozilla's roots are asked by the rules of the web; the others as OpenSSL would, because certificates for
devices keep few of those rules. A key that changed since the earlier run and that nobody vouches for is told apart. Of
a back end (`--backend`) public trust is expected, as devices and apps find it by its name across the internet: there a
CA of yours or a pin has to be given, too, where the clients know one; where only a root that was added to this machine
vouches, it stays open: it may be a proxy's that answered in its place.

## Why it matters
Encryption without knowing to whom is half a protection: anyone on the path can present a certificate of his own,
and people who are used to clicking the warning away will do so that day, too. On a local network this is medium,
because the attacker must be inside; for a back end it is critical: a client that accepts such a certificate accepts
anybody's, unless it pins this one. A known key protects those who
compare it: an app that pins it, a person who looks.

## How to fix
Where a CA of yours issued it, scan with `--trust-store` and its root, and put an intermediate that the server does not
send behind its own certificate, into the same file (`ssl_certificate` in nginx, `certfile` in mosquitto). Else make
such a CA, whose root is on the clients (`step ca init`, or a small openssl CA), and a certificate per device. With a
public domain, ACME with the DNS-01 challenge gives publicly trusted names to devices that are not reachable from
outside. Where the client is your own app and pins the device's key, write that key into the profile
(`openssl x509 -noout -pubkey | openssl pkey -pubin -outform der | sha256sum`). Where a key has changed, find out who
changed it, on the device itself, before you trust it again.

## References
- RFC 5280 section 6 (path validation)
- RFC 8555 section 8.4 (DNS challenge); RFC 7469 section 2.4 (digest of the SubjectPublicKeyInfo)
"""

from iotscan.sdk import (
    CertificateChain,
    Earlier,
    EarlierCertificate,
    Policy,
    Reason,
    Returned,
    Target,
    any_certificate,
    ask_tls,
    bad,
    check,
    clause,
    good,
    parameter,
    show_certificate,
    unknown,
)

PIN = "sha256:"
PUBLIC = ("system", "Mozilla")
MACHINE = "this machine"
"""A root of the system that is none of Mozilla's list."""


@check(
    id="certificate-trust",
    aliases=("CRT-005",),
    title="The certificate leads to a trusted root, or is the one that is known",
    element="communication",
    variants={
        "self-signed": ("medium", "The certificate is signed by itself"),
        "untrusted": ("medium", "No valid way leads from the certificate to a trusted root"),
        "changed": ("medium", "The key has changed since an earlier run, and nobody vouches for the new one"),
        "server-self-signed": ("critical", "The certificate of a back end is signed by itself"),
        "server-untrusted": ("critical", "No valid way leads from the certificate of a back end to a trusted root"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "pinned_keys": parameter("texts", "sha256:HEX of the public keys, or of the certificates, of single devices"),
    },
    tags=("certificates", "network", "tls", "trust"),
    since="0.1",
    effort="medium",
)
def certificate_trust(chain: CertificateChain, earlier: Earlier, policy: Policy, target: Target) -> Returned:
    """Read what validation said, then what is known of the key; where neither could be asked, trust is not denied."""
    leaf, then = chain.leaf, earlier.of(chain.opening)
    if chain.is_unproved:
        return unknown(chain.trusted.detail, reason=Reason.UNREADABLE)
    if pin := pinned(chain, policy):
        return good(f"pinned: its {pin} is one that the profile expects; issued by {leaf.issuer}")
    if then and then.spki_sha256 == leaf.spki_sha256 and not chain.trusted.known:
        since = f", and first {then.since[:10]} by {then.since_run}" if then.since_run not in ("", then.run) else ""
        return good(f"first seen: the key that {then.run} saw on {then.seen[:10]}{since}; no CA vouches for it")
    if chain.trusted.value:
        if policy.kind == "server" and set(chain.trusted_by) == {MACHINE}:
            said = f"only a root that was added to this machine vouches for it (issued by {leaf.issuer})"
            return unknown(f"{said}: give it with --trust-store if the clients know it, or scan with no proxy between")
        return good(f"{vouched(chain)}; issued by {leaf.issuer}{moved(chain, then)}")
    why = f": {chain.trust_detail}" if chain.trust_detail else ""
    is_server = policy.kind == "server"
    if then and not is_server and then.told_by != "address":
        return bad(
            "changed",
            f"the key is another one than {then.run} saw, and nobody vouches for it",
            observed=f"SHA-256 of the public key {leaf.spki_sha256}, issued by {leaf.issuer}",
            expected=f"{then.spki_sha256}, as on {then.seen[:10]} (the device is the same by its {then.told_by})",
            reproduce=show_key(chain, target),
            shows=leaf.spki_sha256,
        )
    is_self_signed = leaf.is_root
    variant = "self-signed" if is_self_signed else "untrusted"
    return bad(
        f"server-{variant}" if is_server else variant,
        "the certificate is signed by itself" if is_self_signed else f"the certificate is not trusted{why}",
        observed=f"issued by {leaf.issuer}{moved(chain, then)}",
        expected="a chain to a root of the system, of Mozilla, or of a trust store that you give, or a pinned key",
        reproduce=ask_tls(target, *any_certificate(chain), show="Verify return code: [1-9]", opening=chain.opening),
        shows="Verify return code: ",
    )


def pinned(chain: CertificateChain, policy: Policy) -> str:
    """What of the certificate the profile pins: ``key`` or ``certificate``; empty where neither."""
    pins = {word.lower().removeprefix(PIN).replace(":", "") for word in policy.texts("pinned_keys")}
    return "key" if chain.leaf.spki_sha256 in pins else "certificate" if chain.leaf.sha256 in pins else ""


def vouched(chain: CertificateChain) -> str:
    """By whom, in the ways that there are."""
    public = [name for name in chain.trusted_by if name in PUBLIC]
    given = [name for name in chain.trusted_by if name not in (*PUBLIC, MACHINE)]
    ways = [f"publicly trusted by {', '.join(public)}"] if public else []
    ways += [f"trusted by {', '.join(given)}, a trust store that you gave"] if given else []
    ways += ["trusted by a root that was added to this machine"] if MACHINE in chain.trusted_by else []
    return " and ".join(ways) or "trusted"


def moved(chain: CertificateChain, then: EarlierCertificate | None) -> str:
    """A word on a key that an earlier run saw otherwise."""
    if then is None or then.spki_sha256 == chain.leaf.spki_sha256:
        return ""
    where = "at this address" if then.told_by == "address" else "here"
    return f"; {then.run} saw another key {where}"


def show_key(chain: CertificateChain, target: Target) -> str:
    """A command that prints the SHA-256 of the public key that the server sends."""
    read = "openssl pkey -pubin -outform der | sha256sum"
    return f"{show_certificate(target, 0, '-pubkey', opening=chain.opening)} | {read}"
