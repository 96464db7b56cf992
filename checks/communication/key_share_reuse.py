"""Every connection gets a key exchange of its own.

## What it looks at
The public Diffie-Hellman values, of curves and of prime fields, that a TLS or DTLS server sends in several
handshakes of one scan. Two that are equal prove that it keeps its secret; that it does not needs three that all differ,
and even then a server may keep one longer than the scan took, or on another of its processes.

## Why it matters
Forward secrecy rests on a secret that is made for one connection and forgotten. A server that keeps it, to save a
few milliseconds, holds one key to all connections made meanwhile: who takes it out of the memory reads them all, and
with some faults in how values are checked it can be learned over the network bit by bit (Raccoon, small subgroups).

## How to fix
Update the TLS library: OpenSSL makes a new value each time since 1.1.0 (before: `SSL_OP_SINGLE_DH_USE` and
`SSL_OP_SINGLE_ECDH_USE`), GnuTLS and mbed TLS do, too. In wolfSSL leave `WOLFSSL_STATIC_EPHEMERAL` undefined and set
no key with `wolfSSL_CTX_set_ephemeral_key`. A TLS accelerator or load balancer in front may have a setting of its own.

## References
- RFC 9325 section 7.4 (reuse of Diffie-Hellman exponents)
- CVE-2020-1968 (Raccoon)
"""

from iotscan.sdk import (
    ANY_AGE,
    ANY_KEY,
    Returned,
    Target,
    TlsEndpoint,
    bad,
    check,
    clause,
    compare_shares,
    good,
    skip,
)


@check(
    id="key-share-reuse",
    aliases=("TLS-008",),
    title="Ephemeral keys are used once",
    element="communication",
    variants={"reused": ("medium", "The same ephemeral key comes in several handshakes")},
    clauses=(
        clause("RFC 9325", "2022", "7.4"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def key_share_reuse(tls: TlsEndpoint, target: Target) -> Returned:
    """Bad on two equal values; nothing to reuse where no ephemeral exchange is accepted."""
    if not tls.reuses_shares.is_answered and tls.forward_secrecy.is_answered and not tls.forward_secrecy.value:
        return skip("no ephemeral key exchange is accepted: see forward-secrecy")
    if not tls.reuses_shares.value:
        return good(f"{tls.shares_seen} handshakes, and each brought another public value")
    reproduce, shows = _proof(tls, target)
    return bad(
        "reused",
        "the same public value came in several handshakes: one secret opens all of them",
        observed=f"a public value that came again among {tls.shares_seen}",
        expected="a new value in each handshake",
        reproduce=reproduce,
        shows=shows,
    )


def _proof(tls: TlsEndpoint, target: Target) -> tuple[str, str]:
    """Which 16 bytes of a message lie inside the public value: RFC 8422 section 5.4, RFC 5246 section 7.4.3."""
    old = [s for s in tls.suites if "DHE_" in s.name]
    if tls.is_dtls:
        # OpenSSL's -msg does not name the messages of DTLS 1.2.
        return "", ""
    if not old:
        # The value of x25519 ends a ServerHello of 1.3, or stands 6 bytes before its end.
        return compare_shares(
            target, "-tls1_3", "-groups", "X25519:P-256", message="ServerHello", line=7, opening=tls.opening
        )
    is_curve = any("ECDHE_" in s.name for s in old)
    bits = [e.bits for e in tls.exchanges if e.group == "dh" or e.group.startswith("ffdhe")]
    # Before the value of a prime field stand a message header, the prime, the generator and three lengths.
    line = 2 if is_curve else (min(bits, default=2048) // 8 + 11) // 16 + 2
    key = ANY_KEY if all("PSK" in s.name for s in old) else ()
    kind = ("kECDHE" if is_curve else "kDHE") + ("PSK" if key else "")
    options = ("-no_tls1_3", *key, *ANY_AGE[:1], "-cipher", f"{kind}:!aNULL:@SECLEVEL=0")
    return compare_shares(target, *options, message="ServerKeyExchange", line=line, opening=tls.opening)
