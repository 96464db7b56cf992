"""Programs of the device ask whether a certificate was taken back.

## What it looks at
In an image, every started program that verifies the certificates of others, and whether its configuration has it ask
if one was revoked: nginx (`ssl_crl`, `ssl_ocsp`, `proxy_ssl_crl`), Apache (`SSLCARevocationCheck`, `SSLOCSPEnable`),
haproxy (`crl-file`), lighttpd (`ssl.verifyclient.ca-crl-file`), Mosquitto (`crlfile`, `bridge_require_ocsp`), stunnel
(`CRLfile`, `CRLpath`, `OCSP`), OpenVPN (`crl-verify`), strongSwan (`revocation`, `strictcrlpolicy`), wpa_supplicant
(`ocsp`), hostapd (`check_crl`), RAUC (`check-crl`), and curl and wget in commands of the start (`--crlfile`,
`--cert-status`, `--crl-file`). Stapling is the answer about a server's own certificate, and asks of nobody else's.
OpenSSL and GnuTLS have no setting for all programs. What programs of a vendor's own do, and what happens in traffic,
is not seen here. Under the constrained policy nothing is asked for: there, certificates live short instead.

## Why it matters
A stolen or sold device keeps its certificate and its key. A server that does not ask lets it in until the
certificate ends, however often it was revoked: revocation is only as good as who looks at it. For clients of servers
it is less: few ask, and the certificates of servers are better replaced often. A program that asks *where it can* takes
a certificate when the one who blocks the question is the attacker.

## How to fix
Give the list to the program and renew it by a timer: `ssl_crl /etc/ssl/clients.crl;`, `SSLCARevocationCheck chain`
with `SSLCARevocationFile`, `bind … crl-file`, `crlfile` of each Mosquitto listener, `crl-verify crl.pem`, `revocation =
strict`, `check-crl=true` in RAUC's `[keyring]`. Most refuse everybody once the list is out of date: watch its
nextUpdate. Or issue for days instead of years, and declare the `constrained` policy.

## References
- RFC 5280 sections 5 and 6.3 (CRLs), RFC 6960 (OCSP), RFC 7925 section 4.4.3 (constrained devices)
- OWASP ISVS 2.1.11 (git edfda29b)
"""

from iotscan.sdk import (
    PeerCheck,
    Policy,
    Returned,
    RevocationChecking,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

VARIANTS = {"clients": "clients", "servers": "servers", "peers": "clients", "signers": "signers"}
WHOSE = {
    "clients": "its clients",
    "servers": "the servers it goes to",
    "peers": "the other ends of its tunnels",
    "signers": "who signs updates",
}


@check(
    id="revocation-checking",
    title="Programs of the device ask whether a certificate was taken back",
    element="keys",
    variants={
        "clients": ("medium", "A program lets clients in by certificates, and does not ask whether one was revoked"),
        "signers": ("low", "An updater does not ask whether the certificate of a signer was revoked"),
        "where-it-can": ("low", "A program asks for revocation, and takes a certificate when it gets no answer"),
        "servers": ("info", "A client does not ask whether the certificate of its server was revoked"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.1.11"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "configuration", "image", "key-rotation"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def revocation_checking(found: RevocationChecking, policy: Policy, target: Target) -> Returned:
    """One answer for each program and place; the constrained policy asks for none."""
    if not found.checks:
        return skip("no program that we know is configured to verify certificates")
    if policy.kind == "constrained":
        return skip("the constrained policy wants certificates that live short, and no CRL and OCSP")
    judged = [judge(one, target.subject.image) for one in found.checks]
    verdicts = [said for said in judged if said is not None]
    return verdicts or good(
        "every program that verifies certificates asks whether one was revoked",
        observed="; ".join(f"{one.program}: {one.setting}" for one in found.checks)[:500],
    )


def judge(one: PeerCheck, image: str) -> Verdict | None:
    """The verdict on one program; None for one that asks always."""
    place, whose = Subject(image=image, path=one.path, line=one.line), WHOSE[one.peers]
    if one.asks == "always":
        return None
    if one.asks == "unsaid":
        return unknown(f"whether {one.program} asks is decided elsewhere: {one.setting}", about=place, part=one.program)
    if one.asks == "where it can":
        variant, sentence = "where-it-can", f"{one.program} takes a certificate of which it can learn nothing"
    else:
        variant, sentence = (
            VARIANTS[one.peers],
            f"{one.program} does not ask whether a certificate of {whose} was revoked",
        )
    more = ": stapling is about its own certificate alone" if one.asks == "staples" else ""
    return bad(
        variant,
        sentence,
        observed=f"{one.setting}{more}",
        expected="a list of revoked certificates, or OCSP, that it must have",
        about=place,
        part=f"{one.program} {one.peers}",
    )
