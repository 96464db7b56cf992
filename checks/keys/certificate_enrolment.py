"""Servers that hand out certificates do so in a way that nobody can tamper with.

## What it looks at
Whether a web server is one at which devices get certificates: EST (`/.well-known/est/cacerts`), SCEP (`GetCACaps`),
ACME (its directory), CMP and BRSKI (their registered addresses), or a CoAP server that lists EST. What EST, SCEP and
ACME answer is read; CMP and BRSKI take POST alone and are told by refusing GET where other addresses are not found. No
certificate is asked for. Judged are what crosses the wire without TLS and what SCEP says it can do.

CMP and SCEP protect their messages themselves and may run over HTTP. Whether clients prove who they are is shown to
those alone who enrol; that a device has a client for it at all is `key-rotation-mechanism`'s question.

## Why it matters
Enrolment decides who is whom: whoever changes it on the way gives a device a CA of his own, or gets a certificate in
its name. EST and ACME have TLS and nothing else to prevent that. A SCEP server that has SHA-1, MD5 or single DES alone
protects requests, and the password in them, with what is broken. That there is such a server is good news: keys can be
changed.

## How to fix
Serve EST and ACME over HTTPS only. step-ca and EJBCA do so by default; in nginx leave `/.well-known/est/` out of the
server block on port 80, or redirect it. SCEP: enable `SHA-256` and `AES` (EJBCA: "SCEP" alias settings; Cisco IOS:
`hash sha256`; micromdm `scepserver` 2.1 and newer), refuse MD5, SHA-1 and DES, and use a password of each device's own.
Better still, move to EST or CMP.

## References
- RFC 7030 section 3.3 (EST over TLS), RFC 8555 section 6.1 (ACME over HTTPS), RFC 8995 section 5 (BRSKI)
- RFC 8894 sections 2.9 and 3.5.2 (SCEP: SHA-256 and AES), RFC 9810 and 9811 (CMP), RFC 9148 (EST over CoAPS)
"""

from iotscan.sdk import (
    EnrolmentEndpoint,
    EnrolmentServer,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
)

NEED_TLS = {"est": "EST", "brski": "BRSKI", "acme": "ACME"}
STRONG_HASHES = ("SHA-224", "SHA-256", "SHA-384", "SHA-512", "SCEPStandard")
STRONG_CIPHERS = ("AES", "DES3", "SCEPStandard")
"""SCEPStandard says that SHA-256 and AES are there (RFC 8894 section 3.5.2)."""


@check(
    id="certificate-enrolment",
    aliases=("KEY-008-N",),
    title="Servers that hand out certificates do so in a way that nobody can tamper with",
    element="keys",
    variants={
        "cleartext": ("high", "Certificates are handed out over HTTP without TLS"),
        "weak-algorithms": ("medium", "SCEP is protected by broken algorithms alone"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("EN 18031-1", "2024", "SCM-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "cleartext", "key-rotation", "network"),
    since="0.1",
    effort="medium",
    confidence="firm",
)
def certificate_enrolment(found: EnrolmentServer, target: Target) -> Returned:
    """One verdict for each place that is weak; where none is, how certificates are handed out."""
    judged = [_judge(endpoint, found, target) for endpoint in found.endpoints]
    verdicts = [said for said in judged if said is not None]
    return verdicts or good("devices can get certificates here", observed="; ".join(map(_told, found.endpoints)))


def _judge(endpoint: EnrolmentEndpoint, found: EnrolmentServer, target: Target) -> Verdict | None:
    name = NEED_TLS.get(endpoint.protocol, "")
    if name and (not found.tls or endpoint.cleartext):
        where = f"{', '.join(endpoint.cleartext)} of its directory" if found.tls else endpoint.path
        return bad(
            "cleartext",
            f"{name} is served over HTTP without TLS ({where})",
            observed=_told(endpoint),
            expected=f"{name} over HTTPS only",
            reproduce=_get(endpoint, found, target),
            shows=_shown(endpoint),
            part=endpoint.path,
        )
    if endpoint.protocol == "scep" and (missing := _missing(endpoint)):
        return bad(
            "weak-algorithms",
            f"SCEP at {endpoint.path} has no {' and no '.join(missing)}",
            observed=f"it lists {', '.join(endpoint.capabilities)}",
            expected="SHA-256 and AES, or SCEPStandard",
            reproduce=_get(endpoint, found, target),
            shows=endpoint.capabilities[0],
            part=endpoint.path,
        )
    return None


def _missing(endpoint: EnrolmentEndpoint) -> list[str]:
    listed = endpoint.capabilities
    hashes = "" if any(name in listed for name in STRONG_HASHES) else "SHA-256"
    return [name for name in (hashes, "" if any(n in listed for n in STRONG_CIPHERS) else "AES") if name]


def _get(endpoint: EnrolmentEndpoint, found: EnrolmentServer, target: Target) -> str:
    path = f"{endpoint.path}?operation=GetCACaps" if endpoint.protocol == "scep" else endpoint.path
    url = target.url("https" if found.tls else "http", path)
    ask = command("curl", "-sk", "-m", "9", url)
    if endpoint.proof == "refusal":
        return command("curl", "-sk", "-m", "9", "-o", "/dev/null", "-w", "status %{http_code}", url)
    if endpoint.protocol != "est":
        return ask
    # RFC 8951: it is base64 whatever it says; some send it as it is.
    read = "openssl pkcs7 -inform DER -print_certs -noout"
    coded = f"tr -d '\\r\\n' <\"$f\" | openssl base64 -d -A | {read}"
    return f'f=$(mktemp); {ask} -o "$f"; {{ {coded} || {read} -in "$f"; }} 2>/dev/null; rm "$f"'


def _shown(endpoint: EnrolmentEndpoint) -> str:
    if endpoint.proof == "refusal":
        return "status 40" if not endpoint.asks_login else "status 4"
    return {"est": "subject=", "acme": "newOrder"}.get(endpoint.protocol, "")


def _told(endpoint: EnrolmentEndpoint) -> str:
    how = {"content": "", "refusal": " (it refuses GET there, and finds nothing elsewhere)", "listed": " (listed)"}
    login = ", for who logs in" if endpoint.asks_login else ""
    cas = f", CA certificates {', '.join(f[:16] for f in endpoint.authorities[:3])}…" if endpoint.authorities else ""
    can = f", {', '.join(endpoint.capabilities)}" if endpoint.capabilities else ""
    return f"{endpoint.protocol.upper()} at {endpoint.path}{how[endpoint.proof]}{login}{cas}{can}"
