"""Old TLS versions are refused.

## What it looks at
The protocol versions a TLS server accepts, each asked with a ClientHello of its own that offers every
cipher suite the version knows, so that a refusal is the server's and not our library's.

## Why it matters
SSLv3 is broken (POODLE) and TLS 1.0 and 1.1 rest on MD5 and SHA-1; RFC 8996 retired both. A device that
still accepts them lets an attacker on the path choose them.

## How to fix
Set the lowest version to TLS 1.2 in the server's configuration (`ssl_protocols TLSv1.2 TLSv1.3;` in nginx,
`tls_version tlsv1.2` in mosquitto). Where an old client needs TLS 1.0, put that client on its own network.

## References
- RFC 9325 section 3.1.1 (SSL and TLS protocol versions)
- RFC 8996 (deprecating TLS 1.0 and TLS 1.1)
- RFC 7568 (deprecating SSLv3)
"""

from iotscan.sdk import Returned, Suite, Target, TlsEndpoint, ask_suites, bad, check, clause, good

OLD = ("SSLv3", "TLSv1.0", "TLSv1.1")


@check(
    id="tls-versions",
    aliases=("TLS-001", "TLS-002"),
    title="Only TLS 1.2 and newer are accepted",
    element="communication",
    variants={
        "ssl": ("critical", "SSLv3 is accepted"),
        "tls-1.0-1.1": ("high", "TLS 1.0 or TLS 1.1 is accepted"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.1.1"),
        clause("RFC 8996", "2021", "4"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_versions(tls: TlsEndpoint, target: Target) -> Returned:
    """Fail on any accepted version before TLS 1.2; unanswered questions leave it open."""
    accepted = tls.accepted_versions
    old = [v for v in accepted if v in OLD]
    if not old:
        for answer in (tls.versions[v] for v in OLD):
            answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
        return good("no version before TLS 1.2 is accepted", observed=", ".join(accepted))
    # Any suite tells in which version to ask; SSLv3 is gone from OpenSSL 3 and goes out as bytes.
    any_suite = Suite(version=old[0], code=0x002F, name="TLS_RSA_WITH_AES_128_CBC_SHA")
    reproduce, shows = ask_suites(target, [s for s in tls.selected if s.version == old[0]] or [any_suite], "ALL")
    return bad(
        "ssl" if "SSLv3" in old else "tls-1.0-1.1",
        f"{' and '.join(old)} accepted",
        observed=", ".join(accepted),
        expected="TLSv1.2 and TLSv1.3 only",
        reproduce=reproduce,
        shows=shows,
    )
