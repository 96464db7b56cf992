"""Old versions of TLS and DTLS are refused.

## What it looks at
The protocol versions a TLS or DTLS server accepts, each asked with a hello of its own that offers every
cipher suite the version knows, so that a refusal is the server's and not our library's. SSLv2 has a hello of
another shape; a run that did not send it says so and proves nothing about SSLv2.

## Why it matters
SSLv2 lets anyone on the path open its connections, and those of every other server with the same key (DROWN).
SSLv3 is broken (POODLE). TLS 1.0 and 1.1, and DTLS 1.0, which is TLS 1.1 over datagrams, rest on MD5 and SHA-1;
RFC 8996 retired all three. A device that still accepts them lets an attacker on the path choose them.

## How to fix
Set the lowest version to 1.2: `ssl_protocols TLSv1.2 TLSv1.3;` in nginx, `tls_version tlsv1.2` in mosquitto,
`sslVersionMin = TLSv1.2` in stunnel, `mbedtls_ssl_conf_min_tls_version(&conf, MBEDTLS_SSL_VERSION_TLS1_2)` in
mbed TLS 3 (which has nothing older), `NO_OLD_TLS` in wolfSSL. For DTLS the same function of mbed TLS holds, in OpenSSL
`SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION)`, in GnuTLS the priority `-VERS-DTLS1.0`; a CoAP server on libcoap
speaks what its TLS library allows. Where an old client needs TLS 1.0, put that client on its own network.

## References
- RFC 9325 section 3.1.1 (SSL and TLS protocol versions) and section 3.1.2 (DTLS protocol versions)
- RFC 8996 (deprecating TLS 1.0, TLS 1.1 and DTLS 1.0)
- RFC 7568 (deprecating SSLv3), RFC 6176 (prohibiting SSLv2)
- CVE-2016-0800 (DROWN), CVE-2014-3566 (POODLE)
"""

from iotscan.sdk import Returned, Suite, Target, TlsEndpoint, ask_suites, bad, check, clause, good, say_sslv2

OLD = {
    "SSLv2": "sslv2",
    "SSLv3": "ssl",
    "TLSv1.0": "tls-1.0-1.1",
    "TLSv1.1": "tls-1.0-1.1",
    "DTLSv1.0": "dtls-1.0",
}


@check(
    id="tls-versions",
    aliases=("TLS-001", "TLS-002", "DTL-001"),
    title="Only TLS 1.2, DTLS 1.2 and newer are accepted",
    element="communication",
    variants={
        "sslv2": ("critical", "SSLv2 is accepted"),
        "ssl": ("critical", "SSLv3 is accepted"),
        "tls-1.0-1.1": ("high", "TLS 1.0 or TLS 1.1 is accepted"),
        "dtls-1.0": ("high", "DTLS 1.0 is accepted"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.1.1"),
        clause("RFC 9325", "2022", "3.1.2"),
        clause("RFC 8996", "2021", "4"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_versions(tls: TlsEndpoint, target: Target) -> Returned:
    """Fail on any accepted version before 1.2; unanswered questions leave it open."""
    accepted = tls.accepted_versions
    old = [v for v in accepted if v in OLD]
    if not old:
        return _good(tls, ", ".join(accepted))
    reproduce, shows = say_sslv2(target, opening=tls.opening), "SSLv2 ServerHello"
    if old[0] != "SSLv2":
        # Any suite tells in which version to ask; SSLv3 is gone from OpenSSL 3 and goes out as bytes.
        any_suite = Suite(version=old[0], code=0x002F, name="TLS_RSA_WITH_AES_128_CBC_SHA")
        proof = [s for s in tls.suites if s.version == old[0]] or [any_suite]
        reproduce, shows = ask_suites(target, proof, "ALL", opening=tls.opening)
    return bad(
        OLD[old[0]],
        f"{' and '.join(old)} accepted",
        observed=", ".join(accepted),
        expected="DTLSv1.2 and DTLSv1.3 only" if tls.is_dtls else "TLSv1.2 and TLSv1.3 only",
        reproduce=reproduce,
        shows=shows if reproduce else "",
    )


def _good(tls: TlsEndpoint, accepted: str) -> Returned:
    if tls.is_dtls:
        tls.versions["DTLSv1.0"].value  # noqa: B018  # reading an unanswered question makes the result not assessed
        return good("DTLS 1.0 is not accepted", observed=accepted)
    for version in ("SSLv3", "TLSv1.0", "TLSv1.1"):
        tls.versions[version].value  # noqa: B018  # as above
    oldest = tls.versions.get("SSLv2")
    if oldest is None or not oldest.was_asked:
        return good("no version before TLS 1.2 is accepted; SSLv2 was not asked", observed=accepted)
    oldest.value  # noqa: B018  # as above
    return good("no version before TLS 1.2 is accepted", observed=accepted)
