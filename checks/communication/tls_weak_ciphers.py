"""No cipher suite is accepted that can be broken.

## What it looks at
The weak cipher suites a TLS or DTLS server accepts, offered in groups by ClientHellos of our own, which no security
level of a TLS library filters. *Broken*: no encryption (NULL), nobody authenticated (anonymous DH), export,
RC4, RC2 and single DES. *Weak*: 3DES and IDEA, whose blocks have 64 bits. In an image: the list of
ciphers that a service is configured with, worked out for the library that the image holds.

## Why it matters
NULL sends everything in the clear under the name of TLS; an anonymous exchange lets anyone on the path be the
server; export and DES keys are found in hours for the price of a meal; RC4 leaks cookies and passwords that are
sent often. 3DES leaks the same after some hundred gigabytes on one connection (Sweet32), which a camera stream
reaches. An attacker on the path picks the worst suite that both ends accept.

## How to fix
Name what is allowed rather than what is not: `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;` in nginx, the same
string after `ciphers` in mosquitto and stunnel and as `CipherString` in lighttpd's `ssl.openssl.ssl-conf-cmd`.
Never use `ALL` or `@SECLEVEL=0`, which enable the rest. In mbed TLS leave `MBEDTLS_DES_C`, `MBEDTLS_ARC4_C` and
`MBEDTLS_CIPHER_NULL_CIPHER` undefined, in wolfSSL define `NO_DES3` and `NO_RC4` and not `HAVE_NULL_CIPHER`.

## References
- RFC 9325 section 4.1 (NULL, RC4, below 112 bit: must not; below 128 bit: should not)
- RFC 7465 (prohibiting RC4)
- CVE-2016-2183 (Sweet32), CVE-2015-0204 (FREAK)
"""

from iotscan.sdk import Returned, Suite, Target, TlsEndpoint, Verdict, ask_suites, bad, check, clause, good

BROKEN = ("NULL", "_anon_", "EXPORT", "_RC4_", "_RC2_", "_DES_", "_DES40_", "TLS_SHA256_SHA256", "TLS_SHA384_SHA384")
WEAK = ("_3DES_", "_IDEA_", "_EDE3_")


@check(
    id="tls-weak-ciphers",
    aliases=("TLS-004", "TLS-005"),
    title="No broken or weak cipher suite is accepted",
    element="communication",
    variants={
        "broken": ("critical", "A suite without encryption, without authentication or below 112 bit is accepted"),
        "weak": ("medium", "A 3DES or IDEA suite is accepted"),
    },
    clauses=(
        clause("RFC 9325", "2022", "4.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_weak_ciphers(tls: TlsEndpoint, target: Target) -> Returned:
    """Bad news counts even where the other group did not answer; good needs both refusals."""
    if tls.broken_ciphers.is_answered and tls.broken_ciphers.value:
        return _accepted("broken", tls, target, BROKEN, "aNULL:eNULL")
    if tls.weak_ciphers.is_answered and tls.weak_ciphers.value:
        return _accepted("weak", tls, target, WEAK, "3DES:IDEA")
    for answer in (tls.broken_ciphers, tls.weak_ciphers):
        answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("broken and weak cipher suites are refused", observed=", ".join(tls.accepted_versions))


def _accepted(variant: str, tls: TlsEndpoint, target: Target, pieces: tuple[str, ...], ciphers: str) -> Verdict:
    proof: list[Suite] = [
        s for s in tls.suites if any(piece in s.name for piece in pieces) and not _is_other(s, pieces)
    ]
    reproduce, shows = ask_suites(target, proof, ciphers, opening=tls.opening)
    names = ", ".join(dict.fromkeys(s.name for s in proof))
    return bad(
        variant,
        f"{variant} cipher suites are accepted",
        observed=names,
        expected="suites with AES-GCM, AES-CCM or ChaCha20-Poly1305",
        reproduce=reproduce,
        shows=shows,
    )


def _is_other(suite: Suite, pieces: tuple[str, ...]) -> bool:
    """The triple DES of SSLv2 has the name of the single one inside its own."""
    return pieces is BROKEN and "_EDE3_" in suite.name
