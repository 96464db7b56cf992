"""Certificates keep to the rules of their encoding.

## What it looks at
How every certificate of a chain is encoded: whether it can be read at all, and whether it keeps to the rules of
DER and RFC 5280 that programs enforce: serial numbers (positive, at most 20 bytes), dates, lengths in their shortest
form, texts in their encoding, each extension once, the version that goes with extensions, nothing behind the end, one
algorithm for the signature, a named curve. A certificate that is damaged is read as far as it goes. In an image: those
that its services are configured with. A root that is sent along counts only where it cannot be read.

## Why it matters
Go, Java, GnuTLS, OpenSSL 3 and browsers each refuse some of this, and each something else. What refuses a certificate
gets people to turn validation off; what takes it may read something else in it than the next program does, which is
how names and limits are got around. It also says that the certificate was put together by a program that nobody tests.

## How to fix
Make it again with a current tool, and look at it with a strict one: `openssl req -x509 …` or `openssl x509 -req …`
(3.0 or later), `step certificate create`, or your CA's own. Serial numbers: leave them to the tool, or take 16 random
bytes. In code of your own: Mbed TLS `mbedtls_x509write_crt`, wolfSSL `wc_MakeCert`, never by hand. Where a device makes
its certificate at first start, an update of that program and a new certificate are needed. More rules, one by one, are
told by `lint_pkix_cert lint FILE` (`pip install pkilint`).

## References
- RFC 5280 section 4.1 (serial numbers, dates, names, extensions) and section 4.2 (each extension at most once)
- ITU-T X.690 section 10 (DER); RFC 5480 section 2.1.1 (named curves)
"""

from iotscan.sdk import (
    ANY_CERTIFICATE,
    CertificateChain,
    Returned,
    Target,
    ask_tls,
    bad,
    check,
    clause,
    good,
    show_certificate,
)

RULES = "an encoding by the rules of DER and RFC 5280"
STOPS = ("it is cut short", "bytes follow the certificate")
"""Over these OpenSSL ends the handshake; what it reads it shows."""
REFUSED = "tls_process_server_certificate"
BAD_TIME = "Bad time value"


@check(
    id="certificate-encoding",
    title="Certificates keep to the rules of their encoding",
    element="communication",
    variants={
        "unreadable": ("medium", "A certificate is damaged: what it says cannot all be read"),
        "malformed": ("low", "A certificate breaks rules of its encoding that some clients enforce"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "configuration", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_encoding(chain: CertificateChain, target: Target) -> Returned:
    """Name what cannot be read first, then what breaks a rule; the first certificate of a kind is told of."""
    for malformed in chain.malformed:
        read = f"; read: {', '.join(malformed.read)}" if malformed.read else ""
        shows = BAD_TIME if malformed.why == "the validity cannot be read: no date" else REFUSED
        return bad(
            "unreadable",
            f"{place(malformed.position)} cannot be read",
            observed=f"{malformed.why}{read}",
            expected=RULES,
            reproduce=shown(target, malformed.position, shows, chain.opening),
            shows=shows,
        )
    judged = [(position, c) for position, c in chain.placed if c.defects and (position == 0 or not c.is_root)]
    for position, certificate in sorted(judged, key=lambda one: one[1].is_whole):
        shows = REFUSED if any(stop in certificate.defects for stop in STOPS) else "Certificate:"
        return bad(
            "malformed" if certificate.is_whole else "unreadable",
            f"{place(position)} breaks rules of its encoding: {certificate.defects[0]}",
            observed=f"{certificate.subject}: {'; '.join(certificate.defects)}",
            expected=RULES,
            reproduce=shown(target, position, shows, chain.opening),
            shows=shows,
        )
    chain.leaf  # noqa: B018  # a chain of no certificate is none that keeps to rules
    for position, certificate in chain.placed:
        if position == 0 or not certificate.is_root:
            certificate.uses  # noqa: B018  # an older run wrote down neither extensions nor broken rules
    n = len(chain.certificates)
    return good(f"{n} certificate{'s keep' if n > 1 else ' keeps'} to the rules of the encoding")


def place(position: int) -> str:
    """Words for a certificate of the chain."""
    return "the server's certificate" if position == 0 else f"certificate {position + 1} of the chain"


def shown(target: Target, position: int, shows: str, opening: str) -> str:
    """The command that shows a damaged certificate: what OpenSSL says of it, or that it refuses it."""
    if shows == REFUSED:
        return ask_tls(target, *ANY_CERTIFICATE, show=REFUSED, opening=opening)
    return show_certificate(target, position, "-text", opening=opening)
